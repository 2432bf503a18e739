// docs/guides/configuration-files.md's table for effect-apikey.jsonc, a test a row; and files that are wrong.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { isApiKeyError } from "../../../src/ApiKeyError.js"
import { toProvider } from "../../../src/internal/config/provider.js"
import { load } from "../../../src/internal/config/resolve.js"
import { attempt, attemptOpencode, trustFile } from "../../support/attempt.js"
import { type Sandbox, sandbox, within } from "../../support/sandbox.js"

const scenario = <A, E>(name: string, test: (self: Sandbox) => Effect.Effect<A, E>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, test))

const user = "home/.config/effect-apikey/effect-apikey.jsonc"
const literal = (key: string) => ({ providers: { openai: { key: { literal: key } } } })

/** The places, the first goes first. */
const places = ["config", "key", "file", "command", "project", "user"] as const
type Place = (typeof places)[number]

const set = (self: Sandbox, name: string, value: string): void => {
  self.env[name] = value
}

const put: Readonly<Record<Place, (self: Sandbox) => void>> = {
  config: (self) => void self.write("home/given.jsonc", literal("from-config")),
  key: (self) => set(self, "OPENAI_API_KEY", "from-key"),
  file: (self) => set(self, "OPENAI_API_KEY_FILE", self.write("home/key", "from-file")),
  command: (self) => set(self, "OPENAI_API_KEY_COMMAND", `["echo", "from-command"]`),
  project: (self) => void self.write("project/effect-apikey.jsonc", literal("from-project")),
  user: (self) => void self.write(user, literal("from-user"))
}

const asked = (self: Sandbox, there: ReadonlySet<Place>) =>
  Effect.gen(function* () {
    if (there.has("config")) return yield* attempt(self, "openai", { config: join(self.home, "given.jsonc") })
    // A project's own key replaces the user's only with trust.
    if (there.has("project") && there.has("user")) yield* Effect.ignore(trustFile(self, self.projectFile))
    return yield* attempt(self, "openai")
  })

