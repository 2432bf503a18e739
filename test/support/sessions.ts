/** Programs of ours in a session of their own, with or without a terminal; driven by what they print. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The argv that runs a program of ours. */
export const node = (file: string, ...args: ReadonlyArray<string>): ReadonlyArray<string> => [
  process.execPath,
  file,
  ...args
]

export interface Session {
  readonly child: ChildProcess
  readonly output: () => string
  readonly write: (text: string) => void
  /** Awaits a text that it prints. */
  readonly says: (text: string | RegExp) => Promise<string>
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>
}

export interface SessionOptions {
  readonly env?: NodeJS.ProcessEnv
}

const sessionOf = (child: ChildProcess): Session => {
  let output = ""
  const watchers = new Set<() => void>()
  const add = (chunk: Buffer): void => {
    output += chunk.toString("utf8")
    for (const watch of watchers) watch()
  }
  child.stdout?.on("data", add)
  child.stderr?.on("data", add)
  child.stdin?.on("error", () => undefined)
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on("close", (status, signal) => resolve({ status, signal }))
  )
  const says = (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = typeof text === "string" ? (output.includes(text) ? text : undefined) : text.exec(output)?.[0]
        if (found === undefined) return
        watchers.delete(watch)
        resolve(found)
      }
      watchers.add(watch)
      ended.then(() => reject(new Error(`it ended before it said ${text}:\n${output}`)))
      watch()
    })
  return { child, output: () => output, write: (text) => child.stdin?.write(text), says, ended }
}

/** In a session without any terminal, as a desktop application is. */
export const withoutTerminal = (argv: ReadonlyArray<string>, { env = {} }: SessionOptions = {}): Session => {
  const [command = "", ...args] = argv
  return sessionOf(
    spawn(command, args, {
      cwd: root,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"]
    })
  )
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** On a pseudo-terminal (util-linux' `script`); `through` is what a shell does with the command, `%` being it. */
export const onTerminal = (
  argv: ReadonlyArray<string>,
  { env = {}, through = "%" }: SessionOptions & { readonly through?: string } = {}
): Session =>
  sessionOf(
    spawn(
      "script",
      ["--quiet", "--return", "--command", through.replace("%", argv.map(quoted).join(" ")), "/dev/null"],
      {
        cwd: root,
        env: { ...process.env, ...env, SHELL: "/bin/sh" },
        stdio: ["pipe", "pipe", "pipe"]
      }
    )
  )
