/** Splits the argv at `--`. The words after it are the helper's command, and our argument parser does not see them. */

export const splitPassthrough = (
  argv: ReadonlyArray<string>
): { readonly own: ReadonlyArray<string>; readonly command: ReadonlyArray<string> } => {
  const at = argv.indexOf("--")
  return at < 0 ? { own: argv, command: [] } : { own: argv.slice(0, at), command: argv.slice(at + 1) }
}
