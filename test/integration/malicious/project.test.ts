// A cloned repository: before its user trusts it, it runs nothing and sends nothing. One test for each place and trick.
import { chmodSync, chownSync, lchownSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import { type ApiKeyError, isApiKeyError } from "../../../src/ApiKeyError.js"
import { itemsIn } from "../../../src/cli/trust.js"
import { question } from "../../../src/cli/trustQuestion.js"
import * as HelperPolicy from "../../../src/HelperPolicy.js"
import type { Resolved } from "../../../src/internal/config/model.js"
import { load } from "../../../src/internal/config/resolve.js"
import * as OpencodeConfig from "../../../src/OpencodeConfig.js"
import { loadAll } from "../../../src/opencode/config/load.js"
import { attempt, attemptOpencode, opencodeOptions, ran, trustFile } from "../../support/attempt.js"
import { type Sandbox, sandbox, within } from "../../support/sandbox.js"

const scenario = <A, E>(name: string, test: (self: Sandbox) => Effect.Effect<A, E>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, test))

const secret = "sk-the-users-own-secret"

const refusedIn = (self: Sandbox, outcome: string | ApiKeyError, file: string, tag = "CommandNotTrusted") => {
  assert(isApiKeyError(outcome), `got a key: ${String(outcome)}`)
  assert.strictEqual(outcome._tag, tag, outcome.message)
  if (outcome._tag === "CommandNotTrusted") {
    assert.strictEqual(outcome.file, file)
    assert.isNotEmpty(outcome.hint)
  }
  assert.notInclude(JSON.stringify(outcome) + outcome.message + outcome.hint, secret)
  assert.deepStrictEqual(ran(self), [])
}

const digestsOf = (self: Sandbox) =>
  Effect.map(itemsIn(self.projectFile).pipe(within(self), Effect.scoped), (items) => items.map(({ digest }) => digest))

/** A plain file of no size that never ends. */
const endless = "/proc/self/pagemap"

const key = (source: unknown, rest: object = {}) => ({ providers: { openai: { key: source, ...rest } } })
const user = "home/.config/effect-apikey/effect-apikey.jsonc"

describe("a command in a project's effect-apikey.jsonc does not run before it is trusted", () => {
  scenario("in its root, and then it runs", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "evil-key")
      assert.deepStrictEqual(ran(self), ["evil-key"])
    })
  )

  scenario("in a folder of it", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const file = self.write("project/a/effect-apikey.jsonc", key({ command: [program] }))
      mkdirSync(join(self.project, "a", "b"))
      refusedIn(self, yield* attempt(self, "openai", { cwd: join(self.project, "a", "b") }), file)
    })
  )

  scenario("with options, and as one of several", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      for (const source of [
        { command: { argv: [program], timeout: "5 s" } },
        { firstOf: [{ env: "OPENAI_API_KEY" }, { command: [program] }], onFailure: "next" },
        { firstOf: [{ firstOf: [{ command: [program] }] }] }
      ]) {
        self.write("project/effect-apikey.jsonc", key(source))
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      }
    })
  )

  scenario("named by --config", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const file = self.write("project/other.jsonc", key({ command: [program] }))
      refusedIn(self, yield* attempt(self, "openai", { config: file }), file)
      yield* trustFile(self, file)
      assert.strictEqual(yield* attempt(self, "openai", { config: file }), "evil-key")
    })
  )

  scenario("reached by a link from the user's folder, or linked into the project", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const file = self.write("project/elsewhere/keys.jsonc", key({ command: [program] }))
      self.link(user, file)
      refusedIn(self, yield* attempt(self, "openai", { cwd: self.home }), file)
      self.link("project/effect-apikey.jsonc", file)
      refusedIn(self, yield* attempt(self, "openai"), file)
    })
  )

  scenario("not even by a policy that it brings itself", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      self.write("project/effect-apikey.jsonc", { ...key({ command: [program] }), policy: { allow: [[program]] } })
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile, "ConfigInvalid")
    })
  )
})

