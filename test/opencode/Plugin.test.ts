// The parts of the opencode plugin that need no opencode: its words, and the change to a user's file.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import * as ApiKeyError from "../../src/ApiKeyError.js"
import { RedactedText } from "../../src/internal/redact/redact.js"
import { changeFor } from "../../src/opencode/init.js"
import type { HostProvider } from "../../src/opencode/plugin/host.js"
import { chatMessage, inPermanentWords, isPassingFault } from "../../src/opencode/plugin/message.js"
import { eventually, isAlive } from "../support/processes.js"
import { baseURL, echo, withConfig } from "./open.js"

const at = DateTime.unsafeMake(0)

const errors = (name: string, stderr: string): ReadonlyArray<ApiKeyError.ApiKeyError> => [
  new ApiKeyError.CommandNotFound({ command: name, searched: ["/usr/bin"] }),
  new ApiKeyError.CommandNotTrusted({ command: name, file: `/home/me/${name}/opencode.json` }),
  new ApiKeyError.SpawnFailed({ command: name, code: "EAGAIN" }),
  new ApiKeyError.NoTerminal({ command: name }),
  ...[500, 429_000, 30_000].map(
    (millis) => new ApiKeyError.CommandTimeout({ command: name, timeout: Duration.millis(millis), phase: "running" })
  ),
  ...(["LoginRequired", "NotFound", "Denied", "Unavailable", "Unknown"] as const).map(
    (reason) => new ApiKeyError.NonZeroExit({ command: name, exitCode: 75, stderr: RedactedText(stderr), reason })
  ),
  new ApiKeyError.CommandKilled({ command: name, signal: "SIGTERM", stderr: RedactedText(stderr) }),
  new ApiKeyError.EmptyOutput({ command: name, stderr: RedactedText(stderr) }),
  new ApiKeyError.OutputTooLarge({ command: name, limit: 65_536 }),
  new ApiKeyError.InvalidOutput({ command: name, format: "text", path: "", expected: "one line" }),
  new ApiKeyError.ExpiredOnArrival({ command: name, expiredAt: at }),
  new ApiKeyError.KeyRejected({ command: name, rejectedAt: at }),
  new ApiKeyError.SourceUnreadable({ source: "auth.json", path: `/x/${name}`, code: "EACCES" }),
  new ApiKeyError.ConfigInvalid({ file: `/x/${name}`, line: 503, column: 1, problem: "not JSON" }),
  new ApiKeyError.KeyNotConfigured({ provider: name, tried: [] }),
  new ApiKeyError.ProviderClosed({ provider: name })
]

const faults = [
  ...["500", "503", "rate limit", "service unavailable", "fetch failed", "terminated", "timeout", "request timed out"],
  ...["try again later", "RESOURCE_EXHAUSTED", "Unavailable", "ECONNRESET", "internal server error"]
]

describe("the message in the chat", () => {
  it("says which provider, what failed and what to do, and never what the helper wrote", () => {
    for (const error of errors("op", "stderr-of-the-helper")) {
      const message = chatMessage("openai", error)
      expect(message).toMatch(/^No API key for provider "openai": /)
      expect(message).not.toContain("stderr-of-the-helper")
      expect(message).not.toContain("\n")
    }
  })

  it("is not taken for a passing fault, whatever program, file or provider it names", () => {
    const part = fc.oneof(fc.constantFrom(...faults), fc.stringOf(fc.constantFrom(..."abe019 _./-"), { maxLength: 8 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join("")
        for (const error of errors(name, "")) expect(isPassingFault(chatMessage(name, error))).toBe(false)
        expect(isPassingFault(inPermanentWords(name))).toBe(false)
      })
    )
  })

  it("keeps sentences as sentences in the other words", () => {
    const error = new ApiKeyError.NonZeroExit({ command: "op", exitCode: 75, stderr: "", reason: "Unavailable" })
    expect(chatMessage("openai", error)).toMatch(/\. Send your message again after a while/)
  })

  it("leaves words alone that opencode does not mistake", () => {
    const text = "`op` timed out after 30 seconds"
    expect(inPermanentWords(text)).toBe(text)
  })
})

