// `effect-apikey opencode init` as a shell sees it: which file it changes, what it shows and asks before, what it refuses.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { parse } from "jsonc-parser"
import { afterEach, beforeAll, beforeEach, describe, expect, it as plainIt } from "vitest"
import { packed } from "../support/artifacts.js"
import { commandLine } from "../support/commandLine.js"
import { itOnFullDisk, withFullDisk } from "../support/fullDisk.js"
import { onTerminal, type Session } from "../support/sessions.js"
import { itWith } from "../support/tools.js"

const limit = 120_000
const it = (name: string, test: () => Promise<void>) => plainIt(name, test, limit)
const itOnTerminal = itWith("script")

// The program as it is shipped.
let program = ""
beforeAll(async () => {
  program = (await packed()).bin
}, 300_000)

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-apikey-init-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const config = (name = "opencode.jsonc"): string => join(folder, "opencode", name)
const write = (text: string, name?: string): void => {
  mkdirSync(join(folder, "opencode"), { recursive: true })
  writeFileSync(config(name), text)
}
const text = (name?: string): string => readFileSync(config(name), "utf8")
const env = () => ({ ...process.env, XDG_CONFIG_HOME: folder, NO_COLOR: "1" })

const argv = (...args: ReadonlyArray<string>) => [process.execPath, program, "opencode", "init", ...args]
const init = (...args: ReadonlyArray<string>) =>
  Effect.runPromise(commandLine({ env: env(), cwd: process.cwd() }, "opencode", "init", ...args))

const commented = `{
  // the team's
  "plugin": ["theirs"], /* keep */
  "provider": { "openai": { "options": { "timeout": 5 } } }, // and this
}
`
const changed = {
  plugin: ["theirs", "effect-apikey"],
  provider: { openai: { options: { timeout: 5, apiKeyCommand: ["op", "read", "op://Private/OpenAI/api-key"] } } }
}
const openAi = { apiKeyCommand: ["op", "read", "op://Private/OpenAI/api-key"] }
const command = ["openai", "--", "op", "read", "op://Private/OpenAI/api-key"]

