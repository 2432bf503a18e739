/** The help texts as they are shipped: each example in them is run by a shell, and the completion scripts by theirs. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { packed } from "../support/artifacts.js"
import { runProgram } from "../support/processes.js"
import { type Sandbox, sandbox } from "../support/sandbox.js"
import { itWith } from "../support/tools.js"

let scope: Scope.CloseableScope
let self: Sandbox
let env: Record<string, string>

/** What an example needs: a configuration, a project, a password that git stores, and stand-ins for `pass` and a company's `get-token`. */
beforeAll(async () => {
  const { bin } = await packed()
  scope = await Effect.runPromise(Scope.make())
  self = await Effect.runPromise(Scope.extend(sandbox, scope))
  self.write("bin/effect-apikey", `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, 0o755)
  self.program("bin/pass", "sk-pass")
  self.program("bin/get-token", "sk-token")
  self.write("project/answer.json", { data: { api_key: "sk-nested" } })
  self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
    providers: { openai: { key: { command: ["pass", "show", "openai/api-key"] } } }
  })
  self.write("project/effect-apikey.jsonc", { providers: { work: { key: { command: ["get-token"] } } } })
  self.write("home/.gitconfig", "[credential]\n\thelper = store\n")
  self.write("home/.git-credentials", "https://bob:pw-git@git.example.com\n")
  env = { ...self.env, HOME: self.home, PATH: `${self.root}/bin:${process.env["PATH"]}`, NO_COLOR: "" }
}, 300_000)
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const shell = (line: string, program = "sh") => runProgram(program, ["-c", line], { env, cwd: self.project })

const commands = ["", "get", "check", "trust", "schema", "opencode", "opencode init", "completion", "version"]

const examplesOf = async (command: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await shell(`effect-apikey ${command} --help`)
  const [, examples = ""] = /Examples:\n([\s\S]*?)\n\nUsage:/.exec(stdout) ?? []
  return examples
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
}

/** The exit status of the examples that do not end with 0 here. */
const statuses: Readonly<Record<string, number>> = {
  // opencode has no provider here yet.
  "effect-apikey check --opencode": 64,
  // It asks, and there is no terminal.
  "effect-apikey trust": 77,
  // The project's command is not trusted.
  "effect-apikey check": 77
}

describe("help", () => {
  // One start of the program for each example, one after the other.
  it("each example runs", { timeout: 120_000 }, async () => {
    const printed = new Map<string, string>()
    const all = await Promise.all(commands.map(examplesOf))
    for (const [index, examples] of all.entries()) {
      assert.isAbove(examples.length, 0, commands[index])
      for (const line of examples) {
        // The tests of completion run these, in their shells.
        if (/zsh|fish/.test(line)) continue
        const { status, stderr, stdout } = await shell(line, "bash")
        const expected = statuses[line] ?? 0
        assert.strictEqual(status, expected, `${line}\n${stderr}`)
        printed.set(line, stdout)
      }
    }
    assert.strictEqual(printed.get("effect-apikey get openai"), "sk-pass\n")
    assert.strictEqual(printed.get("effect-apikey get -- pass show openai/api-key"), "sk-pass\n")
    assert.strictEqual(
      printed.get("effect-apikey get --format json --field data.api_key -- cat answer.json"),
      "sk-nested\n"
    )
    const git = Array.from(printed).find(([line]) => line.endsWith("git credential fill"))
    assert.strictEqual(git?.[1], "pw-git\n")
    const written = readFileSync(`${self.home}/.config/opencode/opencode.jsonc`, "utf8")
    assert.include(written, "get-token")
  })

  it("git credential fill reads its request from our stdin", async () => {
    const line = "printf 'protocol=https\\nhost=git.example.com\\n\\n' | effect-apikey get -- git credential fill"
    assert.deepStrictEqual(await shell(line), { status: 0, stdout: "pw-git\n", stderr: "" })
  })
})

describe("completion", () => {
  it("bash completes a sub-command, a format and a provider", async () => {
    const completed = async (...words: ReadonlyArray<string>) => {
      const line = [
        'eval "$(effect-apikey completion bash)"',
        `COMP_WORDS=(effect-apikey ${words.join(" ")})`,
        `COMP_CWORD=${words.length}`,
        "_effect_apikey",
        `printf '%s\\n' "\${COMPREPLY[@]}"`
      ].join("\n")
      return (await shell(line, "bash")).stdout
    }
    assert.strictEqual(await completed("ch"), "check\n")
    assert.strictEqual(await completed("get", "--format", "git"), "git-credential\n")
    assert.strictEqual(await completed("get", "ope"), "openai\n")
  })

  itWith("fish")("fish completes them, too", async () => {
    const completed = async (line: string) =>
      (await shell(`effect-apikey completion fish | source; complete -C '${line}'`, "fish")).stdout
    assert.strictEqual(await completed("effect-apikey ch"), "check\n")
    assert.strictEqual(await completed("effect-apikey get --format git"), "git-credential\n")
    assert.strictEqual(await completed("effect-apikey get ope"), "openai\n")
  })

  itWith("zsh")("zsh completes them, too", async () => {
    // What its completion system gives a function: the words and the cursor's place. `compadd` takes the candidates.
    const completed = async (...words: ReadonlyArray<string>) => {
      const line = [
        "compdef() { }",
        'eval "$(effect-apikey completion zsh)"',
        `compadd() { print -l -- "\${(@P)2}" }`,
        `words=(effect-apikey ${words.join(" ")})`,
        `CURRENT=${words.length + 1}`,
        "_effect_apikey"
      ].join("\n")
      return (await shell(line, "zsh")).stdout
    }
    assert.strictEqual(await completed("ch"), "check\n")
    assert.strictEqual(await completed("get", "--format", "git"), "git-credential\n")
    assert.strictEqual(await completed("get", "ope"), "openai\n")
  })
})
