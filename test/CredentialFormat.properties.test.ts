import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "effect-apikey/ApiKey"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, longAgo, plain, shown } from "./formats/support.js"

const millisPerSecond = 1000
const lastMillis = DateTime.unsafeMake("9000-01-01T00:00:00Z").epochMillis

/** What a token can be: every visible ASCII character, in any order. */
const token = fc
  .stringMatching(/^[!-~]{1,60}$/)
  .filter((value) => !["null", "undefined", "None"].includes(value) && !value.startsWith("encrypted:"))
/** What a password can be: anything that ends no line. */
const password = fc.fullUnicodeString({ minLength: 1, maxLength: 40 }).filter(isPassword)
function isPassword(value: string): boolean {
  return value.trim() !== "" && !/[\p{Cc}\p{Zl}\p{Zp}\uFEFF]/u.test(value)
}
/** A secret that nothing else can look like, in part or as a whole. */
const markerStart = "S3CR3T"
const marker = fc.stringMatching(/^[a-z0-9]{16}$/).map((tail) => `${markerStart}${tail}`)
const expiry = fc
  .integer({ min: longAgo.epochMillis + millisPerSecond, max: lastMillis })
  .map((millis) => DateTime.unsafeMake(millis))
const headerName = fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,15}$/)
const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/)

/** Each name once, whatever its case, as HTTP has it. */
const otherHeaders = fc
  .uniqueArray(fc.tuple(headerName, headerValue), { maxLength: 3, selector: ([name]) => name.toLowerCase() })
  .map((entries) => Object.fromEntries(entries.filter(([name]) => !/^authorization$/i.test(name))))

interface Parts {
  readonly value: string
  readonly expiresAt?: DateTime.Utc | undefined
  readonly username?: string | undefined
  readonly sessionToken?: string | undefined
  readonly headers?: Record<string, string> | undefined
}

const keyOf = (parts: Parts): ApiKey.ApiKey => ApiKey.make(parts)
const maybe = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined })

