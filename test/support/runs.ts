/** Runs of real helpers, with the process ids that they had. */
import type { PlatformError } from "@effect/platform/Error"
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

/** The real executor, which tells the pid of each process that it starts (that of its group, too), and each refusal. */
export const recording = (
  started: (pid: number) => void,
  refused: (error: PlatformError) => void = () => undefined
) => {
  const executor: HelperExecutor.Executor = {
    ...HelperExecutor.node,
    start: (command) =>
      HelperExecutor.node.start(command).pipe(
        Effect.tap(({ pid }) => started(pid)),
        Effect.tapError((error) => Effect.sync(() => refused(error)))
      )
  }
  return Layer.mergeAll(Layer.succeed(HelperExecutor.HelperExecutor, executor), NodeFileSystem.layer, NodePath.layer)
}

/** One run, and the key as plain text makes it. */
export const keyOf = (
  options: CredentialHelper.Options,
  started: (pid: number) => void = () => undefined,
  refused?: (error: PlatformError) => void,
  provider = request.provider
): Effect.Effect<string, ApiKeyError> =>
  Effect.gen(function* () {
    const output = yield* CredentialHelper.run(options, { ...request, provider })
    const key = yield* CredentialFormat.decode("text", output, yield* DateTime.now)
    return Redacted.value(key.value)
  }).pipe(Effect.provide(recording(started, refused)))
