import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { FormatSpec } from "effect-apikey/formats/table"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readingOf } from "../../src/internal/format/expiry.js"
import { parseHttpDate, parseLifetime } from "../../src/internal/format/instant.js"
import { tokenExpiry } from "../../src/internal/format/tokenExpiry.js"
import { decode, marker, plain, shown } from "./support.js"

const now = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const { epochMillis } = now
const future = epochMillis + 600_000
const futureIso = new Date(future).toISOString()

const expiryOf = (format: FormatSpec, answer: object, at = now) =>
  Either.match(decode(format, JSON.stringify(answer), { now: at }), {
    onLeft: ({ _tag }) => _tag,
    onRight: (key) => plain(key).expiresAt
  })

describe("an expiry in an OAuth answer", () => {
  // NousResearch/hermes-agent#88535: `expires_in` is constant, `expiry` is true.
  it("is the earliest of all that are present", () => {
    const answer = { access_token: "t", token_type: "Bearer", expiry: futureIso, expires_in: 3600 }
    expect(expiryOf("oauth", answer)).toBe(futureIso)
    expect(expiryOf("auto", answer)).toBe(futureIso)
    expect(expiryOf("oauth", { ...answer, expires_in: 5 })).toBe("2026-01-01T00:00:05.000Z")
  })

  // Go's oauth2.Token.
  it("in the past is ExpiredOnArrival, whatever the other fields say", () => {
    expect(expiryOf("auto", { access_token: "t", expiry: "2020-01-01T00:00:00Z" })).toBe("ExpiredOnArrival")
    expect(expiryOf("auto", { access_token: "t", expires_in: 3600, expiry: "2020-01-01T00:00:00+01:00" })).toBe(
      "ExpiredOnArrival"
    )
  })

  const names: ReadonlyArray<readonly [name: string, value: unknown]> = [
    ["expiry", futureIso],
    ["expires", futureIso],
    ["expires", future],
    ["expires", future / 1000],
    [".expires", new Date(future).toUTCString()],
    ["expiry_date", future],
    ["expiryDate", future],
    ["expires_at", String(future / 1000)],
    ["expires_at", future],
    ["expiresAt", future],
    ["expiresAt", future / 1000],
    ["ExpiresAt", futureIso],
    ["expires_at_ms", future],
    ["expiresAtMs", String(future)],
    ["expires_at_seconds", future / 1000],
    ["expires_on", future / 1000],
    ["expiresOn", futureIso],
    ["expiration", futureIso],
    ["expiration", future],
    ["Expiration", futureIso],
    ["expirationTime", future / 1000],
    ["expiration_timestamp", future / 1000],
    ["expireTime", futureIso],
    ["access_token_expires_at", futureIso],
    ["accessTokenExpirationDate", futureIso],
    ["tokenExpiry", futureIso],
    ["valid_until", futureIso],
    ["notAfter", futureIso],
    ["exp", future / 1000],
    ["expires_in", 600],
    ["expires_in", "600"],
    ["expires_in", "600s"],
    ["expires_in", "10m0s"],
    ["expiresIn", 600],
    ["expires_in_ms", 600_000],
    ["expiresInMilliseconds", 600_000],
    ["expiresInMinutes", 10],
    ["expires_in_seconds", 600],
    ["expire", 600],
    ["expireIn", 600],
    ["ttl", 600],
    ["ttl_seconds", 600],
    ["lifetime", 600],
    ["max-age", 600],
    ["token_ttl", 600],
    ["lease_duration", 600]
  ]

  it.each(names)("counts under the name %s: %j", (name, value) => {
    expect(expiryOf("oauth", { access_token: "t", [name]: value })).toBe(futureIso)
  })

  it.each([
    "refresh_token_expires_in",
    "refresh_expires_in",
    "refreshTokenExpiresAt",
    "x_refresh_token_expires_in",
    "refresh_token_expiry",
    "id_token_expires_in",
    "ext_expires_in",
    "iat",
    "nbf",
    "issued_at",
    "created_at",
    "not_before",
    "notBefore",
    "expired",
    "is_expired",
    "expires_in_words_of_the_server",
    "scope"
  ])("is not that of something else: %s", (name) => {
    expect(expiryOf("oauth", { access_token: "t", [name]: 1 })).toBeUndefined()
    expect(Option.isNone(readingOf(name))).toBe(true)
  })

  it.each<[string, unknown]>([
    ["null", null],
    ["an empty string", ""],
    ["Go's zero time", "0001-01-01T00:00:00Z"],
    [".NET's smallest time", "0001-01-01T00:00:00.0000000"],
    ["Go's zero time in epoch seconds", -62_135_596_800]
  ])("is none where it is %s", (_, none) => {
    for (const name of ["expiry", "expires_at", "expires_in", "expires_on", "expiration"]) {
      expect(expiryOf("oauth", { access_token: "t", [name]: none })).toBeUndefined()
      expect(expiryOf("oauth", { access_token: "t", [name]: none, expires: future })).toBe(futureIso)
    }
  })

  it("that cannot be read is refused with its field, and never quoted", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names.map(([name]) => name).filter((name) => name !== "expires_on")),
        marker,
        (name, secret) => {
          const answer = JSON.stringify({ access_token: "t", [name]: `${secret} 2030-01-01T00:00:00` })
          const error = Either.getOrThrow(Either.flip(decode("oauth", answer)))
          expect(error).toMatchObject({ _tag: "InvalidOutput", path: name })
          expect(error.hint).toContain("time zone")
          expect(shown(error)).not.toContain(secret)
        }
      )
    )
  })
})

