/** Where people install programs. A desktop application is started without a shell's PATH and does not see them. */
import { variable } from "./environment.js"

const posix = (home: string | undefined, user: string | undefined): ReadonlyArray<string> => [
  ...(home === undefined
    ? []
    : [
        ".local/bin",
        "bin",
        ".local/share/mise/shims",
        ".asdf/shims",
        ".npm-global/bin",
        ".local/share/npm/bin",
        ".volta/bin",
        ".bun/bin",
        ".cargo/bin",
        "go/bin",
        ".nix-profile/bin",
        ".local/state/nix/profile/bin",
        ".linuxbrew/bin"
      ].map((folder) => `${home}/${folder}`)),
  "/opt/homebrew/bin",
  "/opt/homebrew/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/home/linuxbrew/.linuxbrew/bin",
  "/opt/local/bin",
  ...(user === undefined ? [] : [`/etc/profiles/per-user/${user}/bin`]),
  "/nix/var/nix/profiles/default/bin",
  "/run/current-system/sw/bin",
  "/snap/bin",
  "/var/lib/flatpak/exports/bin",
  "/usr/bin",
  "/bin"
]

const windows = (of: (name: string) => string | undefined): ReadonlyArray<string> =>
  [
    ["LOCALAPPDATA", "Microsoft\\WindowsApps"],
    ["LOCALAPPDATA", "Microsoft\\WinGet\\Links"],
    ["LOCALAPPDATA", "mise\\shims"],
    ["APPDATA", "npm"],
    ["USERPROFILE", "scoop\\shims"],
    ["USERPROFILE", ".local\\bin"],
    ["USERPROFILE", ".cargo\\bin"],
    ["ProgramData", "chocolatey\\bin"],
    ["ProgramData", "scoop\\shims"],
    ["ProgramFiles", "nodejs"],
    ["ProgramFiles", "Git\\cmd"],
    ["ProgramFiles", "1Password CLI"],
    ["SystemRoot", "System32"]
  ].flatMap(([root = "", folder]) => {
    const value = of(root)
    return value === undefined || value === "" ? [] : [`${value}\\${folder}`]
  })

/** In the order in which they are looked at, for a user as the environment describes them. */
export const usualFolders = (
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform
): ReadonlyArray<string> => {
  const of = (name: string): string | undefined => variable(env, name, platform)
  if (platform === "win32") return windows(of)
  const npmPrefix = of("NPM_CONFIG_PREFIX") ?? of("npm_config_prefix")
  return [...(npmPrefix === undefined ? [] : [`${npmPrefix}/bin`]), ...posix(of("HOME"), of("USER"))]
}
