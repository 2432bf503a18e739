/**
 * The pages of docs/tools, from their own text: the configuration of every page is valid, every message is one that the catalog knows, and
 * where the tool is installed the page's configuration and its shell line print the key.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as HelperCatalog from "effect-apikey/HelperCatalog"
import { entriesOf } from "../../src/internal/config/file.js"
import * as Document from "../../src/internal/source/jsonc.js"
import type { ApiKeySource } from "../../src/internal/source/schema.js"
import { commandLine } from "../support/commandLine.js"
import { type Sandbox, sandbox } from "../support/sandbox.js"
import { describeTool, runTool, setUp, whichAll } from "./tools/support.js"

const root = join(import.meta.dirname, "../..")
const folder = join(root, "docs/tools")
const secret = "sk-page-7f3a9c21d0"
/** Making a gpg key takes entropy, and a loaded machine its time. */
const slow = 120_000

interface Page {
  readonly name: string
  readonly title: string
  readonly text: string
  /** The text of each ```jsonc block; the first is the one to copy. */
  readonly configurations: ReadonlyArray<string>
  /** The ```sh block: one line. */
  readonly shell: string
  /** The message of each item of "What goes wrong". */
  readonly messages: ReadonlyArray<string>
}

const matches = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  [...text.matchAll(pattern)].flatMap(([, group]) => (group === undefined ? [] : [group]))

