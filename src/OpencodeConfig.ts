/**
 * Reads opencode's configuration: for each provider the key that opencode would use, else the command in
 * `options.apiKeyCommand`. It writes no file and makes no request.
 *
 * The rules follow the observed behaviour of opencode 1.18.33. docs/guides/opencode.md lists where ours are safer.
 *
 * @since 0.1.0
 */

import * as Effect from "effect/Effect"
import type { Needs } from "./internal/host/HostEnvironment.js"
import { loadAll, type OpencodeConfig } from "./opencode/config/load.js"

export type { OpencodeConfig } from "./opencode/config/load.js"

/**
 * Reads the configuration from all files and variables that opencode would read in the working directory of the process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load: Effect.Effect<OpencodeConfig, never, Needs> = Effect.suspend(() => loadAll)