describe("effect-apikey opencode init", () => {
  it("with --yes shows the change and makes it: comments, permissions and the rest of the file stay", async () => {
    write(commented)
    chmodSync(config(), 0o640)
    const { status, stdout, stderr } = await init("--yes", ...command)
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" })
    expect(stderr).toContain(config())
    expect(stderr).toMatch(/^\+ .*"effect-apikey"/m)
    expect(stderr).toMatch(/^\+ .*"apiKeyCommand"/m)
    expect(parse(text(), [], { allowTrailingComma: true })).toEqual(changed)
    for (const comment of ["// the team's", "/* keep */", "// and this"]) expect(text()).toContain(comment)
    expect(statSync(config()).mode & 0o777).toBe(0o640)

    const again = text()
    const second = await init("--yes", ...command)
    expect(second).toMatchObject({ status: 0, stderr: "effect-apikey: nothing to change: it is set up already\n" })
    expect(text()).toBe(again)
  })

  it("makes opencode.jsonc, for the user alone, where there is no file; else changes the one that is there", async () => {
    expect((await init("--yes", ...command)).status).toBe(0)
    expect(parse(text())).toMatchObject({ plugin: ["effect-apikey"] })
    expect(statSync(config()).mode & 0o777).toBe(0o600)
    rmSync(config())
    write("{}", "opencode.json")
    expect((await init("--yes", ...command)).status).toBe(0)
    expect(parse(text("opencode.json"))).toMatchObject({ plugin: ["effect-apikey"] })
    expect(existsSync(config())).toBe(false)
  })

  it("without --yes and without a terminal shows the change and does not make it: 64", async () => {
    write(commented)
    const { status, stderr } = await init(...command)
    expect(status).toBe(64)
    expect(stderr).toMatch(/^\+ .*"effect-apikey"/m)
    expect(stderr).toContain("--yes")
    expect(text()).toBe(commented)
  })

  it("shows no secret that stands in the lines it changes", async () => {
    const { status, stderr } = await init(
      "--yes",
      "gw",
      "--",
      "curl",
      "-H",
      "Authorization: Bearer sk-0123456789abcdefghij"
    )
    expect(status).toBe(0)
    expect(stderr).toContain("apiKeyCommand")
    expect(stderr).not.toContain("0123456789abcdefghij")
  })

  it("shows no key that stands beside the lines it changes, whatever it looks like", async () => {
    const options = `{\n  "apiKey": "plainword",\n  "headers": { "x-team": "otherword" },\n  "timeout": 5\n}`
    write(`{\n"provider": {\n"openai": {\n"options": ${options}\n}\n}\n}\n`)
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(0)
    expect(stderr).toContain(`"apiKey": "<redacted>"`)
    expect(stderr).not.toMatch(/plainword|otherword/)
    expect(text()).toContain("plainword")
  })

  it("shows no string of the file but the names of packages, wherever it is: in lists, other options, comments", async () => {
    const options = `{\n  "secretAccessKey": "first",\n  "list": ["second"], // "apiKey": "third"\n  "timeout": 5\n}`
    write(
      `{\n"mcp": { "m": { "environment": { "TOKEN": "fourth" } } },\n"provider": {\n"openai": {\n"npm": "shown-package",\n` +
        `"options": ${options}\n}\n},\n"theme": "fifth"\n}\n`
    )
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(0)
    expect(stderr).toContain(`"secretAccessKey": "<redacted>"`)
    expect(stderr).toContain("shown-package")
    expect(stderr).not.toMatch(/first|second|third|fourth|fifth/)
    expect(text()).toContain('// "apiKey": "third"')
  })

  const asked = async (answer: string, asks: (session: Session) => Promise<unknown>) => {
    write(commented)
    const session = onTerminal(argv(...command), { env: env() })
    await session.says('"effect-apikey"')
    await session.says("Make this change?")
    expect(text()).toBe(commented)
    session.write(answer)
    await asks(session)
    expect((await session.ended).status).toBe(0)
  }

  itOnTerminal(
    "on a terminal asks after it has shown the change, and makes it on yes",
    async () => {
      await asked("y", (session) => session.says("is changed"))
      expect(parse(text(), [], { allowTrailingComma: true })).toEqual(changed)
    },
    limit
  )

  itOnTerminal(
    "on a terminal changes nothing on no",
    async () => {
      await asked("n", (session) => session.says("nothing was changed"))
      expect(text()).toBe(commented)
    },
    limit
  )

  it("says that a provider of one's own needs models", async () => {
    const own = ["gw", "--base-url", "https://gw.example/v1", "--npm", "@ai-sdk/openai-compatible"]
    const { status, stderr } = await init("--yes", ...own, "--", "get-token")
    expect(status).toBe(0)
    expect(stderr).toContain('opencode offers no model of gw before it names one: add "models"')
    expect((await init("--yes", ...command)).stderr).not.toContain("offers no model")
  })

  it("shows a file with CRLF and tabs as it looks, and keeps both", async () => {
    write(commented.replaceAll("\n", "\r\n").replaceAll("  ", "\t"))
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(0)
    expect(stderr).toMatch(/^\+ .*"effect-apikey"/m)
    expect(stderr).not.toContain("\\u{")
    expect(parse(text(), [], { allowTrailingComma: true })).toEqual(changed)
    expect(text().replaceAll("\r\n", "")).not.toContain("\n")
    expect(text()).toContain("\t")
  })

  it("sees what stands in the other file: an apiKey that wins, a plugin that need not be listed twice", async () => {
    write("{}")
    write(
      `{ "plugin": ["effect-apikey@1"], "provider": { "openai": { "options": { "apiKey": "x" } } } }`,
      "opencode.json"
    )
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(0)
    expect(stderr).toContain(`openai has an apiKey in ${config("opencode.json")}, which wins over the command`)
    expect(parse(text())).toEqual({ provider: { openai: { options: openAi } } })
  })

  it("puts the plugin into the list that counts, which is the last one read, and keeps the other file's plugins in it", async () => {
    const listed = async (jsonc: string, json: string): Promise<readonly [plugin: unknown, stderr: string]> => {
      write(jsonc)
      write(json, "opencode.json")
      const { status, stderr } = await init("--yes", ...command)
      expect(status).toBe(0)
      expect(text("opencode.json")).toBe(json)
      return [parse(text())["plugin"], stderr]
    }
    const ours = `{ "plugin": ["effect-apikey"] }`
    const note = `the plugins listed in ${config("opencode.json")} are listed here too`
    expect((await listed(`{ "plugin": ["theirs"] }`, ours))[0]).toEqual(["theirs", "effect-apikey"])
    expect((await listed(`{ "plugin": [] }`, ours))[0]).toEqual(["effect-apikey"])
    expect((await listed("{}", ours))[0]).toBeUndefined()
    const [copied, said] = await listed("{}", `{ "plugin": ["theirs", ["mine", { "a": 1 }]] }`)
    expect(copied).toEqual(["theirs", ["mine", { a: 1 }], "effect-apikey"])
    expect(said).toContain(note)
    const [kept, quiet] = await listed(`{ "plugin": ["theirs"] }`, `{ "plugin": ["hidden"] }`)
    expect(kept).toEqual(["theirs", "effect-apikey"])
    expect(quiet).not.toContain(note)
  })

  it("says of another file that cannot be read that it was not looked at, and makes the change", async () => {
    for (const [other, says] of [
      ['{ "a": ', true],
      ["", false],
      [`{ "provider": { "x": { "options": { "timeout": {env:NUM} } } } }`, false]
    ] as const) {
      write("{}")
      write(other, "opencode.json")
      const { status, stderr } = await init("--yes", ...command)
      expect(status).toBe(0)
      expect(stderr.includes("it was not looked at")).toBe(says)
      expect(stderr.includes(`${config("opencode.json")}:1:`)).toBe(says)
      expect(parse(text())).toEqual({ plugin: ["effect-apikey"], provider: { openai: { options: openAi } } })
      expect(text("opencode.json")).toBe(other)
    }
  })

  it("refuses a file in which a name stands twice: 78, with its place, and nothing is written", async () => {
    const twice = `{ "provider": {},\n  "provider": { "openai": {} } }\n`
    write(twice)
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(78)
    expect(stderr).toContain(`${config()}:2:3: "provider" stands twice in one object`)
    expect(text()).toBe(twice)
  })

  it("says of a link into another folder that it needs trust, and how; a linked folder is the user's own", async () => {
    const dotfiles = join(folder, "my dotfiles")
    mkdirSync(dotfiles)
    write(commented, "opencode.json")
    renameSync(config("opencode.json"), join(dotfiles, "opencode.json"))
    symlinkSync(join(dotfiles, "opencode.json"), config("opencode.json"))
    const linked = await init("--yes", ...command)
    expect(linked.status).toBe(0)
    const real = realpathSync(join(dotfiles, "opencode.json"))
    expect(linked.stderr).toContain(`the file is a symlink to ${real}`)
    expect(linked.stderr).toContain(`effect-apikey trust '${real}'`)
    expect(lstatSync(config("opencode.json")).isSymbolicLink()).toBe(true)

    rmSync(join(folder, "opencode"), { recursive: true })
    symlinkSync(dotfiles, join(folder, "opencode"))
    const again = await init("--yes", ...command)
    expect(again).toMatchObject({ status: 0, stderr: "effect-apikey: nothing to change: it is set up already\n" })
  })

  it("says of a file that cannot be written that it cannot be written: 78", async () => {
    // Nothing with a longer name can be made beside it.
    const long = join(folder, "opencode", "x".repeat(253))
    mkdirSync(join(folder, "opencode"))
    writeFileSync(long, commented)
    symlinkSync(long, config())
    const { status, stderr } = await init("--yes", ...command)
    expect(status).toBe(78)
    expect(stderr).toContain(`${config()}: it cannot be written (ENAMETOOLONG)`)
    expect(stderr).toContain("Nothing was changed.")
    expect(text()).toBe(commented)
  })

  itOnFullDisk("keeps the file on a full disk, and says that there is no space: 78", async () => {
    const before = commented.replace("the team's", "the team's ".repeat(1000))
    await withFullDisk(join(folder, "opencode"), { free: 4096, prepare: () => write(before) }, async () => {
      const { status, stderr } = await init("--yes", ...command)
      expect(status).toBe(78)
      expect(stderr).toContain(`${config()}: it cannot be written (ENOSPC)`)
      expect(stderr).toContain(`Nothing was changed. Free some space on the disk of ${join(folder, "opencode")}.`)
      expect(text()).toBe(before)
      expect(readdirSync(join(folder, "opencode")).sort()).toEqual(["filler", "opencode.jsonc"])
    })
  })

  const wrong: ReadonlyArray<readonly [string, ReadonlyArray<string>, RegExp]> = [
    ["no command", ["openai"], /no command was given/],
    ["an empty program", ["openai", "--", ""], /the command will not do: /],
    ["an empty provider", ["", "--", "op"], /"" is not the id of a provider/],
    ["a provider with a slash", ["openai/gpt-5", "--", "op"], /not the id of a provider/],
    ["a provider named __proto__", ["__proto__", "--", "op"], /not the id of a provider/],
    ["a base URL that is none", ["gw", "--base-url", "nonsense", "--", "op"], /--base-url is not a URL/],
    ["a base URL of a file", ["gw", "--base-url", "file:///x", "--", "op"], /--base-url is not a URL/],
    ["a package that is none", ["gw", "--npm", "not a package", "--", "op"], /--npm is not the name of a package/]
  ]
  for (const [what, args, says] of wrong) {
    it(`refuses ${what}: 64, what is wrong, and nothing is written`, async () => {
      const { status, stdout, stderr } = await init("--yes", ...args)
      expect({ status, stdout }).toEqual({ status: 64, stdout: "" })
      expect(stderr).toMatch(says)
      expect(existsSync(config())).toBe(false)
    })
  }
})