const read = (file: string): Page => {
  const text = readFileSync(join(folder, file), "utf8")
  const [shell = ""] = matches(text, /```sh\n(.*)\n```/g)
  const [wrong = ""] = matches(text, /## What goes wrong\n([\s\S]*?)\n## /g)
  return {
    name: file.replace(/\.md$/, ""),
    text,
    title: matches(text, /^# (.*)$/gm)[0] ?? "",
    configurations: matches(text, /```jsonc\n([\s\S]*?)```/g),
    shell,
    messages: matches(wrong, /^- `([^`]+)`:/gm)
  }
}

const pages = readdirSync(folder)
  .filter((file) => file.endsWith(".md") && file !== "README.md")
  .map(read)

const pageOf = (name: string): Page => {
  const page = pages.find((each) => each.name === name)
  if (page === undefined) throw new Error(`docs/tools has no page ${name}`)
  return page
}

const entries = (configuration: string) =>
  Either.getOrThrowWith(
    Either.flatMap(Document.parse("page.jsonc", configuration), (document) => entriesOf(document, "user")),
    (problem) => new Error(problem.message)
  )

const programsOf = (source: ApiKeySource): ReadonlyArray<string> => {
  if (source._tag === "Command") return [source.command.argv[0]]
  return source._tag === "FirstOf" ? source.firstOf.flatMap(programsOf) : []
}

const sourcesOf = (configuration: string): ReadonlyArray<ApiKeySource> =>
  [...entries(configuration).values()].map(
    (entry) =>
      Option.getOrThrow(Either.getOrThrowWith(entry, (problem) => new Error(`${problem.message} ${problem.hint}`)).key)
        .source
  )

const isKnown = (program: string, message: string): boolean =>
  Option.exists(HelperCatalog.find(program), ({ failures }) =>
    failures.some(({ exitCode, stderr, stdout }) =>
      message.startsWith("status ")
        ? message === `status ${exitCode}`
        : stderr?.test(message) === true || stdout?.test(message) === true
    )
  )

describe("every page of docs/tools", () => {
  it("stands in the index", () => {
    const index = readFileSync(join(folder, "README.md"), "utf8")
    assert.sameMembers(
      [...matches(index, /^- (\[.*\]\(.*\.md\)): \S/gm)],
      pages.map(({ name, title }) => `[${title}](${name}.md)`)
    )
  })

  it.each(pages)("$name: its configurations are valid", ({ configurations }) => {
    assert.isNotEmpty(configurations)
    for (const configuration of configurations) assert.isNotEmpty(sourcesOf(configuration))
  })

  it.each(pages.filter(({ messages }) => messages.length > 0))("$name: its messages are the catalog's", (page) => {
    const programs = page.configurations.flatMap(sourcesOf).flatMap(programsOf)
    const unknown = page.messages.filter((message) => !programs.some((program) => isKnown(program, message)))
    assert.deepStrictEqual(unknown, [])
  })
})

interface Running {
  readonly page: Page
  /** What the tool stores, and the page's key must be. */
  readonly key?: string
  /** What the configuration says that a test cannot have, and what it has instead. */
  readonly replace?: (text: string, self: Sandbox) => string
  /** Sets the tool up in the home; answers with variables. */
  readonly prepare: (
    self: Sandbox,
    env: Readonly<Record<string, string>>
  ) => Effect.Effect<Readonly<Record<string, string>>, never, Scope.Scope>
}

/** The configuration in the user's file, then the shell line: both print the key alone. */
const prints = ({ key = secret, page, prepare, replace = (text) => text }: Running) =>
  Effect.gen(function* () {
    const self = yield* sandbox
    const home = { ...self.env, HOME: self.home, LANG: "C.UTF-8" }
    const env = { ...home, ...(yield* prepare(self, home)) }
    const [configuration = ""] = page.configurations
    self.write("home/.config/effect-apikey/effect-apikey.jsonc", replace(configuration, self))
    const [provider = ""] = entries(configuration).keys()
    const expected = { status: 0, stdout: `${key}\n`, stderr: "" }
    assert.deepStrictEqual(yield* commandLine({ cwd: self.project, env }, "get", provider), expected)
    const words = replace(page.shell, self).split(" ")
    const start = words.indexOf("effect-apikey")
    const variables = Object.fromEntries(words.slice(0, start).map((word) => word.split("=")))
    assert.deepStrictEqual(
      yield* commandLine({ cwd: self.home, env: { ...env, ...variables } }, ...words.slice(start + 1)),
      expected
    )
  })

const runs = (name: string, programs: ReadonlyArray<string>, running: Omit<Running, "page">): void =>
  describeTool(name, programs, () => {
    it.scopedLive(
      "its configuration and its shell line print the key",
      () => prints({ page: pageOf(name), ...running }),
      slow
    )
  })

/** A password store whose gpg key opens at once. The agent ends with the test. */
const passwordStore = (self: Sandbox, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(join(self.home, ".gnupg"))
      chmodSync(join(self.home, ".gnupg"), 0o700)
      const user = "page@example.com"
      const options = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
      setUp(["gpg", ...options, "--quick-generate-key", user, "default", "default", "never"], { env })
      setUp(["pass", "init", user], { env })
    }),
    () => Effect.sync(() => runTool(["gpgconf", "--kill", "all"], { env }))
  )

runs("pass", ["pass", "gpg"], {
  prepare: (self, env) =>
    Effect.gen(function* () {
      yield* passwordStore(self, env)
      setUp(["pass", "insert", "-m", "ai/openai"], { env, input: `${secret}\nlogin: ops@example.com\n` })
      return {}
    })
})

/** A session bus that starts the keyring at its first use and unlocks it. Both have exited when the scope has closed. */
const sessionBus = (self: Sandbox, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const address = `unix:path=${self.home}/bus`
      self.write(
        "home/services/keyring.service",
        `[D-BUS Service]
Name=org.freedesktop.secrets
Exec=/bin/sh -c "printf pw | exec gnome-keyring-daemon --foreground --unlock --components=secrets"
`
      )
      self.write(
        "home/bus.conf",
        `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <servicedir>${self.home}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`
      )
      const variables = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: self.home }
      const bus = spawn(
        "dbus-daemon",
        [`--config-file=${self.home}/bus.conf`, "--nofork", "--nopidfile", "--print-address"],
        { env: { ...env, ...variables }, stdio: ["ignore", "pipe", "pipe"] }
      )
      bus.stderr.resume()
      await once(bus.stdout, "data")
      return { bus, variables }
    }),
    ({ bus }) =>
      Effect.promise(() => {
        // The keyring has the other end of stderr, so this closes when the keyring has exited too.
        const closed = once(bus, "close")
        bus.kill()
        return closed
      })
  ).pipe(Effect.map(({ variables }) => variables))

runs("libsecret", ["secret-tool", "dbus-daemon", "gnome-keyring-daemon"], {
  prepare: (self, env) =>
    Effect.gen(function* () {
      const variables = yield* sessionBus(self, env)
      const [store = ""] = /secret-tool store [^`]*/.exec(pageOf("libsecret").text) ?? []
      setUp(store.split(" "), { env: { ...env, ...variables }, input: secret })
      return variables
    })
})

runs("docker", ["docker-credential-pass", "pass", "gpg"], {
  prepare: (self, env) =>
    Effect.gen(function* () {
      yield* passwordStore(self, env)
      const pair = { ServerURL: "https://registry.example.com/v1/", Username: "ops", Secret: secret }
      setUp(["docker-credential-pass", "store"], { env, input: JSON.stringify(pair) })
      return {}
    })
})

