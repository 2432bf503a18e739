import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { vi } from "vitest"
import type * as ApiKeyProvider from "../src/ApiKeyProvider.js"
import * as ApiKeySource from "../src/ApiKeySource.js"
import { run } from "../src/cli/main.js"
import { toProvider } from "../src/internal/config/provider.js"
import { load } from "../src/internal/config/resolve.js"
import { HostEnvironment } from "../src/internal/host/HostEnvironment.js"
import { arbitrarySecret } from "./support/arbitrary.js"
import { realProvider, shell } from "./support/layers.js"
import { everything, observe, shown } from "./support/observe.js"
import { sandbox, within } from "./support/sandbox.js"
import { size } from "./support/soak.js"

/** Each gets the secret as an argument, in the environment, and says it where it should not. */
const helpers: Readonly<Record<string, string>> = {
  "prints the key": `printf %s "$1"`,
  "prints the key and chats about it on stderr": `printf %s "$1"; printf 'using %s\\n' "$1" >&2`,
  "fails with the key on stdout": `printf %s "$1"; exit 1`,
  "fails with the key on stderr": `printf 'bad key: %s\\n' "$1" >&2; exit 1`,
  "fails with the key on both": `printf %s "$1"; printf 'bad key: %s\\n' "$1" >&2; exit 69`,
  "fails with the key on stderr in base64": `printf %s "$1" | base64 -w0 >&2; exit 1`,
  "fails with the key on stderr as od dumps it": `printf %s "$1" | od -An -tx1 >&2; exit 1`,
  "fails with the key on stderr as numbers": `printf %s "$1" | od -An -tu1 >&2; exit 1`,
  "fails with the key on stderr in base32": `printf %s "$1" | base32 -w0 >&2; exit 1`,
  "fails with the key on stderr in JSON in a sentence": `printf 'said {"key": "%s"}, sorry\\n' "$1" >&2; exit 1`,
  "fails with what echo makes of the key on stderr": `echo "bad key: $1" >&2; exit 1`,
  "tells a failure with status 0 and the key in it": `printf '{"version":1,"success":false,"code":"401","message":"no %s"}' x"$HANDED_OVER"`,
  "prints two lines": `printf '%s\\n%s\\n' "$1" "$1"; printf '%s\\n' "$1" >&2`,
  "prints a JSON that nobody knows": `printf '{"secret":"x%s"' "$1"; printf '%s\\n' "$1" >&2`,
  "prints nothing": `printf '%s\\n' "$1" >&2`,
  "is killed": `printf '%s\\n' "$1" >&2; kill -KILL $$`,
  "says an environment variable of the caller's": `printf 'token is %s\\n' "$HANDED_OVER" >&2; exit 1`
}

const inBase32 = (text: string): string => {
  const bits = Array.from(Buffer.from(text), (byte) => byte.toString(2).padStart(8, "0")).join("")
  const groups = bits.match(/.{5}/g) ?? []
  return groups.map((group) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(group, 2)]).join("")
}

const options = (script: string, secret: string): ApiKeyProvider.CommandOptions => ({
  argv: shell(script, secret),
  env: { HANDED_OVER: secret },
  retry: undefined
})

describe("a key, a helper's arguments and its stdout never stand in an error, log, JSON, inspect, span or metric", () => {
  for (const [name, script] of Object.entries(helpers)) {
    it(`of a helper that ${name}`, () =>
      fc.assert(
        fc.asyncProperty(arbitrarySecret, async (secret) => {
          const observed = observe()
          const text = await Effect.runPromise(
            Effect.gen(function* () {
              const provider = yield* realProvider(options(script, secret))
              const exit = yield* Effect.exit(Effect.withSpan(provider.get, "caller"))
              yield* Effect.logInfo("the end", exit, yield* provider.status)
              if (Exit.isSuccess(exit)) {
                assert.strictEqual(Redacted.value(exit.value.value), secret)
                yield* provider.reject(exit.value)
                yield* provider.get
              }
              const outcome = Exit.isFailure(exit) ? [exit.cause, Cause.squash(exit.cause)] : [exit.value]
              return [
                ...outcome.map(shown),
                shown(exit),
                shown(provider),
                shown(yield* provider.status),
                yield* everything(observed)
              ].join("\n")
            }).pipe(Effect.scoped, Effect.provide(observed.layer))
          )
          assert.include(text, "effect-apikey.run")
          assert.notInclude(text, secret)
          assert.notInclude(text, Buffer.from(secret).toString("base64"))
          const front = Array.from(Buffer.from(secret).subarray(0, 10))
          assert.notInclude(text, front.map((byte) => byte.toString(16)).join(" "))
          assert.notInclude(text, front.map((byte) => String(byte).padStart(3)).join(" "))
          assert.notInclude(text, inBase32(secret).slice(0, 16))
        }),
        { numRuns: size({ short: 8, full: 25 }) }
      ))
  }
})

