// The real opencode and we read the same configurations: the key that its requests carry is the key that we resolve.
import { execFileSync } from "node:child_process"
import { basename, join } from "node:path"
import { assert, describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { HelperPolicy } from "../../../src/HelperPolicy.js"
import * as OpencodeConfig from "../../../src/OpencodeConfig.js"
import { type Sandbox, sandbox, within } from "../../support/sandbox.js"
import { sharing } from "../../support/sharing.js"
import { gateway } from "../opencode/gateway.js"
import { environmentOf, reasonToSkip, type Served, serve } from "../opencode/harness.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

interface RunningShape {
  readonly self: Sandbox
  /** Where it cannot read its configuration it does not start. */
  readonly opencode: Exit.Exit<Served>
  readonly placed: ReadonlyArray<Placed>
  /** What authorized the requests that came for a provider. */
  readonly keysOf: (id: string) => ReadonlyArray<string>
}

class Running extends Context.Tag("test/Running")<Running, RunningShape>() {}

/** One opencode for a group of rows, and the gateway that its requests go to. */
const running = (members: ReadonlyArray<Row>) =>
  Layer.scoped(
    Running,
    Effect.gen(function* () {
      const self = yield* sandbox
      const gw = yield* gateway
      const all = members.map((row, at) => placed(row, at, self))
      write(self, gw.origin, all)
      const opencode = yield* Effect.exit(serve({ project: self.project, env: environmentOf(self.home, self.env) }))
      const keysOf = (id: string) => {
        const asked = gw.seen.filter(({ path }) => path.startsWith(`/${id}/`))
        return Array.from(new Set(asked.map(({ headers }) => headers["authorization"] ?? "(none)")))
      }
      return { self, opencode, placed: all, keysOf }
    })
  )

/** Everything is trusted here: only the precedence is looked at. */
const trusting = Layer.succeed(HelperPolicy, { authorize: () => Effect.succeed({ options: {}, reason: "a test" }) })

const ours = (self: Sandbox, cwd: string, id: string) =>
  Effect.gen(function* () {
    const config = yield* OpencodeConfig.load
    const provider = yield* config.provider(id)
    const key = yield* Effect.either(provider.get)
    if (key._tag === "Right") return [`Bearer ${Redacted.value(key.right.value)}`]
    return key.left._tag === "KeyNotConfigured" ? ["(none)"] : [`${key.left._tag}: ${key.left.message}`]
  }).pipe(Effect.provide(trusting), within(self, { cwd }))

/**
 * The rows of a group share a home, an environment and one running opencode, which has an instance for each project. Each row has
 * a provider of its own (`myprov` in the rows stands for its id), so that what one row says reaches no other.
 */
const groups = ["plain", "named file", "named folder", "no project", "broken"] as const

interface Row {
  readonly name: string
  /** Where nothing is said: "plain". */
  readonly group?: (typeof groups)[number]
  /** Written by path from the sandbox's root; `project` is the row's. JSON of several rows in one file is merged. */
  readonly files?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  readonly auth?: Readonly<Record<string, unknown>>
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
    group: "no project",
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
    group: "named file",
    files: { [`${global}/opencode.jsonc`]: options("global"), "home/other.json": options("custom") },
    env: { OPENCODE_CONFIG: "home/other.json" },
    key: "Bearer custom"
  },
  {
    name: "the project over OPENCODE_CONFIG",
    group: "named file",
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
    group: "named folder",
    files: { "home/.opencode/opencode.json": options("home"), "home/dir/opencode.json": options("dir") },
    env: { OPENCODE_CONFIG_DIR: "home/dir" },
    key: "Bearer dir"
  },
  {
    name: "OPENCODE_CONFIG_DIR over .opencode",
    group: "named folder",
    files: { "project/.opencode/opencode.json": options("dot"), "home/dir/opencode.json": options("dir") },
    env: { OPENCODE_CONFIG_DIR: "home/dir" },
    key: "Bearer dir"
  },
  {
    name: "OPENCODE_CONFIG_CONTENT over all files",
    group: "named folder",
    files: { "project/.opencode/opencode.json": options("dot") },
    env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(options("content")) },
    key: "Bearer content"
  },
  {
    name: "no project with OPENCODE_DISABLE_PROJECT_CONFIG",
    group: "no project",
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
    name: "harm: a reference that opencode does not know is sent as the key; here auth.json is asked",
    files: { [`${global}/opencode.json`]: options("{cred:abc}") },
    auth: apiEntry("from-auth"),
    key: "Bearer {cred:abc}",
    ours: "Bearer from-auth"
  },
  {
    name: "harm: a variable's value becomes JSON; here it stays the value",
    files: { [`${global}/opencode.json`]: options("{env:INJECTED}") },
    env: { INJECTED: `x", "ignored": "y` },
    key: "Bearer x",
    ours: `InvalidOutput: INJECTED cannot be used as a key: expected visible ASCII characters without spaces`
  },
  {
    name: "harm: a {file:} in a variable's value is read; here it stays the value, which is no key",
    files: { [`${global}/opencode.json`]: options("{env:INDIRECT}"), "home/secret": "stolen" },
    env: { INDIRECT: "{file:~/secret}" },
    key: "Bearer stolen",
    ours: `InvalidOutput: INDIRECT cannot be used as a key: expected a key, not a variable or a command that nothing has replaced`
  },
  {
    name: "harm: a {file:} in a comment is read, and a missing one there ends everything; here comments are comments",
    group: "broken",
    files: {
      [`${global}/opencode.jsonc`]: `{ /* {file:./gone} */ "provider": { "myprov": { "options": { "apiKey": "sk-1" } } } }`
    },
    key: undefined,
    ours: "Bearer sk-1"
  },
  {
    name: "harm: a placeholder without quotes is JSON; here it is a string, and its quotes are no part of a key",
    group: "named file",
    files: { [`${global}/opencode.json`]: `{ "provider": { "myprov": { "options": { "apiKey": {env:BARE} } } } }` },
    env: { BARE: `"quoted"` },
    key: "Bearer quoted",
    ours: `InvalidOutput: BARE cannot be used as a key: expected a key without quotes`
  }
]

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const merged = (one: unknown, other: unknown): unknown => {
  if (one === undefined) return other
  if (!isRecord(one) || !isRecord(other)) throw new Error("two rows of a group say different things in one place")
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries(
    Array.from(names, (name) => [name, name in other ? merged(one[name], other[name]) : one[name]])
  )
}