const tokenKeys = fc.record({ value: token, expiresAt: maybe(expiry) }).map(keyOf)
const staticKeys = fc.record({ value: token }).map(keyOf)
const isJsonObject = (text: string): boolean => /^\s*[{[]/.test(text)

interface Case {
  readonly label: string
  readonly format: CredentialFormat.FormatSpec
  /** Keys that the format can carry. */
  readonly keys: fc.Arbitrary<ApiKey.ApiKey>
  /** The unit of its times, in milliseconds; without one it carries no expiry. */
  readonly precision?: number
  /** `auto` cannot know it: it needs a parameter, or is no protocol. */
  readonly auto?: false
}

const second = millisPerSecond
const milli = 1

const cases: ReadonlyArray<Case> = [
  { label: "text", format: "text", keys: staticKeys },
  { label: "first-line", format: "first-line", keys: staticKeys },
  {
    label: "raw",
    format: "raw",
    keys: fc
      .fullUnicodeString({ minLength: 1 })
      .filter((value) => value.trim() !== "" && !value.includes("\0") && !value.startsWith("\uFEFF"))
      .map((value) => keyOf({ value })),
    auto: false
  },
  {
    label: "aws-credential-process",
    format: "aws-credential-process",
    keys: fc.record({ value: token, username: token, sessionToken: maybe(token), expiresAt: maybe(expiry) }).map(keyOf),
    precision: milli
  },
  {
    label: "git-credential, a pair",
    format: "git-credential",
    keys: fc.record({ value: password, username: maybe(password), expiresAt: maybe(expiry) }).map(keyOf),
    precision: second
  },
  {
    label: "git-credential, a header",
    format: { name: "git-credential", url: "https://example.com/a" },
    keys: fc
      .record({ value: token, scheme: headerName, expiresAt: maybe(expiry) })
      .map(({ scheme, ...parts }) => keyOf({ ...parts, headers: { authorization: `${scheme} ${parts.value}` } })),
    precision: second
  },
  {
    label: "docker-credential",
    format: { name: "docker-credential", serverUrl: "https://index.docker.io/v1/" },
    keys: fc.record({ value: password, username: password.filter((name) => name !== "<token>") }).map(keyOf)
  },
  { label: "exec-credential v1", format: "exec-credential", keys: tokenKeys, precision: milli },
  {
    label: "exec-credential v1beta1",
    format: { name: "exec-credential", apiVersion: "v1beta1" },
    keys: tokenKeys,
    precision: milli
  },
  ...(["id_token", "jwt", "saml2"] as const).map(
    (tokenType): Case => ({
      label: `google-executable ${tokenType}`,
      format: { name: "google-executable", tokenType },
      keys: fc.record({ value: token, expiresAt: expiry }).map(keyOf),
      precision: second
    })
  ),
  { label: "cargo", format: "cargo", keys: tokenKeys, precision: second },
  {
    label: "bazel",
    format: "bazel",
    keys: fc
      .record({
        value: token,
        others: otherHeaders,
        expiresAt: maybe(expiry)
      })
      .map(({ expiresAt, others, value }) =>
        keyOf({ value, expiresAt, headers: { ...others, Authorization: `Bearer ${value}` } })
      ),
    precision: milli
  },
  {
    label: "claude-desktop",
    format: "claude-desktop",
    keys: fc
      .record({
        value: token,
        others: otherHeaders
      })
      .map(({ others, value }) =>
        keyOf({
          value,
          headers: Object.keys(others).length === 0 ? {} : { authorization: `Bearer ${value}`, ...others }
        })
      )
  },
  { label: "oauth", format: "oauth", keys: tokenKeys, precision: milli },
  { label: "az", format: "az", keys: tokenKeys, precision: second },
  { label: "gcloud", format: "gcloud", keys: tokenKeys, precision: milli },
  { label: "vault", format: "vault", keys: staticKeys },
  { label: "vault with a field", format: { name: "vault", field: "api.key" }, keys: staticKeys },
  { label: "op", format: "op", keys: staticKeys },
  { label: "op with a field", format: { name: "op", field: "API key" }, keys: staticKeys },
  { label: "bitwarden", format: "bitwarden", keys: staticKeys },
  {
    label: "bitwarden with a field",
    format: { name: "bitwarden", field: "API key" },
    keys: staticKeys,
    auto: false
  },
  {
    label: "secrets-manager",
    format: "secrets-manager",
    keys: token.filter((value) => !isJsonObject(value)).map((value) => keyOf({ value }))
  },
  {
    label: "secrets-manager with a field",
    format: { name: "secrets-manager", field: "/a~1b/key" },
    keys: staticKeys,
    auto: false
  },
  { label: "azure-key-vault", format: "azure-key-vault", keys: tokenKeys, precision: milli },
  { label: "gh", format: "gh", keys: staticKeys },
  { label: "env", format: "env", keys: staticKeys.filter((key) => !Redacted.value(key.value).startsWith("=")) },
  { label: "env with a variable", format: { name: "env", variable: "OPENAI_API_KEY" }, keys: staticKeys },
  {
    label: "json",
    format: { name: "json", field: "data.key", expiresAt: "/data/exp" },
    keys: tokenKeys,
    precision: milli,
    auto: false
  },
  {
    label: "json, epoch milliseconds and a pair",
    format: { name: "json", field: "/k", username: "u.name", expiresAt: "e", unit: "milliseconds" },
    keys: fc.record({ value: password, username: password, expiresAt: maybe(expiry) }).map(keyOf),
    precision: milli,
    auto: false
  }
]

const encoded = (format: CredentialFormat.Format, key: ApiKey.ApiKey): string =>
  Either.getOrThrowWith(CredentialFormat.get(format).encode(key), (error) => new Error(error.message))

const floored = (key: ApiKey.ApiKey, precision: number | undefined): Option.Option<number> =>
  precision === undefined
    ? Option.none()
    : Option.map(key.expiresAt, (at) => Math.floor(at.epochMillis / precision) * precision)

const expectKey = (result: ReturnType<typeof decode>, key: ApiKey.ApiKey, precision: number | undefined): void => {
  const got = Either.getOrThrowWith(result, (error) => new Error(`${error._tag}: ${error.message}`))
  expect(Equal.equals(got, key)).toBe(true)
  expect(Option.map(got.expiresAt, (at) => at.epochMillis)).toEqual(floored(key, precision))
}

describe.each(cases)("$label", ({ auto, format, keys, precision }) => {
  it("reads back every key that it can carry, to its own precision of time", () => {
    fc.assert(fc.property(keys, (key) => expectKey(decode(format, encoded(format, key)), key, precision)))
  })

  it("refuses to write what it could not read back: of any key at all, the answer is that key or a typed refusal", () => {
    const anything = fc.fullUnicodeString({ maxLength: 12 })
    const anyKeys = fc
      .record({
        value: fc.oneof(
          token,
          anything,
          marker,
          marker.map((secret) => `${secret}\n\u00e9`)
        ),
        username: maybe(fc.oneof(token, anything)),
        sessionToken: maybe(fc.oneof(token, anything)),
        headers: maybe(fc.dictionary(fc.oneof(headerName, anything), fc.oneof(headerValue, anything), { maxKeys: 2 })),
        expiresAt: maybe(expiry)
      })
      .map(keyOf)
    fc.assert(
      fc.property(anyKeys, (key) =>
        Either.match(CredentialFormat.get(format).encode(key), {
          onRight: (text) => {
            const back = decode(format, text)
            expect(Either.isRight(back) && Equal.equals(back.right, key)).toBe(true)
            if (precision === undefined) expect(Option.isNone(key.expiresAt)).toBe(true)
            else expectKey(back, key, precision)
          },
          onLeft: (error) => {
            expect(error._tag).toBe("InvalidOutput")
            expect(error.command).toBe("effect-apikey")
            expect(shown(error)).not.toContain(markerStart)
          }
        })
      )
    )
  })

  if (precision === undefined)
    it("refuses a key with an expiry, which it has no place for, and says what to do", () => {
      fc.assert(
        fc.property(keys, expiry, (key, at) => {
          const error = Either.getOrThrow(Either.flip(CredentialFormat.get(format).encode(ApiKey.expiringBy(key, at))))
          expect(error).toMatchObject({ _tag: "InvalidOutput", path: "expiresAt", command: "effect-apikey" })
          expect(error.hint).toContain("oauth")
        })
      )
    })

  it("never throws at arbitrary bytes, and shows none of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), marker, (bytes, secret) => {
        const output = Buffer.concat([bytes.subarray(0, 40), Buffer.from(secret), bytes.subarray(40)])
        expectNoLeak(decode(format, output))
      })
    )
  })

  it("never throws at arbitrary JSON, and shows none of it", () => {
    fc.assert(
      fc.property(jsonAround, (value) => {
        const text = JSON.stringify(value)
        expectNoLeak(decode(format, text))
        expectNoLeak(decode("auto", text))
        expectNoLeakIn(CredentialFormat.get(format).explain?.({ exitCode: 1, stderr: "", stdout: text }))
      })
    )
  })

  it("never throws at a valid answer with one mutation, and shows none of it", () => {
    fc.assert(
      fc.property(keys, marker, mutation, (key, secret, mutate) => {
        const marked = withValue(key, secret)
        const answer = Either.getOrElse(CredentialFormat.get(format).encode(marked), () => encoded(format, key))
        const stdout = mutate(answer)
        expectNoLeak(decode(format, stdout))
        expectNoLeakIn(CredentialFormat.get(format).explain?.({ exitCode: 1, stderr: "", stdout }))
      })
    )
  })

  if (precision !== undefined)
    it("says ExpiredOnArrival of an expiry in the past", () => {
      fc.assert(
        fc.property(keys, fc.nat({ max: 10 ** 9 }), (key, later) => {
          fc.pre(Option.isSome(key.expiresAt))
          const now = DateTime.add(Option.getOrThrow(key.expiresAt), { millis: later })
          const error = Either.getOrThrow(Either.flip(decode(format, encoded(format, key), { now })))
          expect(error._tag).toBe("ExpiredOnArrival")
        })
      )
    })

  if (format !== "raw")
    it("does not mind white space, a byte order mark, CRLF, key order and unknown fields", () => {
      fc.assert(
        fc.property(keys, fc.integer(), (key, seed) => {
          expectKey(decode(format, disguised(encoded(format, key), seed)), key, precision)
        })
      )
    })

  if (auto !== false)
    it("is recognized by auto", () => {
      fc.assert(
        fc.property(keys, (key) => {
          // Plain text has no discriminator: a key that looks like another format's answer needs its format named.
          fc.pre(!isPlainText(format) || Either.isRight(CredentialFormat.get("auto").encode(key)))
          expectKey(decode("auto", encoded(format, key)), key, precision)
        })
      )
    })
})