describe("two projects with the same command", () => {
  it("share one run; one that is disposed leaves the other its key, and the last takes all along", async () => {
    const runs = join(mkdtempSync(join(tmpdir(), "effect-apikey-runs-")), "runs")
    const apiKeyCommand = ["sh", "-c", `echo run >> '${runs}'; echo sk-shared`]
    try {
      await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand } } } }, async (open) => {
        // opencode hands the same nested objects to every project that it opens.
        const provider = { gw: { options: { baseURL, apiKeyCommand, fetch: echo } } }
        const first = await open("first", { provider })
        const second = await open("second", { provider })
        expect(provider).toEqual({ gw: { options: { baseURL, apiKeyCommand, fetch: echo } } })
        expect(await Promise.all([first.ask(), second.ask()])).toEqual(["Bearer sk-shared", "Bearer sk-shared"])
        expect(first.options["apiKey"]).toBe("effect-apikey-placeholder")
        expect(first.options).not.toHaveProperty("apiKeyCommand")
        await first.hooks.dispose()
        expect(await second.ask()).toBe("Bearer sk-shared")
        await second.hooks.dispose()
        await expect(second.ask()).rejects.toThrow('No API key for provider "gw"')
        expect(readFileSync(runs, "utf8")).toBe("run\n")
      })
    } finally {
      rmSync(dirname(runs), { recursive: true, force: true })
    }
  })
})

