/** Any source that can be written. */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import type * as ApiKeySource from "../../src/ApiKeySource.js"
import type { Interactive } from "../../src/CredentialHelper.js"
import type { FormatSpec } from "../../src/formats/table.js"

const variable = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
const text = fc.string({ unit: "grapheme", maxLength: 30 })
const path = text.filter((it) => /^[^\0]*[^\0\s][^\0]*$/.test(it))
const argv = fc
  .tuple(
    text.filter((it) => it.trim() !== ""),
    fc.array(text, { maxLength: 4 })
  )
  .map(([program, args]): [string, ...Array<string>] => [program, ...args])
const time = fc.oneof(
  fc.integer({ min: 1, max: 1_000_000_000 }).map(Duration.millis),
  fc.constantFrom(Duration.days(2), Duration.minutes(5), Duration.seconds(1), Duration.hours(1))
)
const format = fc.constantFrom<FormatSpec>("auto", "oauth", "first-line", { name: "json", field: "data.key" })

const run = fc.record(
  {
    argv,
    env: fc.dictionary(variable, fc.option(text)),
    inheritEnv: fc.oneof(fc.boolean(), fc.array(variable, { maxLength: 3 })),
    cwd: path,
    timeout: time,
    retries: fc.integer({ min: 0, max: 10 }),
    interactive: fc.constantFrom<Interactive>("never", "if-available", "always"),
    format,
    timeToLive: fc.oneof(time, fc.constant(Duration.infinity)),
    refreshAhead: time,
    onRepeatedKey: fc.constantFrom("serve" as const, "fail" as const),
    eraseOnReject: fc.boolean(),
    onAbandon: fc.constantFrom("interrupt" as const, "complete" as const)
  },
  { requiredKeys: ["argv"] }
)

const strict = <A extends object>(fields: A) =>
  fc.option(fc.boolean(), { nil: undefined }).map((it) => (it === undefined ? fields : { ...fields, strict: it }))

const single: fc.Arbitrary<ApiKeySource.ApiKeySource> = fc.oneof(
  text.filter((it) => it !== "").map((it) => ({ _tag: "Literal" as const, literal: Redacted.make(it) })),
  variable.map((env) => ({ _tag: "Env" as const, env })),
  path.chain((file) => strict({ _tag: "File" as const, file })),
  text.filter((it) => it !== "").chain((auth) => strict({ _tag: "Auth" as const, auth })),
  run.map((command) => ({ _tag: "Command" as const, command }))
)

export const arbitrarySource: fc.Arbitrary<ApiKeySource.ApiKeySource> = fc.letrec<{
  source: ApiKeySource.ApiKeySource
  firstOf: ApiKeySource.ApiKeySource
}>((tie) => ({
  source: fc.oneof({ depthSize: "small" }, single, tie("firstOf")),
  firstOf: fc
    .tuple(
      tie("source"),
      fc.array(tie("source"), { maxLength: 3 }),
      fc.constantFrom("stop" as const, "next" as const, undefined)
    )
    .map(([first, rest, onFailure]) => ({
      _tag: "FirstOf" as const,
      firstOf: [first, ...rest] as const,
      ...(onFailure === undefined ? {} : { onFailure })
    }))
})).source
