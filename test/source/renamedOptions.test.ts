/** An option of a command that goes by an old name is `ConfigInvalid` with the new name, on every surface that takes a command. */

import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as ApiKeyProviders from "../../src/ApiKeyProviders.js"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import * as CredentialHelper from "../../src/CredentialHelper.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import * as OpencodeConfig from "../../src/OpencodeConfig.js"
import { ApiKeyFailure, createApiKeyProvider } from "../../src/Promise.js"
import * as AiSdk from "../../src/sdk/AiSdk.js"
import { sandbox, within } from "../support/sandbox.js"

const argv = ["echo", "sk-secret"]

/** What somebody writes who knows the old name, and the new one. */
const renamed: ReadonlyArray<readonly [command: object, oldName: string, newName: string]> = [
  [{ command: argv }, "command", "argv"],
  [{ argv, path: "path-only" }, "path", "search"],
  [{ argv, onRepeat: "fail" }, "onRepeat", "onRepeatedKey"],
  [{ argv, onReject: "erase" }, "onReject", "eraseOnReject"],
  [{ argv, whenAbandoned: "finish" }, "whenAbandoned", "onAbandon"],
  [{ argv, cache: { timeToLive: "1 hour" } }, "cache", "timeToLive"]
]

interface Failure {
  readonly _tag: string
  readonly message: string
  readonly hint: string
}

/** JavaScript and files give what no type has checked. */
const untyped = (command: object) => command as ApiKeyProvider.CommandOptions

const failureOf = <A, R>(
  effect: Effect.Effect<A, ApiKeyError, R>
): Effect.Effect<Failure, Cause.NoSuchElementException, R> =>
  Effect.flip(Effect.asVoid(effect)).pipe(Effect.mapError(() => new Cause.NoSuchElementException("it was accepted")))

const keyOf = ({ get }: ApiKeyProvider.Provider) => get

const surfaces: Readonly<Record<string, (command: object) => Effect.Effect<Failure, Error>>> = {
  "ApiKeyProvider.fromCommand": (command) =>
    failureOf(Effect.flatMap(ApiKeyProvider.fromCommand(untyped(command)), keyOf)).pipe(
      Effect.scoped,
      Effect.provide(HelperExecutor.layer)
    ),

  "ApiKeyProvider.layerCommand": (command) =>
    failureOf(Effect.flatMap(ApiKeyProvider.ApiKeyProvider, keyOf)).pipe(
      Effect.provide(ApiKeyProvider.layerCommand(untyped(command))),
      Effect.provide(HelperExecutor.layer)
    ),

  "CredentialHelper.run": (command) =>
    failureOf(CredentialHelper.run(untyped(command), { provider: "test", reason: "first", background: false })).pipe(
      Effect.provide(HelperExecutor.layer)
    ),

  "effect-apikey/promise": (command) =>
    Effect.promise(() =>
      createApiKeyProvider({ command } as never)
        .get()
        .then(
          () => undefined,
          (error: unknown) => error
        )
    ).pipe(Effect.filterOrDieMessage((error) => error instanceof ApiKeyFailure, "no ApiKeyFailure")),

  "ApiKeySource.parse": (command) =>
    failureOf(Either.map(ApiKeySource.parse(JSON.stringify({ command })), ApiKeySource.label)),

  "effect-apikey.jsonc": (command) =>
    Effect.gen(function* () {
      const self = yield* sandbox
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", { providers: { a: { key: { command } } } })
      return yield* failureOf(Effect.flatMap(ApiKeyProvider.ApiKeyProvider, keyOf)).pipe(
        Effect.provide(Layer.provide(ApiKeyProviders.layerFor("a"), ApiKeyProviders.layerFiles())),
        within(self)
      )
    }).pipe(Effect.scoped),

  "a variable of the environment": (command) =>
    Effect.gen(function* () {
      const self = yield* sandbox
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", { providers: { a: { key: { env: "UNSET" } } } })
      self.env["A_API_KEY_COMMAND"] = JSON.stringify(command)
      return yield* failureOf(Effect.flatMap(ApiKeyProvider.ApiKeyProvider, keyOf)).pipe(
        Effect.provide(Layer.provide(ApiKeyProviders.layerFor("a"), ApiKeyProviders.layerFiles())),
        within(self)
      )
    }).pipe(Effect.scoped),

  "opencode.json": (command) =>
    Effect.gen(function* () {
      const self = yield* sandbox
      self.write("home/.config/opencode/opencode.json", { provider: { a: { options: { apiKeyCommand: command } } } })
      return yield* failureOf(
        OpencodeConfig.load.pipe(
          Effect.flatMap((configuration) => configuration.provider("a")),
          Effect.flatMap(keyOf)
        )
      ).pipe(within(self))
    }).pipe(Effect.scoped),

  "AiSdk.get": (command) =>
    failureOf(AiSdk.get({ npm: "@ai-sdk/groq", options: { apiKeyCommand: command } })).pipe(
      Effect.provide(Layer.provide(AiSdk.layerRegistry, HelperExecutor.layer))
    )
}

describe("an option by an old name is ConfigInvalid that names the new one", () => {
  for (const [surface, failure] of Object.entries(surfaces)) {
    it.live(surface, () =>
      Effect.forEach(
        renamed,
        ([command, oldName, newName]) =>
          Effect.map(failure(command), ({ _tag, hint, message }) => {
            assert.strictEqual(_tag, "ConfigInvalid", `${oldName}: ${message}`)
            assert.include(message, oldName)
            assert.match(hint, new RegExp(`\\b${newName}\\b`))
            assert.notInclude(`${message} ${hint}`, "sk-secret")
          }),
        { discard: true }
      )
    )
  }

  it.live("the same command by its new names is accepted", () =>
    Effect.gen(function* () {
      const options = {
        argv,
        search: "path",
        onRepeatedKey: "fail",
        eraseOnReject: false,
        onAbandon: "complete",
        timeToLive: "1 hour"
      }
      const provider = yield* ApiKeyProvider.fromCommand(untyped(options))
      yield* provider.get
      const fromFile = Either.getOrThrow(ApiKeySource.parse(JSON.stringify({ command: options })))
      yield* Effect.flatMap(ApiKeyProvider.fromSource(fromFile), keyOf)
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )

  it("an option beside `command` is named with its place", () => {
    const parsed = ApiKeySource.parse(JSON.stringify({ command: argv, timeout: "10 seconds" }))
    const error = Either.getOrThrow(Either.flip(parsed))
    assert.strictEqual(error._tag, "ConfigInvalid")
    assert.include(error.message, '"timeout"')
    assert.include(error.hint, '{ "command": { "argv": […], "timeout": … } }')
  })
})