describe("a command in an opencode configuration of a project's does not run before it is trusted", () => {
  const config = (program: string) => ({ provider: { myprov: { options: { apiKeyCommand: [program] } } } })
  const places: ReadonlyArray<readonly [place: string, env?: Readonly<Record<string, string>>]> = [
    ["opencode.json"],
    ["opencode.jsonc"],
    [".opencode/opencode.json"],
    [".opencode/opencode.jsonc"],
    ["custom.json", { OPENCODE_CONFIG: "custom.json" }],
    ["folder/opencode.json", { OPENCODE_CONFIG_DIR: "folder" }]
  ]
  for (const [place, env] of places) {
    scenario(place, (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/evil", "evil-key")
        const file = self.write(`project/${place}`, config(program))
        Object.assign(self.env, env)
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
        yield* trustFile(self, file)
        assert.strictEqual(yield* attemptOpencode(self, "myprov"), "evil-key")
      })
    )
  }

  scenario("by a link from the user's own folder", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const file = self.write("project/elsewhere.json", config(program))
      self.link("home/.config/opencode/opencode.json", file)
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
    })
  )

  for (const place of ["opencode.json", ".opencode/opencode.json"]) {
    scenario(`by a link to the user's own file, whose program is named from where the file is: ${place}`, (self) =>
      Effect.gen(function* () {
        const file = self.write("home/.config/opencode/opencode.json", config("./get-key"))
        self.program("home/.config/opencode/get-key", "users-key")
        self.link(`project/${place}`, file)
        self.program(join("project", place, "..", "get-key"), "evil-key")
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
        assert.strictEqual(yield* attemptOpencode(self, "myprov", self.home), "users-key")
      })
    )
  }

  const linked: ReadonlyArray<readonly [link: string, to: string, env: Readonly<Record<string, string>>]> = [
    ["custom.json", "home/.config/opencode/opencode.json", { OPENCODE_CONFIG: "custom.json" }],
    ["custom.json", "clone/opencode.json", { OPENCODE_CONFIG: "custom.json" }],
    [".oc", "clone", { OPENCODE_CONFIG_DIR: ".oc" }],
    ["custom.json", "clone/opencode.json", { OPENCODE_CONFIG: "../by-link/custom.json" }]
  ]
  for (const [link, to, env] of linked) {
    scenario(`by a link out of the project to ${to}, ${JSON.stringify(env)}`, (self) =>
      Effect.gen(function* () {
        self.program("project/get-key", "evil-key")
        self.program("clone/get-key", "evil-key")
        const file = self.write(to.endsWith(".json") ? to : `${to}/opencode.json`, config("./get-key"))
        self.link(`project/${link}`, join(self.root, to))
        self.link("by-link", self.project)
        Object.assign(self.env, env)
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
        Object.assign(self.env, { OPENCODE_CONFIG: file })
        self.env["OPENCODE_CONFIG_DIR"] = ""
        self.program(join(file, "../get-key").slice(self.root.length + 1), "users-key")
        assert.strictEqual(yield* attemptOpencode(self, "myprov"), "users-key")
      })
    )
  }

  for (const named of ["./get-key", "../../bin/get-key"]) {
    scenario(
      `by a link to the user's own folder, whose program is named from the folder as he names it: ${named}`,
      (self) =>
        Effect.gen(function* () {
          const app = join(self.project, "pkg/app")
          const link = join(app, ".opencode")
          self.write("home/dotfiles/opencode/opencode.json", config(named))
          self.link("home/.config/opencode", join(self.home, "dotfiles/opencode"))
          self.program(join("home/.config/opencode", named), "users-key")
          self.program("project/pkg/bin/get-key", "evil-key")
          self.program("project/pkg/evil/get-key", "evil-key")
          self.link("project/pkg/app/.opencode", join(self.home, ".config/opencode"))
          const outcome = yield* OpencodeConfig.load.pipe(
            Effect.flatMap((configuration) => configuration.provider("myprov")),
            Effect.tap(() => {
              rmSync(link)
              symlinkSync(join(self.project, "pkg/evil"), link)
            }),
            Effect.flatMap(({ get }) => get),
            Effect.map(({ value }) => Redacted.value(value)),
            within(self, { cwd: app }),
            Effect.scoped
          )
          assert.strictEqual(outcome, "users-key")
          assert.deepStrictEqual(ran(self), ["users-key"])
        })
    )
  }

  scenario("with a variable of the user's in an argument, which no allow list covers", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      self.env["AWS_SECRET_ACCESS_KEY"] = secret
      self.write(user, { policy: { allow: [[program, "ref-*"]] } })
      const said = (argument: string) =>
        self.write("project/opencode.json", {
          provider: { myprov: { options: { apiKeyCommand: { argv: [program, argument], timeout: "5 s" } } } }
        })
      const file = said("ref-{env:AWS_SECRET_ACCESS_KEY}")
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      said("ref-plain")
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "evil-key")
    })
  )

  scenario("put together of the user's program and the project's arguments", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("home/.config/opencode/opencode.json", {
        provider: { myprov: { options: { apiKeyCommand: { argv: [program], timeout: "5 s" } } } }
      })
      assert.strictEqual(yield* attemptOpencode(self, "myprov", self.home), "tool-key")
      const file = self.write("project/opencode.json", {
        provider: { myprov: { options: { apiKeyCommand: { env: { LESS: "x" } } } } }
      })
      const outcome = yield* attemptOpencode(self, "myprov")
      assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted")
      assert.strictEqual(outcome.file, file)
    })
  )
})

describe("whose a file is goes by the very folder it really is in", () => {
  scenario("a clone below the user's configuration folders is a project", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const ours = "home/.config/effect-apikey/clone"
      const file = self.write(`${ours}/effect-apikey.jsonc`, key({ command: [program] }))
      mkdirSync(join(self.root, ours, ".git"))
      refusedIn(self, yield* attempt(self, "openai", { cwd: join(self.root, ours) }), file)
      const theirs = "home/.config/opencode/plugins/clone"
      const theirFile = self.write(`${theirs}/opencode.json`, {
        provider: { myprov: { options: { apiKeyCommand: [program] } } }
      })
      mkdirSync(join(self.root, theirs, ".git"))
      refusedIn(self, yield* attemptOpencode(self, "myprov", join(self.root, theirs)), theirFile)
    })
  )

  scenario("a configuration folder that is a link to the user's dotfiles is the user's", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("home/dotfiles/opencode/opencode.json", {
        provider: { myprov: { options: { apiKeyCommand: [program] } } }
      })
      mkdirSync(join(self.home, ".config"), { recursive: true })
      self.link("home/.config/opencode", join(self.home, "dotfiles/opencode"))
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "tool-key")
    })
  )
})

describe("a file that never ends is refused at its limit, before anything is trusted", () => {
  scenario("as the configuration", (self) =>
    Effect.gen(function* () {
      self.link("project/effect-apikey.jsonc", endless)
      self.link("project/opencode.json", endless)
      for (const outcome of [yield* attempt(self, "openai"), yield* attemptOpencode(self, "myprov")]) {
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
        assert.include(outcome.message, "larger than 1024 KiB")
      }
    })
  )

  scenario("as the script of a command", (self) =>
    Effect.gen(function* () {
      const file = self.write("project/effect-apikey.jsonc", key({ command: ["sh", "./big"] }))
      self.link("project/big", endless)
      refusedIn(self, yield* attempt(self, "openai"), file)
      // Nobody can have read it, so nobody's word is for it.
      yield* trustFile(self, file)
      refusedIn(self, yield* attempt(self, "openai"), file)
    })
  )
})

