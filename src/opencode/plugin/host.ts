/** Our own types for the parts of opencode that the plugin uses, because `@opencode-ai/plugin` depends on another version of Effect. */

/** The input of a plugin. opencode passes one for each open project. */
export interface Host {
  /** The directory in which opencode was started. */
  readonly directory: string
  readonly client: Client
}

/** The calls that show messages to the user. opencode's client does not reject by default. */
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

/** The merged configuration, limited to what the plugin reads. A plugin changes it in place. */
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
