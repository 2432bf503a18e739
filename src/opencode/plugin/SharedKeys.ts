/** The caches that all projects share: one for equal commands, so that their key is fetched only once. */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Provider } from "../../internal/model/provider.js"
import { fromResolvedCommand } from "../../internal/provider/command.js"
import type { ResolvedCommand } from "../../internal/provider/resolvedCommand.js"
import { type Shared, sharing } from "../../internal/util/sharedByKey.js"

export interface SharedKey {
  readonly provider: Provider
  /** The key. With `retries`, a failure of the last `get` (of any project) is retried at once, ignoring the back-off. */
  readonly get: (retries: boolean) => Effect.Effect<ApiKey, ApiKeyError>
}

const retryAfterFailure = (provider: Provider): SharedKey => {
  let hasFailed = false
  const note = (failed: boolean): Effect.Effect<void> =>
    Effect.sync(() => {
      hasFailed = failed
    })
  return {
    provider,
    get: (retries) =>
      Effect.suspend(() => (retries && hasFailed ? provider.refresh : provider.get)).pipe(
        Effect.tapBoth({ onFailure: () => note(true), onSuccess: () => note(false) })
      )
  }
}

export class SharedKeys extends Context.Tag("effect-apikey/opencode/SharedKeys")<
  SharedKeys,
  Shared<ResolvedCommand, SharedKey>
>() {
  /** The layer. Each provider lives as long as a scope uses it. */
  static readonly layer = Layer.scoped(
    SharedKeys,
    sharing((command: ResolvedCommand) => Effect.map(fromResolvedCommand(command), retryAfterFailure))
  )
}