describe("precedence", () => {
  for (const [index, place] of places.entries()) {
    scenario(`${place} goes before ${places.slice(index + 1).join(", ") || "nothing"}`, (self) =>
      Effect.gen(function* () {
        const there = new Set(places.slice(index))
        for (const each of there) put[each](self)
        assert.strictEqual(yield* asked(self, there), `from-${place}`)
      })
    )
  }

  it("is the first that is there, for any of them present and absent", () =>
    fc.assert(
      fc.asyncProperty(fc.subarray([...places], { minLength: 1 }), (chosen) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const self = yield* sandbox
            for (const each of chosen) put[each](self)
            const there = new Set(chosen)
            // --config stands for all files.
            const first = places.find((place) => there.has(place))
            assert.strictEqual(yield* asked(self, there), `from-${first}`)
          }).pipe(Effect.scoped)
        )
      ),
      { numRuns: 40 }
    ))

  type State = "absent" | "there" | "failing"
  const state = fc.constantFrom<State>("absent", "there", "failing")

  const spoil: typeof put = {
    config: (self) => void self.write("home/given.jsonc", "{"),
    key: (self) => set(self, "OPENAI_API_KEY", "two\nlines"),
    file: (self) => set(self, "OPENAI_API_KEY_FILE", self.home),
    command: (self) => set(self, "OPENAI_API_KEY_COMMAND", "no argv"),
    project: (self) =>
      void self.write("project/effect-apikey.jsonc", { providers: { openai: { key: { file: "." } } } }),
    user: (self) => void self.write(user, { providers: { openai: { key: { command: "no argv" } } } })
  }
  const failures: Readonly<Record<Place, string>> = {
    config: "ConfigInvalid",
    key: "InvalidOutput",
    file: "SourceUnreadable",
    command: "ConfigInvalid",
    project: "SourceUnreadable",
    user: "ConfigInvalid"
  }

  it("is what the first that is not absent says, be it a key or a failure", () =>
    fc.assert(
      fc.asyncProperty(fc.tuple(state, state, state, state, state, state), (states) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const self = yield* sandbox
            const stateOf = (place: Place): State => states[places.indexOf(place)] ?? "absent"
            for (const place of places) {
              if (stateOf(place) === "there") put[place](self)
              if (stateOf(place) === "failing") spoil[place](self)
            }
            const there = new Set(places.filter((place) => stateOf(place) !== "absent"))
            const first = places.find((place) => there.has(place))
            const outcome = yield* asked(self, there)
            if (first !== undefined && stateOf(first) === "there") return assert.strictEqual(outcome, `from-${first}`)
            assert(isApiKeyError(outcome))
            assert.strictEqual(outcome._tag, first === undefined ? "KeyNotConfigured" : failures[first])
          }).pipe(Effect.scoped)
        )
      ),
      { numRuns: 60 }
    ))

  const opencodePlaces = ["apiKey", "auth", "env", "command"] as const

  it("of opencode's places too", () =>
    fc.assert(
      fc.asyncProperty(fc.tuple(state, state, state, state), ([apiKey, auth, env, command]) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const self = yield* sandbox
            const states = { apiKey, auth, env, command }
            self.write("home/.config/opencode/opencode.json", {
              provider: {
                myprov: {
                  env: ["MY_KEY"],
                  options: {
                    ...(apiKey === "absent" ? {} : { apiKey: apiKey === "there" ? "from-apiKey" : "{file:./gone}" }),
                    ...(command === "absent"
                      ? {}
                      : { apiKeyCommand: command === "there" ? ["echo", "from-command"] : "no argv" })
                  }
                }
              }
            })
            if (auth === "failing") self.write("home/.local/share/opencode/auth.json/is-a-folder", "")
            if (auth === "there") {
              self.write("home/.local/share/opencode/auth.json", { myprov: { type: "api", key: "from-auth" } })
            }
            if (env !== "absent") self.env["MY_KEY"] = env === "there" ? "from-env" : "two\nlines"
            const first = opencodePlaces.find((place) => states[place] !== "absent")
            const outcome = yield* attemptOpencode(self, "myprov")
            if (first !== undefined && states[first] === "there") {
              return assert.strictEqual(outcome, `from-${first}`)
            }
            assert(isApiKeyError(outcome), String(outcome))
            const tags = {
              apiKey: "ConfigInvalid",
              auth: "SourceUnreadable",
              env: "InvalidOutput",
              command: "ConfigInvalid"
            }
            assert.strictEqual(outcome._tag, first === undefined ? "KeyNotConfigured" : tags[first])
          }).pipe(Effect.scoped)
        )
      ),
      { numRuns: 60 }
    ))

  scenario("a source that is absent lets the next try, and the error lists all", (self) =>
    Effect.gen(function* () {
      self.write("project/effect-apikey.jsonc", { providers: { openai: { key: { file: "./missing" } } } })
      self.write(user, literal("from-user"))
      assert.strictEqual(yield* attempt(self, "openai"), "from-user")
      self.write(user, { providers: { openai: { key: { env: "MINE" } } } })
      const error = yield* attempt(self, "openai")
      assert(isApiKeyError(error) && error._tag === "KeyNotConfigured")
      assert.deepStrictEqual(error.tried, [
        `file ${join(self.project, "missing")}`,
        "environment variable MINE",
        ...["", "_FILE", "_COMMAND"].map((end) => `environment variable OPENAI_API_KEY${end}`)
      ])
      const nobody = yield* attempt(self, "nobody")
      assert(isApiKeyError(nobody) && nobody._tag === "KeyNotConfigured")
      assert.include(nobody.tried, self.projectFile)
      assert.include(nobody.tried, self.userFile)
    })
  )

  scenario("a source that fails does not", (self) =>
    Effect.gen(function* () {
      self.write("project/effect-apikey.jsonc", { providers: { openai: { key: { file: "." } } } })
      const error = yield* attempt(self, "openai")
      assert(isApiKeyError(error) && error._tag === "SourceUnreadable")
      self.write(user, literal("from-user"))
      const untrusted = yield* attempt(self, "openai")
      assert(isApiKeyError(untrusted) && untrusted._tag === "CommandNotTrusted")
      self.env["OPENAI_API_KEY_COMMAND"] = "op read x"
      const before = yield* attempt(self, "openai")
      assert(isApiKeyError(before) && before._tag === "ConfigInvalid")
      assert.include(before.message, "OPENAI_API_KEY_COMMAND")
      assert.strictEqual(before.hint, `It probably means ["op", "read", "x"]`)
    })
  )

  scenario("the nearest file upwards, to the root of the repository and never in or above the home directory", (self) =>
    Effect.gen(function* () {
      self.write("effect-apikey.jsonc", literal("above-the-repository"))
      mkdirSync(join(self.project, "a", "b"), { recursive: true })
      const cwd = join(self.project, "a", "b")
      const none = yield* attempt(self, "openai", { cwd })
      assert(isApiKeyError(none) && none._tag === "KeyNotConfigured", String(none))
      self.write("project/effect-apikey.jsonc", literal("root"))
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "root")
      self.write("project/a/effect-apikey.jsonc", literal("nearest"))
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "nearest")
      self.write("home/effect-apikey.jsonc", literal("home"))
      self.write("home/x/y", "")
      const error = yield* attempt(self, "openai", { cwd: join(self.home, "x") })
      assert(isApiKeyError(error))
    })
  )

  scenario("XDG_CONFIG_HOME says where the user's file is, when it is absolute", (self) =>
    Effect.gen(function* () {
      self.write("xdg/effect-apikey/effect-apikey.jsonc", literal("from-xdg"))
      self.env["XDG_CONFIG_HOME"] = join(self.root, "xdg")
      assert.strictEqual(yield* attempt(self, "openai"), "from-xdg")
      self.env["XDG_CONFIG_HOME"] = "xdg"
      assert(isApiKeyError(yield* attempt(self, "openai", { cwd: self.root })))
    })
  )
})

