/** What stands after `--` is the helper's: our own argument parser never sees it. */

export const splitPassthrough = (
  argv: ReadonlyArray<string>
): { readonly own: ReadonlyArray<string>; readonly command: ReadonlyArray<string> } => {
  const at = argv.indexOf("--")
  return at < 0 ? { own: argv, command: [] } : { own: argv.slice(0, at), command: argv.slice(at + 1) }
}
