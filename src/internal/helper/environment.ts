/** The environment a helper gets. */

/** What helpers need even when the rest is not inherited: where they live, their agents, their windows, their language. */
const always: ReadonlyArray<string> = [
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

/** Bitwarden's: with the one every status is 0, with the other its failures come on stdout. Who wants them names them. */
const misleading: ReadonlyArray<string> = ["BW_CLEANEXIT", "BW_RESPONSE"]

export interface EnvironmentOptions {
  /** Variables to set; `undefined` unsets one. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** true: all of ours; a list: these and what helpers cannot do without; false: only the latter. */
  readonly inheritEnv: boolean | ReadonlyArray<string>
  /** The variables of our protocol with helpers (`EFFECT_APIKEY_*`, those of the format); the caller's `env` goes before it. */
  readonly protocolEnv: Readonly<Record<string, string>>
  readonly platform: NodeJS.Platform
}

/** On Windows `Path` and `PATH` are one variable. */
const keyOf = (name: string, platform: NodeJS.Platform): string => (platform === "win32" ? name.toUpperCase() : name)

export const environmentFor = (
  ours: Readonly<Record<string, string | undefined>>,
  { env, inheritEnv, protocolEnv, platform }: EnvironmentOptions
): Record<string, string> => {
  const key = (name: string): string => keyOf(name, platform)
  const allowed =
    inheritEnv === true ? undefined : new Set([...always, ...(inheritEnv === false ? [] : inheritEnv)].map(key))
  const inherited = Object.entries(ours).filter(
    ([name]) => allowed?.has(key(name)) ?? !misleading.map(key).includes(key(name))
  )
  const isInherited = (name: string): boolean => inherited.some(([other, value]) => other === name && value)
  // Messages in one language and without colours, so that the catalog can recognise them; who chose otherwise is left alone.
  const plain = { NO_COLOR: "1", ...(isInherited("LC_ALL") || isInherited("LC_MESSAGES") ? {} : { LC_MESSAGES: "C" }) }
  const result = new Map<string, readonly [name: string, value: string]>()
  for (const [name, value] of [
    ...Object.entries(plain),
    ...inherited,
    ...Object.entries(protocolEnv),
    ...Object.entries(env)
  ]) {
    if (value === undefined) result.delete(key(name))
    else result.set(key(name), [name, value])
  }
  return Object.fromEntries(result.values())
}

/** Name and value of one variable, by the platform's rule for names; it may be there to be unset. */
export const entryOf = (
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  platform: NodeJS.Platform
): readonly [name: string, value: string | undefined] | undefined =>
  Object.entries(env).find(([other]) => keyOf(other, platform) === keyOf(name, platform))

/** The value of one variable. */
export const variable = (...where: Parameters<typeof entryOf>): string | undefined => entryOf(...where)?.[1]

/** What a helper that answers for several providers is told in `EFFECT_APIKEY_PROVIDER`. */

/** An environment variable has its limits. */
const maxProviderIds = 100

export const providerIds = (ids: ReadonlyArray<string>): string =>
  ids.length > maxProviderIds ? `${ids.slice(0, maxProviderIds).join(",")},…` : ids.join(",")
