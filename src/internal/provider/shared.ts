/** Shares one cache and one run between equal commands of several configured providers. The policy authorizes each provider. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, ProviderClosed } from "../../ApiKeyError.js"
import { providerIds } from "../helper/environment.js"
import type { Requirements } from "../helper/options.js"
import type { ApiKeyStatus, Provider } from "../model/provider.js"
import { singles } from "../source/inspect.js"
import type { ApiKeySource } from "../source/schema.js"
import { sharing } from "../util/sharedByKey.js"
import { fromResolvedCommand, type Guard, type Open } from "./command.js"
import { type ResolvedCommand, resolveCommand } from "./resolvedCommand.js"
import { commandOptions } from "./source.js"

/** A source whose commands a provider uses. Commands are shared only within a trust domain, which affects how a program is found. */
export interface CommandUse {
  readonly id: string
  readonly trustDomain: string
  readonly source: ApiKeySource
}

interface Group {
  readonly command: ResolvedCommand
  readonly ids: Set<string>
}

/** One provider's guard and its last decision. The guard runs before the provider's first `get` and in each later run. */
interface User {
  readonly guard: Guard
  verdict: Option.Option<Either.Either<Permitted, ApiKeyError>>
}

type Permitted = Effect.Effect.Success<Guard>

interface Shared {
  readonly provider: Provider
  readonly users: Set<User>
}

/** Makes the function that opens a command's provider. `cwd` is the default working directory. */
export const make = Effect.fnUntraced(function* (
  uses: ReadonlyArray<CommandUse>,
  cwd?: string
): Effect.fn.Return<(trustDomain: string) => Open, never, Requirements | Scope.Scope> {
  const keyOf = (trustDomain: string, { identity }: ResolvedCommand): string => JSON.stringify([trustDomain, identity])
  const groups = new Map<string, Group>()
  for (const { id, trustDomain, source } of uses) {
    for (const single of singles(source)) {
      if (single._tag !== "Command") continue
      const command = resolveCommand(commandOptions(single.command), cwd)
      const key = keyOf(trustDomain, command)
      const group = groups.get(key) ?? { command, ids: new Set() }
      groups.set(key, { ...group, ids: group.ids.add(id) })
    }
  }
  const opened = yield* sharing((group: Group): Effect.Effect<Shared, never, Requirements | Scope.Scope> => {
    const users = new Set<User>()
    const provider = providerIds(Array.from(group.ids))
    return Effect.map(fromResolvedCommand(group.command, { provider, guard: permitOf(users, provider) }), (made) => ({
      provider: made,
      users
    }))
  })
  return (trustDomain) =>
    ({ provider, ...options }, guard) => {
      const command = resolveCommand(options, cwd)
      const group = groups.get(keyOf(trustDomain, command))
      return group === undefined || group.ids.size < 2
        ? fromResolvedCommand(command, { provider, guard })
        : Effect.flatMap(opened(group), (shared) => handle(shared, provider, guard))
    }
})

const judge = (user: User): Effect.Effect<Either.Either<Permitted, ApiKeyError>, never, Effect.Effect.Context<Guard>> =>
  Effect.tap(Effect.either(user.guard), (outcome) =>
    Effect.sync(() => {
      user.verdict = Option.some(outcome)
    })
  )

const isAllowed = ({ verdict }: User): boolean => Option.exists(verdict, Either.isRight)

/** The guard of a shared run: it needs the permission of one provider that was allowed before. All of these are checked again. */
const permitOf = (users: ReadonlySet<User>, provider: string): Guard =>
  Effect.suspend(() => Effect.forEach(Array.from(users).filter(isAllowed), judge)).pipe(
    Effect.flatMap((verdicts) => verdicts.find(Either.isRight) ?? verdicts[0] ?? new ProviderClosed({ provider }))
  )

/** The policy authorizes each provider before it starts a shared run, and before it gets the key of one. */
const handle = Effect.fnUntraced(function* (
  { provider: shared, users }: Shared,
  id: string | undefined,
  guard: Guard
): Effect.fn.Return<Provider, never, Requirements | Scope.Scope> {
  const context = yield* Effect.context<Requirements>()
  const user: User = { guard, verdict: Option.none() }
  yield* Effect.acquireRelease(
    Effect.sync(() => users.add(user)),
    () => Effect.sync(() => users.delete(user))
  )
  const allowed = Effect.suspend(() => (isAllowed(user) ? Effect.void : Effect.flatten(judge(user)))).pipe(
    Effect.provide(context)
  )
  const refusal = () => Option.flatMap(user.verdict, Either.getLeft)
  const asking = (ask: Effect.Effect<ApiKey, ApiKeyError>): Effect.Effect<ApiKey, ApiKeyError> =>
    Effect.flatMap(Effect.zipRight(allowed, Effect.either(ask)), (answer) =>
      Option.match(refusal(), { onNone: () => answer, onSome: Effect.fail })
    )
  const own = (status: ApiKeyStatus): ApiKeyStatus => ({
    ...status,
    provider: id ?? status.provider,
    ...(Option.isSome(refusal()) ? { state: "failing", lastFailure: refusal() } : {})
  })
  return {
    get: asking(shared.get),
    refresh: asking(shared.refresh),
    reject: shared.reject,
    accepted: shared.accepted,
    status: Effect.map(shared.status, own),
    changes: Stream.map(shared.changes, own)
  }
})
