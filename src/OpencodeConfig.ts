/**
 * opencode's configuration, as opencode 1.18.33 was seen to read it: for each provider the key that opencode would use, and,
 * where there is none, the command in `options.apiKeyCommand`.
 *
 * Where opencode's way does harm ours is safe; docs/guides/opencode.md has the list. Nothing is written, nothing is fetched.
 *
 * @since 0.1.0
 */

import * as Effect from "effect/Effect"
import type { Needs } from "./internal/host/HostEnvironment.js"
import { loadAll, type OpencodeConfig } from "./opencode/config/load.js"

export type { OpencodeConfig } from "./opencode/config/load.js"

/**
 * Reads opencode's configuration from all its places, as it would in the working directory of the process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load: Effect.Effect<OpencodeConfig, never, Needs> = Effect.suspend(() => loadAll)
