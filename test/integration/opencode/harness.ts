/** The real opencode in a home of its own, without any registry, and the plugin as the package ships it. */
import { type ChildProcess, spawn } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { stripVTControlCharacters } from "node:util"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Finished } from "../../support/processes.js"
import { onTerminal, type Session } from "../../support/sessions.js"

const root = resolve(import.meta.dirname, "../../..")

/** opencode's platform package, beside the one that names it. */
const opencode: string | undefined = (() => {
  const folder = join(root, "node_modules", `opencode-${process.platform}-${process.arch}`)
  const file = join(folder, "bin", process.platform === "win32" ? "opencode.exe" : "opencode")
  return existsSync(file) ? file : undefined
})()

const required = process.env["REQUIRE_TOOLS"] === "1"

/** Why these tests are left out here; with REQUIRE_TOOLS=1 they are not. */
export const reasonToSkip: string | undefined =
  opencode === undefined && !required
    ? `opencode-ai has no binary for ${process.platform} ${process.arch} in node_modules`
    : undefined

const requireOpencode = (): string => {
  if (opencode === undefined) throw new Error("REQUIRE_TOOLS=1, but opencode-ai's binary is not installed")
  return opencode
}

export interface Place {
  readonly root: string
  readonly home: string
  /** A repository. */
  readonly project: string
  /** `$XDG_CONFIG_HOME/opencode`. */
  readonly config: string
  readonly env: Record<string, string>
  readonly write: (file: string, content: unknown) => string
  /** A helper: a line of shell that also notes each of its runs. */
  readonly helper: (name: string, script: string, folder?: string) => ReadonlyArray<string>
  readonly runsOf: (name: string) => number
  readonly readText: (file: string) => string
}

/** For tests of providers that opencode itself knows. */
export const withKnownModels = { OPENCODE_MODELS_PATH: undefined } as const

/**
 * A home of its own, and no request to anybody but the gateway. What costs opencode most of its start and is nothing to a key is
 * left out: the list of known models, the watch on files and the index of files.
 */
export const environmentOf = (home: string, env: Readonly<Record<string, string>>): Record<string, string> => ({
  ...env,
  HOME: home,
  XDG_CONFIG_HOME: join(home, ".config"),
  XDG_DATA_HOME: join(home, ".local", "share"),
  XDG_CACHE_HOME: join(home, ".cache"),
  XDG_STATE_HOME: join(home, ".local", "state"),
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_SHARE: "1",
  OPENCODE_MODELS_PATH: join(import.meta.dirname, "noModels.json"),
  OPENCODE_EXPERIMENTAL_DISABLE_FILEWATCHER: "1",
  OPENCODE_DISABLE_FFF: "1"
})

