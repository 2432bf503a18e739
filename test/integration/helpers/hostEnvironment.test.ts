/** Helpers in the environments that people have: git's credential cache, a log-in shell's PATH, programs beyond PATH. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { vi } from "vitest"
import * as CredentialHelper from "../../../src/CredentialHelper.js"
import * as HelperExecutor from "../../../src/HelperExecutor.js"
import { loginShellPath } from "../../../src/internal/helper/loginShell.js"
import { eventually, holdings, isAlive, runProgram, settled } from "../../support/processes.js"
import { keyOf, recording, request } from "../../support/runs.js"
import { itWith } from "../../support/tools.js"

/** The user's shell stands in the user database, which is not ours to change. */
const chosen = vi.hoisted(() => ({ shell: "/bin/sh" }))
vi.mock("default-shell", () => ({ detectDefaultShell: () => chosen.shell }))

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
            argv: [
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
  const far = { argv: ["far-helper"], inheritEnv: false } as const

  it("is found where people install programs, and finds what is beside it", async () => {
    const path = process.env["PATH"]
    const oldHome = process.env["HOME"]
    Object.assign(process.env, { HOME: home, PATH: "/usr/bin:/bin" })
    try {
      assert.strictEqual(await Effect.runPromise(keyOf(far)), "sk-from-the-neighbour-0123")
      const pathOnly = await Effect.runPromise(Effect.flip(keyOf({ ...far, search: "path" })))
      assert.deepInclude(pathOnly, { _tag: "CommandNotFound", searched: ["/usr/bin", "/bin"] })
      const ownPath = await Effect.runPromise(Effect.flip(keyOf({ ...far, env: { PATH: "/bin" } })))
      assert.deepInclude(ownPath, { _tag: "CommandNotFound", searched: ["/bin"] })
      const unset = await Effect.runPromise(Effect.flip(keyOf({ ...far, env: { PATH: undefined } })))
      assert.deepInclude(unset, { _tag: "CommandNotFound", searched: ["/usr/local/bin", "/usr/bin", "/bin"] })
    } finally {
      Object.assign(process.env, { HOME: oldHome, PATH: path })
    }
  })

  it("is said to be missing with what to do: a shell string, a tilde, a known program", async () => {
    const hintOf = async (...command: ReadonlyArray<string>) =>
      (await Effect.runPromise(Effect.flip(keyOf({ argv: command, env: { PATH: "/nowhere" } })))).hint
    assert.include(await hintOf("get-key --profile work"), "Separate the program and its arguments")
    assert.include(await hintOf("~/bin/get-key"), "`~` is not expanded")
    assert.include(await hintOf("gopass", "show", "x"), "gopass")
  })
})

