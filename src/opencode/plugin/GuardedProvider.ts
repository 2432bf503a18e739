/** The provider of one id in one project. The policy authorizes each use. The key is shared. A message of the user retries after a failure. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import * as ApiKeyProvider from "../../ApiKeyProvider.js"
import type { Provider } from "../../internal/model/provider.js"
import type { RefusedWhen } from "../../internal/model/refusal.js"
import { type AuthorizationRequest, HelperPolicy } from "../../internal/policy/model.js"
import { type CommandOptions, type ResolvedCommand, resolveCommand } from "../../internal/provider/resolvedCommand.js"
import { type SharedKey, SharedKeys } from "./SharedKeys.js"

export interface GuardedProvider {
  readonly provider: Provider
  /** Call it when the user sends a message. After a failure, the next use then fetches at once, ignoring the back-off. */
  readonly onUserMessage: () => void
}

interface CurrentKey {
  readonly command: ResolvedCommand
  readonly key: SharedKey
  readonly scope: Scope.CloseableScope
}

/** Makes a provider that lives as long as its scope. It runs nothing before the first `get`. */
export const make = Effect.fnUntraced(function* (
  id: string,
  request: AuthorizationRequest,
  options: CommandOptions,
  refusedWhen: RefusedWhen
): Effect.fn.Return<
  GuardedProvider,
  never,
  HelperPolicy | SharedKeys | FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const policy = yield* HelperPolicy
  const sharedKey = yield* SharedKeys
  const scope = yield* Effect.scope
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const changing = yield* Effect.makeSemaphore(1)
  let current: Option.Option<CurrentKey> = Option.none()
  let isRetry = false

  const keyOf = (command: ResolvedCommand): Effect.Effect<SharedKey> =>
    Option.isSome(current) && Equal.equals(current.value.command, command)
      ? Effect.succeed(current.value.key)
      : changing.withPermits(1)(Effect.uninterruptible(Effect.suspend(() => exchange(command))))

  const exchange = Effect.fnUntraced(function* (command: ResolvedCommand): Effect.fn.Return<SharedKey> {
    const before = current
    if (Option.isSome(before) && Equal.equals(before.value.command, command)) return before.value.key
    const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const key = yield* Scope.extend(sharedKey(command), own)
    current = Option.some({ command, key, scope: own })
    if (Option.isSome(before)) yield* Scope.close(before.value.scope, Exit.void)
    return key
  })

  const permitted: Effect.Effect<SharedKey, ApiKeyError> = Effect.suspend(() => policy.authorize(request)).pipe(
    Effect.provide(context),
    Effect.flatMap((grant) => keyOf(resolveCommand({ ...options, ...grant.options })))
  )

  const ask = (key: SharedKey): Effect.Effect<ApiKey, ApiKeyError> =>
    Effect.suspend(() => {
      const retries = isRetry
      isRetry = false
      return key.get(retries)
    })

  return {
    provider: ApiKeyProvider.make({
      provider: id,
      get: Effect.flatMap(permitted, ask),
      refresh: Effect.flatMap(permitted, ({ provider }) => provider.refresh),
      reject: (key, at) =>
        Effect.suspend(() =>
          Option.match(current, {
            onNone: () => Effect.void,
            onSome: ({ key: { provider } }) => provider.reject(key, at)
          })
        ),
      accepted: (key, at) => {
        if (Option.isSome(current)) current.value.key.provider.accepted?.(key, at)
      },
      refusedWhen
    }),
    onUserMessage: () => {
      isRetry = true
    }
  }
})