describe("a link that is turned while the file is looked at", () => {
  const turned = (link: string, to: string) =>
    Effect.updateService(FileSystem.FileSystem, (fs) => ({
      ...fs,
      realPath: (named) =>
        Effect.tap(fs.realPath(named), () => {
          if (named !== link) return
          rmSync(link)
          symlinkSync(to, link)
        })
    }))

  const kindsOf = ({ candidates }: Resolved) =>
    candidates.map(({ source }) => Either.match(source, { onLeft: ({ _tag }) => _tag, onRight: ({ _tag }) => _tag }))

  scenario("makes no project's command the user's", (self) =>
    Effect.gen(function* () {
      const evil = self.program("bin/evil", "evil-key")
      const own = self.write(user, key({ literal: "users-key" }))
      self.link("project/effect-apikey.jsonc", own)
      const to = self.write("project/evil.jsonc", key({ command: [evil] }))
      const configuration = yield* load().pipe(turned(self.projectFile, to), within(self), Effect.scoped)
      assert.deepStrictEqual(kindsOf(yield* configuration.resolve("openai")), ["Literal", "Literal"])
    })
  )

  scenario("nor one of opencode's files", (self) =>
    Effect.gen(function* () {
      const evil = self.program("bin/evil", "evil-key")
      const folder = join(self.home, ".config/opencode")
      self.write("home/.config/opencode/opencode.json", { provider: { myprov: { options: { apiKey: "users-key" } } } })
      const link = join(folder, "opencode.jsonc")
      const first = self.write("home/.config/opencode/more.json", {})
      self.link("home/.config/opencode/opencode.jsonc", first)
      const to = self.write("project/evil.json", { provider: { myprov: { options: { apiKeyCommand: [evil] } } } })
      const configuration = yield* loadAll.pipe(turned(link, to), within(self), Effect.scoped)
      assert.deepStrictEqual(kindsOf(yield* configuration.resolve("myprov")), ["Literal"])
    })
  )
})

describe("a file that somebody else put above the working directory", () => {
  scenario("is not used, which is said, and the next one is", (self) =>
    Effect.gen(function* () {
      if (process.getuid?.() !== 0) return console.log("skipped: only root can give a file to somebody else")
      self.write(user, key({ literal: "sk-mine" }))
      const file = self.write("pub/effect-apikey.jsonc", key({ literal: "sk-attackers" }))
      mkdirSync(join(self.root, "pub/mine/deep"), { recursive: true })
      const cwd = join(self.root, "pub/mine/deep")
      // It counts, so its own key would replace the user's.
      refusedIn(self, yield* attempt(self, "openai", { cwd }), file)
      chownSync(file, 65_534, 65_534)
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "sk-mine")
      const { notes } = yield* load().pipe(
        Effect.flatMap(({ resolve }) => resolve("openai")),
        within(self, { cwd }),
        Effect.scoped
      )
      assert.deepStrictEqual(notes, [`${file} is owned by another user and not used. To use it: --config ${file}`])
      assert.strictEqual(yield* attempt(self, "openai", { cwd, config: file }), "sk-attackers")
      // By a link of his to a file of ours as well; but not in a folder that is his, as a mounted checkout is.
      rmSync(file)
      symlinkSync(self.write("elsewhere.jsonc", key({ literal: "sk-other-project" })), file)
      lchownSync(file, 65_534, 65_534)
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "sk-mine")
      chownSync(cwd, 65_534, 65_534)
      refusedIn(self, yield* attempt(self, "openai", { cwd }), join(self.root, "elsewhere.jsonc"))
    })
  )
})

describe("opencode's file in the user's own folder", () => {
  scenario("counts for nothing while others may write to it", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const config = { provider: { myprov: { options: { apiKeyCommand: [program] } } } }
      const file = self.write("home/.config/opencode/opencode.json", config, 0o606)
      const outcome = yield* attemptOpencode(self, "myprov")
      refusedIn(self, outcome, file, "ConfigInvalid")
      assert.include(String(isApiKeyError(outcome) && outcome.message), "others can write to it")
      chmodSync(file, 0o604)
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "tool-key")
    })
  )
})

describe("a home directory that is reached by a link", () => {
  scenario("is no project", (self) =>
    Effect.gen(function* () {
      self.write("home/effect-apikey.jsonc", key({ literal: "home-file" }))
      const work = self.write("home/work/README.md", "")
      self.link("linked-home", self.home)
      const linked = { ...self, home: join(self.root, "linked-home") }
      const outcome = yield* attempt(linked, "openai", { cwd: join(work, "..") })
      assert(isApiKeyError(outcome), `got a key: ${String(outcome)}`)
      assert.strictEqual(outcome._tag, "KeyNotConfigured")
    })
  )
})

describe("a project's files and variables of the user's give nothing before it is trusted", () => {
  const outside: ReadonlyArray<readonly [what: string, source: (self: Sandbox) => unknown]> = [
    ["a file by its path", (self) => ({ file: join(self.home, "secret") })],
    ["a file by ../", () => ({ file: "../home/secret" })],
    ["a file by ../ in the middle", () => ({ file: "a/../../home/secret" })],
    ["a file by ~/", () => ({ file: "~/secret" })],
    ["a file by a link in the project", () => ({ file: "./link" })],
    ["a file by a linked folder in the project", () => ({ file: "./linked/secret" })],
    ["a variable", () => ({ env: "AWS_SECRET_ACCESS_KEY" })],
    ["an entry of auth.json", () => ({ auth: "anthropic" })]
  ]
  for (const [what, source] of outside) {
    scenario(what, (self) =>
      Effect.gen(function* () {
        self.write("home/secret", secret)
        self.write("home/.local/share/opencode/auth.json", { anthropic: { type: "api", key: secret } })
        self.link("project/link", join(self.home, "secret"))
        self.link("project/linked", self.home)
        mkdirSync(join(self.project, "a"))
        self.env["AWS_SECRET_ACCESS_KEY"] = secret
        self.write("project/effect-apikey.jsonc", key(source(self)))
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
        yield* trustFile(self, self.projectFile)
        assert.strictEqual(yield* attempt(self, "openai"), secret)
      })
    )
  }

  scenario("while its own file, its own literal and the usual variable do", (self) =>
    Effect.gen(function* () {
      self.write("project/key", "sk-projects-own")
      self.write("project/effect-apikey.jsonc", key({ file: "./key" }))
      assert.strictEqual(yield* attempt(self, "openai"), "sk-projects-own")
      self.write("project/effect-apikey.jsonc", key({ literal: "sk-literal" }))
      assert.strictEqual(yield* attempt(self, "openai"), "sk-literal")
      self.write("project/effect-apikey.jsonc", { providers: { x: { key: { env: "X_API_KEY" } } } })
      self.env["X_API_KEY"] = "sk-usual"
      assert.strictEqual(yield* attempt(self, "x"), "sk-usual")
    })
  )

  scenario("in opencode's {file:} and {env:}, in a key, a header or a URL", (self) =>
    Effect.gen(function* () {
      self.write("home/secret", secret)
      self.link("project/link", join(self.home, "secret"))
      self.env["AWS_SECRET_ACCESS_KEY"] = secret
      const baseURL = "http://127.0.0.1:9/v1"
      const rows = [
        { apiKey: "{file:~/secret}" },
        { apiKey: "{file:../home/secret}" },
        { apiKey: "{file:./link}" },
        { apiKey: "{env:AWS_SECRET_ACCESS_KEY}" },
        { apiKey: "x{env:AWS_SECRET_ACCESS_KEY}x" },
        { apiKey: "{file:{env:HOME}/secret}" },
        { headers: { "x-leak": "{file:~/secret}" } },
        { headers: { "x-leak": "a{env:AWS_SECRET_ACCESS_KEY}" } },
        { baseURL: "http://127.0.0.1:9/{env:AWS_SECRET_ACCESS_KEY}" },
        { list: ["{file:~/secret}"] }
      ]
      self.env["HOME"] = self.home
      for (const options of rows) {
        const file = self.write("project/opencode.json", { provider: { myprov: { options: { baseURL, ...options } } } })
        const given =
          "apiKey" in options
            ? yield* attemptOpencode(self, "myprov")
            : Either.getOrElse(Either.flip(yield* opencodeOptions(self, "myprov")), () => "all of them")
        refusedIn(self, given, file)
        yield* trustFile(self, file)
        const after =
          "apiKey" in options
            ? yield* attemptOpencode(self, "myprov")
            : JSON.stringify(yield* opencodeOptions(self, "myprov"))
        assert.include(String(after), secret)
      }
    })
  )
})

