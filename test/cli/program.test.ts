/** What an argv asks for: suggestions for wrong words, flags of formats, completion, and help without escape codes. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { formatNames, parameterFlags } from "../../src/cli/formatOptions.js"
import { formatsWithParameters, parametersOf } from "../../src/formats/table.js"
import { commandLine } from "../support/commandLine.js"
import { type Sandbox, sandbox } from "../support/sandbox.js"

let scope: Scope.CloseableScope
let self: Sandbox

beforeAll(async () => {
  scope = await Effect.runPromise(Scope.make())
  self = await Effect.runPromise(Scope.extend(sandbox, scope))
  self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
    providers: { openai: { key: { command: ["echo", "sk-openai"] } }, gateway: { key: { command: ["echo", "sk-gw"] } } }
  })
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const run = (...args: ReadonlyArray<string>) =>
  Effect.runPromise(commandLine({ env: { ...self.env, HOME: self.home }, cwd: self.home }, ...args))

describe("a wrong word", () => {
  const cases: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>, status: number, meant: string]> = [
    ["sub-command", ["gte", "openai"], 64, "Did you mean get?"],
    ["flag", ["get", "--fromat", "json"], 64, "Did you mean --format?"],
    ["format", ["get", "--format", "git-credentials", "--", "true"], 64, "Did you mean git-credential?"],
    ["provider of get", ["get", "opnai"], 78, "Did you mean openai?"],
    ["provider of check", ["check", "gatway"], 78, "Did you mean gateway?"]
  ]
  for (const [name, args, status, meant] of cases) {
    it(`${name}: exit status ${status} and the word that was probably meant`, async () => {
      const ended = await run(...args)
      assert.strictEqual(ended.status, status)
      assert.include(`${ended.stdout}${ended.stderr}`, meant)
    })
  }

  it("shows no secret of a helper's arguments where -- was forgotten, nor a key typed as a sub-command or a format", async () => {
    const key = "sk-live-abcdefghijklmnop0123456789"
    for (const args of [
      ["get", "curl", "--header=Authorization:Bearer-hunter22", "https://api.example"],
      ["get", "curl", "-HAuthorization:hunter22"],
      ["curl", `--token=hunter22\nhunter22`],
      [key],
      ["completion", key],
      ["get", "--format", key, "--", "true"],
      ["get", "--format", "json", "--unit", key, "--field", "a", "--", "true"]
    ]) {
      const { status, stderr, stdout } = await run(...args)
      assert.strictEqual(status, 64)
      assert.notMatch(`${stdout}${stderr}`, /hunter22|abcdefghij/)
      assert.isAtLeast(stderr.trim().split("\n").length, 2)
    }
  })

  it("no sub-command, or a command where none is taken: exit status 64 and what to write", async () => {
    for (const [args, what] of [
      [[], "no sub-command"],
      [["opencode"], "no sub-command"],
      [["check", "--", "op"], "nothing may follow --"],
      [["get", "openai", "--", "op"], "more than one provider"]
    ] as const) {
      const { status, stderr } = await run(...args)
      assert.strictEqual(status, 64)
      assert.include(stderr, what)
      assert.strictEqual(stderr.trim().split("\n").length, 2)
    }
  })
})

describe("the parameters of formats", () => {
  it("every parameter of every format has a flag", () => {
    const fromFlags = parameterFlags.flatMap(({ formats, name }) => formats.map((format) => `${format} ${name}`))
    const fromTable = formatsWithParameters.flatMap((format) => {
      const ast = parametersOf(format)?.ast
      assert.isDefined(ast)
      const names = ast?._tag === "TypeLiteral" ? ast.propertySignatures.map((property) => String(property.name)) : []
      return names.filter((name) => name !== "name").map((name) => `${format} ${name}`)
    })
    assert.deepStrictEqual([...fromFlags].sort(), [...fromTable].sort())
    assert.isAbove(fromFlags.length, 15)
  })

  it("a nested field of JSON", async () => {
    const { status, stdout } = await run(
      ...["get", "--format", "json", "--field", "data.api_key", "--"],
      ...["echo", '{"data":{"api_key":"sk-nested"}}']
    )
    assert.deepStrictEqual({ status, stdout }, { status: 0, stdout: "sk-nested\n" })
  })

  it("an object is given as JSON", async () => {
    const script =
      'printf \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}\' "$(printf %s "$KUBERNETES_EXEC_INFO" | sed \'s/.*"server":"\\([^"]*\\)".*/\\1/\')"'
    const { stdout } = await run(
      ...["get", "--format", "exec-credential", "--cluster", '{"server":"cluster-1"}', "--", "sh", "-c", script]
    )
    assert.strictEqual(stdout, "cluster-1\n")
  })

  it("`--url` is the request that git credential fill reads on stdin", async () => {
    const { stdout } = await run(
      ...["get", "--format", "git-credential", "--url", "https://git.example.com", "--"],
      ...["sh", "-c", "sed -n 's/^host=/password=/p'; echo username=u"]
    )
    assert.strictEqual(stdout, "git.example.com\n")
  })

  it("a parameter of another format, without a format, or a missing one: exit status 64 and the flag to write", async () => {
    for (const [args, says] of [
      [["get", "--format", "oauth", "--field", "a", "--", "true"], "--field is not a parameter of the format oauth"],
      [["get", "--url", "https://x", "--", "true"], "--url needs --format"],
      [["get", "--format", "json", "--", "true"], "--field"],
      [["get", "openai", "--field", "a"], "apply to a command"]
    ] as const) {
      const { status, stderr } = await run(...args)
      assert.strictEqual(status, 64)
      assert.include(stderr, says)
    }
  })
})

