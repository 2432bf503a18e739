// The command line as a shell sees it: statuses and output; the built program is started where a process is what matters.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { packed } from "../support/artifacts.js"
import { commandLine } from "../support/commandLine.js"
import { isAlive, runProgram } from "../support/processes.js"

const root = resolve(import.meta.dirname, "../..")
let program = ""
/** The program as it is shipped. */
const start = (...args: ReadonlyArray<string>) => runProgram(process.execPath, [program, ...args])
/** What needs no process of its own. */
const run = (...args: ReadonlyArray<string>) =>
  Effect.runPromise(commandLine({ env: process.env, cwd: process.cwd() }, ...args))

const folder = mkdtempSync(join(tmpdir(), "apikey-cli-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  program = (await packed()).bin
}, 300_000)

describe("effect-apikey get", () => {
  it("prints the key and nothing else", async () => {
    const { status, stdout, stderr } = await start("get", "--", "sh", "-c", 'printf " sk-123 \\n"')
    assert.deepStrictEqual({ status, stdout, stderr }, { status: 0, stdout: "sk-123\n", stderr: "" })
  })

  it("leaves what stands after -- to the helper, whatever it looks like", async () => {
    const { stdout } = await run("get", "--", "sh", "-c", 'printf %s "$*"', "x", "--help", "--format", "--", "-v")
    assert.strictEqual(stdout, "")
    const joined = await run("get", "--", "sh", "-c", 'printf %s "$1$2$3"', "x", "--help", "--log-level", "--")
    assert.strictEqual(joined.stdout, "--help--log-level--\n")
  })

  const failures: ReadonlyArray<readonly [what: string, status: number, args: ReadonlyArray<string>, says: RegExp]> = [
    ["a failing command", 69, ["--", "sh", "-c", "exit 3"], /status 3/],
    ["a missing command", 127, ["--", "no-such-helper"], /was not found on PATH \(searched/],
    ["a silent command", 65, ["--", "true"], /wrote nothing to stdout/],
    ["a hanging command", 124, ["--timeout", "600ms", "--", "sleep", "1000"], /timed out after 0\.6 s/],
    ["a command that is busy for now", 75, ["--", "sh", "-c", "exit 75"], /service unavailable/],
    ["a command that may not be executed", 126, ["--", "/etc/passwd"], /cannot be executed/],
    ["two lines", 65, ["--", "printf", "one-secret\\ntwo-secret\\n"], /one line/],
    ["10 MB", 65, ["--", "sh", "-c", "head -c 10000000 /dev/zero | tr '\\0' x"], /65536 bytes/],
    ["no command", 64, [], /no command/],
    ["an empty program", 78, ["--", ""], /empty/],
    ["a time limit that is none", 64, ["--timeout", "soon", "--", "true"], /--timeout/],
    ["a format that is none", 64, ["--format", "xml", "--", "true"], /auto, text/]
  ]
  for (const [what, expected, args, says] of failures) {
    it(`${what}: exit status ${expected}, what happened and what to do, in at most three lines`, async () => {
      const { status, stdout, stderr } = await run("get", ...args)
      assert.strictEqual(status, expected)
      assert.strictEqual(stdout, "")
      assert.match(stderr, says)
      assert.notMatch(stderr, /one-secret|two-secret|\bat .*:\d+:\d+/)
      assert.isAtMost(stderr.trim().split("\n").length, 3)
    })
  }

  it("does not show the arguments of a command line that was given as one string", async () => {
    for (const path of ["", "/nowhere/"]) {
      const { status, stderr } = await run(
        "get",
        "--",
        `${path}curl -H "Bearer hunter22" https://gateway.test/hunter23`
      )
      assert.strictEqual(status, 127)
      assert.include(stderr, "Separate the program and its arguments: -- op read")
      assert.notMatch(stderr, /hunter|Bearer|gateway/)
    }
  })

  it("shows the last line that the helper said, without secrets and without control characters", async () => {
    const said = `printf 'first\\n\\033[31mlocked: sk-abcdefghijklmnop\\033[0m\\n' >&2; exit 1`
    const { stderr } = await run("get", "--", "sh", "-c", said)
    assert.include(stderr, "it said: locked: <redacted>")
    assert.notInclude(stderr, "\u001B")
  })

  it("shows of a helper that it knows the line that says what happened, once, and not the last one", async () => {
    const age = join(folder, "age")
    writeFileSync(
      age,
      "#!/bin/sh\necho 'age: error: no identity matched any of the recipients' >&2\necho 'age: report errors at …' >&2\nexit 1\n"
    )
    chmodSync(age, 0o755)
    assert.strictEqual(
      (await run("get", "--", age)).stderr,
      [
        "effect-apikey: age exited with status 1: access denied",
        "  it said: age: error: no identity matched any of the recipients",
        "  The file is not encrypted to that identity; give another with -i.",
        ""
      ].join("\n")
    )
  })

  it("names the flag to somebody whose command prints JSON of no known format", async () => {
    const { stderr } = await run("get", "--", "echo", '{"a":1}')
    assert.include(stderr, "printed output of no known format")
    assert.include(stderr, "set one of auto, text,")
    assert.include(stderr, "name the field that holds the key: --format json --field data.key")
    assert.notInclude(stderr, "`format`")
  })

  it("says once that a log-in is needed", async () => {
    const gh = join(folder, "gh")
    writeFileSync(gh, "#!/bin/sh\nexit 4\n")
    chmodSync(gh, 0o755)
    const { status, stderr } = await run("get", "--", gh)
    assert.strictEqual(status, 77)
    assert.strictEqual(
      stderr,
      "effect-apikey: gh exited with status 4: login required\n  Log in to GitHub: gh auth login\n"
    )
  })

  it("takes the helper and its children with it when it is interrupted", async () => {
    const pids = join(folder, "pids")
    const script = `sleep 1000 & echo $$ $! > ${pids}.new; mv ${pids}.new ${pids}; kill -INT $PPID; wait`
    const { status, stdout } = await start("get", "--", "sh", "-c", script)
    assert.strictEqual(status, 130)
    assert.strictEqual(stdout, "")
    const alive = readFileSync(pids, "utf8").trim().split(" ").map(Number).filter(isAlive)
    assert.deepStrictEqual(alive, [])
  })
})

describe("effect-apikey", () => {
  it("says its version", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const { status, stdout } = await start("--version")
    assert.deepStrictEqual({ status, stdout: stdout.trim() }, { status: 0, stdout: version })
  })

  it("shows its help when it is asked for it", async () => {
    const { status, stdout } = await start("--help")
    assert.strictEqual(status, 0)
    assert.include(stdout, "get")
  })

  it("prints nothing on stdout when nothing was asked, and ends with status 64", async () => {
    const { status, stdout, stderr } = await start()
    assert.deepStrictEqual({ status, stdout }, { status: 64, stdout: "" })
    assert.include(stderr, "--help")
  })

  it("says what is wrong about an unknown sub-command", async () => {
    const { status, stderr } = await run("fetch")
    assert.strictEqual(status, 64)
    assert.match(stderr, /fetch|get/)
  })
})
