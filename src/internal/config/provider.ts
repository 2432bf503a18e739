/** Makes a provider from a resolved configuration. The policy authorizes every read and every run. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { KeyNotConfigured } from "../../ApiKeyError.js"
import type { Requirements } from "../helper/options.js"
import type { Needs } from "../host/HostEnvironment.js"
import { make, type Provider } from "../model/provider.js"
import { HelperPolicy } from "../policy/model.js"
import type { Provenance } from "../policy/provenance.js"
import type { Open } from "../provider/command.js"
import { fromFirstOf } from "../provider/firstOf.js"
import type { CommandUse } from "../provider/shared.js"
import { fromSource, type SourceOptions } from "../provider/source.js"
import type { Single } from "../source/schema.js"
import { type Candidate, overridesUser, type Resolved } from "./model.js"

/** The trust domain in which commands may be shared. Project commands are shared only within their project, because it affects how programs are found. */
const trustDomainOf = (provenance: Provenance): string => (provenance._tag === "Project" ? provenance.root : "")

/** The sources that a provider may use, for sharing of equal commands. */
export const commandUses = ({ candidates, provider }: Resolved): ReadonlyArray<CommandUse> =>
  candidates.flatMap(({ provenance, source }) =>
    Either.isRight(source) && source.right._tag !== "Template"
      ? [{ id: provider, trustDomain: trustDomainOf(provenance), source: source.right }]
      : []
  )

/** Makes the provider. The policy decides before each read and run, not only once. */
export const toProvider = Effect.fnUntraced(function* (
  resolved: Resolved,
  options?: Pick<SourceOptions, "interactive"> & {
    readonly share?: (trustDomain: string) => Open
  }
): Effect.fn.Return<Provider, never, Requirements | HelperPolicy | Scope.Scope> {
  const policy = yield* HelperPolicy
  const { provider, destination, declarations, refusedWhen } = resolved
  const asking = (candidate: Candidate) => (source: Single) =>
    Effect.map(
      policy.authorize({
        provider,
        source,
        provenance: candidate.provenance,
        destination,
        declarations,
        overridesUser: overridesUser(resolved, candidate)
      }),
      (grant) => grant.options
    )
  const context = yield* Effect.context<Needs>()
  const providers = yield* Effect.forEach(resolved.candidates, (candidate) => {
    const { provenance, source } = candidate
    if (Either.isLeft(source)) {
      return Effect.succeed(make({ provider, get: Effect.fail(source.left) }))
    }
    if (source.right._tag !== "Template") {
      return fromSource(source.right, {
        interactive: options?.interactive,
        provider,
        guard: asking(candidate),
        open: options?.share?.(trustDomainOf(provenance))
      })
    }
    const { singles, read } = source.right
    const get = Effect.zipRight(Effect.forEach(singles, asking(candidate), { discard: true }), read)
    return Effect.succeed(make({ provider, get: Effect.provide(get, context) }))
  })
  const nothing = make({
    provider,
    get: Effect.fail(new KeyNotConfigured({ provider, tried: resolved.consulted }))
  })
  return { ...fromFirstOf([...providers, nothing], { provider }), refusedWhen }
})