const isPlainText = (format: CredentialFormat.FormatSpec): boolean =>
  format === "text" || format === "first-line" || format === "gh"

const expectNoLeak = (result: ReturnType<typeof decode>): void => {
  if (Either.isLeft(result)) expect(shown(result.left)).not.toContain(markerStart)
}

const expectNoLeakIn = (explanation: unknown): void => {
  expect(JSON.stringify(explanation) ?? "").not.toContain(markerStart)
}

/** Names that every object in JavaScript answers to. */
const inherited = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"]

/** The same kind of key, with a secret that can be searched for. */
const withValue = (key: ApiKey.ApiKey, secret: string): ApiKey.ApiKey => {
  const old = Redacted.value(key.value)
  return keyOf({
    ...plain(key),
    expiresAt: Option.getOrUndefined(key.expiresAt),
    value: secret,
    headers: Object.fromEntries(
      Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value).replace(old, secret)])
    )
  })
}

/** JSON with a secret in it somewhere: as a value, inside one, or as the name of a field. */
const jsonAround = marker.chain(
  (secret) =>
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>(
          secret,
          `${secret} ${secret}`,
          ...inherited,
          null,
          true,
          false,
          0,
          1,
          "",
          -1.5,
          secret.length
        ),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            ...[secret, "Version", "AccessKeyId", "SecretAccessKey", "Expiration", "ServerURL", "Username", "Secret"],
            ...["kind", "apiVersion", "status", "version", "success", "token_type", "id_token", "code", "message", "v"],
            ...["Ok", "Err", "headers", "token", "access_token", "expires_in", "expires_at", "error", "accessToken"],
            ...[
              "expiresOn",
              "expires_on",
              "credential",
              "data",
              "auth",
              "wrap_info",
              "lease_duration",
              "fields",
              "value"
            ],
            ...["object", "login", "password", "ARN", "SecretString", "id", "attributes", "__proto__", "constructor"]
          ),
          tie("value"),
          { maxKeys: 5 }
        )
      )
    })).value
)

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

