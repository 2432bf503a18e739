/** What a policy is asked and answers: the service tag, the authorization request, the grant and a project's declaration. */

import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Options } from "../helper/options.js"
import type { Needs } from "../host/HostEnvironment.js"
import type { RunOptions, Single } from "../source/schema.js"
import type { Provenance } from "./provenance.js"

/**
 * What one file of a project says of one provider. Trust is for exactly that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Contribution {
  /** Without links in its path. */
  readonly file: string
  readonly root: string
  readonly provider: string
  /** As it stands there, placeholders not replaced. */
  readonly says: unknown
  /** The commands in it. */
  readonly commands: ReadonlyArray<RunOptions>
  /** The whole command, placeholders not replaced, where other files may have a part in it. */
  readonly whole?: unknown
  /** The whole command has placeholders: what fills them is the user's. */
  readonly hasPlaceholders: boolean
}

/**
 * What is asked of a policy before a source is read or a command is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Demand {
  readonly provider: string
  readonly source: Single
  /** Whose hand wrote the source. */
  readonly hand: Provenance
  /** The origin that the key goes to, and whose hand pointed it there. */
  readonly goesTo: Option.Option<{ readonly origin: string; readonly hand: Provenance }>
  /** What projects' files say of the provider. */
  readonly contributions: ReadonlyArray<Contribution>
}

/**
 * Leave to go on: which options of the run are to be changed, and why it may be, in words for a person.
 *
 * @since 0.1.0
 * @category models
 */
export interface Permit {
  readonly options: Partial<Options>
  readonly because: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /**
   * `CommandNotTrusted` is a refusal. For a project's command the permit names the program by its path, and that is what is run.
   * Equal commands of several providers share a run: each provider is asked about, and the options of one permit are taken.
   */
  readonly authorize: (demand: Demand) => Effect.Effect<Permit, ApiKeyError, Needs>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class HelperPolicy extends Context.Tag("effect-apikey/HelperPolicy")<HelperPolicy, Policy>() {}
