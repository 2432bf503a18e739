export interface Program {
  readonly name: string
  readonly entry: string
  readonly executable: boolean
}

export function bundle(program: Program): Promise<{ readonly code: string; readonly moduleIds: ReadonlyArray<string> }>