const isJsonRecord = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (text: string): Option.Option<Json> =>
  Option.liftThrowable((input: string): Json => JSON.parse(input))(text)

/** Replaces the n-th value in JSON, counted depth first. */
const replaceAt = (value: Json, at: { left: number }, by: (old: Json) => Json | undefined): Json | undefined => {
  if (at.left-- === 0) return by(value)
  if (Array.isArray(value)) {
    return value.flatMap((item: Json) => {
      const next = replaceAt(item, at, by)
      return next === undefined ? [] : [next]
    })
  }
  if (!isJsonRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const next = replaceAt(item, at, by)
      return next === undefined ? [] : [[key, next] as const]
    })
  )
}

const jsonMutation = fc
  .record({
    at: fc.nat({ max: 12 }),
    by: fc.constantFrom<(old: Json) => Json | undefined>(
      () => undefined,
      () => null,
      () => false,
      () => -1,
      () => 1e300,
      () => "",
      () => "2020-13-45T99:99:99Z",
      ...inherited.map((name) => () => name),
      (old) => [old],
      (old) => ({ value: old }),
      (old) => `${typeof old === "string" ? old : ""}\u0000\n`,
      (old) => (typeof old === "string" ? `${old}\u00e9` : String(old))
    )
  })
  .map(
    ({ at, by }) =>
      (text: string): string =>
        // cargo's answer is a line of JSON each; the others are one.
        text
          .split(/\n(?=\{)/)
          .map((line) =>
            Option.match(parsed(line), {
              onNone: () => line,
              onSome: (value) => JSON.stringify(replaceAt(value, { left: at }, by) ?? "")
            })
          )
          .join("\n")
  )

const textMutation = fc
  .record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    insert: fc.constantFrom("", "\n", "\0", "=", '"', "\u00e9", "{", "\r")
  })
  .map(({ at, insert }) => (text: string): string => {
    const index = Math.floor(at * text.length)
    return insert === ""
      ? text.slice(0, index) + text.slice(index + 1)
      : text.slice(0, index) + insert + text.slice(index)
  })

const cut = fc
  .double({ min: 0, max: 1, noNaN: true })
  .map((at) => (text: string) => text.slice(0, Math.floor(at * text.length)))

const mutation = fc.oneof(jsonMutation, textMutation, cut)

/** The same answer, as another serializer on another system would print it. */
const disguised = (text: string, seed: number): string => {
  const reordered = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(reordered)
    if (!isJsonRecord(value)) return value
    const entries = Object.entries(value).map(([key, item]) => [key, reordered(item)] as const)
    return Object.fromEntries(seed % 2 === 0 ? entries.reverse() : entries.sort(([a], [b]) => (a < b ? 1 : -1)))
  }
  const print = (value: Json): string => JSON.stringify(value, null, text.includes("\n{") ? undefined : 2)
  const lines = text.split(/\n(?=\{)/).map((line) =>
    Option.match(Option.filter(parsed(line), isJsonRecord), {
      onNone: () => undefined,
      onSome: (value) => print(reordered({ zz_unknown: { deep: [null, "x"] }, ...value, ZzOther: 1 }))
    })
  )
  const isJson = lines.every((line) => line !== undefined)
  const isAttributes = /^(?:username|password|protocol|capability\[\]|authtype)=/.test(text)
  const body = isJson
    ? lines.join("\n")
    : isAttributes
      ? `zz_unknown=1\n${text.trimEnd().split("\n").reverse().join("\n")}\nstate[]=x\n`
      : text
  return `\uFEFF${isAttributes || isPlainLine(text) ? "" : " \t"}${body.replace(/\n/g, "\r\n")}\r\n\r\n`
}

const isPlainLine = (text: string): boolean => !text.startsWith("{")

