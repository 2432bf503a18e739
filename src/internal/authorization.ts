/** Which headers carry a key, where it may go, and which answers mean that it was refused: the same for every SDK. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../ApiKey.js"
import { InvalidOutput } from "../ApiKeyError.js"

/** How a key stands in a request. A function gives the headers itself. */
export type Scheme =
  | "bearer"
  | "x-api-key"
  | "x-goog-api-key"
  | "api-key"
  | "basic"
  | "headers"
  | ((key: ApiKey) => Readonly<Record<string, string>>)

const byScheme = (key: ApiKey, scheme: Scheme): Readonly<Record<string, string>> => {
  const secret = Redacted.value(key.value)
  if (typeof scheme === "function") return scheme(key)
  switch (scheme) {
    case "bearer":
      return { authorization: `Bearer ${secret}` }
    case "basic":
      return {
        authorization: `Basic ${Encoding.encodeBase64(`${Option.getOrElse(key.username, () => "")}:${secret}`)}`
      }
    case "headers":
      return {}
    default:
      return { [scheme]: secret }
  }
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\x20-\x7E]+$/

/** The headers for a key, by lower-case name: its own where it has some. One that no header can carry is refused here, because fetch would quote it. */
export const headersFor = (key: ApiKey, scheme: Scheme): Either.Either<ReadonlyMap<string, string>, InvalidOutput> => {
  const own = Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value)] as const)
  const headers = new Map(
    (own.length > 0 && typeof scheme !== "function" ? own : Object.entries(byScheme(key, scheme))).map(
      ([name, value]) => [name.toLowerCase(), value] as const
    )
  )
  return Array.from(headers).every(([name, value]) => headerName.test(name) && headerValue.test(value))
    ? Either.right(headers)
    : Either.left(
        new InvalidOutput({
          command: "effect-apikey",
          format: "header",
          path: "",
          expected: "a key that a header can carry",
          remedy: "The key holds characters that no header can carry; check what the command prints."
        })
      )
}

/** What an answer says, as far as it matters here. */
export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
}

/** 401, and 403 when the server says that the token is invalid (RFC 6750, section 3.1). */
export const isRejectedAnswer = ({ status, header }: Answer): boolean =>
  status === 401 || (status === 403 && /\binvalid_token\b/.test(header("www-authenticate") ?? ""))
