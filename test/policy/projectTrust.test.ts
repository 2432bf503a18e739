// What trust in a project's file covers, and what the question says of the rest.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isApiKeyError } from "../../src/ApiKeyError.js"
import { variablesFor } from "../../src/ApiKeySource.js"
import { itemsIn, trust } from "../../src/cli/trust.js"
import { question } from "../../src/cli/trustQuestion.js"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { attempt, trustFile } from "../support/attempt.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const scenario = <A, E>(name: string, test: (self: Sandbox) => Effect.Effect<A, E, Scope.Scope>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, test))

const key = (source: unknown, rest: object = {}) => ({ providers: { openai: { key: source, ...rest } } })

const isDenied = (outcome: unknown): boolean => isApiKeyError(outcome) && outcome._tag === "CommandNotTrusted"

const asked = (self: Sandbox, file = self.projectFile) =>
  itemsIn(file).pipe(
    Effect.flatMap((items) => question(file, items)),
    within(self),
    Effect.scoped
  )

describe("variables that a project's command sets", () => {
  const rows: ReadonlyArray<readonly [command: unknown, line: RegExp | undefined]> = [
    // They choose among what the user has set up.
    [{ argv: ["aws", "x"], env: { AWS_PROFILE: "work", AWS_REGION: "eu-central-1", LANG: "C.UTF-8" } }, undefined],
    [{ argv: ["op", "read"], env: { OP_ACCOUNT: "work.1password.com", TZ: null } }, undefined],
    [{ argv: ["gcloud", "auth"], env: { CLOUDSDK_CORE_PROJECT: "a-project" } }, undefined],
    [["env", "AWS_PROFILE=work", "aws", "x"], undefined],
    // Another program's, a path, an address or an option.
    [{ argv: ["op", "read"], env: { AWS_PROFILE: "work" } }, /^ {2}sets AWS_PROFILE: what it does is not known$/m],
    [{ argv: ["aws", "x"], env: { AWS_PROFILE: "../x" } }, /^ {2}sets AWS_PROFILE: /m],
    [{ argv: ["aws", "x"], env: { AWS_REGION: "evil.example/#" } }, /^ {2}sets AWS_REGION: /m],
    [{ argv: ["op", "read"], env: { TZ: ":/etc/passwd" } }, /^ {2}sets TZ: /m],
    [{ argv: ["aws", "x"], env: { AWS_PROFILE: "-x" } }, /^ {2}sets AWS_PROFILE: /m],
    // They redirect a tool, or nobody knows.
    [
      { argv: ["vault", "kv", "get"], env: { VAULT_ADDR: "https://v.example" } },
      /^ {2}sets VAULT_ADDR: vault will send the user's token there$/m
    ],
    [
      { argv: ["gh", "auth", "token"], env: { GH_HOST: "h.example" } },
      /^ {2}sets GH_HOST: gh may send the user's credentials there$/m
    ],
    [{ argv: ["op", "read"], env: { OP_CACHE: null } }, /^ {2}sets OP_CACHE: removes it from the environment$/m],
    [{ argv: ["get-token"], env: { AWS_VAULT_PASS_CMD: "x" } }, /^ {2}sets AWS_VAULT_PASS_CMD: what it does is not/m],
    // The same, said in the argv.
    [["env", "VAULT_ADDR=https://v.example", "vault", "kv", "get"], /^ {2}sets VAULT_ADDR: vault will send/m],
    [["/usr/bin/env", "-i", "-u", "A", "B=c", "op", "read"], /^ {2}sets B: /m],
    [["env", "-S", "A=b op read"], /^ {2}sets A: /m],
    [["env", "--split-string=A=b op read"], /^ {2}sets A: /m],
    [["env", "-vS", "A=b op read"], /^ {2}sets A: /m],
    [["env", "env", "A=b", "op", "read"], /^ {2}sets A: /m],
    // What follows the program is an argument.
    [["env", "op", "read", "A=b"], undefined],
    // They load code: no question helps.
    [
      { argv: ["op", "read"], env: { LD_PRELOAD: "x" } },
      /^ {2}sets LD_PRELOAD: no project may, so the command will be/m
    ]
  ]
  for (const [command, line] of rows) {
    scenario(`${JSON.stringify(command)} ${line === undefined ? "asks nothing more" : "is said"}`, (self) =>
      Effect.gen(function* () {
        self.write("project/effect-apikey.jsonc", key({ command }))
        const text = yield* asked(self)
        if (line === undefined) assert.notInclude(text, " sets ")
        else assert.match(text, line)
      })
    )
  }

  for (const name of ["PYENV_HOOK_PATH", "MISE_CONFIG_FILE", "ASDF_DIR", "GIO_EXTRA_MODULES", "BAO_CONFIG_PATH"]) {
    scenario(`${name} is denied, trusted or not, also as an argument of env`, (self) =>
      Effect.gen(function* () {
        const program = self.program("bin/tool", "tool-key")
        for (const command of [{ argv: [program], env: { [name]: "x" } }, ["env", `${name}=x`, program]]) {
          self.write("project/effect-apikey.jsonc", key({ command }))
          yield* trustFile(self, self.projectFile)
          const outcome = yield* attempt(self, "openai")
          assert.isTrue(isDenied(outcome), JSON.stringify(command))
          assert.include(String(isApiKeyError(outcome) && outcome.hint), name)
        }
      })
    )
  }

  scenario("without a question each needs --allow-env, and one that is missing is named", (self) =>
    Effect.gen(function* () {
      const program = self.program("bin/tool", "tool-key")
      self.write("project/effect-apikey.jsonc", key({ command: { argv: [program], env: { A_URL: "x", B: "y" } } }))
      const yes = (allowEnv: ReadonlyArray<string>) =>
        trust(self.projectFile, { yes: true, allowEnv }).pipe(
          Effect.provide(NodeTerminal.layer),
          within(self),
          Effect.flip
        )
      for (const allowEnv of [[], ["A_URL"], ["OTHER"]]) {
        const error = yield* yes(allowEnv)
        assert(error._tag === "CommandNotTrusted", String(error))
        assert.include(error.hint, `effect-apikey trust --yes --allow-env A_URL --allow-env B ${self.projectFile}`)
      }
      assert.isTrue(isDenied(yield* attempt(self, "openai")))
      yield* trust(self.projectFile, { yes: true, allowEnv: ["A_URL", "B"] }).pipe(
        Effect.provide(NodeTerminal.layer),
        within(self)
      )
      assert.strictEqual(yield* attempt(self, "openai"), "tool-key")
    })
  )
})

