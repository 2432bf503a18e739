/** Whose hand wrote something, and where it stands. */
import * as Data from "effect/Data"

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type Hand = Data.TaggedEnum<{
  Environment: object
  User: Place
  Project: Place & { readonly root: string }
}>

export const Hand = Data.taggedEnum<Hand>()
