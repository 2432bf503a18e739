// What trust in a project's file covers, and what the question says of the rest.
import { chmodSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isApiKeyError } from "../../src/ApiKeyError.js"
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
