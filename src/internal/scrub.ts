/** Makes what a helper wrote on stderr fit to be shown: no terminal control, no secret, only its end. */

const placeholder = "<redacted>"
const withheld = "<withheld: too much on stdout to compare it with>"
const minSecretLength = 4
const maxSecrets = 1000

const escape = "\\u001B"
const stringTerminator = `(?:${escape}\\\\|\\u0007|\\u009C)`
/** OSC, DCS, SOS, PM and APC strings to their terminator or the end; then CSI; then any other escape. */
const terminalSequences = new RegExp(
  [
    `(?:${escape}[\\]PX^_]|[\\u0090\\u0098\\u009D\\u009E\\u009F])[^]*?(?:${stringTerminator}|$)`,
    `(?:${escape}\\[|\\u009B)[0-?]*[ -/]*(?:[@-~]|$)`,
    `${escape}[ -/]*(?:[0-~]|$)`
  ].join("|"),
  "g"
)
/** C0 but tab and newline, DEL, C1, and the invisible format characters, bidirectional ones among them. */
const invisibles = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** What looks like a token whatever the helper: known prefixes, JWTs, bearer values, long base64 or hex. */
const tokenLike: ReadonlyArray<RegExp> = [
  /\beyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,4}/g,
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}/g,
  /\b(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|hv[sbr]\.|npm_|pypi-|ya29\.|AIza|AKIA|ASIA|dp\.[a-z]{2}\.|op[a-z]*_|ops_|sk_(?:live|test)_)[A-Za-z0-9_./+-]{8,}={0,2}/g,
  /(?<=\b(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/-]{12,}={0,2}/gi,
  /(?<=\b(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;]{4,}/gi,
  /(?<![A-Za-z0-9+/_=-])(?=[A-Za-z0-9+/_-]*[0-9])(?=[A-Za-z0-9+/_-]*[A-Za-z])[A-Za-z0-9+/_-]{32,}={0,2}/g
]

/** Removes terminal sequences and invisible characters; line ends become `\n`. */
export const printable = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(terminalSequences, "").replace(invisibles, "")

const encodedForms = (secret: string): ReadonlyArray<string> => {
  const base64 = Buffer.from(secret, "utf8").toString("base64")
  const stripped = base64.replace(/=+$/, "")
  return [
    secret,
    base64,
    stripped,
    stripped.replace(/\+/g, "-").replace(/\//g, "_"),
    encodeURIComponent(Buffer.from(secret, "utf8").toString("utf8")),
    JSON.stringify(secret).slice(1, -1)
  ]
}

/** The text without the secrets given, in any of their usual encodings, and without what looks like one. */
export const withoutSecrets = (text: string, secrets: Iterable<string>): string => {
  const distinct = new Set(Array.from(secrets).flatMap((secret) => [secret.trim(), printable(secret).trim()]))
  if (text.trim() === "") return ""
  if (distinct.size > maxSecrets) return withheld
  const forms = new Set(Array.from(distinct).filter(isLongEnough).flatMap(encodedForms).filter(isLongEnough))
  const longestFirst = Array.from(forms).sort((a, b) => b.length - a.length)
  const known = longestFirst.reduce((rest, form) => rest.replaceAll(form, placeholder), text)
  return tokenLike.reduce((rest, pattern) => rest.replace(pattern, placeholder), known)
}

const isLongEnough = (secret: string): boolean => secret.length >= minSecretLength

/** Everything in a helper's stdout that a secret could be: the whole, its lines, values after `=` and `:`, JSON strings. */
export const secretsIn = (stdout: string): ReadonlyArray<string> => {
  const lines = stdout.split(/[\r\n\0]+/)
  const values = lines.flatMap((line) => {
    const at = line.search(/[=:]/)
    return at < 0 ? [] : [line.slice(at + 1)]
  })
  const words = lines.flatMap((line) => line.split(/[\s"',{}[\]]+/)).filter((word) => word.length >= 8)
  return [stdout, ...lines, ...values, ...words]
}

/** The end of a text, at most `limit` characters, beginning at a line's start where there is one. */
export const tail = (text: string, limit: number): string => {
  const trimmed = text.trim()
  if (trimmed.length <= limit) return trimmed
  const end = trimmed.slice(-limit)
  const lineEnd = end.indexOf("\n")
  return lineEnd >= 0 && lineEnd < end.length - 1 ? end.slice(lineEnd + 1) : end
}
