import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { compiled } from "../support/artifacts.js"
import { sharing } from "../support/sharing.js"

/** Runs the demo; `onLine` sees each line of its stdout. */
const demo = (
  args: ReadonlyArray<string>,
  onLine: (line: string, interrupt: Effect.Effect<void>) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const temporary = yield* fs.makeTempDirectoryScoped()
    const demo = yield* Command.start(
      Command.make("node", yield* Effect.promise(() => compiled("demo/main")), ...args).pipe(
        Command.env({ TMPDIR: temporary })
      )
    )
    const interrupt = demo.kill("SIGINT").pipe(Effect.ignore, Effect.forkDaemon, Effect.asVoid)
    const { exitCode, stderr, stdout } = yield* Effect.all(
      {
        stdout: demo.stdout.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.tap((line) => onLine(line, interrupt)),
          Stream.runCollect
        ),
        stderr: demo.stderr.pipe(Stream.decodeText(), Stream.mkString),
        exitCode: demo.exitCode
      },
      { concurrency: "unbounded" }
    )
    const left = (yield* fs.readDirectory(temporary)).filter((name) => name.startsWith("effect-apikey"))
    return { exitCode, stderr, stdout: Chunk.join(stdout, "\n"), left }
  })

describe("the demo", () => {
  const test = sharing(NodeContext.layer, 30_000)

  test("works for the given time, ends by itself and prints its table", () =>
    Effect.gen(function* () {
      const { exitCode, left, stderr, stdout } = yield* demo(["--seconds", "5"])
      expect(stderr).toBe("")
      expect(exitCode).toBe(0)
      expect(stdout).toMatch(/@effect\/ai agent/)
      expect(stdout).toMatch(/OpenID token │ +[2-9]/)
      expect(stdout).toMatch(/No caller saw a 401\.$/)
      expect(stdout).not.toMatch(/eyJ|sk-/)
      expect(left).toEqual([])
    }))

  test("ends cleanly when it is interrupted", () =>
    Effect.gen(function* () {
      const { exitCode, left, stdout } = yield* demo(["--seconds", "600"], (line, interrupt) =>
        Effect.when(interrupt, () => line.includes("answers:"))
      )
      expect(exitCode).toBe(130)
      expect(stdout).not.toContain("┌")
      expect(left).toEqual([])
    }))

  test("refuses bad seconds in one line", () =>
    Effect.gen(function* () {
      const { exitCode, stderr, stdout } = yield* demo(["--seconds", "soon"])
      expect(exitCode).toBe(64)
      expect(stdout).toBe("")
      expect(stderr).toMatch(/^[^\n]+\n$/)
    }))
})
