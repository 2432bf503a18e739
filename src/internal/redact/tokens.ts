/** Finds what looks like a token, whatever the helper. */

/** What is hidden of a text: from an index to one behind it. */
export type Span = readonly [from: number, to: number]

/**
 * What looks like a token whatever the helper. Stderr is the helper's, so each takes linear time: a long repetition starts
 * only where its run of characters does, or always succeeds.
 */
const tokenLike: ReadonlyArray<RegExp> = [
  // known prefixes: OpenAI and Anthropic, Stripe, GitHub, GitLab, Slack, Vault, npm, PyPI, Google, AWS, Doppler, 1Password, …
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}/g,
  /\b(?:gh[opsur]_|github_pat_|glpat-|glrt-|xox[a-z]-|xapp-|hv[sbr]\.|npm_|pypi-|ya29\.|AIza|A[KS]IA|dp\.[a-z]{2}\.|ops_|[spr]k_(?:live|test)_|hf_|gsk_|xai-|tvly-|r8_|SG\.|dckr_pat_|dop_v1_|lin_api_|key-)[A-Za-z0-9_./+-]{8,}={0,2}/g,
  // what stands after a word that announces it
  /(?<=\b(?:bearer|basic|token)[ \t]{1,4})[A-Za-z0-9._~+/-]{12,}={0,2}/gi,
  /(?<=(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key)["']?[=:]["']?)[^\s"',;]{4,}/gi,
  // with a space between it may be prose ("token: expired"), so a letter is not enough
  /(?<=(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key)["']?[ \t]{0,4}[=:][ \t]{1,4}["']?)(?=[A-Za-z]{0,512}[^A-Za-z\s"',;.])[^\s"',;]{4,}/gi,
  // the password in a URL
  /(?<=:\/\/[^\s:/@]{0,64}:)[^\s/@]{1,512}(?=@)/g,
  // long base64url or hex; then long base64, which a path resembles but for its lower case
  /(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}={0,2}/g,
  /(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*[0-9])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{32,}={0,2}/g
]

const spansOf = (text: string, pattern: RegExp): ReadonlyArray<Span> =>
  Array.from(text.matchAll(pattern), (match) => [match.index, match.index + match[0].length])

/** JWTs and other JSON in base64: in a run of their characters, from the first head that a full stop follows. */
const jwtSpans = (text: string): ReadonlyArray<Span> =>
  spansOf(text, /[\w.-]{8,}/g).flatMap(([from, to]): ReadonlyArray<Span> => {
    const run = text.slice(from, to)
    const head = /(?<!\w)eyJ/.exec(run)
    return head !== null && run.lastIndexOf(".") > head.index + jwtHeadLength ? [[from + head.index, to]] : []
  })

const jwtHeadLength = 6

/** The places of all that looks like a token. */
export const tokenSpans = (text: string): ReadonlyArray<Span> => [
  ...jwtSpans(text),
  ...tokenLike.flatMap((pattern) => spansOf(text, pattern))
]
