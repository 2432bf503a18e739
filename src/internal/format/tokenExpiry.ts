/** The expiry that a token itself carries: a JSON Web Token's `exp`, a presigned URL. Nothing is verified: the server does that. */
import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import { decodeJwt } from "jose/jwt/decode"
import { earlier, fromEpochSeconds, parseNumber, parseRfc3339 } from "./instant.js"

export const tokenExpiry = (token: string): Option.Option<DateTime.Utc> =>
  Option.firstSomeOf([jwtExpiry(token), presignedExpiry(token), copilotExpiry(token)])

const decodeClaims = Option.liftThrowable(decodeJwt)

/** base64url of `{`, which white space may follow, begins so. */
const jwtStart = /^e[wy]/

const jwtExpiry = (token: string): Option.Option<DateTime.Utc> =>
  jwtStart.test(token)
    ? Option.flatMap(decodeClaims(token), ({ exp }: Readonly<Record<string, unknown>>) =>
        Option.flatMap(parseNumber(exp), fromEpochSeconds)
      )
    : Option.none()

/** GitHub Copilot's token: `tid=…;exp=1700000000;…`. */
const copilot = /^(?:\w+=[^;=]*;)*exp=(\d+)(?:[;:]|$)/

const copilotExpiry = (token: string): Option.Option<DateTime.Utc> =>
  Option.flatMap(Option.flatMap(Option.fromNullable(copilot.exec(token)?.[1]), parseNumber), fromEpochSeconds)

/** Tokens that are a URL in base64. Amazon EKS accepts its own for 15 minutes, whatever the URL says. */
const wrapped: ReadonlyArray<{ readonly prefix: string; readonly lifetime?: number }> = [
  { prefix: "bedrock-api-key-" },
  { prefix: "k8s-aws-v1.", lifetime: 900 }
]

const presignedExpiry = (token: string): Option.Option<DateTime.Utc> => {
  const known = wrapped.find(({ prefix }) => token.startsWith(prefix))
  if (known === undefined) return token.includes("=") ? signedExpiry(queryOf(token), undefined) : Option.none()
  return Option.flatMap(textOf(token.slice(known.prefix.length)), (url) => signedExpiry(queryOf(url), known.lifetime))
}

/** base64 with either alphabet. Something without base64 may follow it. */
const textOf = (encoded: string): Option.Option<string> => {
  const plain = (/^[\w+/-]+/.exec(encoded)?.[0] ?? "").replaceAll("-", "+").replaceAll("_", "/")
  return Either.getRight(Encoding.decodeBase64String(plain.padEnd(Math.ceil(plain.length / 4) * 4, "=")))
}

/** Parameter names in small letters. A shared access signature of Azure is the query alone. */
const queryOf = (url: string): ReadonlyMap<string, string> => {
  const query = url.slice(url.indexOf("?") + 1)
  return new Map(Array.from(new URLSearchParams(query), ([name, value]) => [name.toLowerCase(), value]))
}

/** The date of AWS's and Google's signatures: `20260101T000000Z`. */
const basicTime = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

const signedExpiry = (
  query: ReadonlyMap<string, string>,
  lifetime: number | undefined
): Option.Option<DateTime.Utc> => {
  const get = (name: string): Option.Option<string> => Option.fromNullable(query.get(name))
  const fromStart = (vendor: string): Option.Option<DateTime.Utc> =>
    Option.gen(function* () {
      const written = yield* get(`x-${vendor}-date`)
      const start = yield* parseRfc3339(written.replace(basicTime, "$1-$2-$3T$4:$5:$6Z"))
      const seconds = lifetime ?? (yield* Option.flatMap(get(`x-${vendor}-expires`), parseNumber))
      return yield* fromEpochSeconds(start.epochMillis / 1000 + seconds)
    })
  const at = (name: string, signature: string): Option.Option<DateTime.Utc> =>
    query.has(signature)
      ? Option.flatMap(get(name), (text) =>
          Option.orElse(Option.flatMap(parseNumber(text), fromEpochSeconds), () => parseRfc3339(text))
        )
      : Option.none()
  return [fromStart("amz"), fromStart("goog"), at("expires", "signature"), at("se", "sig")].reduce(earlier)
}
