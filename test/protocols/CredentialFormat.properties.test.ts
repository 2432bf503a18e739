import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "effect-apikey/ApiKey"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as Table from "effect-apikey/formats/table"
import * as Lookup from "effect-apikey/internal/format/lookup"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Output } from "../../src/internal/format/format.js"
import { notAToken } from "../../src/internal/format/notAKey.js"
import { withoutSecrets } from "../../src/internal/redact/redact.js"
import { decode, documentedBeyond, longAgo, marker, markerStart, plain, shown } from "./support.js"

const millisPerSecond = 1000
const lastMillis = DateTime.unsafeMake("9000-01-01T00:00:00Z").epochMillis

/** What a token can be: every visible ASCII character, in any order, if it is of no kind that cannot be a key. */
const token = fc.stringMatching(/^[!-~]{1,60}$/).filter((value) => Option.isNone(notAToken(value)))
/** What a password can be: anything that ends no line. */
const password = fc.fullUnicodeString({ minLength: 1, maxLength: 40 }).filter(isPassword)
function isPassword(value: string): boolean {
  return value.trim() !== "" && !/[\p{Cc}\p{Zl}\p{Zp}\uFEFF]/u.test(value)
}
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
  readonly format: Table.FormatSpec
  /** Keys that the format can carry. */
  readonly keys: fc.Arbitrary<ApiKey.ApiKey>
  /** The unit of its times, in milliseconds; without one it carries no expiry. */
  readonly precision?: number
  /** `auto` cannot know it: it needs a parameter, or is no protocol. */
  readonly auto?: false
}

const second = millisPerSecond
const milli = 1

const written: ReadonlyArray<Case> = [
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
  { label: "az", format: "az", keys: fc.record({ value: token, expiresAt: expiry }).map(keyOf), precision: second },
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
  { label: "env", format: "env", keys: staticKeys },
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

/** The unit of a format's times, tried: none where it refuses an expiry. */
const precisionOf = (format: CredentialFormat.Format, key: ApiKey.ApiKey): Pick<Case, "precision"> => {
  const at = DateTime.unsafeMake("2040-01-01T00:00:00.001Z")
  return Either.match(Lookup.get(format).encode(keyOf({ ...plain(key), expiresAt: at })), {
    onLeft: () => ({}),
    onRight: (text) => {
      const back = Either.getOrThrow(decode(format, text))
      return { precision: Option.contains(back.expiresAt, at) ? milli : second }
    }
  })
}

/** A format without a row above is tried with keys like the one in its documentation. */
const cases: ReadonlyArray<Case> = [
  ...written,
  ...documentedBeyond(written.map(({ format }) => format)).map(
    ({ format, isRecognized, key, name }): Case => ({
      label: name,
      format,
      keys: token.map((value) => withValue(key, value)),
      ...precisionOf(format, key),
      ...(isRecognized ? {} : { auto: false })
    })
  )
]

const encoded = (format: CredentialFormat.Format, key: ApiKey.ApiKey): string =>
  Either.getOrThrowWith(Lookup.get(format).encode(key), (error) => new Error(error.message))

const floored = (key: ApiKey.ApiKey, precision: number | undefined): Option.Option<number> =>
  precision === undefined
    ? Option.none()
    : Option.map(key.expiresAt, (at) => Math.floor(at.epochMillis / precision) * precision)

const expectKey = (result: ReturnType<typeof decode>, key: ApiKey.ApiKey, precision: number | undefined): void => {
  const got = Either.getOrThrowWith(result, (error) => new Error(`${error._tag}: ${error.message}`))
  expect(Equal.equals(got, key)).toBe(true)
  expect(Option.map(got.expiresAt, (at) => at.epochMillis)).toEqual(floored(key, precision))
}

/** A bearer token is the same with its header spelt out. */
const bare = (key: ApiKey.ApiKey): ApiKey.ApiKey => {
  const { expiresAt, headers, value, ...rest } = plain(key)
  const [header, ...others] = Object.entries(headers ?? {})
  const isBearer = rest.username === undefined && others.length === 0 && header?.[0].toLowerCase() === "authorization"
  return isBearer && header?.[1] === `Bearer ${value}`
    ? keyOf({ ...rest, value, expiresAt: Option.getOrUndefined(key.expiresAt) })
    : key
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
        expiresAt: maybe(expiry),
        isBearer: fc.boolean()
      })
      .map(({ isBearer, ...parts }) =>
        keyOf(isBearer ? { ...parts, headers: { Authorization: `Bearer ${parts.value}` } } : parts)
      )
    fc.assert(
      fc.property(anyKeys, (key) =>
        Either.match(Lookup.get(format).encode(key), {
          onRight: (text) => {
            const back = decode(format, text)
            expect(Either.isRight(back) && Equal.equals(bare(back.right), bare(key))).toBe(true)
            if (precision === undefined) expect(Option.isNone(key.expiresAt)).toBe(true)
            else expectKey(Either.map(back, bare), bare(key), precision)
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
          const error = Either.getOrThrow(Either.flip(Lookup.get(format).encode(ApiKey.expiringBy(key, at))))
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
        expectNoLeakIn(Lookup.get(format).explain?.({ exitCode: 1, stderr: "", stdout: text }))
      })
    )
  })

  it("never throws at a valid answer with one mutation, and shows none of it", () => {
    fc.assert(
      fc.property(keys, marker, mutation, (key, secret, mutate) => {
        const marked = withValue(key, secret)
        const answer = Either.getOrElse(Lookup.get(format).encode(marked), () => encoded(format, key))
        const stdout = mutate(answer)
        expectNoLeak(decode(format, stdout))
        expectNoLeakIn(Lookup.get(format).explain?.({ exitCode: 1, stderr: "", stdout }))
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
          expectKey(decode(format, disguised(encoded(format, key), seed, isPlainText(format))), key, precision)
        })
      )
    })

  if (auto !== false)
    it("is recognized by auto", () => {
      fc.assert(
        fc.property(keys, (key) => {
          // Plain text has no discriminator: a key that looks like another format's answer needs its format named.
          fc.pre(!isPlainText(format) || Either.isRight(Lookup.get("auto").encode(key)))
          expectKey(decode("auto", encoded(format, key)), key, precision)
        })
      )
    })
})

