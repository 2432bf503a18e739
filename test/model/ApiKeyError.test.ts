import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as E from "../../src/ApiKeyError.js"
import { withRetryAt } from "../../src/internal/model/retryAt.js"
import { RedactedText } from "../../src/internal/redact/redact.js"

const command = "op"
const now = DateTime.unsafeMake(0)

const all: ReadonlyArray<E.ApiKeyError> = [
  new E.CommandNotFound({ command, searched: ["/usr/bin", "/bin"] }),
  new E.CommandNotExecutable({ command, path: "/usr/bin/op" }),
  new E.CommandNotTrusted({ command, file: "opencode.json" }),
  new E.SpawnFailed({ command, code: "E2BIG" }),
  new E.NoTerminal({ command }),
  new E.CommandTimeout({ command, timeout: Duration.seconds(30), phase: "running" }),
  new E.NonZeroExit({ command, exitCode: 1, stderr: RedactedText("no"), reason: "Denied" }),
  new E.CommandKilled({ command, signal: "SIGKILL", stderr: "" }),
  new E.EmptyOutput({ command, stderr: "" }),
  new E.OutputTooLarge({ command, limit: 65536 }),
  new E.InvalidOutput({ command, format: "text", path: "", expected: "one line" }),
  new E.ExpiredOnArrival({ command, expiredAt: now }),
  new E.KeyRejected({ command, rejectedAt: now }),
  new E.SourceUnreadable({ source: "file", path: "/run/secrets/key", code: "EACCES" }),
  new E.InsecurePermissions({ path: "/run/secrets/key", mode: "0644" }),
  new E.ConfigInvalid({ file: "effect-apikey.jsonc", line: 3, column: 5, problem: "an empty argv" }),
  new E.KeyNotConfigured({ provider: "openai", tried: ["OPENAI_API_KEY"] }),
  new E.ProviderClosed({ provider: "openai" })
]

describe("ApiKeyError", () => {
  it("is a family of eighteen", () => {
    assert.strictEqual(new Set(all.map(({ _tag }) => _tag)).size, 18)
  })

  for (const error of all) {
    it(`${error._tag} says in one line what happened and in one line what to do`, () => {
      assert.instanceOf(error, Error)
      assert.isTrue(E.isApiKeyError(error))
      for (const line of [error.message, error.hint]) {
        assert.isAbove(line.length, 10)
        assert.notMatch(line, /[\r\n]/)
      }
    })

    it(`${error._tag} survives its schema`, () => {
      const decoded = Schema.decodeUnknownSync(E.ApiKeyError)(
        JSON.parse(JSON.stringify(Schema.encodeSync(E.ApiKeyError)(error)))
      )
      assert.strictEqual(decoded._tag, error._tag)
      assert.strictEqual(decoded.message, error.message)
    })
  }

  it("is transient for EAGAIN, EMFILE and an unavailable service, and for nothing else, timeouts included", () => {
    assert.deepStrictEqual(
      all.filter(({ isTransient }) => isTransient),
      []
    )
    for (const code of ["EAGAIN", "EMFILE"]) assert.isTrue(new E.SpawnFailed({ command, code }).isTransient)
    assert.isTrue(new E.NonZeroExit({ command, exitCode: 75, stderr: "", reason: "Unavailable" }).isTransient)
  })

  it("prefers the remedy that is known of the program", () => {
    const error = new E.NonZeroExit({ command, exitCode: 1, stderr: "", reason: "LoginRequired", remedy: "op signin" })
    assert.strictEqual(error.hint, "op signin")
  })

  it("says from when on something is tried again", () => {
    const error = new E.EmptyOutput({ command, stderr: "" })
    const later = withRetryAt(error, DateTime.unsafeMake(5))
    assert.isUndefined(error.retryAt)
    assert.deepStrictEqual(later.retryAt, DateTime.unsafeMake(5))
    assert.strictEqual(later.message, error.message)
    assert.instanceOf(later, E.EmptyOutput)
  })

  describe("fromCause", () => {
    const inner = new E.EmptyOutput({ command, stderr: "" })

    it("finds one in an error's cause, in an aggregate, in a record and in Effect's Cause", () => {
      const places: ReadonlyArray<unknown> = [
        inner,
        new Error("Connection error.", { cause: inner }),
        new Error("outer", { cause: new Error("middle", { cause: inner }) }),
        new AggregateError([new Error("no"), inner]),
        { error: { reason: inner } },
        Cause.parallel(Cause.empty, Cause.fail(inner)),
        Cause.die(new Error("defect", { cause: inner })),
        Runtime.makeFiberFailure(Cause.fail(inner))
      ]
      for (const place of places) assert.deepStrictEqual(E.fromCause(place), Option.some(inner))
    })

    it("finds one in what runPromise rejects with", async () => {
      const rejected: unknown = await Effect.runPromise(Effect.fail(inner)).catch((error: unknown) => error)
      assert.deepStrictEqual(E.fromCause(rejected), Option.some(inner))
    })

    it("ends on an error that is its own cause, and on what is no error", () => {
      const loop: Error & { cause?: unknown } = new Error("loop")
      loop.cause = loop
      for (const nothing of [loop, undefined, null, "text", 1, {}, []]) {
        assert.deepStrictEqual(E.fromCause(nothing), Option.none())
      }
    })
  })
})

describe("what an error says", () => {
  const hostile = "/clone/x\u001B]0;owned\u0007\nFAKE LINE\u202E/op"

  it("holds no control character of a path, a name or a problem; the field has it as it is", () => {
    const errors = [
      new E.CommandNotFound({ command: "op", searched: [hostile] }),
      new E.CommandNotExecutable({ command: "op", path: hostile }),
      new E.CommandNotTrusted({ command: hostile, file: hostile }),
      new E.SourceUnreadable({ source: hostile, path: hostile, code: "EACCES" }),
      new E.InsecurePermissions({ path: hostile, mode: "644" }),
      new E.ConfigInvalid({ file: hostile, line: 1, column: 1, problem: hostile }),
      new E.KeyNotConfigured({
        provider: hostile,
        tried: [hostile],
        remedy: { text: hostile, option: "cwd", example: hostile }
      }),
      new E.InvalidOutput({ command: hostile, format: "text", path: hostile, expected: hostile })
    ]
    for (const error of errors) {
      for (const text of [error.message, error.hint]) assert.notMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, error._tag)
      assert.include(error.message, "\\u{1B}]0;owned\\u{7}\\u{A}FAKE LINE\\u{202E}")
      assert.isTrue(Object.values(error).flat().includes(hostile), error._tag)
    }
  })

  it("is escaped once where one error's message is another's problem", () => {
    const inner = new E.InsecurePermissions({ path: hostile, mode: "644" })
    const outer = new E.ConfigInvalid({ file: "a", line: 0, column: 0, problem: inner.message })
    assert.strictEqual(outer.message, `a: ${inner.message}`)
  })
})
