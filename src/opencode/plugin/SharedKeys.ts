/** One cache for equal commands, whichever project asks: a key that one project has fetched is not asked for by the next. */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Provider } from "../../internal/model/provider.js"
import { type CommandOptions, fromCommand } from "../../internal/provider/command.js"
import { identityOf } from "../../internal/provider/identity.js"
import { type Shared, sharing } from "../../internal/util/sharedByKey.js"

/** A command by all that shapes its runs. */
export class SharedCommand implements Equal.Equal {
  readonly identity: string
  constructor(readonly options: CommandOptions) {
    this.identity = identityOf(options)
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof SharedCommand && that.identity === this.identity
  }
  [Hash.symbol](): number {
    return Hash.string(this.identity)
  }
}

export interface SharedKey {
  readonly provider: Provider
  /** The key; where the last answer was a failure, whichever project got it, `retries` fetches again at once, past the back-off. */
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
  Shared<SharedCommand, SharedKey>
>() {
  /** A provider lives while somebody's scope holds it. */
  static readonly layer = Layer.scoped(
    SharedKeys,
    sharing(({ options }: SharedCommand) => Effect.map(fromCommand(options), retryAfterFailure))
  )
}
