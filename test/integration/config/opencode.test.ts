// The real opencode and we read the same configurations: the key that its requests carry is the key that we resolve.
import { execFileSync, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { HelperPolicy } from "../../../src/HelperPolicy.js"
import * as OpencodeConfig from "../../../src/OpencodeConfig.js"
import { type Sandbox, sandbox, within } from "../../support/sandbox.js"

const binary = join(
  import.meta.dirname,
  "../../../node_modules",
  `opencode-${process.platform}-${process.arch}`,
  "bin/opencode"
)
const isThere = existsSync(binary)
if (!isThere && process.env["REQUIRE_TOOLS"] !== "1") console.log(`skipped: no opencode at ${binary}`)

interface Seen {
  readonly url: string
  readonly keys: Set<string>
}

const answer = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "hi" } }] },
  {
    choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  }
]

/** An OpenAI-compatible server that remembers what authorizes the requests. */
const server = Effect.acquireRelease(
  Effect.async<{ readonly seen: Seen; readonly close: () => void }>((resume) => {
    const keys = new Set<string>()
    const listening = createServer((request, response) => {
      keys.add(request.headers.authorization ?? "(none)")
      request.resume().on("end", () => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        for (const chunk of answer) {
          response.write(
            `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "mymodel", ...chunk })}\n\n`
          )
        }
        response.end("data: [DONE]\n\n")
      })
    })
    listening.listen(0, "127.0.0.1", () => {
      const address = listening.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(
        Effect.succeed({
          seen: { url: `http://127.0.0.1:${port}/v1`, keys },
          close: () => {
            listening.closeAllConnections()
            listening.close()
          }
        })
      )
    })
  }),
  ({ close }) => Effect.sync(close)
).pipe(Effect.map(({ seen }) => seen))

const patienceMillis = 90_000

/** Runs opencode once, headless, in a folder; what it printed. */
const runOpencode = (self: Sandbox, cwd: string, seen: Seen) =>
  Effect.async<string>((resume) => {
    const child = spawn(binary, ["run", "say hi", "-m", "myprov/mymodel"], {
      cwd,
      env: {
        ...self.env,
        HOME: self.home,
        XDG_CONFIG_HOME: join(self.home, ".config"),
        XDG_DATA_HOME: join(self.home, ".local/share"),
        XDG_CACHE_HOME: join(self.home, ".cache"),
        XDG_STATE_HOME: join(self.home, ".local/state"),
        OPENCODE_DISABLE_MODELS_FETCH: "1",
        OPENCODE_DISABLE_AUTOUPDATE: "1",
        OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
        OPENCODE_DISABLE_SHARE: "1"
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    const said: Array<Buffer> = []
    child.stdout.on("data", (chunk) => said.push(chunk))
    child.stderr.on("data", (chunk) => said.push(chunk))
    const end = () => {
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, "SIGKILL")
        } catch {
          // gone already
        }
      }
    }
    const timer = setTimeout(end, patienceMillis)
    child.on("close", () => {
      clearTimeout(timer)
      resume(Effect.sync(() => Buffer.concat(said).toString("utf8")))
    })
    return Effect.sync(() => {
      clearTimeout(timer)
      end()
    })
  }).pipe(Effect.map((said) => ({ said, keys: Array.from(seen.keys).sort() })))

/** Everything is trusted here: only the precedence is looked at. */
const trusting = Layer.succeed(HelperPolicy, { authorize: () => Effect.succeed({ options: {}, because: "a test" }) })

const ours = (self: Sandbox, cwd: string) =>
  Effect.gen(function* () {
    const config = yield* OpencodeConfig.load
    const provider = yield* config.provider("myprov")
    const key = yield* Effect.either(provider.get)
    if (key._tag === "Right") return [`Bearer ${Redacted.value(key.right.value)}`]
    return key.left._tag === "KeyNotConfigured" ? ["(none)"] : [`${key.left._tag}: ${key.left.message}`]
  }).pipe(Effect.provide(trusting), within(self, { cwd }))

interface Row {
  readonly name: string
  /** Written by path from the sandbox's root. */
  readonly files?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  readonly auth?: unknown
  /** Of the project. */
  readonly folder?: string
  /** Beside the base URL in the global config.json. */
  readonly inConfig?: Readonly<Record<string, unknown>>
  /** Undefined: it sends no request. */
  readonly key: string | undefined
  /** What we say where opencode does harm. */
  readonly ours?: string
}

