// The command line over configurations.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { packed } from "../../support/artifacts.js"
import { ran } from "../../support/attempt.js"
import { commandLine } from "../../support/commandLine.js"
import { runProgram } from "../../support/processes.js"
import { type Sandbox, sandbox } from "../../support/sandbox.js"

const root = join(import.meta.dirname, "../../..")

const run = (self: Sandbox, ...args: ReadonlyArray<string>) =>
  commandLine({ cwd: self.project, env: { ...self.env, HOME: self.home } }, ...args)

const scenario = (name: string, test: (self: Sandbox) => Effect.Effect<void>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, test), 300_000)

const user = "home/.config/effect-apikey/effect-apikey.jsonc"

describe("effect-apikey over a configuration", () => {
  scenario(
    "a key that was typed in the place of a provider is not printed back, as it is or in a variable's name",
    (self) =>
      Effect.gen(function* () {
        for (const key of ["sk-proj-abcdefgh12345678", "ghp_abcdefghijklmnop1234", "AIzaSyA-abcdefgh12345678"]) {
          for (const command of ["get", "check"]) {
            const { status, stderr, stdout } = yield* run(self, command, key)
            assert.strictEqual(status, 64)
            assert.include(stderr, "a key was given in the place of a provider")
            for (const part of key.match(/[A-Za-z0-9]{8,}/g) ?? []) {
              assert.notInclude((stdout + stderr).toLowerCase(), part.toLowerCase())
            }
          }
        }
        const { status, stderr } = yield* run(self, "get", "my-provider_2")
        assert.strictEqual(status, 78)
        assert.include(stderr, "my-provider_2")
      })
  )

  scenario("a key in a variable is read by the rules of plain text", (self) =>
    Effect.gen(function* () {
      self.env["OPENAI_API_KEY"] = "sk-1\n"
      assert.strictEqual((yield* run(self, "get", "openai")).stdout, "sk-1\n")
      self.env["OPENAI_API_KEY"] = "a\r\nX-Evil: 1"
      assert.deepInclude(yield* run(self, "get", "openai"), { status: 65, stdout: "" })
    })
  )

  scenario("no warning passes on what a terminal would obey", (self) =>
    Effect.gen(function* () {
      self.write("project/k\u001B[31m", "sk-own", 0o644)
      self.write("project/effect-apikey.jsonc", { providers: { openai: { key: { file: "./k\u001B[31m" } } } })
      const { stderr } = yield* run(self, "get", "openai")
      assert.include(stderr, "\\u{1B}[31m")
      assert.notInclude(stderr, "\u001B")
    })
  )

  scenario("get PROVIDER prints the key alone, and fails in at most three lines", (self) =>
    Effect.gen(function* () {
      const given = self.write("home/given.jsonc", { providers: { openai: { key: { literal: "sk-given" } } } })
      self.write(user, {
        providers: {
          openai: { key: { command: ["echo", "sk-123"] } },
          open: { key: { file: self.write("home/key", "sk-open", 0o644) } },
          bad: { key: { command: "op read x" } }
        }
      })
      const good = yield* run(self, "get", "openai")
      assert.deepStrictEqual(good, { status: 0, stdout: "sk-123\n", stderr: "" })
      assert.strictEqual((yield* run(self, "get", "openai", "--config", given)).stdout, "sk-given\n")
      const open = yield* run(self, "get", "open")
      assert.strictEqual(open.stdout, "sk-open\n")
      assert.include(open.stderr, "chmod 600")
      self.write("project/effect-apikey.jsonc", { providers: { evil: { key: { command: ["true"] } } } })
      const rows = [
        [["get", "bad"], 78, /effect-apikey\.jsonc:\d+:\d+: a command is a list/],
        [["get", "nobody"], 78, /no key is configured \(tried /],
        [["get", "evil"], 77, /is not trusted/],
        [["get", "openai", "--config", join(self.home, "no.jsonc")], 78, /there is no such file/],
        [["get", "openai", "other"], 64, /more than one provider/],
        [["get", "openai", "--opencode", "--config", "x"], 64, /exclude each other/],
        [["get"], 64, /no provider and no command/],
        [["trust", "--yes", "--", "other.jsonc"], 64, /nothing may follow --/],
        [["check", "--no-run", "--", "openai"], 64, /nothing may follow --/],
        [["schema", "--", "x"], 64, /nothing may follow --/]
      ] as const
      for (const [args, status, says] of rows) {
        const failed = yield* run(self, ...args)
        assert.strictEqual(failed.status, status, failed.stderr)
        assert.strictEqual(failed.stdout, "")
        assert.match(failed.stderr, says)
        assert.isAtMost(failed.stderr.trim().split("\n").length, 3)
      }
    })
  )

  scenario("check says source, program, policy, run, format, expiry and remedy, and never the key", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "sk-secret-key")
      const file = self.write(user, {
        providers: { a: { key: { firstOf: [{ env: "NOT_SET" }, { command: [program, "sk-argument"] }] } } }
      })
      const look = yield* run(self, "check", "a", "--no-run")
      assert.strictEqual(look.status, 0, look.stderr)
      assert.include(look.stdout, "not run (--no-run)")
      assert.deepStrictEqual(ran(self), [])
      const full = yield* run(self, "check")
      assert.strictEqual(full.status, 0, full.stderr)
      for (const said of [
        "environment variable NOT_SET",
        `${file}:4:14`,
        "absent; the next source is used",
        `program  ${program}`,
        "policy   allowed: from your configuration",
        "run      gave a key in ",
        "format   text",
        "expires  does not say; kept until "
      ]) {
        assert.include(full.stdout, said)
      }
      assert.notMatch(full.stdout + full.stderr, /sk-secret-key|sk-argument/)
      self.write("project/effect-apikey.jsonc", { providers: { a: { baseUrl: "https://evil.example" } } })
      self.write(user, { providers: { a: { key: { command: [program] } } } })
      const refused = yield* run(self, "check", "a")
      assert.strictEqual(refused.status, 77)
      assert.include(refused.stdout, "policy   denied")
      assert.include(refused.stdout, `remedy   Review the file, then run: effect-apikey trust ${self.projectFile}`)
      assert.include(refused.stdout, "goes to https://evil.example")
    })
  )

  scenario("check names the program that a run starts, wherever `env`, `path` or a policy has it looked for", (self) =>
    Effect.gen(function* () {
      const onPath = self.program("bin1/tool", "on-path")
      const inEnv = self.program("bin2/tool", "in-env")
      const usual = self.program("home/.local/bin/usual", "usual")
      const shells = self.program("bin3/shells", "shells")
      self.write("home/.profile", `: > '${self.marks}/shell'\nPATH='${dirname(shells)}':$PATH\n`)
      self.env["PATH"] = `${dirname(onPath)}:${self.env["PATH"]}`
      self.write(user, {
        providers: {
          plain: { key: { command: ["tool"] } },
          own: { key: { command: { argv: ["tool"], env: { PATH: `${dirname(inEnv)}:/usr/bin:/bin` } } } },
          usual: { key: { command: ["usual"] } },
          only: { key: { command: { argv: ["usual"], search: "path" } } },
          shell: { key: { command: { argv: ["shells"], search: "login-shell" } } }
        }
      })
      const rows = [
        ["plain", onPath, 0],
        ["own", inEnv, 0],
        ["usual", usual, 0],
        ["only", "usual is not found", 127],
        ["shell", shells, 0]
      ] as const
      const look = yield* run(self, "check", "shell", "--no-run")
      assert.include(look.stdout, "program  shells: where the login shell finds it")
      assert.isFalse(existsSync(join(self.marks, "shell")), "a look starts no shell")
      for (const [id, program, status] of rows) {
        const checked = yield* run(self, "check", id)
        assert.include(checked.stdout, `program  ${program}\n`)
        assert.strictEqual(checked.status, status, checked.stdout)
      }
      assert.deepStrictEqual([...ran(self)].sort(), ["in-env", "on-path", "shell", "shells", "usual"])
      // Before trust it is looked for where it would be looked for after.
      self.program("project/bin/tool", "projects")
      self.env["PATH"] = `${join(self.project, "bin")}:${self.env["PATH"]}`
      self.write("project/effect-apikey.jsonc", { providers: { mine: { key: { command: ["tool"] } } } })
      const refused = yield* run(self, "check", "mine")
      assert.strictEqual(refused.status, 77)
      assert.include(refused.stdout, `program  ${onPath}\n`)
    })
  )

  scenario("check --opencode says where ours is safer", (self) =>
    Effect.gen(function* () {
      const file = self.write("home/.config/opencode/opencode.json", {
        provider: { a: { options: { apiKey: "{env:MISSING}" } } }
      })
      self.write("home/.local/share/opencode/auth.json", { a: { type: "api", key: "sk-auth" } })
      const { status, stdout } = yield* run(self, "check", "a", "--opencode")
      assert.strictEqual(status, 0)
      assert.include(
        stdout,
        `note: ${file}:5:19: MISSING is not set: opencode would send no key and not look at auth.json`
      )
      assert.notInclude(stdout, "sk-auth")
      assert.strictEqual((yield* run(self, "get", "a", "--opencode")).stdout, "sk-auth\n")
    })
  )

  scenario("trust asks, lists and revokes; without a terminal it says how", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const file = self.write("project/effect-apikey.jsonc", { providers: { a: { key: { command: [program] } } } })
      const asked = yield* run(self, "trust", "effect-apikey.jsonc")
      assert.strictEqual(asked.status, 77)
      assert.include(asked.stderr, program)
      assert.include(asked.stderr, `effect-apikey trust --yes ${file}`)
      self.write("project/deep/down/empty", "")
      const below = yield* run({ ...self, project: join(self.project, "deep/down") }, "trust")
      assert.include(below.stderr, `effect-apikey trust --yes ${file}`)
      assert.isFalse(existsSync(self.trustFile))
      assert.strictEqual((yield* run(self, "trust", "--yes", "effect-apikey.jsonc")).status, 0)
      assert.include((yield* run(self, "trust", "--list")).stdout, `  a  tool  ${file}\n`)
      assert.strictEqual((yield* run(self, "get", "a")).stdout, "tool-key\n")
      assert.include((yield* run(self, "trust", "--revoke", "effect-apikey.jsonc")).stderr, "1 revoked")
      assert.strictEqual((yield* run(self, "get", "a")).status, 77)
      assert.strictEqual((yield* run(self, "trust", "no-such-file")).status, 78)
      assert.strictEqual((yield* run(self, "trust", "--list", "--yes")).status, 64)
    })
  )

  scenario("a hint names flags for a command that is given here, and fields for one of a configuration", (self) =>
    Effect.gen(function* () {
      const shell = (script: string): readonly [string, ...ReadonlyArray<string>] => ["/bin/sh", "-c", script]
      const rows: ReadonlyArray<
        readonly [script: string, status: number, flags: ReadonlyArray<string>, here: string, configured: string]
      > = [
        ["sleep 100", 124, ["--timeout", "1 s"], "--timeout TIME", 'raise the timeout: "timeout"'],
        ["printf 'a\\nb\\n'", 65, [], "--format first-line", 'set the format: "format": "first-line"'],
        [
          "echo x",
          65,
          ["--format", "vault"],
          "set the format that it prints: --format NAME",
          'set the format that it prints: "format"'
        ],
        ["echo '{\"fields\":[]}'", 65, ["--format", "op"], "--format op --field", '"format": { "name": "op"']
      ]
      for (const [script, status, flags, here, configured] of rows) {
        const given = yield* run(self, "get", ...flags, "--", ...shell(script))
        assert.strictEqual(given.status, status, given.stderr)
        assert.include(given.stderr, here)
        assert.notMatch(given.stderr, /`(?:timeout|format|command)`|\bformat: "|"(?:format|timeout)"/)
        const [flag, value] = flags
        const option = flag === undefined ? {} : { [flag.slice(2)]: value }
        self.write(user, { providers: { a: { key: { command: { argv: shell(script), ...option } } } } })
        const provided = yield* run(self, "get", "a")
        assert.strictEqual(provided.status, status, provided.stderr)
        assert.include(provided.stderr, configured)
        assert.notInclude(provided.stderr, "--")
      }
      const line = yield* run(self, "get", "--", "op read secret-word")
      assert.strictEqual(line.status, 127)
      assert.include(line.stderr, "Separate the program and its arguments: -- op read")
      assert.notInclude(line.stderr, "secret-word")
      const tilde = yield* run(self, "get", "--", "~/bin/op")
      assert.include(tilde.stderr, "`~` is not expanded here")
    })
  )

  scenario("trust says what is wrong with entries, and leaves only them out", (self) =>
    Effect.gen(function* () {
      const bad = { bad: { key: { command: "op read x" } } }
      const file = self.write("project/effect-apikey.jsonc", { providers: bad })
      const none = yield* run(self, "trust", "--yes", "effect-apikey.jsonc")
      assert.strictEqual(none.status, 78)
      assert.include(none.stderr, `${file}:5:20: `)
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", { providers: { ...bad, good: { key: { command: [program] } } } })
      const some = yield* run(self, "trust", "--yes", "effect-apikey.jsonc")
      assert.strictEqual(some.status, 0)
      assert.match(some.stderr, /effect-apikey\.jsonc:5:20: [\s\S]*left out[\s\S]*trusted as it is now/)
      assert.strictEqual((yield* run(self, "get", "good")).stdout, "tool-key\n")
    })
  )

  scenario("several processes that trust at once lose nothing", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const files = ["a", "b", "c", "d"].map((id) =>
        self.write(`${id}/effect-apikey.jsonc`, { providers: { [id]: { key: { command: [program] } } } })
      )
      const { bin } = yield* Effect.promise(packed)
      const trusting = (file: string) =>
        Effect.promise(() =>
          runProgram(process.execPath, [bin, "trust", "--yes", file], {
            cwd: self.project,
            env: { ...self.env, HOME: self.home }
          })
        )
      const done = yield* Effect.forEach(files, trusting, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        done.map(({ status }) => status),
        files.map(() => 0)
      )
      const { stdout } = yield* run(self, "trust", "--list")
      for (const file of files) assert.include(stdout, file)
      assert.deepStrictEqual(readdirSync(dirname(self.trustFile)), ["trust.json"])
    })
  )

  scenario(
    "check goes through all, the first failure's status is its own, and opencode's entries are looked at alike",
    (self) =>
      Effect.gen(function* () {
        self.write(user, {
          providers: {
            good: { key: { literal: "sk-good" } },
            empty: { key: { env: "NOT_SET" } },
            broken: { key: { command: ["/no/such/program"] } }
          }
        })
        const all = yield* run(self, "check")
        assert.strictEqual(all.status, 78)
        assert.match(
          all.stdout,
          /^good\n[\s\S]*^empty\n[\s\S]*no key is configured[\s\S]*^broken\n[\s\S]*\/no\/such\/program/m
        )
        assert.strictEqual((yield* run(self, "check", "broken")).status, 127)
        self.write("project/opencode.json", {
          provider: {
            refused: { options: { apiKey: "{env:AWS_SECRET}-x" } },
            bad: { options: { apiKeyCommand: "op read x" } }
          }
        })
        self.env["AWS_SECRET"] = "aws-secret"
        const opencodes = yield* run(self, "check", "--opencode")
        assert.strictEqual(opencodes.status, 77)
        assert.match(opencodes.stdout, /^refused\n[\s\S]*options\.apiKey, [\s\S]*policy +denied[\s\S]*is not trusted/m)
        assert.match(opencodes.stdout, /^bad\n[\s\S]*apiKeyCommand: a command is a list of strings/m)
        assert.notInclude(opencodes.stdout, "aws-secret")
        assert.strictEqual((yield* run(self, "trust", "--yes", "opencode.json")).status, 0)
        self.write("home/.config/opencode/opencode.json", {
          provider: { absent: { options: { apiKey: "{env:NOT_SET}{env:NOR_THIS}" } } }
        })
        const absent = yield* run(self, "check", "absent", "--opencode")
        assert.strictEqual(absent.status, 78)
        assert.match(absent.stdout, /key +absent; the next source is used[\s\S]*no key is configured/)
      })
  )

  scenario("schema prints what the package ships", (self) =>
    Effect.gen(function* () {
      const { stdout } = yield* run(self, "schema")
      const shipped = readFileSync(join(root, "schema/effect-apikey.schema.json"), "utf8")
      assert.deepStrictEqual(JSON.parse(stdout), JSON.parse(shipped))
    })
  )
})