const isPlainText = (format: Table.FormatSpec): boolean =>
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
      Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value).replace(old, () => secret)])
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
/** A key that is printed as it is may look like JSON or like attributes (`{}`), but neither order nor fields mean anything in it. */
const disguised = (text: string, seed: number, isKeyAlone = false): string => {
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
  const isJson = !isKeyAlone && lines.every((line) => line !== undefined)
  const isAttributes = !isKeyAlone && /^(?:username|password|protocol|capability\[\]|authtype)=/.test(text)
  const body = isJson
    ? lines.join("\n")
    : isAttributes
      ? `zz_unknown=1\n${text.replace(/\n$/, "").split("\n").reverse().join("\n")}\nstate[]=x\n`
      : text
  return `\uFEFF${isAttributes || isKeyAlone || isPlainLine(text) ? "" : " \t"}${body.replace(/\n/g, "\r\n")}\r\n\r\n`
}

const isPlainLine = (text: string): boolean => !text.startsWith("{")

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

  it.each([
    '{"accessToken":"x","expiresIn":3600}',
    '{"token":"x","expiresAt":"2030-01-01T00:00:00Z"}',
    '{"AccessKeyId":"x","SecretAccessKey":"y"}',
    '{"data":{"token":"x"}}',
    '{"value":"x"}',
    '{"Secret":"x"}',
    '{"status":{"token":"x"}}',
    '{"headers":{"Authorization":"Bearer x"}}',
    '{"success":true,"data":"x"}',
    '{"credential":"x"}',
    '{"fields":[{"value":"x"}]}',
    "[]",
    "[{}]"
  ])("refuses what is like a format and is none, so that no expiry is overlooked: %s", (text) => {
    const error = Either.getOrThrow(Either.flip(decode("auto", text)))
    expect(error).toMatchObject({ _tag: "InvalidOutput", format: "auto", path: "" })
    expect(error.hint).toContain("json (with a field)")
  })

  it("has one discriminator for each answer: no format owns another's", () => {
    for (const { format, auto: known, keys } of cases.filter(({ auto: known }) => known !== false)) {
      const [key] = fc.sample(keys, { numRuns: 1, seed: 7 })
      if (key === undefined || known === false || isPlainText(format)) continue
      const text = encoded(format, key)
      const json = Option.getOrUndefined(parsed(text))
      const answer = { text, json, object: json !== undefined && isJsonRecord(json) ? json : {} }
      const owners = CredentialFormat.names.filter((name) => Lookup.get(name).recognizes?.(answer))
      expect(owners).toEqual([typeof format === "string" ? format : format.name])
    }
  })

  it("recognizes an environment file whatever its variable, git's names too", () => {
    const variable = fc.oneof(
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,20}$/),
      fc.constantFrom("password", "username")
    )
    fc.assert(
      fc.property(variable, staticKeys, (own, key) =>
        expectKey(decode("auto", encoded({ name: "env", variable: own }, key)), key, undefined)
      )
    )
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
    const output: Output = {
      command: "pass",
      stdout: Redacted.make(Buffer.from("sk-1\nnotes\n")),
      stderr: () => "",
      redact: (text) => withoutSecrets(text, []),
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

it("every format that a configuration may name is tried here, but `auto`, which reads what the others write", () => {
  const tried = new Set<string>(cases.map(({ format }) => (typeof format === "string" ? format : format.name)))
  expect([...CredentialFormat.names, "json"].filter((name) => !tried.has(name))).toEqual(["auto"])
})

it("every format that is tried here is one that a configuration may name", () => {
  expect(cases.filter(({ format }) => !Schema.is(Table.FormatSpec)(format))).toEqual([])
})
