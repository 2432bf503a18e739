import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import type * as ApiKeyProvider from "../src/ApiKeyProvider.js"
import { arbitrarySecret } from "./support/arbitrary.js"
import { realProvider, shell } from "./support/layers.js"
import { everything, observe, shown } from "./support/observe.js"

/** Each gets the secret as an argument, in the environment, and says it where it should not. */
const helpers: Readonly<Record<string, string>> = {
  "prints the key": `printf %s "$1"`,
  "prints the key and chats about it on stderr": `printf %s "$1"; printf 'using %s\\n' "$1" >&2`,
  "fails with the key on stdout": `printf %s "$1"; exit 1`,
  "fails with the key on stderr": `printf 'bad key: %s\\n' "$1" >&2; exit 1`,
  "fails with the key on both": `printf %s "$1"; printf 'bad key: %s\\n' "$1" >&2; exit 69`,
  "fails with the key on stderr in base64": `printf %s "$1" | base64 -w0 >&2; exit 1`,
  "prints two lines": `printf '%s\\n%s\\n' "$1" "$1"; printf '%s\\n' "$1" >&2`,
  "prints a JSON that nobody knows": `printf '{"secret":"x%s"' "$1"; printf '%s\\n' "$1" >&2`,
  "prints nothing": `printf '%s\\n' "$1" >&2`,
  "is killed": `printf '%s\\n' "$1" >&2; kill -KILL $$`,
  "says an environment variable of the caller's": `printf 'token is %s\\n' "$HANDED_OVER" >&2; exit 1`
}

const options = (script: string, secret: string): ApiKeyProvider.CommandOptions => ({
  command: shell(script, secret),
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
        }),
        { numRuns: 25 }
      ))
  }
})
