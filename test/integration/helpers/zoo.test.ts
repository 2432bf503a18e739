/** Each bad helper as a real program: its exact error or key, in budget + 1 s, and nothing left of it or of ours. */
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ApiKeyError } from "../../../src/ApiKeyError.js"
import type * as CredentialHelper from "../../../src/CredentialHelper.js"
import { RedactedText } from "../../../src/internal/redact/redact.js"
import { holdings, isAlive, membersOf, settled } from "../../support/processes.js"
import { keyOf } from "../../support/runs.js"
import { key, type Program, programs } from "./programs.js"

let folder = ""
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zoo-"))
  for (const [name, source] of Object.entries(programs)) {
    writeFileSync(at(name), source)
    chmodSync(at(name), name === "not-executable" ? 0o644 : 0o755)
  }
  mkdirSync(at("folder"))
  symlinkSync(at("loop-b"), at("loop-a"))
  symlinkSync(at("loop-a"), at("loop-b"))
  symlinkSync(at("nowhere"), at("dangling"))
  symlinkSync(at("prints-key"), at("link"))
  execFileSync("mkfifo", [at("fifo")])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing that a run leaves may depend on what an earlier one left. */
const fresh = (name: string): string => {
  rmSync(at(name), { recursive: true, force: true })
  return at(name)
}

interface Case {
  readonly name: string
  /** A program of the zoo; `command` where it takes more than its path. */
  readonly program?: Program
  readonly command?: () => ReadonlyArray<string>
  readonly options?: () => Omit<CredentialHelper.Options, "argv">
  readonly gives: string | (Partial<ApiKeyError> & { readonly _tag: ApiKeyError["_tag"] })
  readonly also?: (error: ApiKeyError | undefined) => void | Promise<void>
  /** It lives on after the run: in its group, or outside. The test ends it. */
  readonly stays?: "alive" | "gone"
}

/** For those that end by themselves; they are far from it on any machine. */
const ample = "20 seconds"
/** For those that never end. */
const brief = "1500 millis"

const env = (variables: Readonly<Record<string, string>>) => () => ({ env: variables })
const timesOut = { _tag: "CommandTimeout", phase: "running" } as const

const signals = ["TERM", "KILL", "INT", "HUP", "QUIT", "ABRT", "SEGV", "PIPE", "ALRM", "USR1", "USR2", "BUS", "FPE"]