runs("git", ["git"], {
  prepare: (self, env) =>
    Effect.sync(() => {
      self.write("home/.gitconfig", "[credential]\n\thelper = store\n")
      const variables = { GIT_CONFIG_NOSYSTEM: "1" }
      setUp(["git", "credential", "approve"], {
        env: { ...env, ...variables },
        cwd: self.home,
        input: `protocol=https\nhost=api.example.com\nusername=ops\npassword=${secret}\n\n`
      })
      return variables
    })
})

runs("age-and-sops", ["age", "age-keygen"], {
  prepare: (self) =>
    Effect.sync(() => {
      mkdirSync(join(self.home, ".config/age"), { recursive: true })
      setUp(["age-keygen", "-o", ".config/age/identity.txt"], { cwd: self.home })
      setUp(["age", "-e", "-i", ".config/age/identity.txt", "-o", ".config/age/openai.age"], {
        cwd: self.home,
        input: `${secret}\n`
      })
      return {}
    })
})

runs("gh", ["gh"], {
  prepare: (self) =>
    Effect.sync(() => {
      self.write("home/.config/gh/hosts.yml", `github.com:\n    oauth_token: ${secret}\n    user: ops\n`)
      return {}
    })
})

describe("dotenvx", () => {
  it.scopedLive("its configuration and its shell line print the key", () =>
    prints({
      page: pageOf("dotenvx"),
      prepare: (self, env) =>
        Effect.sync(() => {
          self.write("home/my-project/.env", `OPENAI_API_KEY=${secret}\n`)
          const PATH = `${join(root, "node_modules/.bin")}:${env["PATH"]}`
          setUp(["dotenvx", "encrypt"], { cwd: join(self.home, "my-project"), env: { ...env, PATH } })
          return { PATH }
        })
    })
  )
})

/** The shim of a version manager needs a home of its own. */
const aws = whichAll("aws").find((program) => runTool([program, "--version"], { env: { HOME: "/" } }).status === 0)
const awsVersion2 = whichAll("aws").find((program) => {
  const { stderr, stdout } = runTool([program, "--version"], { env: { HOME: "/" } })
  return `${stdout}${stderr}`.startsWith("aws-cli/2")
})

/** A profile with static credentials, and `aws` in front of all others on PATH. */
const awsIn = (self: Sandbox, program: string, ...options: ReadonlyArray<string>) => {
  self.write("home/.aws/config", "[default]\nregion = us-east-1\n")
  self.write("home/.aws/credentials", `[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = ${secret}\n`)
  self.write("home/bin/aws", `#!/bin/sh\nexec ${[program, ...options].join(" ")} "$@"\n`, 0o755)
  return { PATH: `${join(self.home, "bin")}:${self.env["PATH"]}`, AWS_EC2_METADATA_DISABLED: "true" }
}

const secretsManager = Effect.acquireRelease(
  Effect.async<{ readonly close: () => void; readonly origin: string }>((resume) => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        response
          .writeHead(200, { "content-type": "application/x-amz-json-1.1" })
          .end(JSON.stringify({ ARN: "arn:aws:secretsmanager:us-east-1:1:secret:x", Name: "x", SecretString: secret }))
      })
    }).listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ close: () => server.close(), origin: `http://127.0.0.1:${port}` }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

runs("aws-secrets-manager", aws === undefined ? ["aws (one that runs)"] : ["aws"], {
  prepare: (self) =>
    Effect.map(secretsManager, ({ origin }) => ({
      ...awsIn(self, aws ?? "aws", "--endpoint-url", origin),
      NO_PROXY: "127.0.0.1",
      no_proxy: "127.0.0.1"
    }))
})

runs("aws-sso", awsVersion2 === undefined ? ["aws (version 2)"] : ["aws"], {
  prepare: (self) => Effect.sync(() => awsIn(self, awsVersion2 ?? "aws"))
})

describe("kubernetes-and-docker-secrets", () => {
  const page = pageOf("kubernetes-and-docker-secrets")
  const replace = (text: string, self: Sandbox) => text.replaceAll("/run/secrets/", `${self.home}/run/secrets/`)

  it.scopedLive("Docker: a file", () =>
    prints({
      page,
      replace,
      prepare: (self) =>
        Effect.sync(() => {
          self.write("home/run/secrets/openai", secret, 0o400)
          return {}
        })
    })
  )

  it.scopedLive("Kubernetes: a link to a file in a directory that is replaced as a whole", () =>
    prints({
      page,
      replace,
      prepare: (self) =>
        Effect.sync(() => {
          self.write("home/run/secrets/..2026_12_01/openai", secret, 0o400)
          symlinkSync("..2026_12_01", join(self.home, "run/secrets/..data"))
          symlinkSync("..data/openai", join(self.home, "run/secrets/openai"))
          return {}
        })
    })
  )
})
