/**
 * cargo's credential providers: one JSON object a line. The provider says `{"v":[1]}` first, is asked on stdin, and answers
 * `{"Ok":…}` or `{"Err":…}`. The command's argument is `--cargo-plugin`. `cache: "session"` is kept as any other key without an
 * expiry; `cache: "never"` is a token for one request, and is refused: it could not be used again.
 *
 * Protocol: https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, failed, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { EpochSeconds, epoch, toEpochSeconds } from "../internal/format/instant.js"
import {
  anObject,
  fromValue,
  jsonOf,
  type Mismatch,
  maybe,
  mismatch,
  objectOf,
  Text
} from "../internal/format/schema.js"

/** As cargo itself names it, though it fetches from the sparse index: providers keep their tokens by this URL. */
const cratesIo = { "index-url": "https://github.com/rust-lang/crates.io-index", name: "crates-io" }

export const Spec = Schema.Struct({
  name: Schema.Literal("cargo"),
  indexUrl: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: `The index URL of the registry whose token is requested. Default: that of crates.io, ${cratesIo["index-url"]}`
    })
  ),
  registry: Schema.optional(
    Schema.NonEmptyString.annotations({ description: "The registry's name in cargo's configuration." })
  )
})

const protocolVersion = 1

const Hello = Schema.Struct({
  v: Schema.Array(Schema.Number)
    .pipe(Schema.filter((versions) => versions.includes(protocolVersion)))
    .annotations({ description: "a list of protocol versions with 1 in it" })
})

const cacheKinds = ["never", "session", "expires"] as const

const Ok = Schema.Struct({
  Ok: Schema.Struct({
    kind: Schema.Literal("get").annotations({ description: "the word get" }),
    token: Text,
    cache: Schema.Literal(...cacheKinds).annotations({ description: cacheKinds.join(", ") }),
    expiration: maybe(EpochSeconds)
  }).annotations(anObject)
})

const readHello = fromValue(Hello, "a line of JSON")
const readOk = fromValue(Ok, "a line of JSON")

const meanings: Readonly<Record<string, Meaning>> = {
  "not-found": { reason: "NotFound", remedy: "Log in to that registry: cargo login" },
  "url-not-supported": {
    reason: "NotFound",
    remedy: "That provider does not serve this registry; correct the format's indexUrl or ask another provider."
  },
  "operation-not-supported": { reason: "Unknown", remedy: "That provider cannot give a token for reading." },
  other: { reason: "Unknown", remedy: "Run the provider through cargo to see what it says: cargo login" }
}

/** A greeting, an answer, and whether there is more: a helper that prints 64 KiB of short lines has not all of them read as JSON. */
const linesThatCount = 3

const linesOf = (text: string): ReadonlyArray<Option.Option<unknown>> =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(0, linesThatCount)
    .map(jsonOf)

/** What stands under `Err` after a greeting: its kind is one of a few words, its message is not passed on. */
const explain = (text: string): Option.Option<Meaning> => {
  const [hello = Option.none(), answer = Option.none()] = linesOf(text)
  return greets(hello)
    ? Option.flatMap(Option.flatMap(answer, objectOf), ({ Err }) =>
        Option.map(objectOf(Err), ({ kind }) => meaningOf(kind))
      )
    : Option.none()
}

const greets = (hello: Option.Option<unknown>): boolean =>
  Option.exists(hello, (value) => Either.isRight(readHello(value)))

const meaningOf = (kind: unknown): Meaning =>
  (typeof kind === "string" && Object.hasOwn(meanings, kind) ? meanings[kind] : undefined) ?? { reason: "Unknown" }

export const cargo = ({ indexUrl, registry }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "cargo",
    input: jsonLine({
      v: protocolVersion,
      registry: {
        ...(indexUrl === undefined ? cratesIo : { "index-url": indexUrl }),
        ...(registry === undefined ? {} : { name: registry })
      },
      kind: "get",
      operation: "read",
      args: []
    }),
    explain: ({ stdout }) => explain(stdout),
    recognizes: ({ text }) => {
      const [hello = Option.none(), answer = Option.none()] = linesOf(text)
      return (
        greets(hello) && Option.exists(Option.flatMap(answer, objectOf), (object) => "Ok" in object || "Err" in object)
      )
    },
    read: (text, { command, redact }) => {
      const failure = explain(text)
      if (Option.isSome(failure)) return failed({ command, redact }, failure.value)
      return Either.gen(function* () {
        const [hello, answer, ...more] = linesOf(text)
        yield* line(hello, readHello)
        if (more.length > 0) return yield* mismatch("", twoLines)
        const { Ok } = yield* line(answer, readOk)
        if (Ok.cache === "never") {
          return yield* mismatch(
            "Ok.cache",
            "session or expires",
            "That token is for one request only; make the provider give one that may be kept."
          )
        }
        if (Ok.cache === "expires" && Option.isNone(Ok.expiration)) {
          return yield* mismatch("Ok.expiration", epoch("seconds"))
        }
        return yield* tokenKey("Ok.token", Ok.token, Ok.cache === "expires" ? Ok.expiration : Option.none())
      })
    },
    write: (key) =>
      Either.map(onlyValue(key), (token) => {
        const cache = Option.match(key.expiresAt, {
          onNone: () => ({ cache: "session" }),
          onSome: (at) => ({ cache: "expires", expiration: toEpochSeconds(at) })
        })
        return `${jsonLine({ v: [protocolVersion] })}${jsonLine({ Ok: { kind: "get", token, ...cache, operation_independent: true } })}`
      })
  })

const twoLines = "two lines of JSON, a greeting and an answer"

const line = <A>(
  value: Option.Option<unknown> | undefined,
  read: (value: unknown) => Either.Either<A, Mismatch>
): Either.Either<A, Mismatch> =>
  Option.match(value ?? Option.none(), {
    onNone: () => mismatch("", twoLines),
    onSome: read
  })