describe("the log-in shell's PATH", () => {
  /** A shell that behaves as told; it is its own start-up file. */
  const shell = (name: string, source: string): string => {
    program(name, `#!/bin/sh\n${source}\n`)
    return at(name)
  }
  const pathFrom = (file: string) => Effect.runPromise(loginShellPath(HelperExecutor.node, file))
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

  it("is that of a shell which was started in no project's folder, whatever its hooks make of the one it is in", async () => {
    const hooked = shell("hooked", `PATH="$PWD/bin:$PATH"; export PATH; ${asked}`)
    const path = Option.getOrThrow(await pathFrom(hooked))
    assert.notInclude(path.split(":"), join(process.cwd(), "bin"))
    assert.strictEqual(path.split(":")[0], "//bin")
  })

  it("that one caller had no time for is there for the next, and the shell was asked once", async () => {
    const before = holdings()
    const slow = shell(
      "slow",
      `echo asked >> ${at("slow-asked")}; while ! [ -e ${at("go-on")} ]; do sleep 0.02; done
PATH=/opt/slow/bin:$PATH; export PATH; ${asked}`
    )
    const impatient = Effect.runFork(loginShellPath(HelperExecutor.node, slow))
    assert.isTrue(await eventually(() => existsSync(at("slow-asked"))))
    await Effect.runPromise(Fiber.interrupt(impatient))
    const next = pathFrom(slow)
    writeFileSync(at("go-on"), "")
    assert.isTrue(Option.exists(await next, (path) => path.startsWith("/opt/slow/bin:")))
    assert.strictEqual(readFileSync(at("slow-asked"), "utf8"), "asked\n")
    assert.deepStrictEqual(await settled(before), [])
  })

  it.effect("that could not be read is asked for again, but not within a minute", () =>
    Effect.gen(function* () {
      const fails = shell(
        "fails-once",
        `echo asked >> ${at("fails-asked")}; [ "$(wc -l < ${at("fails-asked")})" -ge 2 ] || exit 1
PATH=/opt/late/bin:$PATH; export PATH; ${asked}`
      )
      const read = loginShellPath(HelperExecutor.node, fails)
      assert.isTrue(Option.isNone(yield* read))
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Option.isNone(yield* read))
      assert.strictEqual(readFileSync(at("fails-asked"), "utf8"), "asked\n")
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.exists(yield* read, (path) => path.startsWith("/opt/late/bin:")))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isSome(yield* read))
      assert.strictEqual(readFileSync(at("fails-asked"), "utf8"), "asked\nasked\n")
    })
  )

  it("is none when the shell hangs, fails or is not there, and the search goes on", { timeout: 60_000 }, async () => {
    const hangs = shell("hangs", `echo $$ > ${at("left")}; trap '' TERM; sleep 600 & wait; wait`)
    assert.isTrue(Option.isNone(await pathFrom(hangs)))
    assert.isFalse(isAlive(Number(readFileSync(at("left"), "utf8"))))
    assert.isTrue(Option.isNone(await pathFrom(shell("fails", "exit 1"))))
    assert.isTrue(Option.isNone(await pathFrom(at("nowhere"))))
  })

  it("is where a program is found that nothing else has, when that was asked for", { timeout: 60_000 }, async () => {
    program("from-shell/only-the-shell-knows", "#!/bin/sh\nprintf 'sk-from-the-shell-%s' \"$(shell-neighbour)\"\n")
    program("from-shell/shell-neighbour", "#!/bin/sh\nprintf 0123\n")
    chosen.shell = shell("knows-more", `PATH=${at("from-shell")}:$PATH; export PATH; ${asked}`)
    const command = ["only-the-shell-knows"]
    assert.strictEqual(
      await Effect.runPromise(keyOf({ argv: command, search: "login-shell" })),
      "sk-from-the-shell-0123"
    )
    for (const search of ["install-dirs", "path"] as const) {
      const error = await Effect.runPromise(Effect.flip(keyOf({ argv: command, search })))
      assert.strictEqual(error._tag, "CommandNotFound")
    }
    const missing = await Effect.runPromise(Effect.flip(keyOf({ argv: ["nobody-knows"], search: "login-shell" })))
    assert.include("searched" in missing ? missing.searched : [], at("from-shell"))
  })

  it("that a shell does not give is named when the program is not found", { timeout: 60_000 }, async () => {
    const errorOf = (argv: ReadonlyArray<string>) =>
      Effect.runPromise(Effect.flip(keyOf({ argv, search: "login-shell" })))
    for (const [name, source] of [
      ["replaces-itself", `echo $$ > ${at("left")}; exec sleep 60`],
      ["prints-no-path", "exit 0"],
      ["fails-at-start", "echo broken >&2; exit 3"]
    ] as const) {
      chosen.shell = shell(name, source)
      const error = await errorOf(["nobody-knows"])
      assert.include(error, { _tag: "CommandNotFound", failedShell: at(name) })
      assert.include(error.message, `the login shell ${at(name)} gave no PATH`)
      assert.include(error.hint, `${at(name)} -ilc 'printenv PATH'`)
    }
    assert.isTrue(await eventually(() => !isAlive(Number(readFileSync(at("left"), "utf8")))))
    chosen.shell = shell("gives-a-path", asked)
    const found = await errorOf(["nobody-knows"])
    assert.notInclude(found.message, "login shell")
    assert.isFalse("failedShell" in found && found.failedShell !== undefined)
  })

  it("is not asked for where PATH has the program, or a path names it, whatever the shell would do", async () => {
    program("in-path", "#!/bin/sh\necho sk-from-path-0123456789\n")
    chosen.shell = shell("would-hang", `touch ${at("it-hangs")}; sleep 600`)
    const path = process.env["PATH"]
    process.env["PATH"] = `${home}:${path}`
    try {
      for (const command of [["in-path"], [at("in-path")], ["./in-path"]]) {
        const key = keyOf({ argv: command, search: "login-shell", cwd: home })
        assert.strictEqual(await Effect.runPromise(key), "sk-from-path-0123456789")
      }
      const missing = await Effect.runPromise(Effect.flip(keyOf({ argv: [at("nowhere")], search: "login-shell" })))
      assert.deepInclude(missing, { _tag: "CommandNotFound", searched: [at("nowhere")] })
    } finally {
      process.env["PATH"] = path
    }
    assert.isFalse(existsSync(at("it-hangs")))
  })

  it("is not asked for where the caller sets PATH", async () => {
    chosen.shell = shell("must-not-run", `touch ${at("it-ran")}`)
    const error = await Effect.runPromise(
      Effect.flip(keyOf({ argv: ["nobody-knows"], search: "login-shell", env: { PATH: "/bin" } }))
    )
    assert.deepInclude(error, { _tag: "CommandNotFound", searched: ["/bin"] })
    assert.isFalse(existsSync(at("it-ran")))
  })
})
