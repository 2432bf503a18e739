export interface Program {
  readonly name: string
  readonly entry: string
  readonly executable: boolean
}

export interface BundledFile {
  readonly name: string
  readonly code: string
  readonly executable: boolean
}

export interface Bundle {
  readonly files: readonly [BundledFile, ...BundledFile[]]
  readonly moduleIds: ReadonlyArray<string>
}

export const programs: { readonly bin: Program; readonly plugin: Program }

export function bundle(program: Program): Promise<Bundle>
