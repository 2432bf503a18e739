/** Runs of real helpers, with the process ids that they had. */
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import * as CredentialFormat from "../../src/CredentialFormat.js"
import * as CredentialHelper from "../../src/CredentialHelper.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"

export const request: CredentialHelper.Request = { provider: "test", reason: "first", background: false }

/** The real executor, which tells the pid of each process that it starts: that of its group, too. */
export const recording = (started: (pid: number) => void) => {
  const executor: HelperExecutor.HelperExecutor = {
    ...HelperExecutor.make,
    start: (command) => Effect.tap(HelperExecutor.make.start(command), ({ pid }) => started(pid))
  }
  return Layer.mergeAll(Layer.succeed(CommandExecutor.CommandExecutor, executor), NodeFileSystem.layer, NodePath.layer)
}

/** One run, and the key as plain text makes it. */
export const keyOf = (
  options: CredentialHelper.Options,
  started: (pid: number) => void = () => undefined
): Effect.Effect<string, ApiKeyError> =>
  Effect.gen(function* () {
    const output = yield* CredentialHelper.run(options, request)
    const key = yield* CredentialFormat.decode("text", output, yield* DateTime.now)
    return Redacted.value(key.value)
  }).pipe(Effect.provide(recording(started)))
