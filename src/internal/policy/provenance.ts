/** Who wrote a setting, and where: the environment, the user or a project. */
import * as Data from "effect/Data"

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Who wrote a setting, and where: the environment, a user's file, or a project's file (`root` is the project's directory).
 * Settings in code are not subject to a policy.
 *
 * @since 0.1.0
 * @category models
 */
export type Provenance = Data.TaggedEnum<{
  Environment: object
  User: Place
  Project: Place & { readonly root: string }
}>

/**
 * @since 0.1.0
 * @category constructors
 */
export const Provenance = Data.taggedEnum<Provenance>()

export type ProjectProvenance = Extract<Provenance, { readonly _tag: "Project" }>

export const isProject = (self: Provenance): self is ProjectProvenance => self._tag === "Project"