describe("the expiry of a key in every JSON format", () => {
  const expiry = { expiry: futureIso }
  const pair = { AccessKeyId: "AKIAEXAMPLE", SecretAccessKey: "s" }
  const kind = { kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1" }
  const idToken = "urn:ietf:params:oauth:token-type:id_token"
  const vault = { lease_id: "", lease_duration: 0 }
  const inVault = { expires_at_seconds: future / 1000 }
  const json: FormatSpec = { name: "json", field: "data.key" }

  it.each<[FormatSpec, object]>([
    ["oauth", { access_token: "t", ...expiry }],
    ["az", { accessToken: "t", expires_on: future / 1000 + 60, ...expiry }],
    ["gcloud", { credential: { access_token: "t", ...expiry } }],
    ["gcloud", { credential: { access_token: "t" }, ...expiry }],
    ["aws-credential-process", { Version: 1, ...pair, ...expiry }],
    ["exec-credential", { ...kind, status: { token: "t", ...expiry } }],
    ["google-executable", { version: 1, success: true, token_type: idToken, id_token: "t", ...expiry }],
    ["bazel", { headers: { Authorization: ["Bearer t"] }, ...expiry }],
    ["claude-desktop", { token: "t", headers: {}, ...expiry }],
    ["azure-key-vault", { value: "v", id: "https://x.vault.azure.net/secrets/a/b", attributes: expiry }],
    ["docker-credential", { ServerURL: "", Username: "u", Secret: "s", ...expiry }],
    ["vault", { auth: { client_token: "t", lease_duration: 0, ...expiry } }],
    ["vault", { ...vault, lease_id: "x", lease_duration: 9000, data: { token: "t", ...inVault } }],
    [{ name: "vault", field: "k" }, { data: { data: { k: "t", ...expiry }, metadata: {} } }],
    [
      { name: "secrets-manager", field: "k" },
      { ARN: "", SecretString: JSON.stringify({ k: "t", ...expiry }) }
    ],
    [json, { data: { key: "t", ...expiry } }],
    [json, { data: { key: "t" }, ...expiry }],
    [
      { ...json, expiresAt: "end" },
      { data: { key: "t", ...expiry }, end: "2040-01-01T00:00:00Z" }
    ]
  ])("%j: %j", (format, answer) => {
    expect(expiryOf(format, answer)).toBe(futureIso)
  })

  it.each<[FormatSpec, string, object]>([
    ["exec-credential", "status", { ...kind, status: { token: "t", expirationTimestamp: "0001-01-01T00:00:00Z" } }],
    ["gcloud", "credential", { credential: { access_token: "t", token_expiry: "0001-01-01T00:00:00Z" } }],
    ["bazel", "", { headers: { Authorization: ["Bearer t"] }, expires: "0001-01-01T00:00:00Z" }]
  ])("has none where Go's zero time stands: %s", (format, _, answer) => {
    expect(expiryOf(format, answer)).toBeUndefined()
  })

  it("is not looked for in what lies beside the key's object, nor read where users write what they like", () => {
    expect(expiryOf(json, { data: { key: "t" }, other: { expires_at: 1 } })).toBeUndefined()
    for (const expires of ["never", "in two years", "2027-01-01"]) {
      expect(expiryOf({ name: "vault", field: "k" }, { ...vault, data: { k: "t", expires } })).toBeUndefined()
    }
  })

  it("keeps the protocol's own unit and zone", () => {
    expect(
      expiryOf("google-executable", {
        version: 1,
        success: true,
        token_type: idToken,
        id_token: "t",
        expiration_time: future
      })
    ).toBe("InvalidOutput")
    expect(expiryOf("aws-credential-process", { Version: 1, ...pair, Expiration: future / 1000 })).toBe("InvalidOutput")
  })
})

interface Field {
  readonly name: string
  readonly value: unknown
  readonly end: number
}

const first = Date.UTC(1990, 0, 1)
const last = Date.UTC(2999, 0, 1)
const instants = fc.oneof(
  fc.integer({ min: first, max: last }),
  fc.integer({ min: epochMillis - 86_400_000, max: epochMillis + 86_400_000 })
)

const absolute = fc
  .tuple(
    fc.constantFrom("expiry", "expires_at", "expiresAt", "expires", "expires_on", "expiration", "expiry_date", "exp"),
    instants,
    fc.constantFrom<(millis: number) => readonly [value: unknown, end: number]>(
      (millis) => [new Date(millis).toISOString(), millis],
      (millis) => [millis, millis],
      (millis) => [String(millis), millis],
      (millis) => [Math.floor(millis / 1000), Math.floor(millis / 1000) * 1000],
      (millis) => [String(Math.floor(millis / 1000)), Math.floor(millis / 1000) * 1000],
      (millis) => [`${new Date(Math.floor(millis / 1000) * 1000).toISOString().slice(0, 19)}+00:00`, millis]
    )
  )
  .map(([name, millis, written]): Field => {
    const [value, end] = written(millis)
    return { name, value, end }
  })

const relative = fc
  .tuple(fc.constantFrom("expires_in", "expiresIn", "ttl"), fc.integer({ min: -10, max: 10 ** 7 }), fc.boolean())
  .map(
    ([name, seconds, isText]): Field => ({
      name,
      value: isText ? String(seconds) : seconds,
      end: epochMillis + seconds * 1000
    })
  )

const unrelated = fc
  .tuple(fc.constantFrom("refresh_expires_in", "iat", "nbf", "id_token_expires_at", "created_at"), fc.nat())
  .map(([name, value]): Field => ({ name, value, end: Number.POSITIVE_INFINITY }))

const jwt = (exp: unknown): string =>
  `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ exp, iat: 1, nbf: 1 })).toString("base64url")}.AA`

const tokens = fc.oneof(
  fc.constant({ token: "opaque", end: Number.POSITIVE_INFINITY }),
  fc.tuple(instants, fc.boolean()).map(([millis, isText]) => {
    const seconds = Math.floor(millis / 1000)
    return { token: jwt(isText ? String(seconds) : seconds), end: seconds * 1000 }
  })
)

describe("of any mixture of expiries", () => {
  const formats: ReadonlyArray<readonly [FormatSpec, (token: string, fields: object) => object]> = [
    ["oauth", (access_token, fields) => ({ access_token, ...fields })],
    ["auto", (access_token, fields) => ({ ...fields, access_token })],
    [{ name: "json", field: "a.key" }, (key, fields) => ({ a: { key, ...fields } })],
    ["claude-desktop", (token, fields) => ({ token, headers: {}, ...fields })],
    [{ name: "vault", field: "k" }, (k, fields) => ({ data: { data: { k, ...fields, ttl: null }, metadata: {} } })]
  ]

  it.each(formats)(
    "%j: the key never expires later than one of them, and is never past on arrival",
    (format, answer) => {
      fc.assert(
        fc.property(
          tokens,
          fc.uniqueArray(fc.oneof(absolute, relative, unrelated), { maxLength: 6, selector: ({ name }) => name }),
          ({ end: own, token }, fields) => {
            const counted = JSON.stringify(format).includes("vault")
              ? fields.filter(({ name }) => name !== "ttl")
              : fields
            const written = Object.fromEntries(fields.map(({ name, value }) => [name, value]))
            const result = decode(format, JSON.stringify(answer(token, written)), { now })
            const end = Math.min(own, ...counted.map((field) => field.end))
            if (Either.isLeft(result)) {
              expect(result.left._tag).toBe("ExpiredOnArrival")
              expect(end).toBeLessThanOrEqual(epochMillis)
            } else {
              const at = Option.match(result.right.expiresAt, {
                onNone: () => Number.POSITIVE_INFINITY,
                onSome: (expiry) => expiry.epochMillis
              })
              expect(at).toBeLessThanOrEqual(end)
              expect(at).toBeGreaterThan(epochMillis)
              expect(end - at < 1000 || at === end).toBe(true)
            }
          }
        )
      )
    }
  )
})

describe("the expiry that a token carries", () => {
  const start = "20260101T000000Z"
  const amazon = (date: string, seconds: number): string =>
    `bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260101&X-Amz-Date=${date}&X-Amz-Expires=${seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=abc&Version=1`
  const base64 = (text: string): string => Buffer.from(text).toString("base64")
  const base64url = (text: string): string => Buffer.from(text).toString("base64url")

  it.each<[string, string, string]>([
    ["a JWT's exp", jwt(future / 1000), futureIso],
    ["a JWT's exp as text", jwt(String(future / 1000)), futureIso],
    // anthropics/claude-code#8169, earendil-works/pi#3462
    ["a short-term key of Bedrock", `bedrock-api-key-${base64(amazon(start, 600))}`, futureIso],
    ["the same without padding", `bedrock-api-key-${base64(amazon(start, 600)).replace(/=+$/, "")}`, futureIso],
    ["the same with the other alphabet", `bedrock-api-key-${base64url(amazon(start, 600))}`, futureIso],
    ["a presigned URL of AWS", `https://${amazon(start, 600)}`, futureIso],
    [
      "one with names in small letters",
      `https://${amazon(start, 600).toLowerCase().replace("t000000z", "T000000Z")}`,
      futureIso
    ],
    ["a signed URL of Google", `https://storage.googleapis.com/b/o?X-Goog-Date=${start}&X-Goog-Expires=600`, futureIso],
    ["a signed URL of CloudFront", `https://d.example/o?Expires=${future / 1000}&Signature=a&Key-Pair-Id=b`, futureIso],
    [
      "a shared access signature of Azure",
      `sv=2024-11-04&se=${encodeURIComponent(futureIso)}&sp=r&sig=a%3D`,
      futureIso
    ],
    ["one that begins with its question mark", `?sv=2024-11-04&se=${futureIso}&sp=r&sig=a%3D`, futureIso],
    // The URL says 60 s. Amazon EKS counts 15 minutes from its date.
    [
      "a token of Amazon EKS",
      `k8s-aws-v1.${base64url(`https://sts.amazonaws.com/?${amazon(start, 60)}`)}`,
      "2026-01-01T00:15:00.000Z"
    ],
    ["a token of GitHub Copilot", `tid=abc;exp=${future / 1000};sku=x;st=dotcom:sig`, futureIso]
  ])("is the key's: %s", (_, token, expected) => {
    expect(Either.map(decode("text", token, { now }), (key) => plain(key).expiresAt)).toEqual(Either.right(expected))
    const answer = JSON.stringify({ access_token: token, expires_in: 86_400 })
    expect(Either.map(decode("oauth", answer, { now }), (key) => plain(key).expiresAt)).toEqual(Either.right(expected))
    const later = DateTime.add(now, { days: 1 })
    expect(Either.flip(decode("text", token, { now: later }))).toMatchObject({ right: { _tag: "ExpiredOnArrival" } })
  })

  it.each([
    "bedrock-api-key-",
    "bedrock-api-key-%%%",
    `bedrock-api-key-${Buffer.from("no url").toString("base64")}`,
    "ABSKQmVkcm9ja0FQSUtleS1sb25nLXRlcm0tYXQtMTIzNDU2Nzg5MDEyOmFiYw==",
    "https://example.com/?X-Amz-Date=20260101T000000Z",
    "https://example.com/?se=2020-01-01T00:00:00Z",
    "expires=1;x=y",
    "sk-exp=1700000000"
  ])("is none in %s", (token) => {
    expect(tokenExpiry(token)).toEqual(Option.none())
  })

  it("is only that of the token that is the key", () => {
    const answer = JSON.stringify({ access_token: "t", id_token: jwt(1), refresh_token: jwt(1), expires_in: 600 })
    expect(Either.map(decode("oauth", answer, { now }), (key) => plain(key).expiresAt)).toEqual(Either.right(futureIso))
  })

  it("is an instant or none for every text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true })), (text) => {
        for (const at of Option.toArray(tokenExpiry(text))) expect(Number.isFinite(at.epochMillis)).toBe(true)
      })
    )
  })
})

describe("other ways to write times", () => {
  it.each([
    ["Fri, 29 May 2026 00:21:43 GMT", "2026-05-29T00:21:43.000Z"],
    ["Fri, 30 Feb 2026 00:21:43 GMT", undefined],
    ["Fri, 29 May 2026 00:21:43", undefined],
    ["29 May 2026", undefined]
  ])("HTTP's date: %s", (text, expected) => {
    expect(Option.getOrUndefined(Option.map(parseHttpDate(text), DateTime.formatIso))).toBe(expected)
  })

  it.each([
    ["3600s", 3600],
    ["1h30m", 5400],
    ["1h0m0.5s", 3600.5],
    ["500ms", 0.5],
    ["-5s", -5],
    ["30d", 2_592_000],
    ["1", undefined],
    ["h", undefined],
    ["1 hour", undefined]
  ])("a duration: %s", (text, seconds) => {
    expect(Option.getOrUndefined(parseLifetime(text))).toBe(seconds)
  })
})
