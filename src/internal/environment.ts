/** The environment a helper gets. */

/** What helpers need even when the rest is not inherited: where they live, their agents, their windows. */
const always: ReadonlyArray<string> = [
  "HOME",
  "PATH",
  "USER",
  "LOGNAME",
  "TMPDIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "XDG_RUNTIME_DIR",
  "SSH_AUTH_SOCK",
  "GPG_TTY",
  "SystemRoot",
  "APPDATA",
  "LOCALAPPDATA",
  "USERPROFILE",
  "TEMP",
  "TMP",
  "PATHEXT"
]

export interface EnvironmentOptions {
  /** Variables to set; `undefined` unsets one. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** true: all of ours; a list: these and what helpers cannot do without; false: only the latter. */
  readonly inheritEnv: boolean | ReadonlyArray<string>
  /** What the helper is told by us; the caller's `env` goes before it. */
  readonly told: Readonly<Record<string, string>>
}

export const environmentFor = (
  ours: Readonly<Record<string, string | undefined>>,
  { env, inheritEnv, told }: EnvironmentOptions
): Record<string, string> => {
  const allowed = inheritEnv === true ? undefined : new Set([...always, ...(inheritEnv === false ? [] : inheritEnv)])
  const inherited = Object.entries(ours).filter(([name]) => allowed === undefined || allowed.has(name))
  const plain = { NO_COLOR: "1", ...("LC_ALL" in ours ? {} : { LC_MESSAGES: "C" }) }
  const result: Record<string, string> = {}
  for (const [name, value] of [
    ...Object.entries(plain),
    ...inherited,
    ...Object.entries(told),
    ...Object.entries(env)
  ]) {
    if (value === undefined) delete result[name]
    else result[name] = value
  }
  return result
}
