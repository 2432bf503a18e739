/** The environment of a helper process. */

/** Variables that helpers need even if the rest is not inherited: directories, agents, display, language. */
export const essentialVariables: ReadonlyArray<string> = [
  "HOME",
  "PATH",
  "USER",
  "LOGNAME",
  "SHELL",
  "TERM",
  "LANG",
  "TMPDIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "XAUTHORITY",
  "XDG_RUNTIME_DIR",
  "SSH_AUTH_SOCK",
  "GPG_TTY",
  "SystemRoot",
  "SystemDrive",
  "ComSpec",
  "APPDATA",
  "LOCALAPPDATA",
  "ProgramData",
  "ProgramFiles",
  "USERPROFILE",
  "TEMP",
  "TMP",
  "PATHEXT"
]

/**
 * Variables that change what a helper prints: colours in spite of NO_COLOR, the behaviour of a terminal, and Bitwarden's, of which
 * one makes every exit status 0 and the other prints failures on stdout. Inherited only if listed.
 */
export const misleadingVariables: ReadonlyArray<string> = [
  "FORCE_COLOR",
  "CLICOLOR_FORCE",
  "PY_COLORS",
  "PYTHON_COLORS",
  "CARGO_TERM_COLOR",
  "ANSIBLE_FORCE_COLOR",
  "NPM_CONFIG_COLOR",
  "npm_config_color",
  "DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION",
  "SYSTEMD_COLORS",
  "FORCE_TTY",
  "GH_FORCE_TTY",
  "AZD_FORCE_TTY",
  "TTY_COMPATIBLE",
  "TTY_INTERACTIVE",
  "BW_CLEANEXIT",
  "BW_RESPONSE"
]

export interface EnvironmentOptions {
  /** Variables to set; `undefined` unsets one. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** true: all our variables. A list: these and the essential ones. false: only the essential ones. */
  readonly inheritEnv: boolean | ReadonlyArray<string>
  /** The protocol variables for helpers (`EFFECT_APIKEY_*` and the format's). The caller's `env` overrides them. */
  readonly protocolEnv: Readonly<Record<string, string>>
  /** What the catalog sets and unsets for this helper. Variables in the list of `inheritEnv` and the caller's `env` override it. */
  readonly catalogEnv?: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
}

/** On Windows `Path` and `PATH` are the same variable. */
const keyOf = (name: string, platform: NodeJS.Platform): string => (platform === "win32" ? name.toUpperCase() : name)

export const environmentFor = (
  ours: Readonly<Record<string, string | undefined>>,
  { catalogEnv = {}, env, inheritEnv, protocolEnv, platform }: EnvironmentOptions
): Record<string, string> => {
  const key = (name: string): string => keyOf(name, platform)
  const allowed =
    inheritEnv === true
      ? undefined
      : new Set([...essentialVariables, ...(inheritEnv === false ? [] : inheritEnv)].map(key))
  const inherited = Object.entries(ours).filter(
    ([name]) => allowed?.has(key(name)) ?? !misleadingVariables.map(key).includes(key(name))
  )
  const isInherited = (name: string): boolean => inherited.some(([other, value]) => other === name && value)
  const listed = new Set(Array.isArray(inheritEnv) ? inheritEnv.map(key) : [])
  // English messages without colours, so that the catalog recognises them, and no pager. The user's own language is kept.
  const plain = {
    ...(isInherited("NO_COLOR") ? {} : { NO_COLOR: "1" }),
    ...(isInherited("LC_ALL") || isInherited("LC_MESSAGES") ? {} : { LC_MESSAGES: "C" }),
    PAGER: "cat"
  }
  const quiet = Object.entries({ ...plain, ...catalogEnv }).filter(([name]) => !listed.has(key(name)))
  const result = new Map<string, readonly [name: string, value: string]>()
  for (const [name, value] of [...inherited, ...quiet, ...Object.entries(protocolEnv), ...Object.entries(env)]) {
    if (value === undefined) result.delete(key(name))
    else result.set(key(name), [name, value])
  }
  return Object.fromEntries(result.values())
}

/** Name and value of a variable, by the platform's rule for names. `undefined` as value means that it is to be unset. */
export const entryOf = (
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  platform: NodeJS.Platform
): readonly [name: string, value: string | undefined] | undefined =>
  Object.entries(env).find(([other]) => keyOf(other, platform) === keyOf(name, platform))

/** The value of one variable. */
export const variable = (...where: Parameters<typeof entryOf>): string | undefined => entryOf(...where)?.[1]

/** The value of `EFFECT_APIKEY_PROVIDER` for a helper that serves several providers. */

/** Limit for the length of the variable. */
const maxProviderIds = 100

export const providerIds = (ids: ReadonlyArray<string>): string =>
  ids.length > maxProviderIds ? `${ids.slice(0, maxProviderIds).join(",")},…` : ids.join(",")
