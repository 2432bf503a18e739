/** The encodings in which a secret may stand in a text: base64, hexadecimal, percent-encoding, quoted. */

export const minSecretLength = 4

const withoutPadding = (base64: string): string => base64.replace(/=+$/, "")

const urlSafe = (base64: string): string => base64.replace(/\+/g, "-").replace(/\//g, "_")

/** Base64 of something that has the secret in its middle (`user:secret`): the characters that only the secret decides. */
const insideBase64 = (secret: Buffer): ReadonlyArray<string> =>
  [0, 1, 2].map((before) => {
    const text = withoutPadding(Buffer.concat([Buffer.alloc(before), secret]).toString("base64"))
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + secret.length) * 8) / 6)
    return text.slice(first, last)
  })

const lowerPercent = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase())

const percentForms = (secret: string): ReadonlyArray<string> => {
  const component = encodeURIComponent(secret)
  // Other languages escape more (RFC 3986) or fewer characters, and forms write a space as "+".
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const forms = [component, strict, strict.replace(/%2F/g, "/"), encodeURI(secret), component.replace(/%20/g, "+")]
  return [...forms, ...forms.map(lowerPercent)]
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** As the trace of a shell (bash, dash), Python's `repr`, bash's `%q` and XML write it. */
const quotedForms = (secret: string): ReadonlyArray<string> => [
  secret.replaceAll("'", `'\\''`),
  secret.replaceAll("'", `'"'"'`),
  secret.replaceAll("'", "\\'"),
  secret.replace(/[^\w.,:=+%@/-]/g, "\\$&"),
  secret.replace(/[&<>]/g, (each) => entities[each] ?? each),
  secret.replace(/[&<>"']/g, (each) => entities[each] ?? each)
]

export const encodedForms = (secret: string): ReadonlyArray<string> => {
  const bytes = Buffer.from(secret, "utf8")
  const base64 = bytes.toString("base64")
  const longForms = [base64, withoutPadding(base64), ...insideBase64(bytes)]
  const hex = bytes.toString("hex")
  return [
    secret,
    ...longForms,
    ...longForms.map(urlSafe),
    // Not every string is well-formed, and encodeURIComponent throws for the others.
    ...percentForms(bytes.toString("utf8")),
    ...quotedForms(secret),
    hex,
    hex.toUpperCase()
  ].filter(isLongEnough)
}

export const isLongEnough = (secret: string): boolean => secret.trim().length >= minSecretLength
