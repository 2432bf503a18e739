/** The options that choose a configuration, and the configuration they choose. */

import * as Options from "@effect/cli/Options"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Configuration } from "../internal/config/model.js"
import { load } from "../internal/config/resolve.js"
import { loadAll } from "../opencode/config/load.js"
import { UsageError } from "./exit.js"

export const config = Options.text("config").pipe(
  Options.withDescription("The one configuration file that counts (default: the project's, then yours)."),
  Options.optional
)

export const opencode = Options.boolean("opencode").pipe(
  Options.withDescription("Read opencode's configuration and auth.json instead.")
)

export interface Chosen {
  readonly config: Option.Option<string>
  readonly opencode: boolean
}

export const chosen = ({
  config: file,
  opencode: isOpencode
}: Chosen): Effect.Effect<Configuration, UsageError, FileSystem.FileSystem | Path.Path> => {
  if (!isOpencode) return load({ config: Option.getOrUndefined(file) })
  return Option.isSome(file)
    ? Effect.fail(
        new UsageError({
          problem: "--config and --opencode exclude each other",
          hint: "opencode finds its files itself; OPENCODE_CONFIG names another."
        })
      )
    : loadAll
}