describe("a file that is wrong is one error with file, line, column and remedy", () => {
  const rows: ReadonlyArray<readonly [what: string, text: unknown, at: string, problem: RegExp, hint: RegExp]> = [
    ["invalid JSONC", "{\n  nonsense\n}", ":2:3", /not JSON/, /Correct it/],
    ["empty", "", ":1:1", /not JSON/, /Correct it/],
    ["a list", "[]", ":1:1", /expected an object/, /providers/],
    ["an unknown key", `{ "provider": {} }`, ":1:3", /"provider" is not known here/, /Did you mean "providers"/],
    ["providers of a wrong type", `{ "providers": [] }`, ":1:16", /expected an object/, /openai/],
    ["a key given twice", `{ "providers": { "a": {},\n "a": {} } }`, ":2:2", /"a" is given twice/, /Remove one/],
    ["10 MB of brackets", "[".repeat(10 * 1024 * 1024), ":1:1", /larger than 1024 KiB/, /Remove/],
    ["1 MB of brackets", "[".repeat(1024 * 1024), ":1:65", /more than 64 levels/, /Remove/]
  ]
  for (const [what, text, at, problem, hint] of rows) {
    scenario(`${what}: for each provider that comes to it`, (self) =>
      Effect.gen(function* () {
        self.write(user, text)
        const error = yield* attempt(self, "openai")
        assert(isApiKeyError(error) && error._tag === "ConfigInvalid", String(error))
        assert.isTrue(error.message.startsWith(`${self.userFile}${at}: `), error.message.slice(0, 200))
        assert.match(error.problem, problem)
        assert.match(error.hint, hint)
        self.env["OPENAI_API_KEY"] = "sk-1"
        assert.strictEqual(yield* attempt(self, "openai"), "sk-1")
      })
    )
  }

  const entries: ReadonlyArray<readonly [what: string, entry: string, at: string, problem: RegExp, hint: RegExp]> = [
    ["no object", `"sk-1"`, ":3:12", /expected an object/, /"key"/],
    ["nothing in it", `{}`, ":3:12", /is empty/, /"key"/],
    ["a source without key", `{ "env": "A" }`, ":3:14", /"env" is not known here/, /Put it under "key"/],
    ["an unknown key", `{ "baseURL": "https://x" }`, ":3:14", /"baseURL" is not known/, /Did you mean "baseUrl"/],
    ["a wrong type", `{ "key": { "command": [1] } }`, ":3:35", /expected a string/, /.+/],
    ["an empty argv", `{ "key": { "command": [] } }`, ":3:34", /expected an argv/, /.+/],
    [
      "a duration of -1",
      `{ "key": { "command": { "argv": ["op"], "timeout": -1 } } }`,
      ":3:63",
      /expected a time/,
      /10 seconds/
    ],
    ["an empty env reference", `{ "key": { "env": "" } }`, ":3:30", /the name of an environment variable/, /without/],
    ["a shell string", `{ "key": { "command": "op read x" } }`, ":3:34", /not a shell string/, /\["op", "read", "x"\]/],
    ["no URL", `{ "baseUrl": "api.openai.com" }`, ":3:25", /http or https URL/, /https:/],
    ["a URL with a user", `{ "baseUrl": "https://api.openai.com@evil.test" }`, ":3:25", /without a user name/, /https:/]
  ]
  for (const [what, entry, at, problem, hint] of entries) {
    scenario(`${what} in an entry takes only its own provider down`, (self) =>
      Effect.gen(function* () {
        self.write(
          user,
          `{\n  "providers": {\n    "bad": ${entry},\n    "good": { "key": { "literal": "sk-good" } }\n  }\n}`
        )
        const error = yield* attempt(self, "bad")
        assert(isApiKeyError(error) && error._tag === "ConfigInvalid", String(error))
        assert.strictEqual(error.message, `${self.userFile}${at}: ${error.problem}`)
        assert.match(error.problem, problem)
        assert.match(error.hint, hint)
        assert.strictEqual(yield* attempt(self, "good"), "sk-good")
      })
    )
  }

  scenario("no file, a directory, a cycle of links, an unreadable file, a file that others may write to", (self) =>
    Effect.gen(function* () {
      const given = join(self.home, "given.jsonc")
      const none = yield* attempt(self, "openai", { config: given })
      assert(isApiKeyError(none) && none._tag === "ConfigInvalid")
      assert.strictEqual(none.message, `${given}: there is no such file`)
      mkdirSync(given)
      const folder = yield* attempt(self, "openai", { config: given })
      assert(isApiKeyError(folder) && folder._tag === "SourceUnreadable")
      assert.strictEqual(folder.code, "EISDIR")
      rmSync(given, { recursive: true })
      self.link("home/given.jsonc", join(self.home, "loop"))
      self.link("home/loop", given)
      const loop = yield* attempt(self, "openai", { config: given })
      assert(isApiKeyError(loop) && loop._tag === "SourceUnreadable")
      assert.strictEqual(loop.code, "ELOOP")
      assert.strictEqual(loop.path, given)
      self.link("project/effect-apikey.jsonc", given)
      const found = yield* attempt(self, "openai")
      assert(isApiKeyError(found) && found._tag === "SourceUnreadable")
      rmSync(join(self.project, "effect-apikey.jsonc"))
      self.write(user, literal("from-user"), 0o606)
      const open = yield* attempt(self, "openai")
      assert(isApiKeyError(open) && open._tag === "ConfigInvalid")
      assert.include(open.hint, `chmod o-w ${self.userFile}`)
    })
  )

  scenario("a link that leads nowhere, and a key file or auth.json that is no key's size", (self) =>
    Effect.gen(function* () {
      self.link("project/effect-apikey.jsonc", join(self.root, "gone"))
      self.write(user, literal("from-user"))
      const link = yield* attempt(self, "openai")
      assert(isApiKeyError(link) && link._tag === "ConfigInvalid", String(link))
      assert.include(link.message, `${self.projectFile}: it is a symbolic link that leads nowhere`)
      rmSync(self.projectFile)
      const large = "k".repeat(64 * 1024 + 1)
      const keyFile = self.write("home/large", large)
      self.write("home/.local/share/opencode/auth.json", large)
      self.write(user, { providers: { file: { key: { file: keyFile } }, auth: { key: { auth: "openai" } } } })
      for (const [id, path] of [
        ["file", keyFile],
        ["auth", self.authFile]
      ] as const) {
        const error = yield* attempt(self, id)
        assert(isApiKeyError(error) && error._tag === "SourceUnreadable", String(error))
        assert.deepInclude(error, { path, code: "larger than 64 KiB" })
        assert.include(error.hint, "Name a regular file that contains only the secret")
      }
    })
  )

  scenario("an unreadable file", (self) =>
    Effect.gen(function* () {
      self.write(user, literal("from-user"))
      // Root may read everything, so the system's answer is played.
      const denied = new SystemError({ module: "FileSystem", method: "open", reason: "PermissionDenied" })
      const fs = yield* FileSystem.FileSystem
      const configuration = yield* load().pipe(
        Effect.provideService(FileSystem.FileSystem, {
          ...fs,
          open: (path, options) => (path === self.userFile ? Effect.fail(denied) : fs.open(path, options))
        })
      )
      const provider = yield* toProvider(yield* configuration.resolve("openai"))
      const error = yield* Effect.flip(provider.get)
      assert(error._tag === "SourceUnreadable")
      assert.strictEqual(error.code, "EACCES")
      assert.strictEqual(error.path, self.userFile)
    }).pipe(within(self), Effect.scoped)
  )
})

