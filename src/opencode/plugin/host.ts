/** What the plugin uses of opencode, in types of our own: `@opencode-ai/plugin` stands on another Effect. */

/** What opencode hands to a plugin, one for each project that it has open. */
export interface Host {
  /** The folder that opencode was started in. */
  readonly directory: string
  readonly client: Client
}

/** The few calls that tell the user something. opencode's client never rejects unless it is told to. */
export interface Client {
  readonly app: { readonly log: (options: { readonly body: LogEntry }) => Promise<unknown> }
  readonly tui: { readonly showToast: (options: { readonly body: Toast }) => Promise<unknown> }
}

export interface LogEntry {
  readonly service: string
  readonly level: "debug" | "info" | "warn" | "error"
  readonly message: string
}

export interface Toast {
  readonly title: string
  readonly message: string
  readonly variant: "info" | "warning" | "error"
}

/** The merged configuration, as far as it is looked at. A plugin changes it in place. */
export interface HostConfig {
  provider?: Record<string, HostProvider | undefined> | undefined
}

export interface HostProvider {
  npm?: unknown
  api?: unknown
  options?: Record<string, unknown> | undefined
  models?: Record<string, unknown> | undefined
}

export interface Hooks {
  readonly config: (config: HostConfig) => Promise<void>
  readonly "chat.message": () => Promise<void>
  readonly dispose: () => Promise<void>
}

const commandKey = "apiKeyCommand"

/** As effect's: this file is read at every start, before anything of effect is. */
export const isRecord = (u: unknown): u is Record<string, unknown> =>
  typeof u === "object" && u !== null && !Array.isArray(u)

export const modelsOf = ({ models }: HostProvider): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(models ?? {})

const holdsCommand = (options: unknown): boolean => isRecord(options) && commandKey in options

export const asksForCommand = (entry: HostProvider | undefined): boolean =>
  entry !== undefined &&
  (holdsCommand(entry.options) ||
    modelsOf(entry).some(([, model]) => isRecord(model) && holdsCommand(model["options"])))

/**
 * opencode shares what stands below the top of a configuration between all its projects: what is changed there would give
 * one project's key to the next, whatever that one may do. The command itself goes: its arguments may hold secrets, and
 * `GET /config` (for a model's options: each request's body) shows them all.
 */
export const copyOf = (entry: HostProvider) => {
  const options = withoutCommand(entry.options ?? {})
  const models = modelsOf(entry).map(([id, model]): [string, unknown] => [
    id,
    isRecord(model) && isRecord(model["options"]) ? { ...model, options: withoutCommand(model["options"]) } : model
  ])
  const copied: HostProvider = {
    ...entry,
    options,
    ...(entry.models === undefined ? {} : { models: Object.fromEntries(models) })
  }
  return { entry: copied, options, isMisplaced: !holdsCommand(entry.options) }
}

const withoutCommand = ({ [commandKey]: _, ...others }: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  others