interface Placed {
  readonly row: Row
  readonly id: string
  readonly project: string
  readonly folder: string
}

/** The row with an id of its own for the provider, and a project of its own where it says something of the project. */
const placed = (original: Row, at: number, self: Sandbox): Placed => {
  const id = `row${at}`
  const row: Row = JSON.parse(JSON.stringify(original).replaceAll("myprov", id))
  const saysOfProject = Object.keys(row.files ?? {}).some((file) => file.startsWith("project/"))
  const project = join(self.root, saysOfProject ? id : "bare")
  return { row, id, project, folder: join(project, row.folder ?? "") }
}

/** Its own plugin would be fetched from a registry; this says that it is there. */
const withoutRegistry = (self: Sandbox, folder: string): void => {
  self.write(`${folder}/node_modules/.keep`, "")
  self.write(`${folder}/package-lock.json`, { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } })
}

/** Writes what all rows of a group say. */
const write = (self: Sandbox, url: string, all: ReadonlyArray<Placed>): void => {
  const contents = new Map<string, unknown>()
  const add = (file: string, said: unknown): void => void contents.set(file, merged(contents.get(file), said))
  for (const { id, project, row } of all) {
    execFileSync("git", ["init", "-q", project])
    for (const folder of [".opencode", "a/.opencode"]) withoutRegistry(self, `${basename(project)}/${folder}`)
    add(`${global}/config.json`, {
      provider: {
        [id]: {
          npm: "@ai-sdk/openai-compatible",
          options: { baseURL: `${url}/${id}/v1`, ...row.inConfig },
          models: { mymodel: {} }
        }
      }
    })
    for (const [file, said] of Object.entries(row.files ?? {})) add(file.replace(/^project\//, `${id}/`), said)
    if (row.auth !== undefined) add("home/.local/share/opencode/auth.json", row.auth)
    Object.assign(self.env, row.env)
  }
  const isInHome = Array.from(contents.keys()).some((file) => file.startsWith("home/.opencode/"))
  for (const folder of [global, "home/dir", ...(isInHome ? ["home/.opencode"] : [])]) withoutRegistry(self, folder)
  for (const [file, said] of contents) self.write(file, said)
  for (const name of ["OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR"]) {
    const value = self.env[name]
    if (value !== undefined) self.env[name] = join(self.root, value)
  }
}

const limit = 240_000

for (const group of groups) {
  describe.skipIf(reasonToSkip !== undefined)("opencode's precedence, and ours", () => {
    const members = rows.filter((row) => (row.group ?? "plain") === group)
    const test = sharing(running(members), limit)
    for (const [at, { name }] of members.entries()) {
      test(name, () =>
        Effect.gen(function* () {
          const { opencode, keysOf, placed, self } = yield* Running
          const each = placed[at]
          if (each === undefined) return yield* Effect.dieMessage("no such row")
          const { folder, id, row } = each
          const said = yield* Effect.exit(
            Effect.gen(function* () {
              const { say, session } = yield* opencode
              return yield* say(yield* session(folder, "titled"), `${id}/mymodel`, folder)
            })
          )
          assert.deepStrictEqual(keysOf(id), row.key === undefined ? [] : [row.key], JSON.stringify(said))
          assert.deepStrictEqual(yield* ours(self, folder, id), [row.ours ?? row.key])
        })
      )
    }
  })
}