describe("completion", () => {
  const complete = async (...words: ReadonlyArray<string>) =>
    (await run("complete", "--", ...words)).stdout.split("\n").filter((line) => line !== "")

  it("completes sub-commands, flags, formats, choices and the providers of the configuration", async () => {
    assert.deepStrictEqual(await complete("ch"), ["check"])
    assert.deepStrictEqual(await complete("get", "--form"), ["--format"])
    assert.deepStrictEqual(await complete("get", "--format", "git"), ["git-credential"])
    assert.deepStrictEqual(await complete("get", "--unit", ""), ["seconds", "milliseconds"])
    assert.deepStrictEqual(await complete("get", "op"), ["openai"])
    assert.deepStrictEqual(await complete("check", "--no-run", "g"), ["gateway"])
    assert.deepStrictEqual(await complete("completion", "z"), ["zsh"])
    assert.deepStrictEqual(await complete("opencode", "i"), ["init"])
  })

  it("has no candidates after --, where the words are another program's", async () => {
    assert.deepStrictEqual(await complete("get", "--", "g"), [])
  })
})

describe("help", () => {
  const paths = [[], ["get"], ["check"], ["trust"], ["schema"], ["opencode"], ["opencode", "init"], ["completion"]]

  it("shows examples, then usage with the full command, then options; no escape codes in a pipe", async () => {
    for (const path of paths) {
      const { status, stdout } = await run(...path, "--help")
      assert.strictEqual(status, 0)
      assert.notInclude(stdout, "\u001B")
      const [examples, usage, options] = ["Examples:", "Usage: effect-apikey", "Options:"].map((part) =>
        stdout.indexOf(part)
      )
      assert.isTrue(0 < (examples ?? 0) && (examples ?? 0) < (usage ?? 0) && (usage ?? 0) < (options ?? 0), stdout)
      assert.include(stdout, `Usage: ${["effect-apikey", ...path].join(" ")}`)
    }
    assert.include((await run("get", "--help")).stdout, "-- COMMAND [ARG...]")
  })

  it("`help`, `help get`, `-h`, `-V` and `version` work", async () => {
    assert.include((await run("help")).stdout, "Commands:")
    assert.deepStrictEqual(await run("help", "get"), await run("get", "-h"))
    assert.deepStrictEqual(await run("-V"), await run("version"))
    assert.strictEqual((await run("version")).stdout, "0.0.0-test\n")
  })

  it("names every format", async () => {
    const { stdout } = await run("get", "--help")
    for (const name of formatNames) assert.include(stdout, name)
  })
})
