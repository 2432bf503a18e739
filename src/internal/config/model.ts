/** The resolved configuration of a provider: the candidates for its key, its destination, and projects' declarations. */

import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type * as ApiKeySource from "../../ApiKeySource.js"
import type { Needs } from "../host/HostEnvironment.js"
import type { RefusedWhen } from "../model/refusal.js"
import type { AuthorizationRequest, ProjectDeclaration } from "../policy/model.js"
import { isProject, type Provenance } from "../policy/provenance.js"
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
  /** The user named the file (`--config`), so it may override the user's other sources. Default: false. */
  readonly isChosen?: boolean
  /** Other sources that were checked and have no key, for `KeyNotConfigured`. */
  readonly consulted: ReadonlyArray<string>
  readonly destination: AuthorizationRequest["destination"]
  readonly declarations: ReadonlyArray<ProjectDeclaration>
  /** Which responses, beside the known ones, reject the key. */
  readonly refusedWhen: RefusedWhen
  /** Notes for the user, one line each. */
  readonly notes: ReadonlyArray<string>
}

/** Whether a candidate is a project's and another one, the user's, comes after it. */
export const overridesUser = (
  { candidates, isChosen = false }: Pick<Resolved, "candidates" | "isChosen">,
  candidate: Candidate
): boolean =>
  !isChosen &&
  isProject(candidate.provenance) &&
  candidates.slice(candidates.indexOf(candidate) + 1).some(({ provenance }) => !isProject(provenance))

export interface Configuration {
  readonly ids: ReadonlyArray<string>
  /** Errors that concern whole files. */
  readonly problems: ReadonlyArray<ApiKeyError>
  readonly resolve: (id: string) => Effect.Effect<Resolved>
}