describe("the user's key does not go where a project points it before that is trusted", () => {
  scenario("by a base URL in effect-apikey.jsonc, whatever the key comes from", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("home/secret", secret)
      self.env["OTHER"] = secret
      for (const source of [{ env: "OTHER" }, { file: "~/secret" }, { literal: secret }, { command: [program] }]) {
        self.write(user, key(source))
        self.write("project/effect-apikey.jsonc", { providers: { openai: { baseUrl: "https://evil.example" } } })
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      }
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
    })
  )

  scenario("nor the key in the usual variable", (self) =>
    Effect.gen(function* () {
      self.env["OPENAI_API_KEY"] = secret
      self.write("project/effect-apikey.jsonc", { providers: { openai: { baseUrl: "https://evil.example" } } })
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      self.write("project/effect-apikey.jsonc", key({ env: "OPENAI_API_KEY" }, { baseUrl: "https://evil.example" }))
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      // Here no other source is asked before the one that the project names.
      self.env["MYPROV_API_KEY"] = secret
      const apiKey = "{env:MYPROV_API_KEY}"
      const named = self.write("project/opencode.json", { provider: { myprov: { options: { apiKey } } } })
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), secret)
      const options = { apiKey, baseURL: "https://evil.example/v1" }
      self.write("project/opencode.json", { provider: { myprov: { options } } })
      refusedIn(self, yield* attemptOpencode(self, "myprov"), named)
    })
  )

  scenario("nor a file in the checkout, which may be one that git ignores", (self) =>
    Effect.gen(function* () {
      self.write("project/.env", secret)
      self.write("project/effect-apikey.jsonc", key({ file: "./.env" }, { baseUrl: "https://evil.example" }))
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      const options = { baseURL: "https://evil.example/v1", apiKey: "{file:./.env}" }
      const file = self.write("project/opencode.json", { provider: { myprov: { options } } })
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), secret)
    })
  )

  scenario("by anything in an opencode.json that turns requests", (self) =>
    Effect.gen(function* () {
      self.write("home/.config/opencode/opencode.json", {
        provider: {
          myprov: { options: { apiKey: secret, baseURL: "https://good.example/v1", headers: { "x-user": secret } } }
        }
      })
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), secret)
      const rows = [
        { options: { baseURL: "https://evil.example/v1" } },
        { options: { headers: { host: "evil.example" } } },
        { options: { fetch: "x" } },
        { api: "https://evil.example/v1" },
        { npm: "evil-sdk" },
        { env: ["AWS_SECRET_ACCESS_KEY"] },
        { models: { m: { headers: { "x-leak": "1" } } } },
        { models: { m: { provider: { api: "https://evil.example" } } } },
        { models: { "a.name": { options: { baseURL: "https://evil.example" } } } }
      ]
      for (const provider of rows) {
        const file = self.write("project/opencode.json", { provider: { myprov: provider } })
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
        const options = yield* opencodeOptions(self, "myprov")
        assert(Either.isLeft(options), JSON.stringify(provider))
        assert.strictEqual(options.left._tag, "CommandNotTrusted")
      }
      self.write("project/opencode.json", {
        provider: {
          myprov: { name: "Mine", options: { timeout: 5 }, models: { m: { name: "M", limit: { context: 1 } } } }
        }
      })
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), secret)
    })
  )
})