const options = (apiKey: string) => ({ provider: { myprov: { options: { apiKey } } } })
const global = "home/.config/opencode"
const apiEntry = (key: string) => ({ myprov: { type: "api", key } })
const usesEnv = { "home/.config/opencode/opencode.json": { provider: { myprov: { env: ["MYPROV_KEY"] } } } }

const rows: ReadonlyArray<Row> = [
  { name: "nothing anywhere: no header", key: "(none)" },
  { name: "the provider's variable", files: usesEnv, env: { MYPROV_KEY: "from-env" }, key: "Bearer from-env" },
  {
    name: "auth.json over the variable",
    files: usesEnv,
    env: { MYPROV_KEY: "from-env" },
    auth: apiEntry("from-auth"),
    key: "Bearer from-auth"
  },
  {
    name: "options.apiKey over auth.json",
    files: { [`${global}/opencode.json`]: options("from-options") },
    auth: apiEntry("from-auth"),
    key: "Bearer from-options"
  },
  {
    name: "OPENCODE_AUTH_CONTENT instead of auth.json",
    auth: apiEntry("from-file"),
    env: { OPENCODE_AUTH_CONTENT: JSON.stringify(apiEntry("from-content")) },
    key: "Bearer from-content"
  },
  {
    name: "an entry of auth.json that does not parse is passed over",
    files: usesEnv,
    env: { MYPROV_KEY: "from-env" },
    auth: { myprov: { type: "api" }, other: 3 },
    key: "Bearer from-env"
  },
  {
    name: "{env:NAME}",
    files: { [`${global}/opencode.json`]: options("{env:GATEWAY_TOKEN}") },
    env: { GATEWAY_TOKEN: "from-gateway" },
    key: "Bearer from-gateway"
  },
  {
    name: "{env:NAME} inside a string",
    files: { [`${global}/opencode.json`]: options("pre-{env:A}-{env:B}-post") },
    env: { A: "a", B: "b" },
    key: "Bearer pre-a-b-post"
  },
  {
    name: "{file:PATH} from the file it stands in, trimmed",
    files: { "project/opencode.json": options("{file:./keys/key}"), "project/keys/key": "  from-key-file\n" },
    key: "Bearer from-key-file"
  },
  {
    name: "{file:~/PATH}, its name from a variable",
    files: { "project/opencode.json": options("{file:~/{env:WHERE}/key}"), "home/keys/key": "from-home\n" },
    env: { WHERE: "keys" },
    key: "Bearer from-home"
  },
  {
    name: "config.json alone",
    inConfig: { apiKey: "config" },
    key: "Bearer config"
  },
  {
    name: "opencode.json over config.json",
    inConfig: { apiKey: "config" },
    files: { [`${global}/opencode.json`]: options("json") },
    key: "Bearer json"
  },
  {
    name: "opencode.jsonc over opencode.json over config.json, with comments and trailing commas",
    inConfig: { apiKey: "config" },
    files: {
      [`${global}/opencode.json`]: options("json"),
      [`${global}/opencode.jsonc`]: `{ // comment\n "provider": { "myprov": { "options": { /* {env:X} */ "apiKey": "jsonc", }, }, }, }`
    },
    key: "Bearer jsonc"
  },
  {
    name: "OPENCODE_CONFIG over the global file",
    files: { [`${global}/opencode.jsonc`]: options("global"), "home/other.json": options("custom") },
    env: { OPENCODE_CONFIG: "home/other.json" },
    key: "Bearer custom"
  },
  {
    name: "the project over OPENCODE_CONFIG",
    files: { "home/other.json": options("custom"), "project/opencode.json": options("project") },
    env: { OPENCODE_CONFIG: "home/other.json" },
    key: "Bearer project"
  },
  {
    name: "the nearer folder of a project over the farther",
    files: {
      "project/opencode.jsonc": options("far-c"),
      "project/a/opencode.json": options("near"),
      "project/a/opencode.jsonc": options("near-c"),
      "project/a/b/x": ""
    },
    folder: "a/b",
    key: "Bearer near-c"
  },
  {
    name: ".opencode over the project's file, of several the outermost",
    files: {
      "project/opencode.jsonc": options("file"),
      "project/.opencode/opencode.json": options("outer"),
      "project/a/.opencode/opencode.json": options("inner")
    },
    folder: "a",
    key: "Bearer outer"
  },
  {
    name: "~/.opencode over the project's .opencode",
    files: { "project/.opencode/opencode.json": options("dot"), "home/.opencode/opencode.jsonc": options("home") },
    key: "Bearer home"
  },
  {
    name: "OPENCODE_CONFIG_DIR over ~/.opencode",
    files: { "home/.opencode/opencode.json": options("home"), "home/dir/opencode.json": options("dir") },
    env: { OPENCODE_CONFIG_DIR: "home/dir" },
    key: "Bearer dir"
  },
  {
    name: "OPENCODE_CONFIG_DIR over .opencode",
    files: { "project/.opencode/opencode.json": options("dot"), "home/dir/opencode.json": options("dir") },
    env: { OPENCODE_CONFIG_DIR: "home/dir" },
    key: "Bearer dir"
  },
  {
    name: "OPENCODE_CONFIG_CONTENT over all files",
    files: { "project/.opencode/opencode.json": options("dot") },
    env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(options("content")) },
    key: "Bearer content"
  },
  {
    name: "no project with OPENCODE_DISABLE_PROJECT_CONFIG",
    files: { [`${global}/opencode.json`]: options("global"), "project/opencode.json": options("project") },
    env: { OPENCODE_DISABLE_PROJECT_CONFIG: "1" },
    key: "Bearer global"
  },
  {
    name: "harm: {env:MISSING} hides auth.json; here auth.json is asked",
    files: { [`${global}/opencode.json`]: options("{env:MISSING}") },
    auth: apiEntry("from-auth"),
    key: "(none)",
    ours: "Bearer from-auth"
  },
  {
    name: "harm: a variable's value becomes JSON; here it stays the value",
    files: { [`${global}/opencode.json`]: options("{env:INJECTED}") },
    env: { INJECTED: `x", "ignored": "y` },
    key: "Bearer x",
    ours: `InvalidOutput: INJECTED: its output is not "text"; expected visible ASCII characters without spaces`
  },
  {
    name: "harm: a {file:} in a variable's value is read; here it stays the value",
    files: { [`${global}/opencode.json`]: options("{env:INDIRECT}"), "home/secret": "stolen" },
    env: { INDIRECT: "{file:~/secret}" },
    key: "Bearer stolen",
    ours: "Bearer {file:~/secret}"
  },
  {
    name: "harm: a {file:} in a comment is read, and a missing one there ends everything; here comments are comments",
    files: {
      [`${global}/opencode.jsonc`]: `{ /* {file:./gone} */ "provider": { "myprov": { "options": { "apiKey": "sk-1" } } } }`
    },
    key: undefined,
    ours: "Bearer sk-1"
  },
  {
    name: "harm: a placeholder without quotes is JSON; here it is a string",
    files: { [`${global}/opencode.json`]: `{ "provider": { "myprov": { "options": { "apiKey": {env:BARE} } } } }` },
    env: { BARE: `"quoted"` },
    key: "Bearer quoted",
    ours: `Bearer "quoted"`
  }
]

