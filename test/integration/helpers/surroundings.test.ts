/** Helpers in the surroundings that people have: git's credential cache, a log-in shell's PATH, programs beyond PATH. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as CredentialHelper from "../../../src/CredentialHelper.js"
import * as HelperExecutor from "../../../src/HelperExecutor.js"
import { loginShellPath } from "../../../src/internal/loginShell.js"
import { eventually, holdings, isAlive, runProgram, settled } from "../../support/processes.js"
import { keyOf, recording, request } from "../../support/runs.js"
import { itWith } from "../../support/tools.js"

let home = ""
const at = (path: string): string => join(home, path)
const program = (path: string, source: string): void => {
  writeFileSync(at(path), source)
  chmodSync(at(path), 0o755)
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "home-"))
  mkdirSync(at(".local/bin"), { recursive: true })
  mkdirSync(at("from-shell"))
  program(".local/bin/far-helper", "#!/bin/sh\nexec far-neighbour\n")
  program(".local/bin/far-neighbour", "#!/bin/sh\necho sk-from-the-neighbour-0123\n")
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe("git's credential cache", () => {
  itWith("git")("survives the run that started it, and answers the next", { timeout: 60_000 }, async () => {
    const socket = at("cache/socket")
    const git = (verb: string, input: string) =>
      Effect.runPromise(
        CredentialHelper.run(
          {
            command: [
              "git",
              "-c",
              "credential.helper=",
              "-c",
              `credential.helper=cache --socket=${socket}`,
              "credential",
              verb
            ],
            cwd: home,
            env: { HOME: home, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" }
          },
          { ...request, input }
        ).pipe(
          Effect.map(({ stdout }) => Buffer.from(Redacted.value(stdout)).toString("utf8")),
          Effect.provide(recording(() => undefined))
        )
      )
    const attributes = "protocol=https\nhost=example.test\nusername=me\n"
    await git("approve", `${attributes}password=sk-cached-0123456789\n\n`)
    assert.isTrue(existsSync(socket), "the daemon listens")
    assert.include(await git("fill", `${attributes}\n`), "password=sk-cached-0123456789")
    await runProgram("git", ["credential-cache", `--socket=${socket}`, "exit"])
    assert.isTrue(await eventually(() => !existsSync(socket)), "it is ended here")
  })
})

describe("a program that PATH does not have", () => {
  const far = { command: ["far-helper"], inheritEnv: false } as const

  it("is found where people install programs, and finds what is beside it", async () => {
    const path = process.env["PATH"]
    const oldHome = process.env["HOME"]
    Object.assign(process.env, { HOME: home, PATH: "/usr/bin:/bin" })
    try {
      assert.strictEqual(await Effect.runPromise(keyOf(far)), "sk-from-the-neighbour-0123")
      const pathOnly = await Effect.runPromise(Effect.flip(keyOf({ ...far, path: "path-only" })))
      assert.deepInclude(pathOnly, { _tag: "CommandNotFound", searched: ["/usr/bin", "/bin"] })
      const ownPath = await Effect.runPromise(Effect.flip(keyOf({ ...far, env: { PATH: "/bin" } })))
      assert.deepInclude(ownPath, { _tag: "CommandNotFound", searched: ["/bin"] })
    } finally {
      Object.assign(process.env, { HOME: oldHome, PATH: path })
    }
  })

  it("is said to be missing with what to do: a shell string, a tilde, a known program", async () => {
    const hintOf = async (...command: ReadonlyArray<string>) =>
      (await Effect.runPromise(Effect.flip(keyOf({ command, env: { PATH: "/nowhere" } })))).hint
    assert.include(await hintOf("get-key --profile work"), "takes an array")
    assert.include(await hintOf("~/bin/get-key"), "No shell expands `~`")
    assert.include(await hintOf("gopass", "show", "x"), "gopass")
  })
})

describe("the log-in shell's PATH", () => {
  /** A shell that behaves as told; it is its own start-up file. */
  const shell = (name: string, source: string): string => {
    program(name, `#!/bin/sh\n${source}\n`)
    return at(name)
  }
  const pathFrom = (file: string) => Effect.runPromise(loginShellPath(HelperExecutor.make, file))
  const asked = 'while [ "$1" != "-ilc" ]; do shift; done; eval "$2"'

  it("is read once, from between what its start-up files print, and what they start is gone", async () => {
    const before = holdings()
    const talkative = shell(
      "talkative",
      `echo asked >> ${at("asked")}; echo 'Welcome!'; sleep 600 & echo $! > ${at("left")}
PATH=/opt/x/bin:$PATH; export PATH; ${asked}`
    )
    const first = await pathFrom(talkative)
    assert.isTrue(Option.exists(first, (path) => path.startsWith("/opt/x/bin:")))
    assert.isTrue(await eventually(() => !isAlive(Number(readFileSync(at("left"), "utf8")))))
    assert.deepStrictEqual(await pathFrom(talkative), first)
    assert.strictEqual(readFileSync(at("asked"), "utf8"), "asked\n")
    assert.deepStrictEqual(await settled(before), [])
  })

  it("is none when the shell hangs, fails or is not there, and the search goes on", { timeout: 60_000 }, async () => {
    const hangs = shell("hangs", `echo $$ > ${at("left")}; trap '' TERM; sleep 600 & wait; wait`)
    assert.isTrue(Option.isNone(await pathFrom(hangs)))
    assert.isFalse(isAlive(Number(readFileSync(at("left"), "utf8"))))
    assert.isTrue(Option.isNone(await pathFrom(shell("fails", "exit 1"))))
    assert.isTrue(Option.isNone(await pathFrom(at("nowhere"))))
  })

  it("is where a program is found, when that was asked for", { timeout: 60_000 }, async () => {
    // The user's own shell is asked, so nothing is known of its PATH but that it is one.
    const key = await Effect.runPromise(
      keyOf({ command: ["sh", "-c", 'printf %s "$PATH" | tr -d " "'], path: "login-shell" }).pipe(
        Effect.provide(NodeFileSystem.layer),
        Effect.provide(NodePath.layer)
      )
    )
    assert.isTrue(key.startsWith(process.env["PATH"] ?? ""))
    assert.isAbove(key.length, (process.env["PATH"] ?? "").length)
  })
})