export const place: Effect.Effect<Place, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync((): Place => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "effect-apikey-opencode-")))
    const home = join(folder, "home")
    const project = join(folder, "project")
    const config = join(home, ".config", "opencode")
    // With its dependency said to be there, opencode asks no registry for it.
    for (const each of [join(config, "node_modules"), join(project, ".git"), join(home, "runs")]) {
      mkdirSync(each, { recursive: true })
    }
    const write = (file: string, content: unknown): string => {
      const at = join(folder, file)
      mkdirSync(dirname(at), { recursive: true })
      writeFileSync(at, typeof content === "string" ? content : JSON.stringify(content, undefined, 2))
      return at
    }
    write("home/.config/opencode/package-lock.json", {
      packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } }
    })
    write("home/.config/opencode/package.json", { dependencies: { "@opencode-ai/plugin": "*" } })
    const runs = (name: string): string => join(home, "runs", name)
    return {
      root: folder,
      home,
      project,
      config,
      env: environmentOf(home, {
        PATH: process.env["PATH"] ?? "/usr/bin:/bin",
        SHELL: "/bin/sh"
      }),
      write,
      helper: (name, script, folder = "bin") => {
        const file = write(
          `home/${folder}/${name}`,
          `#!/bin/sh\necho $$ >> '${runs(name)}'\nn=$(wc -l < '${runs(name)}' | tr -d ' ')\n${script}\n`
        )
        chmodSync(file, 0o700)
        return [file]
      },
      runsOf: (name) => (existsSync(runs(name)) ? readFileSync(runs(name), "utf8").trim().split("\n").length : 0),
      readText: (file) => readFileSync(join(folder, file), "utf8")
    }
  }),
  ({ root: folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
)

export interface Run extends Finished {
  readonly millis: number
  /** All that it printed, without colours. */
  readonly text: string
}

export interface RunOptions {
  readonly model: string
  readonly message?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly args?: ReadonlyArray<string>
  /** Sent when the time has come. */
  readonly signal?: NodeJS.Signals
  readonly when?: Effect.Effect<void>
}

const every = Schedule.spaced("100 millis")

/** Waits for what a process is to do. */
export const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.asVoid(Effect.repeat(Effect.sync(isSo), { until: (so) => so, schedule: every }))

/** What a helper wrote into `pids` in its working directory, the home. */
export const pidsOf = ({ home }: Place): ReadonlyArray<number> => {
  const file = join(home, "pids")
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : []
}

/** What opencode has logged. */
export const logOf = ({ home }: Place): string => {
  const folder = join(home, ".local", "share", "opencode", "log")
  return existsSync(folder)
    ? readdirSync(folder)
        .map((file) => readFileSync(join(folder, file), "utf8"))
        .join("\n")
    : ""
}

/** `opencode run` to its end; an interrupted test kills it. */
export const run = (at: Place, options: RunOptions): Effect.Effect<Run> =>
  Effect.async<Run>((resume) => {
    const started = performance.now()
    const args = ["run", options.message ?? "say hi", "-m", options.model, ...(options.args ?? [])]
    const child = spawn(requireOpencode(), args, {
      cwd: options.cwd ?? at.project,
      env: { ...at.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on("data", (chunk) => out.push(chunk))
    child.stderr.on("data", (chunk) => err.push(chunk))
    child.on("close", (status) => {
      const stdout = Buffer.concat(out).toString("utf8")
      const stderr = Buffer.concat(err).toString("utf8")
      resume(
        Effect.succeed({
          status,
          stdout,
          stderr,
          millis: performance.now() - started,
          text: stripVTControlCharacters(`${stdout}\n${stderr}`)
        })
      )
    })
    const { signal, when } = options
    const sending = signal && when && Effect.runFork(Effect.tap(when, () => child.kill(signal)))
    if (sending !== undefined) child.on("close", () => sending.unsafeInterruptAsFork(sending.id()))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/**
 * opencode as people start it, on a terminal of its own, with a message; at the scope's end nothing of it is left, whatever
 * the test has shown.
 */
export const tui = (at: Place, model: string): Effect.Effect<Session, never, Scope.Scope> =>
  onTerminalOf(at, [at.project, "--prompt", "say hi", "-m", model])

/** `opencode run` on a terminal. */
export const runAtTerminal = (at: Place, model: string): Effect.Effect<Session, never, Scope.Scope> =>
  onTerminalOf(at, ["run", "say hi", "-m", model])

const onTerminalOf = (at: Place, args: ReadonlyArray<string>): Effect.Effect<Session, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      onTerminal([requireOpencode(), ...args], {
        env: { ...at.env, TERM: "xterm-256color" },
        // One without a size is none to draw on.
        through: `cd ${at.project}; stty rows 40 cols 120; exec %`
      })
    ),
    () =>
      Effect.sync(() => {
        for (const pid of processesOf(at)) process.kill(pid, "SIGKILL")
      })
  )

export interface Served {
  readonly url: string
  readonly child: ChildProcess
  readonly request: (
    path: string,
    init?: RequestInit
  ) => Effect.Effect<{ readonly status: number; readonly text: string }>
  /** A message to a session and the whole answer. */
  readonly say: (session: string, model: string, directory?: string) => Effect.Effect<Reply>
  /** With a title opencode asks the model for none. */
  readonly session: (directory?: string, title?: string) => Effect.Effect<string>
}

export interface Reply {
  readonly text: string
  readonly error: string | undefined
  /** All that opencode answered. */
  readonly body: string
}

interface Answer {
  readonly id?: string
  readonly parts?: ReadonlyArray<{ readonly type: string; readonly text?: string }>
  readonly info?: { readonly error?: { readonly name: string; readonly data?: { readonly message?: string } } }
}

const parse = (text: string): Answer => JSON.parse(text)

/** `opencode serve`, until the scope ends. */
export const serve = (
  at: Pick<Place, "project" | "env">,
  env: Readonly<Record<string, string | undefined>> = {}
): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly child: ChildProcess }>((resume) => {
      const child = spawn(requireOpencode(), ["serve", "--port", "0", "--hostname", "127.0.0.1"], {
        cwd: at.project,
        env: { ...at.env, ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let text = ""
      const look = (chunk: Buffer): void => {
        text += chunk.toString("utf8")
        const url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
        if (url !== undefined) resume(Effect.succeed({ url, child }))
      }
      child.stdout.on("data", look)
      child.stderr.on("data", look)
      child.on("close", () => resume(Effect.die(new Error(`opencode serve ended: ${text}`))))
    }),
    ({ child }) =>
      Effect.async<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGTERM")
      }).pipe(
        Effect.timeoutTo({ duration: "10 seconds", onSuccess: () => undefined, onTimeout: () => child.kill("SIGKILL") })
      )
  ).pipe(
    Effect.map(({ url, child }): Served => {
      const request: Served["request"] = (path, init) =>
        Effect.promise(async (signal) => {
          const answer = await fetch(`${url}${path}`, { ...init, signal })
          return { status: answer.status, text: await answer.text() }
        })
      const post = (path: string, body: unknown, directory: string | undefined) =>
        request(`${path}${directory === undefined ? "" : `?directory=${encodeURIComponent(directory)}`}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body)
        })
      return {
        url,
        child,
        request,
        session: (directory, title) =>
          Effect.map(post("/session", { title }, directory), ({ text }) => String(parse(text).id)),
        say: (session, model, directory) => {
          const [providerID, ...rest] = model.split("/")
          const body = { model: { providerID, modelID: rest.join("/") }, parts: [{ type: "text", text: "say hi" }] }
          return Effect.map(post(`/session/${session}/message`, body, directory), ({ text }): Reply => {
            const answer = parse(text)
            const parts = answer.parts ?? []
            const error = answer.info?.error
            return {
              text: parts.flatMap((part) => (part.type === "text" ? [part.text ?? ""] : [])).join(""),
              error: error === undefined ? undefined : String(error.data?.message ?? error.name),
              body: text
            }
          })
        }
      }
    })
  )

/** The configuration of one OpenAI-compatible provider that goes to the gateway. */
export const compatible = (baseURL: string, options: Record<string, unknown>, id = "gw"): Record<string, unknown> => ({
  provider: { [id]: { npm: "@ai-sdk/openai-compatible", options: { baseURL, ...options }, models: { m: {} } } }
})

/**
 * The processes that live in this place's home, by their environment, from /proc: opencode itself, its helpers and all that
 * these started, whatever their command lines say.
 */
export const processesOf = ({ home }: Place): ReadonlyArray<number> =>
  process.platform !== "linux"
    ? []
    : readdirSync("/proc")
        .filter((pid) => {
          if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
          try {
            return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`)
          } catch {
            return false
          }
        })
        .map(Number)