describe("a helper that prints as much as it may", () => {
  const limit = 64 * 1024
  // A quadratic reader needs seconds for each of these; what a loaded machine adds is less.
  const slow = 1500
  const filled = (start: string, filling: string, end: string): string =>
    start + filling.repeat(Math.floor((limit - start.length - end.length) / filling.length)) + end
  const starts = [
    "",
    "A_KEY=x",
    'A_KEY="',
    "A_KEY='",
    "export ",
    "username=",
    "password_expiry_utc=1",
    '{"v":[1]}\n',
    "eyJ"
  ]
  const fillings = [
    " ",
    "\t",
    "a",
    "A",
    "0",
    "KEY",
    "_",
    "=",
    "#",
    " #",
    "\\",
    '"',
    "'",
    "`",
    "[",
    "{",
    '{"a":',
    "\n",
    "\r\n",
    "A=",
    "a=b\n",
    "A_KEY=a\n",
    "{}\n",
    ".",
    "-"
  ]
  const texts = starts.flatMap((start) =>
    fillings.flatMap((filling) => ["", "x", "\u00e9"].map((end) => filled(start, filling, end)))
  )
  const inJson = fillings.flatMap((filling) =>
    [
      { version: 1, success: false, code: "1", message: filled("", filling, "x").slice(0, limit / 2) },
      { headers: { Authorization: [filled("Bearer ", filling, "x")] } },
      { Version: 1, AccessKeyId: "a", SecretAccessKey: "b", Expiration: filled("2030-01-01T00:00:00.", filling, "x") },
      { access_token: "a", expires_in: filled("1", filling, "x") },
      { token: filled("", filling, "x"), headers: {} }
    ].map((value) => JSON.stringify(value).slice(0, 2 * limit))
  )

  it.each([...CredentialFormat.formatNames, { name: "json", field: "/a" } as const])(
    "is read in no time, whatever it prints: %j",
    { timeout: 120_000 },
    (format) => {
      const took = [...texts, ...inJson].map((text) => {
        const start = performance.now()
        const result = decode(format, text)
        CredentialFormat.get(format).explain?.({ exitCode: 1, stderr: "", stdout: text })
        expect(Either.isLeft(result) || Either.isRight(result)).toBe(true)
        return performance.now() - start
      })
      expect(Math.max(...took)).toBeLessThan(slow)
    }
  )
})

describe("auto", () => {
  it("refuses every JSON object, list and string that no format owns, and lists the formats", () => {
    const names = ["token", "value", "key", "secret", "id", "password", "apiKey", "result", "expiry", "name", "api_key"]
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 2 },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie("value"), { maxKeys: 4 })
      )
    })).value
    fc.assert(
      fc.property(
        fc.oneof(fc.dictionary(fc.constantFrom(...names), value), fc.array(value), fc.string(), value),
        (json) => {
          fc.pre(typeof json === "object" && json !== null ? true : typeof json === "string")
          const error = Either.getOrThrow(Either.flip(decode("auto", JSON.stringify(json))))
          expect(error._tag).toBe("InvalidOutput")
          if (typeof json === "string") expect(error.hint).toContain("jq -r")
          else for (const name of ["json", "oauth", "op", "text"]) expect(error.hint).toContain(name)
        }
      )
    )
  })

  it("has one discriminator for each answer: no format owns another's", () => {
    for (const { format, auto: known, keys } of cases.filter(({ auto: known }) => known !== false)) {
      const [key] = fc.sample(keys, { numRuns: 1, seed: 7 })
      if (key === undefined || known === false || isPlainText(format)) continue
      const text = encoded(format, key)
      const json = Option.getOrUndefined(parsed(text))
      const answer = { text, json, object: json !== undefined && isJsonRecord(json) ? json : {} }
      const owners = CredentialFormat.formatNames.filter((name) => CredentialFormat.get(name).recognizes?.(answer))
      expect(owners).toEqual([typeof format === "string" ? format : format.name])
    }
  })

  it.each(["true", "false"])("refuses %s, a condition's result, and takes a number for text", (word) => {
    expect(Either.flip(decode("auto", word))).toMatchObject({ right: { _tag: "InvalidOutput" } })
    expect(Either.map(decode("auto", "123"), plain)).toEqual(Either.right({ value: "123" }))
  })

  it.each(["quit=1\n", "username=bob\n", "protocol=https\nhost=example.com\nusername=bob\n"])(
    "knows an answer of git's that has no key, and takes it for none: %j",
    (answer) => {
      const error = Either.getOrThrow(Either.flip(decode("auto", answer)))
      expect(["EmptyOutput", "InvalidOutput"]).toContain(error._tag)
    }
  )

  it("takes what the catalog says of the program: pass keeps notes after its first line", () => {
    const output = {
      command: "pass",
      stdout: Redacted.make(Buffer.from("sk-1\nnotes\n")),
      stderr: () => "",
      startedAt: 0
    }
    expect(Either.map(CredentialFormat.decode("auto", output, longAgo), plain)).toEqual(Either.right({ value: "sk-1" }))
  })
})