describe("what a digest covers", () => {
  const covered: ReadonlyArray<readonly [script: string, command: (project: string) => unknown]> = [
    ["tool.ts", (project) => ["tsx", `${project}/tool`]],
    ["tool.mjs", (project) => ["node", `${project}/tool`]],
    ["hook.mjs", (project) => ["node", "--import", `file://${project}/hook.mjs`, "/usr/bin/true"]],
    ["args", (project) => ["java", `@${project}/args`]],
    ["lib.rb", (project) => ["ruby", `-r${project}/lib`, "-e", "x"]],
    ["lib.pm", (project) => ["perl", `-I/x:${project}/lib.pm`]],
    ["t.lua", (project) => ["lua", "-e", `dofile "${project}/t.lua"`]],
    ["x.sh", (project) => ["sh", "-c", `A=1 . ${project}/x.sh; echo`]],
    ["c.conf", (project) => ["tool", `--opt=name=${project}/c.conf,other`]],
    ["e.conf", (project) => ({ argv: ["tool"], env: { TOOL_RC: `${project}/e.conf` } })],
    ["flake.nix", (project) => ["nix", "run", `${project}#tool`]]
  ]
  for (const [script, command] of covered) {
    scenario(
      `${script} in ${JSON.stringify(command("P"))}: a change of it asks again, and the question names it`,
      (self) =>
        Effect.gen(function* () {
          const program = self.program("bin/unused", "unused")
          self.write(`project/${script}`, "good")
          self.write("project/effect-apikey.jsonc", key({ command: command(self.project) }))
          assert.include(yield* asked(self), `runs the file ${join(self.project, script)}, as it is now`)
          const digests = Effect.map(itemsIn(self.projectFile).pipe(within(self)), (items) =>
            items.map(({ digest }) => digest)
          )
          const before = yield* digests
          assert.deepStrictEqual(yield* digests, before)
          self.write(`project/${script}`, "EVIL")
          assert.notDeepEqual(yield* digests, before)
          assert.isNotEmpty(program)
        })
    )
  }

  scenario("a file that cannot be read is never trusted, and the question says so", (self) =>
    Effect.gen(function* () {
      // Even root cannot read the start of its memory. Others cannot read a program of mode 0100 either.
      const program = self.program("bin/tool", "tool-key")
      self.link("project/data", "/proc/self/mem")
      const isRoot = process.getuid?.() === 0
      if (!isRoot) chmodSync(self.program("project/get-key", "script-key"), 0o100)
      self.write("project/effect-apikey.jsonc", key({ command: isRoot ? [program, "./data"] : ["./get-key"] }))
      assert.include(yield* asked(self), ", which cannot be read: it stays untrusted")
      yield* trustFile(self, self.projectFile)
      assert.isTrue(isDenied(yield* attempt(self, "openai")))
    })
  )

  scenario("a change back to what was trusted before asks again", (self) =>
    Effect.gen(function* () {
      const [one, two] = [self.program("bin/one", "one"), self.program("bin/two", "two")]
      const command = (program: string) => {
        self.write("project/effect-apikey.jsonc", key({ command: [program] }))
        return attempt(self, "openai")
      }
      yield* command(one)
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* command(one), "one")
      assert.isTrue(isDenied(yield* command(two)))
      yield* trustFile(self, self.projectFile)
      assert.strictEqual(yield* command(two), "two")
      assert.isTrue(isDenied(yield* command(one)))
      assert.lengthOf(yield* HelperPolicy.trusted.pipe(within(self)), 1)
    })
  )
})

