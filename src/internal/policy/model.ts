/** The policy's service tag and its models: the authorization request, the grant and a project's declaration. */

import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Options } from "../helper/options.js"
import type { Needs } from "../host/HostEnvironment.js"
import type { RunOptions, Single } from "../source/schema.js"
import type { Provenance } from "./provenance.js"

/**
 * What one project file declares about one provider. Trust covers exactly this.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProjectDeclaration {
  /** The real path of the file. */
  readonly file: string
  readonly root: string
  readonly provider: string
  /** The declaration as written: placeholders are not replaced. */
  readonly declared: unknown
  /** The commands in it. */
  readonly commands: ReadonlyArray<RunOptions>
  /** The command after merging, if other files may contribute to it. Placeholders are not replaced. */
  readonly merged?: unknown
  /** The merged command has placeholders. Their values belong to the user. */
  readonly hasPlaceholders: boolean
}

/**
 * A request to read a source or to run a command, sent to the policy first.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthorizationRequest {
  readonly provider: string
  readonly source: Single
  /** Who wrote the source, and where. */
  readonly provenance: Provenance
  /** The origin that receives the key, and who set it. */
  readonly destination: Option.Option<{ readonly origin: string; readonly provenance: Provenance }>
  /** What project files declare about the provider. */
  readonly declarations: ReadonlyArray<ProjectDeclaration>
  /** The user has a source for the provider too, which this one overrides. Default: false. */
  readonly overridesUser?: boolean
}

/**
 * A permission: options that override those of the run, and the reason in plain words.
 *
 * @since 0.1.0
 * @category models
 */
export interface Grant {
  readonly options: Partial<Options>
  readonly reason: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /**
   * Fails with `CommandNotTrusted` to deny. For a project's command the grant names the program by its path, and that file runs.
   * Providers with equal commands share one run: each provider is authorized, and the run takes the options of one grant.
   */
  readonly authorize: (request: AuthorizationRequest) => Effect.Effect<Grant, ApiKeyError, Needs>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class HelperPolicy extends Context.Tag("effect-apikey/HelperPolicy")<HelperPolicy, Policy>() {}