describe("the expiry inside a JWT", () => {
  const jwt = (claims: unknown): string =>
    `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.AA`
  const exp = 2_000_000_000
  const iso = "2033-05-18T03:33:20.000Z"

  it.each(cases.filter(({ precision, label }) => precision !== undefined && !/aws|header|bazel|pair/.test(label)))(
    "is the key's where $label gives a later one, and gives way to an earlier one",
    ({ format }) => {
      const value = jwt({ exp })
      const at = (time: string) =>
        Either.map(
          decode(format, encoded(format, keyOf({ value, expiresAt: DateTime.unsafeMake(time) }))),
          (key) => plain(key).expiresAt
        )
      expect(at("2040-01-01T00:00:00Z")).toEqual(Either.right(iso))
      expect(at("2030-01-01T00:00:00Z")).toEqual(Either.right("2030-01-01T00:00:00.000Z"))
    }
  )

  it("is the key's where the format gives none", () => {
    expect(Either.map(decode("text", jwt({ exp })), (key) => plain(key).expiresAt)).toEqual(Either.right(iso))
    expect(
      Either.map(decode("bazel", `{"headers":{"Authorization":["Bearer ${jwt({ exp })}"]}}`), plain)
    ).toMatchObject({
      right: { expiresAt: iso }
    })
  })

  it("in the past is ExpiredOnArrival, however late the format's own expiry is", () => {
    const answer = JSON.stringify({ access_token: jwt({ exp: 1 }), expires_in: 3600 })
    expect(Either.flip(decode("oauth", answer))).toMatchObject({ right: { _tag: "ExpiredOnArrival" } })
  })

  it.each([
    ["a text", { exp: "soon" }],
    ["no number", { exp: null }],
    ["too large for a date", { exp: 1e300 }],
    ["missing", {}],
    ["in no object", [1]]
  ])("is none where it is %s", (_, claims) => {
    expect(Either.map(decode("text", jwt(claims)), (key) => Option.isNone(key.expiresAt))).toEqual(Either.right(true))
  })
})

describe("FormatSpec", () => {
  const isSpec = Schema.is(CredentialFormat.FormatSpec)

  it("takes every name, and every format with its parameters", () => {
    expect(CredentialFormat.formatNames.filter((name) => !isSpec(name))).toEqual([])
    expect(cases.filter(({ format }) => !isSpec(format))).toEqual([])
  })

  it.each<[string, unknown]>([
    ["json without a field", "json"],
    ["json as an object without a field", { name: "json" }],
    ["a name that does not exist", "yaml"],
    ["an object of such a name", { name: "yaml" }],
    ["a URL that is none", { name: "git-credential", url: "example.com" }],
    ["a URL with a line end", { name: "git-credential", url: "https://example.com\nhost=evil.test" }],
    ["a URL whose user name holds one", { name: "git-credential", url: "https://a%0ahost=evil.test@example.com" }],
    ["a URL whose path holds one", { name: "git-credential", url: "https://example.com/a%0Ahost=evil.test" }],
    ["a URL with a broken escape", { name: "git-credential", url: "https://a%zz@example.com" }],
    ["a URL without a host", { name: "git-credential", url: "mailto:a@example.com" }],
    ["a server with a line end", { name: "docker-credential", serverUrl: "https://a\nb" }],
    ["a variable that no shell has", { name: "env", variable: "A B" }],
    ["null", null]
  ])("refuses %s, and resolve says so as ConfigInvalid", (_, format) => {
    expect(isSpec(format)).toBe(false)
    expect(Either.flip(Reflect.apply(CredentialFormat.resolve, undefined, [format]))).toMatchObject({
      right: { _tag: "ConfigInvalid" }
    })
  })

  it("has a JSON Schema", () => {
    expect(JSON.stringify(JSONSchema.make(CredentialFormat.FormatSpec))).toContain("git-credential")
  })

  it("takes a format of one's own", () => {
    const own: CredentialFormat.CredentialFormat = {
      name: "mine",
      decode: (text) => Either.right(ApiKey.make({ value: text.trim().toUpperCase() })),
      encode: CredentialFormat.get("text").encode
    }
    expect(Either.map(decode(own, "abc"), plain)).toEqual(Either.right({ value: "ABC" }))
    expect(CredentialFormat.resolve(own)).toEqual(Either.right(own))
  })
})

