/** Wrappers: what the catalog knows of a command inside another one, and what it does not look into. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { seenThrough } from "../../src/internal/catalog/wrappers.js"
import { knownCommand } from "../../src/internal/helper/knownCommand.js"
import { resolveCommand } from "../../src/internal/provider/resolvedCommand.js"
import { membersOf } from "../support/processes.js"
import { keyOf } from "../support/runs.js"

const inside = (...argv: ReadonlyArray<string>): ReadonlyArray<string> => seenThrough(argv).at(-1) ?? []

const opRead = ["op", "read", "op://a/b/c"]

const plain: ReadonlyArray<ReadonlyArray<string>> = [
  ["env", "OP_ACCOUNT=x"],
  ["/usr/bin/env", "-i", "-u", "OP_SESSION", "A=1", "B=2"],
  ["env", "--", "A=1"],
  ["env", "-"],
  ["nice"],
  ["nice", "-n", "10"],
  ["nice", "-19"],
  ["timeout", "20"],
  ["timeout", "-k", "5", "--signal=KILL", "20s"],
  ["gtimeout", "20"],
  ["ionice", "-c", "3"],
  ["stdbuf", "-oL"],
  ["nohup"],
  ["setsid", "-w"],
  ["time", "-p"],
  ["flock", "-w", "5", "/tmp/lock"],
  ["sudo", "-u", "me", "-n"],
  ["dbus-run-session", "--"],
  ["mise", "exec", "--"],
  ["mise", "x", "1password@2", "--"],
  ["asdf", "exec"],
  ["direnv", "exec", "/srv/project"],
  ["doppler", "run", "--project", "p", "--"],
  ["op", "run", "--env-file", ".env", "--"],
  ["aws-vault", "exec", "work", "--"],
  ["chamber", "exec", "app", "--"],
  ["nix", "shell", "nixpkgs#_1password-cli", "--command"],
  ["nix", "develop", "-c"],
  ["poetry", "run"],
  ["npx", "--yes"],
  ["env", "A=1", "timeout", "20", "nice", "-n", "1"]
]

const scripts: ReadonlyArray<ReadonlyArray<string>> = [
  ["sh", "-c", "op read op://a/b/c"],
  ["bash", "-lc", "op read 'op://a/b/c'"],
  ["bash", "-o", "pipefail", "-ec", 'exec op read "op://a/b/c"'],
  ["zsh", "-ic", "OP_ACCOUNT=x op read op://a/b/c 2>/dev/null;"],
  ["sh", "-c", "  /opt/bin/../bin/op read op://a/b/c\n"],
  ["sh", "-c", 'op read "$1"', "sh", "op://a/b/c"],
  ["fish", "--command", "op read op://a/b/c"],
  ["env", "A=1", "sh", "-c", "timeout 20 op read op://a/b/c"],
  ["nix", "run", "nixpkgs#_1password-cli", "--", "read", "op://a/b/c"],
  ["sops", "exec-env", "secrets.yaml", "op read op://a/b/c"]
]

const unclear: ReadonlyArray<ReadonlyArray<string>> = [
  ["sh", "-c", "op read op://a/b/c | head -n 1"],
  ["sh", "-c", "op read op://a/b/c && true"],
  ["sh", "-c", "cd /tmp; op read op://a/b/c"],
  ["sh", "-c", "cd /tmp\nop read op://a/b/c"],
  ["sh", "-c", "$HELPER read op://a/b/c"],
  ["sh", "-c", 'op read "$(cat reference)"'],
  ["sh", "-c", "op read `cat reference`"],
  ["sh", "-c", "(op read op://a/b/c)"],
  ["sh", "-c", "{ op read op://a/b/c; }"],
  ["sh", "-c", "if op whoami"],
  ["sh", "-c", "! op whoami"],
  ["sh", "-c", "A=1"],
  ["sh", "-c", ""],
  ["sh", "-c"],
  ["sh", "op", "read"],
  ["env", "-S", "op read"],
  ["env"],
  ["env", "A=1"],
  ["mise", "use", "--", "op"],
  ["nix", "run", "nixpkgs"],
  ["op", "read", "--", "op"],
  ["doppler", "secrets", "--", "op"],
  ["timeout"],
  ["nice"],
  []
]

describe("the catalog sees through", () => {
  for (const wrapper of plain) {
    it(wrapper.join(" "), () => assert.deepStrictEqual(inside(...wrapper, ...opRead), opRead))
  }
  for (const command of scripts) {
    it(command.join(" "), () => {
      assert.strictEqual(knownCommand(command, undefined).printer, "op")
      assert.isTrue(Option.exists(knownCommand(command, undefined).entry, (entry) => entry.mayPrompt))
    })
  }
  for (const command of unclear) {
    it(`not what is more than a plain command: ${JSON.stringify(command)}`, () =>
      assert.deepStrictEqual(seenThrough(command).at(-1), command))
  }

  it("packages whose program has another name", () => {
    assert.deepStrictEqual(inside("npx", "@bitwarden/cli@2024.1.0", "get"), ["bw", "get"])
    assert.deepStrictEqual(inside("pnpm", "dlx", "@dotenvx/dotenvx", "get"), ["dotenvx", "get"])
    assert.deepStrictEqual(inside("uvx", "keyring@25", "get", "a", "b"), ["keyring", "get", "a", "b"])
    assert.deepStrictEqual(inside("nix", "run", "nixpkgs#awscli2", "--", "sts"), ["aws", "sts"])
  })

  it("a wrapper in a wrapper, but not for ever", () => {
    const many = Array.from({ length: 1_000 }, () => "nohup")
    assert.isAtMost(seenThrough([...many, "op"]).length, 10)
  })
})

describe("a wrapped command", () => {
  it("has the budget, the life, the prompts and the format of the program inside, and its own name", () => {
    const wrapped = resolveCommand({ argv: ["env", "A=1", "sh", "-c", "pass show openai"] })
    const direct = resolveCommand({ argv: ["pass", "show", "openai"] })
    assert.strictEqual(wrapped.name, "env")
    assert.isTrue(wrapped.mayPrompt)
    assert.deepStrictEqual(wrapped.timeout, direct.timeout)
    assert.deepStrictEqual(
      [wrapped.timeToLive, Either.map(wrapped.format, ({ name }) => name)],
      [direct.timeToLive, Either.right("first-line")]
    )
    const plainOne = resolveCommand({ argv: ["sh", "-c", "pass show openai | head -n 1"] })
    assert.isFalse(plainOne.mayPrompt)
    assert.deepStrictEqual(Option.map(plainOne.timeout, Duration.decode), Option.some(Duration.seconds(30)))
  })

  it("of a wrapper that is a helper itself may prompt if either does, and has no format of the wrapper", () => {
    const vault = resolveCommand({ argv: ["op", "run", "--", "vault", "kv", "get", "-field=k", "secret/x"] })
    assert.isTrue(vault.mayPrompt)
    assert.deepStrictEqual(vault.timeToLive, resolveCommand({ argv: ["vault"] }).timeToLive)
    assert.deepStrictEqual(
      resolveCommand({ argv: ["op", "run", "--", "get-key"] }).timeToLive,
      resolveCommand({ argv: ["get-key"] }).timeToLive
    )
  })

  it("is told how to install the program that is missing, not the one inside", () => {
    assert.isTrue(Option.isNone(knownCommand(["timeout", "9", "op", "read"], undefined).install))
    assert.isTrue(
      Option.exists(knownCommand(["op", "run", "--", "vault"], undefined).install, (it) => /1Pass/.test(it))
    )
  })
})

describe("a failure of a wrapped helper", () => {
  let bin = ""
  const started: Array<number> = []
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), "wrapped-"))
    const fake = (name: string, stderr: string, status: number): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\necho '${stderr}' >&2\nexit ${status}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    fake("op", "[ERROR] 2025/01/01 00:00:00 You are not currently signed in. Please run `op signin --help`", 1)
    fake("gh", "To get started with GitHub CLI, please run:  gh auth login", 4)
  })
  afterAll(() => {
    assert.deepStrictEqual(membersOf(started), [])
    rmSync(bin, { recursive: true, force: true })
  })

  const errorOf = (...argv: ReadonlyArray<string>) => {
    const env = { PATH: [bin, process.env["PATH"]].join(delimiter) }
    return Effect.runPromise(Effect.flip(keyOf({ argv, env }, (pid) => started.push(pid))))
  }

  it("means what it means without the wrapper", async () => {
    for (const argv of [
      ["op", "read", "op://a/b/c"],
      ["sh", "-c", "op read op://a/b/c"],
      ["env", "OP_ACCOUNT=x", "op", "read", "op://a/b/c"],
      ["nice", "-n", "1", "bash", "-c", "exec op read op://a/b/c"]
    ]) {
      const error = await errorOf(...argv)
      assert.include(error, { _tag: "NonZeroExit", command: argv[0] ?? "", reason: "LoginRequired" })
      assert.include(error.hint, "op signin")
    }
    assert.include(await errorOf("nice", "gh", "auth", "token"), { exitCode: 4, reason: "LoginRequired" })
  })

  it("that is not installed says how to install it", async () => {
    for (const argv of [
      ["sh", "-c", "gopass show x"],
      ["env", "gopass", "show", "x"]
    ]) {
      const error = await errorOf(...argv)
      assert.include(error, { _tag: "NonZeroExit", exitCode: 127 })
      assert.include(error.hint, "Install gopass")
    }
  })
})