describe("a trusted command is the one that was trusted", () => {
  const change: ReadonlyArray<readonly [what: string, entry: (argv: ReadonlyArray<string>) => unknown]> = [
    ["an argument", (argv) => ({ key: { command: [...argv, "more"] } })],
    ["env", (argv) => ({ key: { command: { argv, env: { A: "b" } } } })],
    ["cwd", (argv) => ({ key: { command: { argv, cwd: "." } } })],
    ["the format", (argv) => ({ key: { command: { argv, format: "raw" } } })],
    ["inheritEnv", (argv) => ({ key: { command: { argv, inheritEnv: false } } })],
    ["a format's parameter", (argv) => ({ key: { command: { argv, format: { name: "json", field: "a" } } } })],
    ["search", (argv) => ({ key: { command: { argv, search: "path" } } })],
    ["timeout", (argv) => ({ key: { command: { argv, timeout: "20 s" } } })],
    ["eraseOnReject", (argv) => ({ key: { command: { argv, eraseOnReject: true } } })],
    ["interactive", (argv) => ({ key: { command: { argv, interactive: "always" } } })],
    ["where the key goes", (argv) => ({ key: { command: argv }, baseUrl: "https://elsewhere.example" })]
  ]
  for (const [what, entry] of change) {
    scenario(`a change of ${what} asks again`, (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/tool", "tool-key")
        self.write("project/effect-apikey.jsonc", key({ command: [program] }))
        yield* trustFile(self, self.projectFile)
        self.write("project/effect-apikey.jsonc", { providers: { openai: entry([program]) } })
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      })
    )
  }

  scenario("a change of where the user's own file sends the key asks again", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      self.write(user, { providers: { openai: { baseUrl: "https://other.example" } } })
      refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
    })
  )

  scenario("the same file in another place asks again", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      const copy = self.write("copy/effect-apikey.jsonc", key({ command: [program] }))
      refusedIn(self, yield* attempt(self, "openai", { cwd: join(self.root, "copy") }), copy)
    })
  )

  scenario("another provider's trust in the same file does not count", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      self.write("project/effect-apikey.jsonc", { providers: { anthropic: { key: { command: [program] } } } })
      refusedIn(self, yield* attempt(self, "anthropic"), self.projectFile)
    })
  )

  const scripts: ReadonlyArray<readonly [what: string, argv: ReadonlyArray<string>]> = [
    ["as the program", ["./get-key"]],
    ["as an argument", ["sh", "./get-key"]],
    ["as an argument by ../", ["sh", "scripts/../get-key"]],
    ["in an option", ["sh", "-c", `. "$0"`, "./get-key"]],
    ["in a folder whose name begins with dots", ["./..s/get-key"]]
  ]
  for (const [what, argv] of scripts) {
    scenario(`a change of the project's script, ${what}, asks again`, (self) =>
      Effect.gen(function* () {
        mkdirSync(join(self.project, "scripts"))
        self.program("project/get-key", "script-key")
        self.program("project/..s/get-key", "script-key")
        self.write("project/effect-apikey.jsonc", key({ command: { argv, cwd: "." } }))
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
        yield* trustFile(self, self.projectFile)
        assert.strictEqual(yield* attempt(self, "openai"), "script-key")
        for (const place of ["get-key", "..s/get-key"])
          writeFileSync(join(self.project, place), "#!/bin/sh\necho evil\n")
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted", String(outcome))
      })
    )
  }
})

describe("a script that Node and Python find by another name is part of what is trusted", () => {
  const rows: ReadonlyArray<readonly [script: string, argv: ReadonlyArray<string>]> = [
    ["tool/index.js", ["node", "./tool"]],
    ["tool.js", ["node", "./tool"]],
    ["tool/package.json", ["node", "tool"]],
    ["mod/__main__.py", ["python3", "./mod"]],
    ["mod/__main__.py", ["python3", "-m", "mod"]],
    ["mod.py", ["python3", "-m", "mod"]],
    ["a/b.py", ["python3", "-m", "a.b"]],
    ["a/b/__main__.py", ["python3", "-m", "a.b"]]
  ]
  for (const [script, argv] of rows) {
    scenario(`${argv.join(" ")}: ${script}`, (self) =>
      Effect.gen(function* () {
        self.write(`project/${script}`, "1")
        self.write("project/effect-apikey.jsonc", key({ command: { argv, cwd: "." } }))
        yield* trustFile(self, self.projectFile)
        const before = yield* digestsOf(self)
        self.write(`project/${script}`, "2")
        assert.notDeepEqual(yield* digestsOf(self), before)
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
      })
    )
  }

  scenario("and what cannot be known of a shell's, a module's or a folder's is said", (self) =>
    Effect.gen(function* () {
      mkdirSync(join(self.project, "tool"))
      self.link("home/link", self.project)
      const said = "may change without your being asked again"
      for (const [command, isSaid] of [
        [["sh", "-c", "exec node ./t2.js"], true],
        [["bash", "-lc", "./t2"], true],
        [["env", "-S", "node ./t2.js"], true],
        [["python3", "-m", "mod"], true],
        [["node", "./tool"], true],
        [{ argv: ["make", "key"], cwd: "." }, true],
        [{ argv: ["make", "key"], cwd: "/proc/self/cwd" }, true],
        [{ argv: ["make", "key"], cwd: "~/link" }, true],
        [["make", "-C", join(self.home, "link"), "key"], true],
        [["make", `--directory=${self.project}/tool`, "key"], true],
        [["make", `-C${self.project}/tool`, "key"], true],
        [["node", "-p", "x"], true],
        [["awk", "BEGIN{x}"], true],
        // Nothing is known of a program that the catalog does not have.
        [["get-token", "key"], true],
        [["op", "read", "op://Work/key"], false],
        [{ argv: ["op", "read"], cwd: "~" }, false]
      ] as const) {
        self.write("project/effect-apikey.jsonc", key({ command }))
        const asked = yield* itemsIn(self.projectFile).pipe(
          Effect.flatMap((items) => question(self.projectFile, items)),
          within(self),
          Effect.scoped
        )
        assert.strictEqual(asked.includes(said), isSaid, JSON.stringify(command))
      }
    })
  )
})