describe("what a format says to the helper", () => {
  const input = (format: CredentialFormat.Format) => CredentialFormat.get(format).input

  it.each<[CredentialFormat.FormatSpec, string | undefined]>([
    ["text", undefined],
    ["git-credential", undefined],
    [
      { name: "git-credential", url: "https://bob@example.com:8443/a/b?c" },
      "capability[]=authtype\nprotocol=https\nhost=example.com:8443\nusername=bob\n\n"
    ],
    [
      { name: "git-credential", url: "https://example.com/a/b", useHttpPath: true },
      "capability[]=authtype\nprotocol=https\nhost=example.com\npath=a/b\n\n"
    ],
    [{ name: "docker-credential", serverUrl: "https://index.docker.io/v1/" }, "https://index.docker.io/v1/\n"],
    [
      { name: "git-credential", url: "https://a%40b@example.com/x%20y", useHttpPath: true },
      "capability[]=authtype\nprotocol=https\nhost=example.com\npath=x y\nusername=a@b\n\n"
    ],
    [{ name: "bazel", uri: "https://api.example.org/rest" }, '{"uri":"https://api.example.org/rest"}\n'],
    [
      { name: "cargo", indexUrl: "sparse+https://registry-url/index/", registry: "my-registry" },
      '{"v":1,"registry":{"index-url":"sparse+https://registry-url/index/","name":"my-registry"},"kind":"get","operation":"read","args":[]}\n'
    ]
  ])("on stdin: %j", (format, expected) => {
    expect(input(format)).toBe(expected)
  })

  it("in the environment: KUBERNETES_EXEC_INFO, Google's variables, Claude Desktop's context", () => {
    const environment = (format: CredentialFormat.Format, interactive: boolean) =>
      CredentialFormat.get(format).environment?.(interactive, "first")
    expect(
      JSON.parse(
        environment({ name: "exec-credential", cluster: { server: "https://k8s" } }, true)?.["KUBERNETES_EXEC_INFO"] ??
          ""
      )
    ).toEqual({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: true, cluster: { server: "https://k8s" } }
    })
    expect(
      environment({ name: "google-executable", audience: "//iam/x", tokenType: "jwt", impersonatedEmail: "a@b" }, false)
    ).toEqual({
      GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: "//iam/x",
      GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:jwt",
      GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL: "a@b",
      GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: "0"
    })
    expect(environment("claude-desktop", false)).toEqual({ CLAUDE_HELPER_CONTEXT: "background" })
    expect(environment("claude-desktop", true)).toEqual({ CLAUDE_HELPER_CONTEXT: "interactive" })
    for (const reason of ["expiry", "rejected"] as const) {
      expect(CredentialFormat.get("claude-desktop").environment?.(false, reason)).toEqual({
        CLAUDE_HELPER_CONTEXT: "mid-session-refresh"
      })
    }
  })

  it("to forget a key: the counterpart of the command, and the key that is meant", () => {
    const key = keyOf({ value: "s3cre7", username: "bob" })
    const forget = (format: CredentialFormat.FormatSpec, ...command: ReadonlyArray<string>) =>
      Option.getOrUndefined(CredentialFormat.get(format).forget?.(command, key) ?? Option.none())
    const git: CredentialFormat.FormatSpec = { name: "git-credential", url: "https://example.com" }
    const attributes = "protocol=https\nhost=example.com\nusername=bob\npassword=s3cre7\n\n"
    expect(forget(git, "git", "credential", "fill")).toEqual({
      command: ["git", "credential", "reject"],
      input: attributes
    })
    expect(forget(git, "git-credential-store", "get")).toEqual({
      command: ["git-credential-store", "erase"],
      input: attributes
    })
    expect(forget(git, "sh", "-c", "…")).toBeUndefined()
    expect(forget({ name: "docker-credential", serverUrl: "https://r" }, "docker-credential-pass", "get")).toEqual({
      command: ["docker-credential-pass", "erase"],
      input: "https://r\n"
    })
    expect(forget("docker-credential", "docker-credential-pass", "get")).toBeUndefined()
    expect(forget("text", "op", "read")).toBeUndefined()
  })
})

describe("an answer that tells a failure", () => {
  it("is never shown with the token beside its message", () => {
    fc.assert(
      fc.property(marker, (secret) => {
        const answer = JSON.stringify({
          version: 1,
          success: false,
          code: "403",
          message: `token ${secret} was refused`,
          details: [{ deep: { token: `Bearer ${secret}` } }]
        })
        const error = Either.getOrThrow(Either.flip(decode("google-executable", answer)))
        expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "Denied", exitCode: 0 })
        expect(shown(error)).not.toContain(secret)
        expect(error).toMatchObject({ stderr: "403: token <redacted> was refused" })
      })
    )
  })

  it("with a status other than 0 is explained from stdout", () => {
    const explain = (format: CredentialFormat.FormatSpec, stdout: string) =>
      Option.getOrUndefined(
        CredentialFormat.get(format).explain?.({ exitCode: 1, stderr: "", stdout }) ?? Option.none()
      )
    expect(explain("docker-credential", "credentials not found in native keychain\n")).toMatchObject({
      reason: "NotFound"
    })
    expect(explain("docker-credential", "something else")).toBeUndefined()
    expect(explain("bitwarden", '{"success":false,"message":"You are not logged in."}')).toMatchObject({
      reason: "LoginRequired"
    })
    expect(explain("cargo", '{"v":[1]}\n{"Err":{"kind":"not-found"}}')).toMatchObject({ reason: "NotFound" })
    expect(explain("oauth", '{"error":"access_denied"}')).toMatchObject({ reason: "Denied", detail: "access_denied" })
  })
})