const members: ReadonlyArray<Schema.Schema.AnyNoContext> = [
  ApiKeySource.ApiKeySource,
  ApiKeySource.Literal,
  ApiKeySource.Env,
  ApiKeySource.File,
  ApiKeySource.Auth,
  ApiKeySource.Command,
  ApiKeySource.FirstOf
]

/** Where a secret may stand in a configuration, right or wrong. */
const entries: Readonly<Record<string, (secret: string) => unknown>> = {
  "a literal key": (secret) => ({ key: { literal: secret } }),
  "a literal beside an unknown name": (secret) => ({ key: { literal: secret, strict: true } }),
  "a literal where a source is due": (secret) => ({ key: secret }),
  "a literal in a list": (secret) => ({ key: { literal: [secret] } }),
  "a key in the place of a variable's name": (secret) => ({ key: { env: `${secret} ` } }),
  "a key in the place of a file's name": (secret) => ({ key: { file: [secret] } }),
  "a variable with a key": () => ({ key: { env: "CONFIGURED" } }),
  "a variable with two lines": () => ({ key: { env: "TWO_LINES" } }),
  "an argument of a command that fails with it": (secret) => ({
    key: { command: shell('printf "%s\\n" "$1" >&2; exit 1', secret) }
  }),
  "a variable of a command that fails with it": (secret) => ({
    key: { command: { argv: shell('printf "%s\\n" "$A" >&2; exit 1'), env: { A: secret } } }
  }),
  "an argument of a command that is not there": (secret) => ({ key: { command: ["/no/such/program", secret] } }),
  "a command with a wrong option": (secret) => ({
    key: { command: { argv: ["op", secret], env: { A: secret }, timeout: 3 } }
  }),
  "an argv that is none": (secret) => ({ key: { command: ["op", [secret]] } }),
  "a variable that is none": (secret) => ({ key: { command: { argv: ["op"], env: { A: [secret] } } } }),
  "a time that is none": (secret) => ({ key: { command: { argv: ["op"], timeout: secret } } }),
  "a format's parameter that is none": (secret) => ({
    key: { command: { argv: ["op"], format: { name: "json", field: [secret] } } }
  }),
  "a base URL with a password": (secret) => ({
    key: { env: "A" },
    baseUrl: `https://u:${encodeURIComponent(secret)}@x`
  }),
  "a list of sources that is none": (secret) => ({ key: { firstOf: secret } })
}

describe("what stands in a configuration never stands in an error, a log, what check says, or a schema's message", () => {
  for (const [name, entryOf] of Object.entries(entries)) {
    it(name, () =>
      fc.assert(
        fc.asyncProperty(arbitrarySecret, async (secret) => {
          const observed = observe()
          const entry = entryOf(secret)
          const said: Array<string> = []
          const text = await Effect.runPromise(
            Effect.gen(function* () {
              const self = yield* sandbox
              self.env["CONFIGURED"] = secret
              self.env["TWO_LINES"] = `${secret}\n${secret}`
              self.write("home/.config/effect-apikey/effect-apikey.jsonc", { providers: { a: entry } })
              const outcome = yield* Effect.gen(function* () {
                const configuration = yield* load()
                const provider = yield* toProvider(yield* configuration.resolve("a"))
                const exit = yield* Effect.exit(provider.get)
                yield* Effect.logInfo("the end", exit, yield* provider.status)
                return [exit, Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value]
              }).pipe(within(self))
              vi.spyOn(console, "log").mockImplementation((line) => void said.push(String(line)))
              vi.spyOn(console, "error").mockImplementation((line) => void said.push(String(line)))
              vi.spyOn(process.stderr, "write").mockImplementation((line) => said.push(String(line)) > 0)
              const checked = yield* run(["node", "effect-apikey", "check", "a"], "0").pipe(
                Effect.provideService(HostEnvironment, { env: self.env, home: self.home, cwd: self.project }),
                Effect.ensuring(Effect.sync(() => vi.restoreAllMocks()))
              )
              const { key } = Object.assign({ key: undefined }, entry)
              const decoded = members.map((schema) =>
                Either.match(Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(key), {
                  onLeft: (error) => [String(error), JSON.stringify(error)],
                  onRight: () => "is a source"
                })
              )
              return [...outcome, decoded, checked, yield* everything(observed)].map(shown).concat(said).join("\n")
            }).pipe(Effect.scoped, Effect.provide(observed.layer))
          )
          assert.isAbove(said.length, 0)
          for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
            assert.notInclude(text, form)
          }
        }),
        { numRuns: 5 }
      )
    )
  }
})
