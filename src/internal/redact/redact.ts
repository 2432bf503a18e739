/** Makes what a helper wrote on stderr fit to be shown: no terminal control, no secret, only its end. */
import { unquoted } from "./candidates.js"
import { encodedForms, isLongEnough, minSecretLength } from "./encodings.js"
import { printable } from "./terminal.js"

const placeholder = "<redacted>"

const withheld = "<withheld: too much on stdout to compare it with>"

const maxSecrets = 1000

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

/** What is hidden of a text: from an index to one behind it. */
type Span = readonly [from: number, to: number]

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

/** A form that is shorter is on one line. */
const minWrappedLength = 16

/**
 * All places of each form, also of one that continues on the next line (`base64` and terminals break long ones), and of one
 * in a JSON string, which may escape any character.
 */
const formSpans = (text: string, forms: ReadonlySet<string>): ReadonlyArray<Span> => {
  const long = new Set(Array.from(forms).filter((form) => form.length >= minWrappedLength))
  return [
    ...placesOf(text, forms),
    ...placesReadAs(text, lineBreak, () => "", long),
    ...placesReadAs(text, jsonEscape, (escaped) => unquoted(`"${escaped}"`), forms)
  ]
}

const lineBreak = /(?<!\s)\s*\n\s*/g

const jsonEscape = /\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])/g

/** The places of the forms in what the text says when each match means one character or none. */
const placesReadAs = (
  text: string,
  pattern: RegExp,
  meaning: (match: string) => string,
  forms: ReadonlySet<string>
): ReadonlyArray<Span> => {
  const starts: Array<number> = []
  const ends: Array<number> = []
  let end = 0
  const add = (to: number): void => {
    starts.push(end)
    ends.push(to)
    end = to
  }
  const readTo = (to: number): void => {
    while (end < to) add(end + 1)
  }
  const read = text.replace(pattern, (match: string, at: number) => {
    const meant = meaning(match)
    readTo(at)
    if (meant === "") end = at + match.length
    else add(at + match.length)
    return meant
  })
  if (read === text) return []
  readTo(text.length)
  return placesOf(read, forms).map(([from, to]): Span => [starts[from] ?? 0, ends[to - 1] ?? 0])
}

/** Most forms have none, which the fours of characters that the text has tell at once. */
const placesOf = (text: string, forms: ReadonlySet<string>): ReadonlyArray<Span> => {
  const fours = new Set<string>()
  for (let at = 0; at + minSecretLength <= text.length; at++) fours.add(text.slice(at, at + minSecretLength))
  const spans: Array<Span> = []
  for (const form of forms) {
    if (!fours.has(form.slice(0, minSecretLength)) || !fours.has(form.slice(-minSecretLength))) continue
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
      spans.push([at, at + form.length])
    }
  }
  return spans
}

/** Spans that overlap or touch are one: of two secrets that share characters neither shows its rest. */
const hide = (text: string, spans: ReadonlyArray<Span>): string => {
  let shown = ""
  let end = 0
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (from > end || end === 0) shown += text.slice(end, from) + placeholder
    end = Math.max(end, to)
  }
  return shown + text.slice(end)
}

/**
 * Where the front of a text was cut off, the rest of a secret may stand there: as much as the longest has, and the rest of
 * one word, which may be an unknown token.
 */
const frontSpan = (text: string, forms: ReadonlySet<string>): Span => {
  const longest = Array.from(forms).reduce((most, form) => Math.max(most, form.length), 0)
  const word = text.slice(0, maxTokenLength).search(/\s|$/)
  return [0, Math.max(longest * escapeGrowth + cutSlack, word)]
}

/** A token longer than this is none. */
const maxTokenLength = 16 * 1024

/** JSON's longest escape takes three times what hexadecimal does, which is among the forms. */
const escapeGrowth = 3

/** What a cut character or terminal sequence may leave before the rest of the secret. */
const cutSlack = 64

/**
 * The text without the secrets given, in any of their usual encodings, and without what looks like one. Of a text whose
 * front was cut off, what the cut may have gone through is not shown either.
 */
export const withoutSecrets = (text: string, secrets: Iterable<string>, isCut = false): string => {
  if (text.trim() === "") return ""
  const distinct = new Set(Array.from(secrets).flatMap((secret) => [secret, secret.trim(), printable(secret).trim()]))
  if (distinct.size > maxSecrets) return withheld
  const forms = new Set(Array.from(distinct).filter(isLongEnough).flatMap(encodedForms))
  const shown = hide(text, [
    ...(isCut ? [frontSpan(text, forms)] : []),
    ...formSpans(text, forms),
    ...jwtSpans(text),
    ...tokenLike.flatMap((pattern) => spansOf(text, pattern))
  ])
  return isCut ? fromLineStart(shown) : shown
}

/** From the first line that is whole, where there is one. */
const fromLineStart = (text: string): string => {
  const lineEnd = text.trimEnd().indexOf("\n")
  return lineEnd < 0 ? text : text.slice(lineEnd + 1)
}
