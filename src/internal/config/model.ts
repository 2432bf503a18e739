/** What configuration says of a provider once it is resolved: candidates for its key, its destination and its declarations. */

import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type * as ApiKeySource from "../../ApiKeySource.js"
import type { Needs } from "../host/HostEnvironment.js"
import type { RefusedWhen } from "../model/refusal.js"
import type { AuthorizationRequest, ProjectDeclaration } from "../policy/model.js"
import type { Provenance } from "../policy/provenance.js"
import type { Single } from "../source/schema.js"

/** One configured source of a key. */
export interface Candidate {
  readonly provenance: Provenance
  readonly source: Either.Either<ApiKeySource.ApiKeySource | Template, ApiKeyError>
}

/** A key composed from other sources. The policy authorizes each of them before any is read. */
export interface Template {
  readonly _tag: "Template"
  readonly label: string
  readonly singles: ReadonlyArray<Single>
  readonly read: Effect.Effect<ApiKey, ApiKeyError, Needs>
}

export interface Resolved {
  readonly provider: string
  /** The candidates in the order in which they are tried. */
  readonly candidates: ReadonlyArray<Candidate>
  /** Other places that were checked, for `KeyNotConfigured`. */
  readonly consulted: ReadonlyArray<string>
  readonly destination: AuthorizationRequest["destination"]
  readonly declarations: ReadonlyArray<ProjectDeclaration>
  /** Which responses, beside the known ones, reject the key. */
  readonly refusedWhen: RefusedWhen
  /** Notes for the user, one line each. */
  readonly notes: ReadonlyArray<string>
}

export interface Configuration {
  readonly ids: ReadonlyArray<string>
  /** Errors that concern whole files. */
  readonly problems: ReadonlyArray<ApiKeyError>
  readonly resolve: (id: string) => Effect.Effect<Resolved>
}