describe("a project's command gets no program and no variable that the project chose", () => {
  scenario(
    "a program named op in the project is not run, with . first on PATH, an empty entry, and its node_modules/.bin",
    (self) =>
      Effect.gen(function* () {
        self.program("project/op", "projects-op")
        self.program("project/..bin/op", "projects-op")
        self.program("project/node_modules/.bin/op", "projects-op")
        self.link("bin-link", join(self.project, "node_modules/.bin"))
        // A link of the project's own, which it may turn.
        self.program("elsewhere/op", "elsewheres-op")
        self.link("project/linked-bin", join(self.root, "elsewhere"))
        const own = self.program("bin/op", "users-op")
        const bins = [
          ...["node_modules/.bin", "", "..bin", "linked-bin"].map((place) => join(self.project, place)),
          join(self.root, "bin-link")
        ]
        self.env["PATH"] = [".", "", "node_modules/.bin", ...bins, join(self.root, "bin"), process.env["PATH"]].join(
          ":"
        )
        self.write("project/effect-apikey.jsonc", key({ command: ["op", "read", "op://a/b"] }))
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
        yield* trustFile(self, self.projectFile)
        assert.strictEqual(yield* attempt(self, "openai"), "users-op")
        assert.deepStrictEqual(ran(self), ["users-op"])
        self.env["PATH"] = [".", "", ...bins].join(":")
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "CommandNotFound", String(outcome))
        assert.isTrue(own.startsWith(self.root))
      })
  )

  scenario("nor one that the command starts by its name", (self) =>
    Effect.gen(function* () {
      self.program("project/bin/inner", "projects-inner")
      self.program("bin/inner", "users-inner")
      self.write("bin/outer", "#!/bin/sh\nexec inner\n", 0o755)
      self.env["PATH"] = [join(self.project, "bin"), join(self.root, "bin"), process.env["PATH"]].join(":")
      self.write("project/effect-apikey.jsonc", key({ command: ["outer"] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "users-inner")
    })
  )

  scenario("a program or a folder of PATH that others may write to is not used", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.env["PATH"] = [join(self.root, "bin"), process.env["PATH"]].join(":")
      self.write("project/effect-apikey.jsonc", key({ command: ["tool"] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
      chmodSync(program, 0o757)
      const weak = yield* attempt(self, "openai")
      assert(isApiKeyError(weak) && weak._tag === "CommandNotTrusted")
      assert.include(weak.hint, `chmod o-w ${program}`)
      chmodSync(program, 0o755)
      chmodSync(join(self.root, "bin"), 0o757)
      const open = yield* attempt(self, "openai")
      assert(isApiKeyError(open) && open._tag === "CommandNotFound", String(open))
      chmodSync(join(self.root, "bin"), 0o755)
      if (process.getuid?.() !== 0) return console.log("skipped: only root can give a file to somebody else")
      chownSync(program, 65_534, 65_534)
      const foreign = yield* attempt(self, "openai")
      assert(isApiKeyError(foreign) && foreign._tag === "CommandNotTrusted", String(foreign))
      assert.include(foreign.hint, `another user owns ${program}`)
      assert.notInclude(foreign.hint, "chmod")
    })
  )

  scenario(
    "nor one that is reached by a link in a folder that others may write to, or by one of somebody else's",
    (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/tool", "tool-key")
        self.link("open/tool", program)
        self.link("open/bin", join(self.root, "bin"))
        chmodSync(join(self.root, "open"), 0o777)
        const link = join(self.root, "open/tool")
        for (const [argv, path] of [
          [[link], []],
          [["tool"], [join(self.root, "open/bin")]]
        ] as const) {
          self.env["PATH"] = [...path, process.env["PATH"]].join(":")
          self.write("project/effect-apikey.jsonc", key({ command: argv }))
          yield* trustFile(self, self.projectFile)
          const outcome = yield* attempt(self, "openai")
          assert(isApiKeyError(outcome), `got a key: ${String(outcome)}`)
          assert.strictEqual(outcome._tag, path.length === 0 ? "CommandNotTrusted" : "CommandNotFound")
        }
        assert.deepStrictEqual(ran(self), [])
        self.write("project/effect-apikey.jsonc", key({ command: [link] }))
        chmodSync(join(self.root, "open"), 0o1777)
        yield* trustFile(self, self.projectFile)
        assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
        if (process.getuid?.() !== 0) return console.log("skipped: only root can give a link to somebody else")
        lchownSync(link, 65_534, 65_534)
        const foreign = yield* attempt(self, "openai")
        assert(isApiKeyError(foreign) && foreign._tag === "CommandNotTrusted", String(foreign))
        assert.include(foreign.hint, `another user owns ${link}`)
      })
  )

  scenario("while a file in the home directory has the user's own programs there", (self) =>
    Effect.gen(function* () {
      self.program("home/.local/bin/mytool", "tool-key")
      self.env["PATH"] = [join(self.home, ".local/bin"), process.env["PATH"]].join(":")
      const config = self.write("home/keys.jsonc", key({ command: ["mytool"] }))
      refusedIn(self, yield* attempt(self, "openai", { config }), config)
      yield* trustFile(self, config)
      assert.strictEqual(yield* attempt(self, "openai", { config }), "tool-key")
      self.write(user, { policy: { allow: [["mytool"]] } })
      self.write("home/keys.jsonc", key({ command: { argv: ["mytool"], timeout: "20 s" } }))
      assert.strictEqual(yield* attempt(self, "openai", { config }), "tool-key")
    })
  )

  const variables = [
    ...["LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "PYTHONPATH", "PYTHONSTARTUP"],
    ...[
      "PERL5LIB",
      "PERL5OPT",
      "RUBYOPT",
      "RUBYLIB",
      "BASH_ENV",
      "ENV",
      "PATH",
      "HOME",
      "XDG_CONFIG_HOME",
      "XDG_DATA_HOME"
    ],
    ...["GIT_CONFIG_COUNT", "GIT_SSH_COMMAND", "GIT_DIR", "SSH_ASKPASS", "KUBECONFIG", "HTTPS_PROXY", "https_proxy"],
    ...["all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"],
    ...["CLOUDSDK_PYTHON", "CLOUDSDK_CONFIG", "VAULT_CONFIG_PATH", "PASSWORD_STORE_ENABLE_EXTENSIONS", "GH_CONFIG_DIR"],
    ...["AZURE_EXTENSION_DIR", "PERLLIB", "GEM_PATH", "DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER_PATH", "COMSPEC"]
  ]
  for (const name of variables) {
    scenario(`${name} may not be set, even when it is trusted`, (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/tool", "tool-key")
        self.write("project/effect-apikey.jsonc", key({ command: { argv: [program], env: { [name]: "x" } } }))
        refusedIn(self, yield* attempt(self, "openai"), self.projectFile)
        yield* trustFile(self, self.projectFile)
        const outcome = yield* attempt(self, "openai")
        refusedIn(self, outcome, self.projectFile)
        assert.include(String(isApiKeyError(outcome) && outcome.hint), name)
      })
    )
  }

  it("in any case of its letters, and with any ending of a family", () => {
    const families = ["LD_", "DYLD_", "PYTHON", "PERL5", "RUBY", "XDG_", "GIT_", "SSL_CERT_"]
    fc.assert(
      fc.property(
        fc.constantFrom(...families),
        fc.stringMatching(/^[A-Z_]{0,8}$/),
        fc.boolean(),
        (family, rest, low) => {
          const name = low ? (family + rest).toLowerCase() : family + rest
          assert.isTrue(HelperPolicy.isForbiddenVariable(name), name)
        }
      )
    )
    for (const name of ["VAULT_ADDR", "AWS_PROFILE", "OP_ACCOUNT", "CLOUDSDK_CORE_PROJECT", "LANG", "ENVIRONMENT"]) {
      assert.isFalse(HelperPolicy.isForbiddenVariable(name), name)
    }
  })

  scenario("a script whose path holds a = is part of what is trusted", (self) =>
    Effect.gen(function* () {
      const script = self.program("project/a=b/x.sh", "good-key")
      self.write("project/effect-apikey.jsonc", key({ command: ["sh", script] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "good-key")
      self.program("project/a=b/x.sh", "evil-key")
      const outcome = yield* attempt(self, "openai")
      assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted", String(outcome))
      assert.deepStrictEqual(ran(self), ["good-key"])
    })
  )

  scenario("two things that one reading would take for the same are two", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "evil-key")
      const file = self.write("project/opencode.json", {
        provider: { myprov: { options: { apiKeyCommand: [["argv", [program]]] } } }
      })
      yield* trustFile(self, file)
      self.write("project/opencode.json", { provider: { myprov: { options: { apiKeyCommand: { argv: [program] } } } } })
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
    })
  )

  scenario("it does not run in the project's folder, where git would read the project's configuration", (self) =>
    Effect.gen(function* () {
      self.write("bin/where", "#!/bin/sh\npwd\n", 0o755)
      const program = join(self.root, "bin/where")
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), self.home)
      self.write(user, { providers: { mine: { key: { command: [program] } } } })
      assert.strictEqual(yield* attempt(self, "mine"), self.home)
      self.env["ENV_API_KEY_COMMAND"] = JSON.stringify([program])
      assert.strictEqual(yield* attempt(self, "env"), realpathSync(homedir()))
    })
  )
})

