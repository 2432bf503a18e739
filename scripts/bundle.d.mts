export interface Program {
  readonly name: string
  readonly entry: string
  readonly executable: boolean
  /** With small modules in the place of large ones that it has little use for. */
  readonly isLean: boolean
  /** A module that is made when it is first imported; it exports `open`. */
  readonly later?: string
}

export const programs: { readonly bin: Program; readonly plugin: Program }

export function bundle(program: Program): Promise<{ readonly code: string; readonly moduleIds: ReadonlyArray<string> }>