describe("dispose", () => {
  it("ends a helper that is running, all that it started, and the request that waits for it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apikey-running-"))
    const pids = join(folder, "pids")
    const script = `trap '' TERM; sleep 600 & echo $! > '${pids}.new'; echo $$ >> '${pids}.new'; mv '${pids}.new' '${pids}'; wait`
    const user = { provider: { gw: { options: { baseURL, apiKeyCommand: ["sh", "-c", script] } } } }
    try {
      await withConfig(user, async (open) => {
        const { ask, hooks } = await open("project", user)
        const refused = expect(ask()).rejects.toThrow('No API key for provider "gw"')
        expect(await eventually(() => existsSync(pids), 10_000)).toBe(true)
        const running = readFileSync(pids, "utf8").trim().split("\n").map(Number)
        expect(running.map(isAlive)).toEqual([true, true])
        await hooks.dispose()
        await refused
        expect(await eventually(() => !running.some(isAlive), 10_000)).toBe(true)
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe("a failure", () => {
  it("is told in opencode's log each time and in one toast, with what to do", async () => {
    const user = { provider: { gw: { options: { baseURL, apiKeyCommand: ["no-such-helper-anywhere"] } } } }
    await withConfig(user, async (open) => {
      const { ask, hooks, notices } = await open("project", user)
      await expect(ask()).rejects.toThrow("no-such-helper-anywhere")
      await expect(ask()).rejects.toThrow("no-such-helper-anywhere")
      const message = /: No API key for provider "gw": no-such-helper-anywhere was not found on PATH.* Install it, /
      expect(notices.filter((each) => each.startsWith("error"))).toEqual([
        expect.stringMatching(message),
        expect.stringMatching(message)
      ])
      expect(notices.filter((each) => each.startsWith("toast"))).toEqual([expect.stringMatching(message)])
      await hooks.dispose()
    })
  })

  it("of a project's command that is not trusted is told with the remedy, and nothing is run", async () => {
    await withConfig({}, async (open, folder) => {
      const ran = join(folder, "ran")
      const gw = { options: { baseURL, apiKeyCommand: ["touch", ran] } }
      mkdirSync(join(folder, "project", ".git"), { recursive: true })
      const file = join(folder, "project", "opencode.json")
      writeFileSync(file, JSON.stringify({ provider: { gw } }))
      const { ask, hooks, notices } = await open("project", { provider: { gw } })
      await expect(ask()).rejects.toThrow("is not trusted")
      expect(notices.filter((each) => each.startsWith("toast"))).toEqual([
        expect.stringContaining(`effect-apikey trust ${file}`)
      ])
      expect(existsSync(ran)).toBe(false)
      await hooks.dispose()
    })
  })
})

describe("a key that its helper gives no life", () => {
  it("is asked for again when the object form's timeToLive is over", async () => {
    const runs = join(mkdtempSync(join(tmpdir(), "effect-apikey-life-")), "runs")
    const argv = ["sh", "-c", `echo run >> '${runs}'; echo sk-$(grep -c run '${runs}')`]
    const options = { baseURL, apiKeyCommand: { argv, timeToLive: "1 second" } }
    try {
      await withConfig({ provider: { gw: { options } } }, async (open) => {
        const { ask, hooks } = await open("project", { provider: { gw: { options: { ...options, fetch: echo } } } })
        expect(await ask()).toBe("Bearer sk-1")
        await expect.poll(() => ask(), { timeout: 20_000 }).not.toBe("Bearer sk-1")
        await hooks.dispose()
      })
    } finally {
      rmSync(dirname(runs), { recursive: true, force: true })
    }
  })
})

describe("a helper that needed a log-in", () => {
  it("is asked anew, past its back-off, at the user's next message in whichever project has its key", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apikey-login-"))
    const [runs, loggedIn] = [join(folder, "runs"), join(folder, "logged-in")]
    const apiKeyCommand = ["sh", "-c", `echo run >> '${runs}'; test -e '${loggedIn}' && echo sk-in`]
    const runsSoFar = () => readFileSync(runs, "utf8").split("run").length - 1
    try {
      await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand } } } }, async (open) => {
        const provider = { gw: { options: { baseURL, apiKeyCommand, fetch: echo } } }
        const first = await open("first", { provider })
        const second = await open("second", { provider })
        // Several failures make a back-off that no slow machine outlives.
        for (let time = 0; time < 6; time++) {
          await first.hooks["chat.message"]()
          await expect(first.ask()).rejects.toThrow("No API key")
        }
        const failed = runsSoFar()
        writeFileSync(loggedIn, "")
        // Nobody spoke: the back-off answers.
        await expect(second.ask()).rejects.toThrow("No API key")
        expect(runsSoFar()).toBe(failed)
        await second.hooks["chat.message"]()
        expect(await second.ask()).toBe("Bearer sk-in")
        expect(await first.ask()).toBe("Bearer sk-in")
        expect(runsSoFar()).toBe(failed + 1)
        await first.hooks.dispose()
        await second.hooks.dispose()
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe("what the files do not say so", () => {
  const apiKeyCommand = ["sh", "-c", "echo sk-user"]
  const authorization = { authorization: "Bearer effect-apikey-placeholder" }

  it("a command in a model's options is not sent to the server, and the provider says where it belongs", async () => {
    const models = { m: { name: "M", options: { apiKeyCommand, temperature: 0 } } }
    const provider = { gw: { options: { baseURL, fetch: echo }, models } }
    await withConfig({ provider: { gw: { options: { baseURL }, models } } }, async (open) => {
      const { hooks, host, ask } = await open("project", { provider })
      expect(host.provider?.["gw"]?.models).toEqual({ m: { name: "M", options: { temperature: 0 } } })
      await expect(ask()).rejects.toThrow(/apiKeyCommand stands in a model's options.*provider's own options/)
      await hooks.dispose()
    })
  })

  const elsewhere = "http://127.0.0.1:8/v1"
  const user = { npm: "@ai-sdk/openai", options: { apiKeyCommand, headers: { "x-team": "blue" } }, api: baseURL }
  const options = { ...user.options, fetch: echo }
  const headed = (headers: Record<string, string>): HostProvider => ({ ...user, options: { ...options, headers } })
  const modelled = (m: Record<string, unknown>): HostProvider => ({ ...user, options, models: { m } })
  const others: ReadonlyArray<readonly [what: string, gw: HostProvider, url?: string]> = [
    ["options.baseURL", { ...user, options: { ...options, baseURL: elsewhere } }, elsewhere],
    ["api", { ...user, options, api: elsewhere }, elsewhere],
    // The same gateway, another tenant of it.
    ["api", { ...user, options, api: `${baseURL}/theirs` }, `${baseURL}/theirs`],
    ["npm", { ...user, options, npm: "@ai-sdk/anthropic" }],
    ["options.headers.x-team", headed({ "x-team": "theirs" })],
    ["options.headers.x-tenant", headed({ "x-team": "blue", "x-tenant": "theirs" })],
    ["models.m.provider.api", modelled({ provider: { api: elsewhere } }), elsewhere],
    ["models.m.headers.x-tenant", modelled({ headers: { "x-tenant": "theirs" } })],
    ["models.m.id", modelled({ id: "../../theirs/v1/models/m" })],
    ["models...\\/theirs", { ...user, options, models: { "../theirs": {} } }],
    ["models.m.options.store", modelled({ options: { store: true } })]
  ]
  for (const [what, gw, url = baseURL] of others) {
    it(`${what} as somebody else sets it gets no key: ${url}`, async () => {
      await withConfig({ provider: { gw: user } }, async (open) => {
        const { ask, hooks } = await open("project", { provider: { gw } })
        await expect(ask(`${url}/models`, { headers: authorization })).rejects.toThrow(
          new RegExp(`its ${what} is set by something else than the configuration files here.* restart opencode`)
        )
        await hooks.dispose()
      })
    })
  }

  it("what turns no request may come from anywhere, and placeholders are compared as opencode fills them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apikey-files-"))
    const team = join(folder, "team")
    writeFileSync(team, "blue\n", { mode: 0o600 })
    process.env["EFFECT_APIKEY_TEST_HOST"] = "127.0.0.1:9"
    const written = {
      api: "http://{env:EFFECT_APIKEY_TEST_HOST}/v1",
      options: { apiKeyCommand, headers: { "x-team": `{file:${team}}` }, body: { tags: [`{file:${team}}`] } }
    }
    const config = {
      name: "Gateway",
      api: baseURL,
      options: { ...options, timeout: 5000, body: { tags: ["blue"] } },
      models: { m: { name: "M", limit: { context: 1, output: 1 } } }
    }
    try {
      await withConfig({ provider: { gw: written } }, async (open) => {
        const { ask, hooks } = await open("project", { provider: { gw: config } })
        expect(await ask(undefined, { headers: authorization })).toBe("Bearer sk-user")
        await hooks.dispose()
      })
    } finally {
      delete process.env["EFFECT_APIKEY_TEST_HOST"]
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe("the command and the other sources", () => {
  const apiKeyCommand = ["sh", "-c", "echo sk-command"]

  it("an empty file beside is taken as opencode takes it: it says nothing", async () => {
    await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand } } } }, async (open, folder) => {
      writeFileSync(join(folder, "opencode", "opencode.jsonc"), "")
      const provider = { gw: { options: { baseURL, apiKeyCommand, fetch: echo } } }
      const { ask, hooks } = await open("project", { provider })
      expect(await ask()).toBe("Bearer sk-command")
      await hooks.dispose()
    })
  })

  it("a blank key in auth.json is none: the command is run", async () => {
    await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand } } } }, async (open, folder) => {
      const provider = { gw: { options: { baseURL, apiKeyCommand, fetch: echo } } }
      writeFileSync(join(folder, "opencode", "auth.json"), JSON.stringify({ gw: { type: "api", key: " " } }))
      const blank = await open("project", { provider })
      expect(await blank.ask()).toBe("Bearer sk-command")
      await blank.hooks.dispose()
      writeFileSync(join(folder, "opencode", "auth.json"), JSON.stringify({ gw: { type: "api", key: "sk-auth" } }))
      const set = await open("project", { provider })
      expect(set.notices).toContain("info: gw: auth.json has a key, so its command is not run")
      await set.hooks.dispose()
    })
  })

  const vertices: ReadonlyArray<readonly [id: string, npm: string | undefined]> = [
    ["google-vertex", undefined],
    ["google-vertex-anthropic", undefined],
    ["mine", "@ai-sdk/google-vertex/anthropic"]
  ]
  for (const [id, npm] of vertices) {
    it(`is told that ${id}${npm === undefined ? "" : ` with ${npm}`} takes none, and leaves it as it is`, async () => {
      const entry = npm === undefined ? {} : { npm }
      const user = { provider: { [id]: { ...entry, options: { apiKeyCommand } } } }
      await withConfig(
        user,
        async (open) => {
          const { notices, options, hooks } = await open("project", structuredClone(user))
          const message = `${id}: apiKeyCommand is not supported for ${id}, which has no API key`
          expect(notices).toEqual([`error: ${message}`, `toast, error: ${message}`])
          expect(options).toEqual({})
          await hooks.dispose()
        },
        id
      )
    })
  }

  const placeholders: Readonly<Record<string, unknown>> = {
    "a file in an argument": [...apiKeyCommand, "{file:./team}"],
    "a variable in the program": ["{env:HOME}/bin/key"],
    "a variable in the folder": { argv: apiKeyCommand, cwd: "{env:HOME}/keys" },
    "a variable in the environment": { argv: apiKeyCommand, env: { TEAM: "{env:TEAM}" } },
    "a file in the environment": { argv: apiKeyCommand, env: { TEAM: "{file:./team}" } },
    "a variable for the time": { argv: apiKeyCommand, timeout: "{env:TIME}" }
  }
  for (const [what, command] of Object.entries(placeholders)) {
    it(`${what} is no text for a helper: it is refused, and nothing is run`, async () => {
      const config = { provider: { gw: { options: { baseURL, apiKeyCommand: ["opencode's own"], fetch: echo } } } }
      await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand: command } } } }, async (open) => {
        const { ask, hooks } = await open("project", config)
        await expect(ask()).rejects.toThrow(
          /opencode\.json:\d+:\d+: apiKeyCommand: a placeholder stands where none is replaced\. Only \{env:NAME\} in an argument is/
        )
        await hooks.dispose()
      })
    })
  }

  it("{env:NAME} in an argument is replaced", async () => {
    const command = ["sh", "-c", 'echo "sk-$0"', "{env:EFFECT_APIKEY_TEST_TEAM}"]
    await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand: command } } } }, async (open) => {
      process.env["EFFECT_APIKEY_TEST_TEAM"] = "blue"
      const { ask, hooks } = await open("project", {
        provider: { gw: { options: { baseURL, apiKeyCommand: ["sh", "-c", 'echo "sk-$0"', "blue"], fetch: echo } } }
      })
      expect(await ask()).toBe("Bearer sk-blue")
      await hooks.dispose()
    })
  })

  const mistaken: Readonly<Record<string, readonly [command: unknown, says: string]>> = {
    "a duration": [{ argv: apiKeyCommand, timeout: "soon" }, 'For example "10 seconds", "5 minutes" or "250 ms".'],
    "a field": [
      { argv: apiKeyCommand, zzzzzzzz: 1 },
      "interactive, search, format, timeToLive, refreshAhead, onRepeatedKey, eraseOnReject, onAbandon"
    ]
  }
  for (const [what, [command, says]] of Object.entries(mistaken)) {
    it(`${what} that is none is told with what can be written, as it is to be typed`, async () => {
      await withConfig({ provider: { gw: { options: { baseURL, apiKeyCommand: command } } } }, async (open) => {
        const { ask, hooks } = await open("project", {
          provider: { gw: { options: { baseURL, apiKeyCommand: command, fetch: echo } } }
        })
        await expect(ask()).rejects.toThrow(says)
        await hooks.dispose()
      })
    })
  }
})