/** Its own plugin would be fetched from a registry; this says that it is there. */
const prepared = (self: Sandbox, seen: Seen, row: Row): string => {
  execFileSync("git", ["init", "-q", self.project])
  const isInHome = Object.keys(row.files ?? {}).some((file) => file.startsWith("home/.opencode/"))
  const folders = ["home/.config/opencode", "project/.opencode", "project/a/.opencode", "home/dir"]
  for (const folder of [...folders, ...(isInHome ? ["home/.opencode"] : [])]) {
    self.write(`${folder}/node_modules/.keep`, "")
    self.write(`${folder}/package-lock.json`, { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } })
  }
  self.write(`${global}/config.json`, {
    provider: {
      myprov: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: seen.url, ...row.inConfig },
        models: { mymodel: {} }
      }
    }
  })
  for (const [file, content] of Object.entries(row.files ?? {})) self.write(file, content)
  if (row.auth !== undefined) self.write("home/.local/share/opencode/auth.json", row.auth)
  Object.assign(self.env, row.env)
  for (const name of ["OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR"]) {
    const value = self.env[name]
    if (value !== undefined) self.env[name] = join(self.root, value)
  }
  return join(self.project, row.folder ?? "")
}

describe.skipIf(!isThere && process.env["REQUIRE_TOOLS"] !== "1")("opencode's precedence, and ours", () => {
  for (const row of rows) {
    it.scopedLive(
      row.name,
      () =>
        Effect.gen(function* () {
          const self = yield* sandbox
          const seen = yield* server
          const cwd = prepared(self, seen, row)
          const { keys, said } = yield* runOpencode(self, cwd, seen)
          assert.deepStrictEqual(keys, row.key === undefined ? [] : [row.key], said)
          assert.deepStrictEqual(yield* ours(self, cwd), [row.ours ?? row.key])
        }),
      120_000
    )
  }
})