describe("opencode's configuration, where it is wrong", () => {
  scenario("a bad entry takes only its own provider down", (self) =>
    Effect.gen(function* () {
      const file = self.write(
        "home/.config/opencode/opencode.json",
        `{ "provider": {
        "number": { "options": { "apiKey": 3 } },
        "shell": { "options": { "apiKeyCommand": "op read x" } },
        "nofile": { "options": { "apiKey": "{file:./missing}" } },
        "good": { "options": { "apiKey": "sk-good", "timeout": {env:MISSING} } }
      } }`
      )
      assert.strictEqual(yield* attemptOpencode(self, "good"), "sk-good")
      const rows = [
        ["number", /:2:44: `apiKey` is not a string/, /apiKeyCommand/],
        ["shell", /:3:50: apiKeyCommand: a command is a list of strings/, /\["op", "read", "x"\]/],
        ["nofile", /:4:44: bad file reference: .*missing does not exist/, /Create the file/]
      ] as const
      for (const [id, message, hint] of rows) {
        const error = yield* attemptOpencode(self, id)
        assert(isApiKeyError(error) && error._tag === "ConfigInvalid", String(error))
        assert.strictEqual(error.file, file)
        assert.match(error.message, message)
        assert.match(error.hint, hint)
      }
    })
  )

  scenario("the command runs when there is no key, and only then", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "from-command")
      const options = { apiKey: "{env:GATEWAY}", apiKeyCommand: [program, "{env:WHO}"] }
      self.write("home/.config/opencode/opencode.json", { provider: { myprov: { env: ["MYPROV_KEY"], options } } })
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "from-command")
      self.env["MYPROV_KEY"] = "from-variable"
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "from-variable")
      self.write("home/.local/share/opencode/auth.json", { myprov: { type: "api", key: "from-auth" } })
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "from-auth")
      self.env["GATEWAY"] = "from-options"
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "from-options")
    })
  )

  scenario("the variables that opencode knows by its providers' ids count without any configuration", (self) =>
    Effect.gen(function* () {
      self.env["ANTHROPIC_API_KEY"] = "sk-a"
      self.env["ZHIPU_API_KEY"] = "sk-z"
      assert.strictEqual(yield* attemptOpencode(self, "anthropic"), "sk-a")
      assert.strictEqual(yield* attemptOpencode(self, "zai"), "sk-z")
      const error = yield* attemptOpencode(self, "nobody")
      assert(isApiKeyError(error) && error._tag === "KeyNotConfigured")
      assert.deepStrictEqual(error.tried, ["options.apiKey", "auth.json entry nobody", "options.apiKeyCommand"])
    })
  )

  for (const [text, where] of [
    ["[]", "1:1: it is not an object"],
    ['{"provider":3}', "1:13: `provider` is not an object"],
    ['{"provider":{"myprov":3}}', "1:23: the provider is not an object"],
    ['{"provider":{"myprov":{"options":[]}}}', "1:34: `options` is not an object"],
    ['{"provider":{"myprov":{"env":"X"}}}', "1:30: `env` is not a list of names"],
    ['{"provider":{"myprov":{"env":["X",3]}}}', "1:30: `env` is not a list of names"],
    ['{"provider":{"myprov":{"env":{"a":"X"}}}}', "1:35: `env` is not a list of names"]
  ] as const) {
    scenario(`a wrong type is one error with its place: ${text}`, (self) =>
      Effect.gen(function* () {
        self.env["X"] = "sk-x"
        const file = self.write("home/.config/opencode/opencode.json", text)
        const error = yield* attemptOpencode(self, "myprov")
        assert(isApiKeyError(error) && error._tag === "ConfigInvalid", String(error))
        assert.strictEqual(error.message, `${file}:${where}`)
        assert.isNotEmpty(error.hint)
      })
    )
  }

  scenario("a cycle of links is told as one", (self) =>
    Effect.gen(function* () {
      const file = join(self.home, ".config/opencode/opencode.json")
      self.link("home/.config/opencode/opencode.json", "opencode.json")
      const error = yield* attemptOpencode(self, "myprov")
      assert(isApiKeyError(error) && error._tag === "SourceUnreadable", String(error))
      assert.strictEqual(error.message, `configuration: ${file} cannot be read (ELOOP)`)
    })
  )

  scenario("a project's file is read as it is once trusted", (self) =>
    Effect.gen(function* () {
      self.write("home/keys/k", "from-file")
      const file = self.write("project/opencode.json", {
        provider: { myprov: { options: { apiKey: "{file:~/keys/k}" } } }
      })
      assert(isApiKeyError(yield* attemptOpencode(self, "myprov")))
      yield* trustFile(self, file)
      assert.strictEqual(yield* attemptOpencode(self, "myprov"), "from-file")
    })
  )
})