describe("a model that the user points elsewhere", () => {
  it("gets the key there too, in a provider with a base URL and in one without", async () => {
    const elsewhere = "http://127.0.0.1:8/v1"
    const models = { m: { provider: { npm: "@ai-sdk/anthropic", api: elsewhere } } }
    const apiKeyCommand = ["sh", "-c", "echo sk-user"]
    const headers = { authorization: "Bearer effect-apikey-placeholder" }
    for (const options of [{ apiKeyCommand }, { apiKeyCommand, baseURL }]) {
      await withConfig({ provider: { gw: { options, models } } }, async (open) => {
        const { ask, hooks } = await open("project", {
          provider: { gw: { options: { ...options, fetch: echo }, models } }
        })
        expect(await ask(`${elsewhere}/messages`, { headers })).toBe("Bearer sk-user")
        await hooks.dispose()
      })
    }
  })

  it("takes it from none of the provider's other models, which go where opencode's SDK does", async () => {
    const models = { m: { provider: { npm: "@ai-sdk/anthropic", api: "http://127.0.0.1:8/v1" } } }
    const options = { apiKeyCommand: ["sh", "-c", "echo sk-user"] }
    await withConfig({ provider: { gw: { options, models } } }, async (open) => {
      const { ask, hooks } = await open("project", {
        provider: { gw: { options: { ...options, fetch: echo }, models } }
      })
      const headers = { authorization: "Bearer effect-apikey-placeholder" }
      expect(await ask("https://api.openai.com/v1/responses", { headers })).toBe("Bearer sk-user")
      await hooks.dispose()
    })
  })

  it("where the provider's api is elsewhere, no model that opencode knows by itself goes out without a key", async () => {
    const user = { api: baseURL, options: { apiKeyCommand: ["sh", "-c", "echo sk-user"] } }
    await withConfig({ provider: { gw: user } }, async (open) => {
      const options = { ...user.options, fetch: echo }
      const { ask, hooks, notices } = await open("project", { provider: { gw: { ...user, options } } })
      for (const headers of [
        { authorization: "Bearer effect-apikey-placeholder" },
        { "x-api-key": "effect-apikey-placeholder" }
      ]) {
        await expect(ask("https://api.example/v1/chat", { headers })).rejects.toThrow(
          /No API key for provider "gw": .*goes to https:\/\/api\.example.*names http:\/\/127\.0\.0\.1:9\. Set options\.baseURL/
        )
      }
      expect(notices).toContainEqual(expect.stringContaining("toast, error: "))
      expect(await ask()).toBe("Bearer sk-user")
      await hooks.dispose()
    })
  })

  it("with opencode's own variable in the host, goes where opencode fills it", async () => {
    const options = { baseURL: `https://\${THEIR_HOST}.example/v1`, apiKeyCommand: ["sh", "-c", "echo sk-user"] }
    await withConfig({ provider: { gw: { options } } }, async (open) => {
      const { ask, hooks } = await open("project", { provider: { gw: { options: { ...options, fetch: echo } } } })
      const headers = { authorization: "Bearer effect-apikey-placeholder" }
      expect(await ask("https://their.example/v1/chat", { headers })).toBe("Bearer sk-user")
      await hooks.dispose()
    })
  })

  const astray: ReadonlyArray<readonly [what: string, models: Record<string, unknown>, asks: boolean]> = [
    ["an id that leads up", { m: { id: "../../theirs/v1/models/m" } }, true],
    ["an id that leads up by another spelling", { m: { id: "%2e%2e/theirs" } }, true],
    ["an id that leads up over a backslash", { m: { id: "..\\theirs" } }, true],
    ["an id that ends the path", { m: { id: "m?x=" } }, true],
    ["an id that opencode fills", { m: { id: "x{env:EFFECT_APIKEY_UNSET}" } }, true],
    ["a name that leads up", { "../../theirs": {} }, true],
    ["a name that leads up, with a limit", { "models/../x": { limit: { context: 1, output: 1 } } }, true],
    ["an id as they are", { "meta/llama-3.3:free": { id: "us.anthropic.claude-v2:0@2025" }, "gpt-4.1": {} }, false]
  ]
  for (const [what, models, asks] of astray) {
    it(`${what}, which a project gives a model, ${asks ? "gets no key before trust" : "needs no trust"}`, async () => {
      const options = { baseURL: `${baseURL}/mine`, apiKeyCommand: ["sh", "-c", "echo sk-user"] }
      await withConfig({ provider: { gw: { options } } }, async (open, folder) => {
        mkdirSync(join(folder, "project", ".git"), { recursive: true })
        writeFileSync(join(folder, "project", "opencode.json"), JSON.stringify({ provider: { gw: { models } } }))
        const filled = JSON.parse(JSON.stringify(models).replace("{env:EFFECT_APIKEY_UNSET}", ""))
        const { ask, hooks } = await open("project", {
          provider: { gw: { options: { ...options, fetch: echo }, models: filled } }
        })
        if (asks) await expect(ask()).rejects.toThrow("is not trusted")
        else expect(await ask()).toBe("Bearer sk-user")
        await hooks.dispose()
      })
    })
  }

  it("gets none where a project does so, before trust", async () => {
    const elsewhere = "http://127.0.0.1:8/v1"
    const models = { m: { provider: { api: elsewhere } } }
    const options = { baseURL, apiKeyCommand: ["sh", "-c", "echo sk-user"] }
    await withConfig({ provider: { gw: { options } } }, async (open, folder) => {
      mkdirSync(join(folder, "project", ".git"), { recursive: true })
      writeFileSync(join(folder, "project", "opencode.json"), JSON.stringify({ provider: { gw: { models } } }))
      const { ask, hooks } = await open("project", {
        provider: { gw: { options: { ...options, fetch: echo }, models } }
      })
      for (const url of [`${elsewhere}/messages`, `${baseURL}/messages`]) {
        await expect(ask(url)).rejects.toThrow("is not trusted")
      }
      await hooks.dispose()
    })
  })
})

