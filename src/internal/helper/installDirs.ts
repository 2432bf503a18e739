/** Well-known install directories. A desktop application starts without the shell's PATH and would not find programs there. */
import { dirname, isAbsolute, win32 } from "node:path"
import { variable } from "./environment.js"

type Variable = (name: string) => string | undefined

/** A tool's program directory: from its own environment variable, else its default. */
const posix = (of: Variable, ownDir: string): ReadonlyArray<string> => [
  ...below(of("NPM_CONFIG_PREFIX") ?? of("npm_config_prefix"), "bin"),
  ...below(of("MISE_DATA_DIR"), "shims"),
  ...below(of("XDG_DATA_HOME"), "mise/shims"),
  ...below(of("ASDF_DATA_DIR"), "shims"),
  ...below(
    of("HOME"),
    ".local/bin",
    "bin",
    ".local/share/mise/shims",
    ".asdf/shims",
    ".npm-global/bin",
    ".local/share/npm/bin",
    ".local/share/fnm/aliases/default/bin",
    ".volta/bin",
    ".bun/bin",
    ".cargo/bin",
    "go/bin",
    ".nix-profile/bin",
    ".local/state/nix/profile/bin",
    ".linuxbrew/bin"
  ),
  // npm installs global programs next to the node that runs it. This finds those of nvm and fnm.
  ownDir,
  "/opt/homebrew/bin",
  "/opt/homebrew/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/home/linuxbrew/.linuxbrew/bin",
  "/opt/local/bin",
  ...below(of("USER"), "bin").map((folder) => `/etc/profiles/per-user/${folder}`),
  "/nix/var/nix/profiles/default/bin",
  "/run/current-system/sw/bin",
  "/snap/bin",
  "/var/lib/flatpak/exports/bin",
  "/usr/bin",
  "/bin"
]

const below = (root: string | undefined, ...folders: ReadonlyArray<string>): ReadonlyArray<string> =>
  root === undefined || root === "" ? [] : folders.map((folder) => `${root}/${folder}`)

const windows = (of: Variable, ownDir: string): ReadonlyArray<string> => [
  ...[
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
  }),
  ownDir
]

/**
 * The directories in search order, for the user that the environment describes. `program` is the executable of this process.
 * As in PATH, relative directories are ignored, because anyone may control them.
 */
export const installDirs = (
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  program = process.execPath
): ReadonlyArray<string> => {
  const of: Variable = (name) => variable(env, name, platform)
  return platform === "win32"
    ? windows(of, win32.dirname(program)).filter(win32.isAbsolute)
    : posix(of, dirname(program)).filter(isAbsolute)
}