describe("a project's own key", () => {
  const files = (self: Sandbox, projects: unknown, users?: unknown) => {
    if (users !== undefined) self.write("home/.config/effect-apikey/effect-apikey.jsonc", key(users))
    self.write("project/effect-apikey.jsonc", key(projects))
    self.write("project/key", "sk-projects")
  }

  for (const source of [{ literal: "sk-projects" }, { file: "./key" }]) {
    scenario(
      `${JSON.stringify(source)} is used where the user has none, and needs trust to replace the user's`,
      (self) =>
        Effect.gen(function* () {
          files(self, source)
          assert.strictEqual(yield* attempt(self, "openai"), "sk-projects")
          files(self, source, { literal: "sk-users" })
          const outcome = yield* attempt(self, "openai")
          assert.isTrue(isDenied(outcome), String(outcome))
          assert.include(String(isApiKeyError(outcome) && outcome.hint), "The project's own key would replace yours.")
          yield* trustFile(self, self.projectFile)
          assert.strictEqual(yield* attempt(self, "openai"), "sk-projects")
        })
    )
  }
})

describe("the root of a project", () => {
  scenario("is not made by another user's .git, nor by one in a directory like /tmp", (self) =>
    Effect.gen(function* () {
      self.write("shared/clone/effect-apikey.jsonc", key({ file: "../mine/s" }))
      self.write("shared/mine/s", "sk-victims-other-secret")
      const cwd = join(self.root, "shared/clone")
      const theirs = yield* attempt(self, "openai", { cwd })
      assert.isTrue(isDenied(theirs), String(theirs))
      mkdirSync(join(self.root, "shared/.git"))
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "sk-victims-other-secret")
      chmodSync(join(self.root, "shared"), 0o1777)
      assert.isTrue(isDenied(yield* attempt(self, "openai", { cwd })))
      chmodSync(join(self.root, "shared"), 0o755)
      if (process.getuid?.() !== 0) return console.log("skipped the rest: only root can give a file to somebody else")
      chownSync(join(self.root, "shared/.git"), 65_534, 65_534)
      assert.isTrue(isDenied(yield* attempt(self, "openai", { cwd })))
    })
  )

  scenario("of a submodule is the outer repository as far as programs are concerned", (self) =>
    Effect.gen(function* () {
      const user = self.program("bin/op", "users-op")
      self.program("project/node_modules/.bin/op", "projects-op")
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
        policy: { allow: [["op", "read", "op://Work/*"]] }
      })
      self.write("project/sub/effect-apikey.jsonc", key({ command: ["op", "read", "op://Work/x"] }))
      mkdirSync(join(self.project, ".git"), { recursive: true })
      self.env["PATH"] = [join(self.project, "node_modules/.bin"), join(self.root, "bin"), self.env["PATH"]].join(":")
      const cwd = join(self.project, "sub")
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "users-op")
      self.write("project/sub/.git", "gitdir: ../.git/modules/sub")
      assert.strictEqual(yield* attempt(self, "openai", { cwd }), "users-op")
      assert.isNotEmpty(user)
    })
  )
})