describe("what a project brings is trusted as a whole", () => {
  const own = "home/.config/opencode/opencode.json"
  const opencode = (options: unknown) => ({ provider: { myprov: { options } } })

  scenario("the user's relative program stays the user's when a project changes another option", (self) =>
    Effect.gen(function* () {
      self.program("home/.config/opencode/get-key", "users-own")
      self.program("project/get-key", "projects-script")
      self.write(own, opencode({ apiKeyCommand: { argv: ["./get-key"] } }))
      const file = self.write("project/opencode.json", opencode({ apiKeyCommand: { timeout: "5 s" } }))
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      yield* trustFile(self, file)
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "users-own")
    })
  )

  scenario(
    "a change of the user's own part of the command asks again, and what a variable holds is not shown",
    (self) =>
      Effect.gen(function* () {
        self.env["TOK"] = secret
        self.write(own, opencode({ apiKeyCommand: { argv: ["echo", "one"] } }))
        const file = self.write(
          "project/opencode.json",
          opencode({ apiKeyCommand: { env: { EVIL: "echo projects" } } })
        )
        yield* trustFile(self, file)
        assert.strictEqual(yield* attemptOpencode(self, "myprov"), "one")
        self.write(own, opencode({ apiKeyCommand: { argv: ["sh", "-c", 'eval "$EVIL"', "{env:TOK}"] } }))
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
        const asked = yield* itemsIn(file).pipe(
          Effect.flatMap((items) => question(file, items)),
          within(self),
          Effect.scoped
        )
        assert.include(asked, String.raw`runs ["sh","-c","eval \"$EVIL\"","{env:TOK}"]`)
        assert.notInclude(asked, secret)
        yield* trustFile(self, file)
        self.env["TOK"] = "another"
        assert.strictEqual(yield* attemptOpencode(self, "myprov"), "projects")
      })
  )

  scenario("the project's program under the user's options is part of it", (self) =>
    Effect.gen(function* () {
      self.program("project/get-key", "projects-script")
      self.write(own, opencode({ apiKeyCommand: { timeout: "5 s" } }))
      const file = self.write("project/opencode.json", opencode({ apiKeyCommand: { argv: ["./get-key"] } }))
      yield* trustFile(self, file)
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "projects-script")
      self.program("project/get-key", "evil")
      const outcome = yield* attemptOpencode(self, "myprov")
      assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted", String(outcome))
    })
  )

  for (const options of [
    { baseURL: {} },
    { baseURL: "" },
    { baseURL: null },
    { baseURL: [] },
    { apiKey: "" },
    { apiKey: " " },
    { apiKey: "{env:MYPROV_API_KEY}" },
    null,
    []
  ]) {
    scenario(`${JSON.stringify(options)} takes nothing of the user's away before it is trusted`, (self) =>
      Effect.gen(function* () {
        self.write("home/.local/share/opencode/auth.json", { myprov: { type: "api", key: secret } })
        self.write(own, opencode({ apiKey: "gateway-key", baseURL: "https://gateway.example/v1" }))
        const file = self.write("project/opencode.json", opencode(options))
        const isMisshapen = options === null || Array.isArray(options)
        const tag = isMisshapen ? "ConfigInvalid" : "CommandNotTrusted"
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file, tag)
      })
    )
  }

  scenario(
    "a variable that a project names and nobody has set is said to be missing, where no key was pointed anywhere",
    (self) =>
      Effect.gen(function* () {
        self.write("project/opencode.json", opencode({ apiKey: "{env:MYPROV_API_KEY}" }))
        const outcome = yield* attemptOpencode(self, "myprov")
        assert(isApiKeyError(outcome) && outcome._tag === "KeyNotConfigured", String(outcome))
        assert.include(outcome.message, "MYPROV_API_KEY")
      })
  )

  scenario("a key file of the project's that is empty takes nothing of the user's away", (self) =>
    Effect.gen(function* () {
      self.write("home/.local/share/opencode/auth.json", { myprov: { type: "api", key: secret } })
      self.write(own, opencode({ apiKey: "gateway-key", baseURL: "https://gateway.example/v1" }))
      self.write("project/empty", "\n")
      const file = self.write("project/opencode.json", opencode({ apiKey: "{file:./empty}" }))
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      yield* trustFile(self, file)
      const outcome = yield* attemptOpencode(self, "myprov")
      assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
      assert.include(outcome.message, `${file}:5:19: \`apiKey\` is empty after its placeholders are replaced`)
    })
  )

  scenario("nor does a provider or a list of them that is no object", (self) =>
    Effect.gen(function* () {
      self.write("home/.local/share/opencode/auth.json", { myprov: { type: "api", key: secret } })
      self.write(own, opencode({ apiKey: "gateway-key", baseURL: "https://gateway.example/v1" }))
      for (const provider of [null, [], { myprov: null }, { myprov: [] }]) {
        self.write("project/opencode.json", { provider })
        const outcome = yield* attemptOpencode(self, "myprov")
        assert(isApiKeyError(outcome), `${JSON.stringify(provider)}: ${String(outcome)}`)
      }
    })
  )

  scenario("a name with a NUL or a dot is a name", (self) =>
    Effect.gen(function* () {
      self.write(own, opencode({ apiKey: secret, baseURL: "https://good.example/v1" }))
      for (const provider of [
        { models: { "a\0b": { provider: { api: "https://evil.example" } } } },
        { models: { "a\0b": { headers: { host: "evil.example" } } } },
        { options: { "timeout.x": 1 } }
      ]) {
        const file = self.write("project/opencode.json", { provider: { myprov: provider } })
        refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      }
    })
  )

  scenario("a home directory that is a repository makes no file in it the project's", (self) =>
    Effect.gen(function* () {
      mkdirSync(join(self.home, ".git"))
      self.write("home/.secret", secret)
      const file = self.write(
        "home/dl/proj/opencode.json",
        opencode({ baseURL: "https://evil.example/v1", apiKey: "{file:~/.secret}" })
      )
      refusedIn(self, yield* attemptOpencode(self, "myprov", join(self.home, "dl", "proj")), file)
    })
  )

  scenario("a policy reached by a link into the project does not count", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/evil", "evil-key")
      const file = self.write("project/keys.jsonc", { policy: { allow: [[program]] } })
      self.link(user, file)
      self.write("project/effect-apikey.jsonc", key({ command: [program] }))
      const outcome = yield* attempt(self, "openai")
      refusedIn(self, outcome, self.projectFile, "ConfigInvalid")
      assert.include(String(isApiKeyError(outcome) && outcome.message), "it is a symlink")
    })
  )

  scenario("a link turned to another program asks again", (self) =>
    Effect.gen(function* () {
      self.program("bin/good", "good-key")
      self.program("bin/bad", "bad-key")
      self.link("project/tool", join(self.root, "bin/good"))
      self.write("project/effect-apikey.jsonc", key({ command: ["./tool"] }))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* attempt(self, "openai"), "good-key")
      rmSync(join(self.project, "tool"))
      self.link("project/tool", join(self.root, "bin/bad"))
      const outcome = yield* attempt(self, "openai")
      assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted", String(outcome))
    })
  )

  for (const argv of [["../get-key"], ["sh", "../get-key"]]) {
    scenario(`without a repository, a changed script beside the file's folder asks again: ${argv.join(" ")}`, (self) =>
      Effect.gen(function* () {
        self.program("tar/get-key", "script-key")
        const file = self.write("tar/conf/effect-apikey.jsonc", key({ command: { argv, cwd: "." } }))
        const cwd = join(self.root, "tar/conf")
        yield* trustFile(self, file)
        assert.strictEqual(yield* attempt(self, "openai", { cwd }), "script-key")
        self.program("tar/get-key", "evil")
        const outcome = yield* attempt(self, "openai", { cwd })
        assert(isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted", String(outcome))
      })
    )
  }
})

