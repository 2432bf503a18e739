// Which key the requests of opencode carry, and what it says where there is none: many providers in one running opencode.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { isPassingFault } from "../../../src/opencode/plugin/message.js"
import { packed } from "../../support/artifacts.js"
import { isAlive } from "../../support/processes.js"
import { sharing } from "../../support/sharing.js"
import { answerText, type Gateway, gateway } from "./gateway.js"
import {
  logOf,
  type Place,
  pidsOf,
  place,
  processesOf,
  type Reply,
  reasonToSkip,
  type Served,
  serve,
  withKnownModels
} from "./harness.js"
import { noting, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const placeholder = "effect-apikey-placeholder"
const limit = 240_000

/** A provider of its own in the configuration, and a gateway of its own that its requests go to. */
interface Case {
  readonly name: string
  readonly id: string
  readonly npm?: string
  /** Beside the base URL. */
  readonly options: (at: Place) => Readonly<Record<string, unknown>>
  /** After the gateway's origin; "/v1" where nothing is said. */
  readonly path?: string
  readonly models?: Readonly<Record<string, unknown>>
  /** What the message is sent to; "m" where nothing is said. */
  readonly model?: string
  /** That no key comes is the point: the seconds within which opencode must know. */
  readonly failsWithin?: number
  readonly shows: (asked: Asked) => void
}

interface Asked {
  readonly at: Place
  readonly gw: Gateway
  readonly reply: Reply
}

interface RunningShape {
  readonly at: Place
  readonly opencode: Served
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly noted: ReturnType<typeof noting>
}

class Running extends Context.Tag("test/RunningKeys")<Running, RunningShape>() {}

/** One opencode for these cases. */
const running = (
  cases: ReadonlyArray<Case>,
  env: Readonly<Record<string, string | undefined>>,
  files: Readonly<Record<string, string>> = {}
) =>
  Layer.scoped(
    Running,
    Effect.gen(function* () {
      const plugin = yield* Effect.promise(() => packed())
      const at = yield* place
      const gateways = new Map<string, Gateway>()
      const provider: Record<string, unknown> = {}
      for (const { id, npm, options, path = "/v1", models = { m: {} } } of cases) {
        const gw = yield* gateway
        gateways.set(id, gw)
        const all = { baseURL: `${gw.origin}${path}`, ...options(at) }
        provider[id] = { ...(npm === undefined ? {} : { npm }), options: all, models }
      }
      for (const [file, content] of Object.entries(files)) at.write(file, content)
      const failing = cases.flatMap(({ id, failsWithin }) => (failsWithin === undefined ? [] : [[id, failsWithin]]))
      const noted = noting(at, Object.fromEntries(failing))
      at.write(userConfig, { plugin: [`file://${plugin.plugin}`, noted.url], provider })
      return { at, opencode: yield* serve(at, env), gateways, noted }
    })
  )

const compatible = "@ai-sdk/openai-compatible"

const keysAre =
  (key: string): Case["shows"] =>
  ({ gw, reply }) => {
    expect(reply.error).toBeUndefined()
    expect(reply.text).toContain(answerText)
    expect(new Set(gw.keys())).toEqual(new Set([key]))
  }

const describeCases = (
  title: string,
  cases: ReadonlyArray<Case>,
  env: Readonly<Record<string, string | undefined>>,
  files?: Readonly<Record<string, string>>
): void => {
  describe.skipIf(reasonToSkip !== undefined)(title, () => {
    const test = sharing(running(cases, env, files), limit)
    for (const { failsWithin, id, model = "m", name, shows } of cases) {
      test(name, () =>
        Effect.gen(function* () {
          const { at, gateways, noted, opencode } = yield* Running
          const gw = gateways.get(id)
          if (gw === undefined) return yield* Effect.dieMessage("no such gateway")
          // With a title it asks for none, so there is one request.
          const session = yield* opencode.session(undefined, failsWithin === undefined ? undefined : "greeting")
          const reply = yield* opencode.say(session, `${id}/${model}`)
          shows({ at, gw, reply })
          expect(JSON.stringify(gw.seen)).not.toContain(placeholder)
          if (failsWithin === undefined) return
          expect(noted.of(id)).toEqual(["asked", "answered"])
          expect(gw.seen).toEqual([])
          expect(pidsOf(at).filter(isAlive)).toEqual([])
          expect(processesOf(at).filter((pid) => pid !== opencode.child.pid)).toEqual([])
          const { text } = yield* opencode.request(`/session/${session}/message`)
          for (const shown of [reply.body, text]) {
            expect(shown.match(/No API key for provider/g)).toHaveLength(1)
            expect(shown).not.toMatch(/\\n\s+at |EPIPE/)
          }
          for (const shown of [reply.body, text, logOf(at)]) expect(shown).not.toContain("sk-secret")
        })
      )
    }
  })
}

const failure =
  (says: RegExp, remedy: RegExp): Case["shows"] =>
  ({ reply }) => {
    const message = reply.error ?? ""
    expect(message).toMatch(/^No API key for provider/)
    expect(message).toMatch(says)
    expect(message).toMatch(remedy)
    expect(isPassingFault(message)).toBe(false)
  }

const apis = [
  { id: "openai", model: "gpt-4.1-mini", path: "/v1", header: "authorization", value: "Bearer sk-of-openai" },
  { id: "anthropic", model: "claude-sonnet-4-5", path: "/v1", header: "x-api-key", value: "sk-of-anthropic" },
  { id: "google", model: "gemini-2.5-flash", path: "/v1beta", header: "x-goog-api-key", value: "sk-of-google" }
]

describeCases(
  "opencode's own providers with the plugin",
  apis.map(
    ({ header, id, model, path, value }): Case => ({
      name: `puts the key of opencode's own ${id} provider into ${header}, and the placeholder nowhere`,
      id,
      path,
      options: (at) => ({ apiKeyCommand: at.helper(id, `echo sk-of-${id}`) }),
      models: { [model]: {} },
      model,
      shows: ({ at, gw, reply }) => {
        expect(reply.error).toBeUndefined()
        expect(reply.text).toContain(answerText)
        expect(gw.seen.length).toBeGreaterThan(0)
        for (const request of gw.seen) expect(request.headers[header]).toBe(value)
        expect(at.runsOf(id)).toBe(1)
      }
    })
  ),
  withKnownModels
)

const headers = { "x-team": "{file:./team.txt}", "x-user": "{env:MY_NAME}" }

const showsHeaders = ({ gw }: Asked): void => {
  for (const { headers } of gw.seen) expect([headers["x-team"], headers["x-user"]]).toEqual(["blue", "ada"])
}

const found: ReadonlyArray<Case> = [
  {
    name: "serves a model that names its own npm package with the same key, in that package's header",
    id: "both",
    options: (at) => ({ apiKeyCommand: at.helper("both", "echo sk-both") }),
    models: { m: {}, claude: { provider: { npm: "@ai-sdk/anthropic" } } },
    model: "claude",
    shows: ({ gw, reply }) => {
      expect(reply.error).toBeUndefined()
      expect(reply.text).toContain(answerText)
      const messages = gw.seen.filter((request) => request.path.endsWith("/messages"))
      expect(messages.length).toBeGreaterThan(0)
      for (const request of messages) expect(request.headers["x-api-key"]).toBe("sk-both")
    }
  },
  {
    name: "takes format, time to live, env and cwd from the object form",
    id: "object",
    options: (at) => ({
      apiKeyCommand: {
        argv: at.helper("object", `printf '{"token":"%s-%s","expires_in":3600}' "$WHO" "$(basename "$PWD")"`),
        format: { name: "json", field: "token" },
        timeout: "20 seconds",
        timeToLive: "1 minute",
        env: { WHO: "sk-env" },
        cwd: at.project,
        interactive: "never"
      }
    }),
    shows: keysAre("sk-env-project")
  },
  {
    name: "lets options.apiKey win, and leaves {env:} and {file:} in other options alone",
    id: "set",
    options: (at) => ({ apiKey: "{env:MY_KEY}", apiKeyCommand: at.helper("unused", "echo sk-unused"), headers }),
    shows: (asked) => {
      keysAre("sk-set")(asked)
      expect(asked.at.runsOf("unused")).toBe(0)
      showsHeaders(asked)
    }
  },
  {
    name: "takes an options.apiKey that comes out empty for none, and leaves the other options alone",
    id: "unset",
    options: (at) => ({ apiKey: "{env:MY_UNSET_KEY}", apiKeyCommand: at.helper("used", "echo sk-used"), headers }),
    shows: (asked) => {
      keysAre("sk-used")(asked)
      showsHeaders(asked)
    }
  },
  {
    name: "finds a helper in a usual folder that PATH does not name, as a desktop program must",
    id: "desk",
    options: (at) => {
      at.helper("desk-key", "echo sk-desk", ".local/bin")
      return { apiKeyCommand: ["desk-key"] }
    },
    shows: keysAre("sk-desk")
  },
  {
    name: "finds a helper that only the log-in shell's PATH names",
    id: "login",
    options: (at) => {
      at.helper("login-key", "echo sk-login", "a-folder-of-my-own")
      return { apiKeyCommand: ["login-key"] }
    },
    shows: keysAre("sk-login")
  },
  {
    name: "finds no helper in a folder that nothing names",
    id: "unnamed",
    options: (at) => {
      at.helper("unnamed-key", "echo sk-unnamed", "a-folder-that-nothing-names")
      return { apiKeyCommand: ["unnamed-key"] }
    },
    failsWithin: 65,
    shows: (asked) => {
      failure(/unnamed-key was not found/, /Install it, add its directory to PATH/)(asked)
      expect(asked.at.runsOf("unnamed-key")).toBe(0)
    }
  }
]

const budgetSeconds = 5
const timeout = `${budgetSeconds} seconds`
const someRemedy = /\. \S.*\.$/

const failing: ReadonlyArray<Omit<Case, "failsWithin">> = [
  {
    name: "says once, clearly and in time what is wrong with a helper that is missing, and sends nothing",
    id: "missing",
    options: () => ({ apiKeyCommand: { argv: ["no-such-helper-anywhere"], timeout } }),
    shows: failure(/no-such-helper-anywhere was not found/, /Install it, add its directory to PATH/)
  },
  {
    name: "says once, clearly and in time what is wrong with a helper that is empty, and sends nothing",
    id: "empty",
    options: (at) => ({ apiKeyCommand: { argv: at.helper("empty", "exit 0"), timeout } }),
    shows: (asked) => {
      failure(/wrote nothing to stdout/, someRemedy)(asked)
      expect(asked.at.runsOf("empty")).toBe(1)
    }
  },
  ...[
    {
      name: "closes its stdout and stays",
      script: "exec >&- 2>&-; echo $$ > pids; exec sleep 1000",
      says: /timed out after 5 s/
    },
    { name: "never stops writing", script: "echo $$ > pids; exec yes sk-secret", says: /more than/ },
    { name: "is killed", script: "printf sk-secret; kill -9 $$", says: /SIGKILL/ },
    {
      name: "does not read its stdin",
      script: "exec <&-; echo sk-secret >&2; exit 3",
      options: { format: { name: "docker-credential", serverUrl: `https://${"x".repeat(200_000)}.example` } },
      says: /status 3/
    }
  ].map(({ name, options, says, script }, index) => ({
    name: `a helper that ${name} is one message in the chat, and no request`,
    id: `odd${index}`,
    options: (at: Place) => ({ apiKeyCommand: { argv: at.helper(`odd${index}`, script), timeout, ...options } }),
    shows: (asked: Asked) => {
      failure(says, someRemedy)(asked)
      expect(asked.at.runsOf(`odd${index}`)).toBe(1)
    }
  }))
]

const profile = 'PATH="$PATH:$HOME/a-folder-of-my-own"\nexport PATH\n'

describeCases(
  "a provider of the user's in opencode with the plugin",
  [...found, ...failing.map((each) => ({ ...each, failsWithin: budgetSeconds + 5 }))].map((each) => ({
    npm: compatible,
    ...each
  })),
  { PATH: "/usr/bin:/bin", MY_KEY: "sk-set", MY_NAME: "ada" },
  { "home/.profile": profile, "home/.zprofile": profile, "home/.config/opencode/team.txt": "blue\n" }
)