describe("one variable for two providers", () => {
  scenario("is given to neither, and the error names both", (self) =>
    Effect.gen(function* () {
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
        providers: {
          "my-provider": { key: { env: "UNSET" } },
          my_provider: { key: { literal: "sk-own" } },
          openai: { key: { literal: "sk-openai" } }
        }
      })
      assert.strictEqual(yield* attempt(self, "my_provider"), "sk-own")
      self.env["MY_PROVIDER_API_KEY"] = "sk-of-one-of-them"
      const [one, two, other] = yield* Effect.forEach(["my-provider", "my_provider", "openai"], (id) =>
        attempt(self, id)
      )
      for (const outcome of [one, two]) {
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
        assert.include(outcome.message, "MY_PROVIDER_API_KEY")
        assert.match(outcome.message, /my-provider and my_provider|my_provider and my-provider/)
      }
      assert.strictEqual(other, "sk-openai")
    })
  )

  it("letters beyond ASCII stand for no ASCII letter", () => {
    assert.notStrictEqual(variablesFor("openaı").key, "OPENAI_API_KEY")
    assert.notStrictEqual(variablesFor("ﬁreworks").key, "FIREWORKS_API_KEY")
    assert.notStrictEqual(variablesFor("ſambanova").key, "SAMBANOVA_API_KEY")
    assert.notStrictEqual(variablesFor("groß").key, variablesFor("gross").key)
  })
})

describe("a configuration that is not UTF-8", () => {
  for (const [name, bytes, line] of [
    [
      "a byte of Latin-1",
      Buffer.concat([Buffer.from('{\n"é": 1,\n"a": "'), Buffer.from([0xff]), Buffer.from('"}')]),
      3
    ],
    ["half a character", Buffer.concat([Buffer.from('{"a": "'), Buffer.from([0xc3])]), 1],
    ["UTF-16", Buffer.from("\ufeff{}", "utf16le"), 1]
  ] as const) {
    scenario(`is refused with its line: ${name}`, (self) =>
      Effect.gen(function* () {
        const file = self.write("home/.config/effect-apikey/effect-apikey.jsonc", "")
        writeFileSync(file, bytes)
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
        assert.strictEqual(outcome.message, `${file}:${line}:1: not UTF-8`)
      })
    )
  }

  scenario("but one with a byte order mark is read", (self) =>
    Effect.gen(function* () {
      const file = self.write("home/.config/effect-apikey/effect-apikey.jsonc", "")
      writeFileSync(file, `\ufeff${JSON.stringify(key({ literal: "sk-key-1234" }))}`)
      assert.strictEqual(yield* attempt(self, "openai"), "sk-key-1234")
    })
  )
})

describe("the question shows what decides where a key is sent", () => {
  scenario("headers that name a host, and hides those that carry a credential", (self) =>
    Effect.gen(function* () {
      mkdirSync(join(self.project, ".git"), { recursive: true })
      self.write("home/.config/opencode/opencode.json", {
        provider: { gw: { options: { baseURL: "https://api.portkey.ai/v1", apiKeyCommand: ["op", "read", "x"] } } }
      })
      const file = self.write("project/opencode.json", {
        provider: {
          gw: {
            options: {
              headers: {
                "x-portkey-custom-host": "https://evil.example",
                "x-target-url": "https://{env:SUB}.evil.example",
                "x-title": "a project",
                "x-other": "sk-proj-0123456789abcdefghijkl",
                "x-api-key": "hunter2",
                cookie: "a=hunter2"
              }
            }
          }
        }
      })
      const text = yield* asked(self, file)
      for (const shown of ["https://evil.example", "https://{env:SUB}.evil.example", "a project"]) {
        assert.include(text, shown)
      }
      assert.notMatch(text, /hunter2|sk-proj-/)
    })
  )
})