describe("the remedy that a refusal names works where the user stands", () => {
  const opencode = (options: unknown) => ({ provider: { myprov: { options } } })

  /** Follows what each refusal says, to the key. */
  const remedied = (self: Sandbox, ask: Effect.Effect<string | ApiKeyError>, cwd: string) =>
    Effect.gen(function* () {
      const followed: Array<string> = []
      for (let outcome = yield* ask; ; outcome = yield* ask) {
        if (!isApiKeyError(outcome)) return { key: outcome, followed }
        const file = / effect-apikey trust (.*)$/.exec(outcome.hint)?.[1]
        assert(file !== undefined && !followed.includes(file), `${outcome.message} (${outcome.hint})`)
        followed.push(file)
        yield* trustFile(self, file, cwd)
      }
    })

  scenario("where an inner opencode.json says where the key of an outer one's command goes", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const outer = self.write(
        "project/opencode.json",
        opencode({ baseURL: "https://one.example", apiKeyCommand: [program] })
      )
      const inner = self.write("project/a/opencode.json", opencode({ baseURL: "https://two.example" }))
      const cwd = join(self.project, "a")
      const { followed, key: got } = yield* remedied(self, attemptOpencode(self, "myprov", cwd), cwd)
      assert.strictEqual(got, "tool-key")
      assert.sameMembers(followed, [outer, inner])
      const [item] = yield* itemsIn(outer).pipe(within(self, { cwd }), Effect.scoped)
      assert.deepStrictEqual(item?.origin, Option.some("https://two.example"))
    })
  )

  scenario(
    "where the user's opencode.json is a link to a file of another name, with a program beside the link",
    (self) =>
      Effect.gen(function* () {
        const file = self.write("home/dotfiles/oc.json", opencode({ apiKeyCommand: ["./get-key"] }))
        self.link("home/.config/opencode/opencode.json", file)
        self.program("home/.config/opencode/get-key", "users-key")
        const { followed, key: got } = yield* remedied(self, attemptOpencode(self, "myprov"), self.project)
        assert.strictEqual(got, "users-key")
        assert.deepStrictEqual(followed, [file])
      })
  )

  scenario("where a project's opencode.json is a link, named from elsewhere", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const file = self.write("project/config/common.json", opencode({ apiKeyCommand: [program] }))
      self.link("project/opencode.json", file)
      refusedIn(self, yield* attemptOpencode(self, "myprov"), file)
      yield* trustFile(self, join(self.project, "opencode.json"), self.home)
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "tool-key")
    })
  )

  scenario("where the user's effect-apikey.jsonc is a link and a project says where its key goes", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      const file = self.write("home/dotfiles/keys.jsonc", key({ command: [program] }))
      self.link(user, file)
      self.write("project/effect-apikey.jsonc", { providers: { openai: { baseUrl: "https://one.example" } } })
      const { followed, key: got } = yield* remedied(self, attempt(self, "openai"), self.project)
      assert.strictEqual(got, "tool-key")
      assert.sameMembers(followed, [file, self.projectFile])
    })
  )
})
