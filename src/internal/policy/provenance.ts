/** Who wrote a setting, and where: the environment, the user or a project. */
import * as Data from "effect/Data"

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Whose hand wrote something, and where: the environment, a file of the user's, or one that came with a project (`root` is
 * the project's folder). What is written in code asks no policy.
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