const cases: ReadonlyArray<Case> = [
  // time and its end
  { name: "sleeps for ever", program: "sleeps", gives: timesOut },
  { name: "ignores SIGTERM", program: "ignores-sigterm", gives: timesOut },
  { name: "has ten children that ignore SIGTERM", program: "children-ignore-sigterm", gives: timesOut },
  {
    name: "cleans up on SIGTERM, within the grace",
    program: "cleans-up-on-sigterm",
    options: () => ({ env: { NOTE: fresh("note") } }),
    gives: timesOut,
    also: () => assert.strictEqual(readFileSync(at("note"), "utf8"), "done\n")
  },
  { name: "stops itself with SIGSTOP", program: "stops-itself", gives: timesOut },
  { name: "writes half a line and waits", program: "half-a-line", gives: timesOut },
  { name: "prints the key, closes stdout and lives on", program: "closes-stdout-and-lives", gives: timesOut },
  { name: "re-executes itself for ever", program: "re-executes-for-ever", gives: timesOut },
  { name: "forks a chain of processes for ever", program: "forks-for-ever", gives: timesOut },
  { name: "floods stderr", program: "floods-stderr", gives: timesOut },
  // what stays behind
  {
    name: "leaves a process in its group that holds stdout, status 0",
    program: "stays-in-group",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "0" } }),
    gives: key,
    stays: "alive"
  },
  {
    name: "leaves a process in its group without stdout, status 0",
    program: "stays-in-group-without-stdout",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "0" } }),
    gives: key,
    stays: "alive"
  },
  {
    name: "leaves a process in a session of its own that holds stdout, status 0",
    program: "stays-in-session-of-its-own",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "0" } }),
    gives: key,
    stays: "alive"
  },
  {
    name: "leaves a process in its group that holds stdout, status 1",
    program: "stays-in-group",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "1" } }),
    gives: { _tag: "NonZeroExit", exitCode: 1 },
    stays: "gone"
  },
  {
    name: "leaves a process in a group of its own, status 0",
    program: "stays-in-group-of-its-own",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "0" } }),
    gives: key,
    stays: "alive"
  },
  {
    name: "leaves a process in a group of its own, status 1",
    program: "stays-in-group-of-its-own",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "1" } }),
    gives: { _tag: "NonZeroExit", exitCode: 1 },
    stays: "gone"
  },
  {
    name: "waits for a process in a group of its own",
    program: "waits-for-a-group-of-its-own",
    options: () => ({ env: { STAYS: fresh("stays") } }),
    gives: timesOut,
    stays: "gone"
  },
  {
    name: "leaves a process in a session of its own that holds stdout, status 1",
    program: "stays-in-session-of-its-own",
    options: () => ({ env: { STAYS: fresh("stays"), STATUS: "1" } }),
    gives: { _tag: "NonZeroExit", exitCode: 1 },
    stays: "alive"
  },
  { name: "leaves zombies and fails", program: "leaves-zombies", gives: { _tag: "NonZeroExit", exitCode: 1 } },
  { name: "lets a grandchild print the key after its own exit", program: "key-by-grandchild", gives: key },
  {
    name: "lets a grandchild print the key much later",
    program: "key-by-grandchild-much-later",
    options: () => ({ env: { STAYS: fresh("stays") } }),
    gives: { _tag: "EmptyOutput" },
    stays: "alive"
  },
  // how much it prints
  { name: "floods stdout", program: "floods-stdout", gives: { _tag: "OutputTooLarge", limit: 65_536 } },
  { name: "floods stdout and stderr", program: "floods-both", gives: { _tag: "OutputTooLarge", limit: 65_536 } },
  { name: "writes 300 KB on stderr before the key", program: "noisy-before-key", gives: key },
  {
    name: "writes one line of 200 KB on stderr, its key again and again, and fails",
    program: "endless-line-on-stderr",
    gives: { _tag: "NonZeroExit", exitCode: 1 },
    also: (error) => {
      const stderr = error !== undefined && "stderr" in error ? error.stderr : ""
      assert.isTrue(stderr.endsWith("<redacted> and the reason"), stderr)
      assert.notInclude(stderr, key.slice(-4))
    }
  },
  { name: "prints byte by byte", program: "byte-by-byte", gives: key },
  {
    name: "prints exactly 64 KiB",
    program: "prints-many-bytes",
    options: env({ BYTES: "65536" }),
    gives: "a".repeat(65_536)
  },
  {
    name: "prints one byte more than 64 KiB",
    program: "prints-many-bytes",
    options: env({ BYTES: "65537" }),
    gives: { _tag: "OutputTooLarge", limit: 65_536 }
  },
  // how it ends
  ...signals.map(
    (signal): Case => ({
      name: `dies by SIG${signal}`,
      program: "dies-by",
      options: env({ SIGNAL: signal }),
      gives: { _tag: "CommandKilled", signal: `SIG${signal}` }
    })
  ),
  { name: "exits 0 with output", program: "exits", options: env({ STATUS: "0", OUT: key }), gives: key },
  {
    name: "exits 0 without output",
    program: "exits",
    options: env({ STATUS: "0", OUT: "" }),
    gives: { _tag: "EmptyOutput" }
  },
  { name: "closes stdout and exits 0", program: "closes-stdout-and-ends", gives: { _tag: "EmptyOutput" } },
  ...[1, 2, 126, 127, 255].flatMap(
    (exitCode): ReadonlyArray<Case> =>
      [key, ""].map((output) => ({
        name: `exits ${exitCode} ${output === "" ? "without" : "with"} output`,
        program: "exits",
        options: env({ STATUS: String(exitCode), OUT: output }),
        gives: { _tag: "NonZeroExit", exitCode, reason: "Unknown" }
      }))
  ),
  {
    name: "exits 75 each time: three tries",
    program: "counts-tries",
    options: () => ({ env: { NOTE: fresh("note") } }),
    gives: { _tag: "NonZeroExit", exitCode: 75, reason: "Unavailable" },
    also: () => assert.strictEqual(readFileSync(at("note"), "utf8"), "try\ntry\ntry\n")
  },
  {
    name: "exits 75 twice, then prints the key",
    program: "comes-back",
    options: () => ({ env: { NOTE: fresh("note") } }),
    gives: key
  },
  { name: "prints the key and crashes", program: "prints-and-crashes", gives: { _tag: "NonZeroExit", exitCode: 1 } },
  // what it prints
  { name: "prints invalid UTF-8", program: "invalid-utf8", gives: { _tag: "InvalidOutput", expected: "UTF-8 text" } },
  { name: "prints NUL bytes", program: "nul-bytes", gives: { _tag: "InvalidOutput", expected: "UTF-8 text" } },
  { name: "prints UTF-16", program: "utf16", gives: { _tag: "InvalidOutput", expected: "UTF-8 text" } },
  { name: "prints a byte order mark", program: "bom", gives: key },
  { name: "ends its line with CR LF", program: "crlf", gives: key },
  { name: "prints white space around the key", program: "spaces-around", gives: key },
  { name: "colours the key", program: "colours", gives: { _tag: "InvalidOutput", format: "text" } },
  { name: "prints a banner before the key", program: "banner", gives: { _tag: "InvalidOutput", expected: "one line" } },
  {
    name: "prints the key on stderr only",
    program: "key-on-stderr-only",
    gives: { _tag: "EmptyOutput", stderr: RedactedText("<redacted>") }
  },
  {
    name: "writes terminal and bidirectional controls on stderr",
    program: "terminal-sequences-on-stderr",
    gives: { _tag: "NonZeroExit", stderr: RedactedText("red evil\nplain") }
  },
  {
    name: "writes its key on stderr in two pieces",
    program: "key-on-stderr-in-pieces",
    gives: { _tag: "NonZeroExit", stderr: RedactedText("bad key <redacted>, says the server") }
  },
  // what it wants from us
  { name: "asks on /dev/tty", program: "asks-on-tty", gives: { _tag: "NonZeroExit", exitCode: 2 } },
  {
    name: "asks on stdin",
    program: "asks-on-stdin",
    gives: { _tag: "NonZeroExit", exitCode: 3, stderr: RedactedText("Password:") }
  },
  { name: "reads stdin to its end", program: "cats-stdin", gives: key },
  { name: "looks at its stdin: an empty stream, no closed descriptor", program: "tells-its-stdin", gives: "/dev/null" },
  { name: "is given in code, and so runs where we do", program: "tells-where-it-is", gives: realpathSync(".") },
  {
    name: "gets arguments that a shell would read, as they are",
    command: () => [at("tells-its-arguments"), "$HOME", "*", "~", "`id`", "a;b>c", "", "'\"\\"],
    gives: "$HOME|*|~|`id`|a;b>c||'\"\\|"
  },
  { name: "is told what for", program: "tells-what-it-is-told", gives: "sk-test-first-0-012345" },
  { name: "changes its directory", program: "changes-directory", gives: key },
  {
    name: "removes its own working directory",
    program: "removes-its-directory",
    options: () => {
      mkdirSync(fresh("own"))
      return { cwd: at("own") }
    },
    gives: key,
    also: () => assert.isFalse(existsSync(at("own")))
  },
  { name: "re-executes itself fifty times", program: "re-executes", gives: key },
  {
    name: "gets 300 environment variables",
    program: "counts-environment",
    options: env(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`ZOO_${i}`, "x".repeat(100)]))),
    gives: key
  },
  {
    name: "gets an argument of 100 KB",
    command: () => [at("prints-argument-length"), "x".repeat(100_000)],
    gives: "sk-100000-0123456789"
  },
  {
    name: "gets an argument of 200 KB",
    command: () => [at("prints-argument-length"), "x".repeat(200_000)],
    gives: { _tag: "SpawnFailed", code: "E2BIG" }
  },
  {
    name: "gets a NUL in an argument",
    command: () => [at("prints-key"), "a\0b"],
    gives: { _tag: "SpawnFailed", code: "ERR_INVALID_ARG_VALUE" }
  },
  {
    name: "gets a NUL in a variable",
    program: "prints-key",
    options: env({ X: "a\0b" }),
    gives: { _tag: "SpawnFailed", code: "ERR_INVALID_ARG_VALUE" }
  },
  {
    name: "gets a working directory that does not exist",
    program: "prints-key",
    options: () => ({ cwd: at("nowhere") }),
    gives: { _tag: "SpawnFailed", code: "ENOENT" }
  },
  {
    name: "gets a file for a working directory",
    program: "prints-key",
    options: () => ({ cwd: at("prints-key") }),
    gives: { _tag: "SpawnFailed", code: "ENOTDIR" }
  },
  // what it is
  {
    name: "is a script without #!",
    program: "without-interpreter-line",
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "It has no #! line")
  },
  {
    name: "is a script whose interpreter is missing",
    program: "missing-interpreter",
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "/nowhere/bin/python9 does not exist")
  },
  {
    name: "is a script with CR LF line ends",
    program: "crlf-script",
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "CR LF")
  },
  {
    name: "is a script whose interpreter is no program",
    program: "interpreter-is-no-program",
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "/etc/passwd cannot be executed")
  },
  {
    name: "is a file that is not executable",
    program: "not-executable",
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "chmod +x")
  },
  { name: "is a symbolic link to a program", command: () => [at("link")], gives: key },
  {
    name: "is a loop of symbolic links",
    command: () => [at("loop-a")],
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "circle")
  },
  { name: "is a link that leads nowhere", command: () => [at("dangling")], gives: { _tag: "CommandNotFound" } },
  {
    name: "is a FIFO",
    command: () => [at("fifo")],
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "pipe")
  },
  {
    name: "is a folder",
    command: () => [at("folder")],
    gives: { _tag: "CommandNotExecutable" },
    also: (error) => assert.include(error?.hint, "directory")
  },
  { name: "does not exist", command: () => [at("nowhere")], gives: { _tag: "CommandNotFound" } }
]