const wish = {
  provider: "openai",
  command: ["op", "read", "op://Private/OpenAI/api-key"],
  baseUrl: undefined,
  npm: undefined
} as const

const changed = (text: string, options: Partial<Parameters<typeof changeFor>[2]> = {}) =>
  Either.getOrThrow(changeFor("opencode.jsonc", text, { ...wish, ...options }))

describe("opencode init's change", () => {
  it("makes a file where there is none", () => {
    const { text, shown } = changed("")
    expect(parse(text)).toEqual({
      $schema: "https://opencode.ai/config.json",
      plugin: ["effect-apikey"],
      provider: { openai: { options: { apiKeyCommand: wish.command } } }
    })
    expect(shown[0]).toMatch(/^@@ -0,0 \+1,\d+ @@$/)
    expect(shown.slice(1)).toEqual(
      text
        .trimEnd()
        .split("\n")
        .map((line) => `+${line}`)
    )
  })

  it("keeps comments, trailing commas and everything else", () => {
    const before = `{
  // the team's plugins
  "plugin": [
    "their-plugin", // keep
  ],
  /* providers */
  "provider": {
    "openai": { "options": { "timeout": 5, }, },
  },
}
`
    const { text, shown } = changed(before)
    for (const comment of ["// the team's plugins", "// keep", "/* providers */"]) expect(text).toContain(comment)
    expect(parse(text, [], { allowTrailingComma: true })).toEqual({
      plugin: ["their-plugin", "effect-apikey"],
      provider: { openai: { options: { timeout: 5, apiKeyCommand: wish.command } } }
    })
    expect(shown.some((line) => line.startsWith("+ ") && line.includes("effect-apikey"))).toBe(true)
    // Three lines around each change, as in every unified diff.
    for (const line of [`   // the team's plugins`, "   /* providers */"]) expect(shown).toContain(line)
  })

  it("changes nothing when it is all there", () => {
    const { text } = changed("")
    const again = changed(text)
    expect(again.text).toBe(text)
    expect(again.shown).toEqual([])
  })

  it("knows the plugin with options, a version, as a file or a folder", () => {
    const folder = "file:///home/me/node_modules/effect-apikey"
    for (const plugin of [
      "effect-apikey@0.1.0",
      ["effect-apikey", {}],
      "file:///x/opencode-plugin.js",
      folder,
      `${folder}/`
    ]) {
      const { text } = changed(JSON.stringify({ plugin: [plugin] }))
      expect(parse(text).plugin).toEqual([plugin])
    }
  })

  it("adds a gateway's base URL and package, and says when an apiKey wins", () => {
    const before = JSON.stringify({ provider: { gw: { options: { apiKey: "{env:GW}" } } } })
    const options = { provider: "gw", baseUrl: "https://gw.example/v1", npm: "@ai-sdk/openai-compatible" }
    const { text, notes } = changed(before, options)
    expect(parse(text).provider.gw).toEqual({
      options: { apiKey: "{env:GW}", baseURL: "https://gw.example/v1", apiKeyCommand: wish.command },
      npm: "@ai-sdk/openai-compatible"
    })
    expect(notes[0]).toContain("wins over the command")
  })

  it("refuses a file that is not what it should be, with its place", () => {
    const wrong = ['{ "plugin": "x" }', '{ "provider": [] }', '{ "provider": { "openai": { "options": 1 } } }']
    for (const text of ["{", "[]", ...wrong]) {
      const refused = changeFor("opencode.jsonc", text, wish)
      expect(Either.isLeft(refused) && refused.left._tag).toBe("ConfigInvalid")
      expect(Either.isLeft(refused) && refused.left.message).toMatch(/^opencode\.jsonc:1:/)
    }
  })
})
