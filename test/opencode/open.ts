/** The plugin as opencode opens it for a project, without opencode. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import plugin from "../../src/opencode/Plugin.js"
import type { Host, HostConfig } from "../../src/opencode/plugin/host.js"
import { setEnv } from "../support/environment.js"

/** A user's opencode.json in a folder of its own, and a project that the plugin opens in it. */
export const withConfig = async (
  user: HostConfig,
  use: (open: (name: string, host: HostConfig) => Promise<Opened>, folder: string) => Promise<void>,
  id = "gw"
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "effect-apikey-plugin-"))
  const before = { ...process.env }
  try {
    mkdirSync(join(folder, "opencode"))
    writeFileSync(join(folder, "opencode", "opencode.json"), JSON.stringify(user))
    process.env["XDG_CONFIG_HOME"] = folder
    process.env["XDG_DATA_HOME"] = folder
    await use(async (name, host) => {
      const notices: Array<string> = []
      const client: Host["client"] = {
        app: { log: async ({ body: { level, message } }) => notices.push(`${level}: ${message}`) },
        tui: { showToast: async ({ body: { variant, message } }) => notices.push(`toast, ${variant}: ${message}`) }
      }
      const hooks = await plugin.server({ directory: join(folder, name), client })
      await hooks.config(host)
      const options = host.provider?.[id]?.options ?? {}
      const wrapped = options["fetch"]
      const ask = async (url = `${baseURL}/models`, init: RequestInit = {}): Promise<string> =>
        typeof wrapped === "function" ? (await wrapped(url, init)).text() : "no fetch"
      return { hooks, host, options, ask, notices }
    }, folder)
  } finally {
    setEnv(before)
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Opened {
  readonly hooks: Awaited<ReturnType<typeof plugin.server>>
  readonly host: HostConfig
  readonly options: Record<string, unknown>
  /** What opencode was given for its log and for toasts. */
  readonly notices: ReadonlyArray<string>
  readonly ask: (url?: string, init?: RequestInit) => Promise<string>
}

export const baseURL = "http://127.0.0.1:9/v1"

/** Answers with the key that it was sent. */
export const echo = async (_: unknown, init?: RequestInit): Promise<Response> =>
  new Response(new Headers(init?.headers).get("authorization"))
