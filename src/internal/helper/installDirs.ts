/** Where people install programs. A desktop application is started without a shell's PATH and does not see them. */
import { dirname, isAbsolute, win32 } from "node:path"
import { variable } from "./environment.js"

type Variable = (name: string) => string | undefined

/** Where a tool's own variable says that it keeps its programs, and where it keeps them without. */
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
  // npm installs global programs beside the node that runs it: nvm's and fnm's are found by that.
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
 * In the order in which they are looked at, for a user as the environment describes them; `program` is what runs us. As in
 * PATH a relative folder, which may be a stranger's, does not count.
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
