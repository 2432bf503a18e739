/** Equal commands of several providers from configuration: one cache and one run, and each provider's policy asked for itself. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import {
  type ApiKeyStatus,
  type CommandOptions,
  commandOptions,
  fromGuardedCommand,
  type Guard,
  type Open,
  type Provider,
  type Requirements
} from "../../ApiKeyProvider.js"
import { type ApiKeySource, singles } from "../../ApiKeySource.js"
import { identityOf } from "../commandIdentity.js"
import { toldIds } from "../toldIds.js"

/** A source of one provider. Commands are equal only within a realm: how a program is found goes by whose command it is. */
export interface Sharer {
  readonly id: string
  readonly realm: string
  readonly source: ApiKeySource
}

interface Group {
  readonly command: CommandOptions
  readonly ids: Set<string>
}

interface Shared {
  readonly provider: Provider
  /** Of those who have been allowed to ask; a run needs the word of one. */
  readonly guards: Set<Guard>
}

/** From all that providers may ask to how each opens its commands, which run in `cwd` unless they say otherwise. */
export const make = (
  parts: ReadonlyArray<Sharer>,
  cwd?: string
): Effect.Effect<(realm: string) => Open, never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const keyOf = (realm: string, { provider: _, ...command }: CommandOptions): string =>
      JSON.stringify([realm, identityOf({ ...command, cwd: command.cwd ?? cwd })])
    const groups = new Map<string, Group>()
    for (const { id, realm, source } of parts) {
      for (const single of singles(source)) {
        if (single._tag !== "Command") continue
        const command = commandOptions(single.command)
        const key = keyOf(realm, command)
        const group = groups.get(key) ?? { command, ids: new Set() }
        groups.set(key, { ...group, ids: group.ids.add(id) })
      }
    }
    const opened = yield* RcMap.make({
      lookup: (group: Group): Effect.Effect<Shared, never, Requirements | Scope.Scope> => {
        const guards = new Set<Guard>()
        const anyOf = Effect.suspend(() => Effect.firstSuccessOf(guards))
        return Effect.map(
          fromGuardedCommand({ ...group.command, provider: toldIds(Array.from(group.ids)) }, anyOf, () => undefined),
          (provider) => ({ provider, guards })
        )
      }
    })
    return (realm) => (command, guard) => {
      const group = groups.get(keyOf(realm, command))
      return group === undefined || group.ids.size < 2
        ? fromGuardedCommand(command, guard, () => undefined)
        : Effect.flatMap(RcMap.get(opened, group), (shared) => handle(shared, command.provider, guard))
    }
  })

/** Nobody starts a run, or is given what a run of another's brought, before its own policy has said yes to it. */
const handle = (
  { guards, provider: shared }: Shared,
  id: string | undefined,
  guard: Guard
): Effect.Effect<Provider, never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Requirements>()
    let given: Option.Option<ApiKey> = Option.none()
    let refused: Option.Option<ApiKeyError> = Option.none()
    yield* Effect.addFinalizer(() => Effect.sync(() => guards.delete(guard)))

    const allowed = Effect.provide(guard, context).pipe(
      Effect.tapBoth({
        onFailure: (error) =>
          Effect.sync(() => {
            given = Option.none()
            refused = Option.some(error)
          }),
        onSuccess: () =>
          Effect.sync(() => {
            refused = Option.none()
            guards.add(guard)
          })
      })
    )
    const handedOver = (key: ApiKey): Effect.Effect<ApiKey> =>
      Effect.sync(() => {
        given = Option.some(key)
        return key
      })
    const asking = (ask: Effect.Effect<ApiKey, ApiKeyError>): Effect.Effect<ApiKey, ApiKeyError> =>
      Effect.suspend(() =>
        Option.isNone(given)
          ? Effect.flatMap(Effect.zipRight(allowed, ask), handedOver)
          : Effect.flatMap(ask, (key) =>
              Option.contains(given, key) ? Effect.succeed(key) : Effect.zipRight(allowed, handedOver(key))
            )
      )
    const own = (status: ApiKeyStatus): ApiKeyStatus => ({
      ...status,
      provider: id ?? status.provider,
      ...(Option.isSome(refused) ? { state: "failing", lastFailure: refused } : {})
    })
    return {
      get: asking(shared.get),
      refresh: asking(shared.refresh),
      reject: shared.reject,
      status: Effect.map(shared.status, own),
      changes: Stream.map(shared.changes, own)
    }
  })