describe("git's protocol", () => {
  it.each(["a\nhost=evil.test", "a\rb", "a\0b"])(
    "carries no value with a line end or NUL (CVE-2020-5260): %j",
    (value) => {
      for (const parts of [
        { value, username: "bob" },
        { value: "s3cre7", username: value },
        { value: "s3cre7", headers: { authorization: `Bearer ${value}` } }
      ]) {
        expect(Either.flip(CredentialFormat.encode("git-credential", keyOf(parts)))).toMatchObject({
          right: { _tag: "InvalidOutput", command: "effect-apikey" }
        })
      }
      expect(Either.isLeft(decode("git-credential", "username=bob\npassword=a\0b\n"))).toBe(true)
      expect(Either.isLeft(decode("git-credential", "username=bob\npassword=a\rb\n"))).toBe(true)
    }
  )

  it("ends at a blank line: what follows belongs to somebody else", () => {
    expect(Either.map(decode("git-credential", "username=bob\npassword=one\n\npassword=two\n"), plain)).toEqual(
      Either.right({ value: "one", username: "bob" })
    )
  })

  it.each(["soon", "-5", "1e9", ""])("has epoch seconds for its expiry, and not %j", (expiry) => {
    expect(Either.flip(decode("git-credential", `password=p\npassword_expiry_utc=${expiry}\n`))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "password_expiry_utc", expected: "epoch seconds" }
    })
  })
})

describe("a key for one request only", () => {
  it("is refused: cargo's cache never", () => {
    const answer = '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"never","operation_independent":false}}\n'
    expect(Either.flip(decode("cargo", answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "Ok.cache" } })
  })

  it("cargo's failure counts only after a greeting that we understand, and nothing may follow the answer", () => {
    for (const answer of [
      '{"v":[2]}\n{"Err":{"kind":"not-found"}}',
      '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"session"}}\n{}'
    ]) {
      expect(Either.flip(decode("cargo", answer))).toMatchObject({ right: { _tag: "InvalidOutput" } })
    }
  })
})

describe("environment files", () => {
  it.each([
    ["A=`abc123`", "abc123"],
    ['A="a\\"b" # comment', 'a"b'],
    ["A='a#b'#c", undefined],
    ['A="abc', undefined],
    ["A=`abc", undefined],
    ["A=abc#def", "abc#def"],
    ["A=abc #def", "abc"],
    ["A='abc' def", undefined]
  ])("%s", (answer, value) => {
    const result = decode("env", answer)
    if (value !== undefined) expect(Either.map(result, plain)).toEqual(Either.right({ value }))
    else expect(Either.flip(result)).toMatchObject({ right: { _tag: "InvalidOutput", path: "" } })
  })
})

describe("headers", () => {
  it("with more than one value for the secret are refused", () => {
    const answer = '{"headers":{"Authorization":["Bearer a","Bearer b"]}}'
    expect(Either.flip(decode("bazel", answer))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "headers.Authorization", expected: "one value" }
    })
    expect(Either.map(decode("bazel", '{"headers":{"Authorization":["Bearer a"],"Accept":["b","c"]}}'), plain)).toEqual(
      Either.right({ value: "a", headers: { Authorization: "Bearer a", Accept: "b, c" } })
    )
  })

  it.each([
    ["bazel", '{"headers":{"X-Key":["a"],"x-key":["b"]}}'],
    ["claude-desktop", '{"token":"t","headers":{"X-Key":"a","x-key":"b"}}']
  ] as const)("that are the same but for the case of a letter are refused (%s)", (format, answer) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "headers" } })
  })

  it.each([
    ["bazel", '{"headers":{"X-Key":["a\\r\\nX-Evil: b"]}}'],
    ["claude-desktop", '{"token":"t","headers":{"X-Key":"a\\r\\nX-Evil: b"}}']
  ] as const)("that would begin another header are refused (%s)", (format, answer) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "headers.*" } })
  })
})

describe("bearer tokens for clients that want headers", () => {
  it("a bare key goes to bazel as a bearer token", () => {
    const text = CredentialFormat.encode("bazel", keyOf({ value: "sk-1" }))
    expect(text).toEqual(Either.right('{"headers":{"Authorization":["Bearer sk-1"]}}\n'))
  })
})
