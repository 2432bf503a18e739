/** In the place of effect's own in the plugin's bundle: its sources come from opencode's files, none from a `Config`. */
import * as Context from "effect/Context"
import { leftOut } from "./leftOut.js"

export const configProviderTag = Context.GenericTag("effect/ConfigProvider")
export const fromEnv = () => ({ load: leftOut, flattened: leftOut })