const millisOf = { [ample]: 20_000, [brief]: 1_500 }

describe("a helper that", () => {
  for (const { name, program, command, options, gives, also, stays } of cases) {
    it(name, async () => {
      const groups: Array<number> = []
      const budget = typeof gives === "object" && gives._tag === "CommandTimeout" ? brief : ample
      const run = keyOf({ argv: command?.() ?? [at(program ?? "")], timeout: budget, ...options?.() }, (pid) =>
        groups.push(pid)
      )
      const before = holdings()
      const started = performance.now()
      const outcome = await Effect.runPromise(Effect.either(run))
      const took = performance.now() - started

      if (typeof gives === "string") {
        assert.strictEqual(
          Either.getOrElse(outcome, (error) => `${error._tag}: ${error.message}`),
          gives
        )
      } else {
        assert.isTrue(Either.isLeft(outcome), "it failed")
        const error = Either.isLeft(outcome) ? outcome.left : undefined
        assert.include(error, gives)
        assert.notInclude(`${error?.message} ${error?.hint}`, key)
        // After a failed run nothing of its group is alive when the caller has the answer; status 0 was no failed run.
        if (stays !== "alive") assert.deepStrictEqual(membersOf(groups), [])
      }
      assert.isBelow(took, millisOf[budget] + 1_000, "budget + 1 s")
      await also?.(Either.isLeft(outcome) ? outcome.left : undefined)
      if (stays !== undefined) {
        const pid = Number(readFileSync(at("stays"), "utf8"))
        assert.strictEqual(isAlive(pid), stays === "alive")
        if (stays === "alive") process.kill(pid, "SIGKILL")
      }
      for (const pid of membersOf(groups)) process.kill(pid, "SIGKILL")
      assert.deepStrictEqual(await settled(before), [], "nothing of ours is left")
    })
  }
})
