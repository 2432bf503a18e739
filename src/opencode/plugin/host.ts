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
