/** What a program gets that asks for a provider's key where the sandbox's files and variables hold. */

import { existsSync, readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import { itemsIn } from "../../src/cli/trust.js"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { toProvider } from "../../src/internal/config/provider.js"
import { type LoadOptions, load } from "../../src/internal/config/resolve.js"
import * as OpencodeConfig from "../../src/OpencodeConfig.js"
import { type Sandbox, within } from "./sandbox.js"

export interface Where extends LoadOptions {
  readonly cwd?: string
}

const outcomeOf = (exit: Either.Either<string, ApiKeyError>): string | ApiKeyError =>
  Either.match(exit, { onLeft: (error) => error, onRight: (key) => key })

/** The key, or the error. */
export const attempt = (self: Sandbox, id: string, { cwd, ...options }: Where = {}) =>
  Effect.gen(function* () {
    const configuration = yield* load(options)
    const provider = yield* toProvider(yield* configuration.resolve(id))
    return outcomeOf(yield* Effect.either(Effect.map(provider.get, (key) => Redacted.value(key.value))))
  }).pipe(within(self, cwd === undefined ? {} : { cwd }), Effect.scoped)

export const attemptOpencode = (self: Sandbox, id: string, cwd = self.project) =>
  Effect.gen(function* () {
    const configuration = yield* OpencodeConfig.load
    const provider = yield* configuration.provider(id)
    return outcomeOf(yield* Effect.either(Effect.map(provider.get, (key) => Redacted.value(key.value))))
  }).pipe(within(self, { cwd }), Effect.scoped)

/** The options, or the error. */
export const opencodeOptions = (self: Sandbox, id: string, cwd = self.project) =>
  Effect.gen(function* () {
    const configuration = yield* OpencodeConfig.load
    return yield* Effect.either(configuration.options(id))
  }).pipe(within(self, { cwd }), Effect.scoped)

/** The user reads a file and trusts it as it is. */
export const trustFile = (self: Sandbox, file: string, cwd = self.project) =>
  Effect.flatMap(itemsIn(file), HelperPolicy.trust).pipe(within(self, { cwd }), Effect.scoped)

/** Which of the sandbox's programs ran. */
export const ran = (self: Sandbox): ReadonlyArray<string> =>
  existsSync(self.marks) ? readdirSync(self.marks).map((mark) => mark.replace(/^ran-/, "")) : []
