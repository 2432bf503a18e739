/**
 * Programs that run the command in their arguments, such as `env` and `timeout`. The catalog sees through them: what is known of
 * the command inside also holds for the whole. Nothing else does: policy, digests and errors concern the command as written.
 */
import { simpleCommand } from "./simpleCommand.js"

type Argv = ReadonlyArray<string>

/** The command inside, by the arguments. Undefined if it is not plain. */
type Inside = (args: Argv) => Argv | undefined

interface Shape {
  /** Options whose value is the next argument. */
  readonly valued?: ReadonlyArray<string>
  /** Options after which the command is not plain. */
  readonly unclear?: ReadonlyArray<string>
  /** How many arguments stand before the command. */
  readonly before?: number
}

/** The command follows the options and some other arguments. */
const afterOptions =
  ({ before = 0, unclear = [], valued = [] }: Shape = {}): Inside =>
  (args) => {
    let at = 0
    for (; at < args.length && (args[at] ?? "").startsWith("-"); at++) {
      const option = args[at] ?? ""
      if (unclear.some((name) => option === name || option.startsWith(`${name}=`))) return undefined
      if (option === "--") {
        at++
        break
      }
      if (valued.includes(option)) at++
    }
    return args.slice(at + before)
  }

const assignment = /^[^=]+=/

const env: Inside = (args) => {
  const valued = ["-u", "--unset", "-C", "--chdir", "-a", "--argv0"]
  const rest = afterOptions({ valued, unclear: ["-S", "--split-string", "-0", "--null"] })(args)
  const at = rest?.findIndex((word) => !assignment.test(word)) ?? -1
  return at < 0 ? undefined : rest?.slice(at)
}

/** `sh -c script`, with other options before the script. */
const shell: Inside = (args) => {
  const script = afterOptions({ valued: ["-o", "-O", "--rcfile", "--init-file"] })(args)?.[0]
  const runsText = args.some((arg) => /^-[a-z]*c[a-z]*$/i.test(arg)) || args.includes("--command")
  return runsText && script !== undefined ? simpleCommand(script) : undefined
}

/** `exec … -- command`. The sub-command must be one of these. */
const afterDashes =
  (...subcommands: ReadonlyArray<string>): Inside =>
  (args) => {
    const at = args.indexOf("--")
    return at > 0 && subcommands.includes(args[0] ?? "") ? args.slice(at + 1) : undefined
  }

/** `exec command`, after one of these sub-commands. */
const afterSubcommand =
  (subcommands: ReadonlyArray<string>, shape?: Shape): Inside =>
  ([subcommand = "", ...args]) =>
    subcommands.includes(subcommand) ? afterOptions(shape)(args) : undefined

/** Names of packages whose program has another name. */
const programOf: Readonly<Record<string, string>> = {
  "@bitwarden/cli": "bw",
  "@dotenvx/dotenvx": "dotenvx",
  "@infisical/cli": "infisical",
  "1password": "op",
  "1password-cli": "op",
  _1password: "op",
  "_1password-cli": "op",
  awscli: "aws",
  awscli2: "aws",
  "azure-cli": "az",
  "bitwarden-cli": "bw",
  "google-cloud-sdk": "gcloud",
  "kubelogin-oidc": "kubelogin",
  openbao: "bao"
}

const fromPackage = ([name = "", ...args]: Argv): Argv => {
  const unversioned = name.replace(/(?<=.)@[^/]*$/, "")
  return [programOf[unversioned] ?? unversioned, ...args]
}

const packageRunner =
  (shape: Shape, ...subcommands: ReadonlyArray<string>): Inside =>
  (args) => {
    const rest = subcommands.length === 0 ? afterOptions(shape)(args) : afterSubcommand(subcommands, shape)(args)
    return rest === undefined ? undefined : fromPackage(rest)
  }

/** `nix run nixpkgs#vault -- kv get`, and `nix shell nixpkgs#vault --command vault kv get`. */
const nix: Inside = ([subcommand, ...args]) => {
  if (subcommand === "run") {
    const installable = afterOptions({ valued: ["--option", "--extra-experimental-features"] })(args)?.[0]
    const attribute = installable?.split("#")[1]?.split(".").at(-1)
    const at = args.indexOf("--")
    return attribute === undefined || at < 0 ? undefined : fromPackage([attribute, ...args.slice(at + 1)])
  }
  const at = args.findIndex((arg) => ["-c", "--command"].includes(arg))
  return ["shell", "develop"].includes(subcommand ?? "") && at >= 0 ? args.slice(at + 1) : undefined
}

/** The last argument is a command as text, for a shell. */
const sops: Inside = (args) => (args[0] === "exec-env" ? simpleCommand(args.at(-1) ?? "") : undefined)

const npx = { valued: ["-p", "--package"], unclear: ["-c", "--call"] }

/** The first whose pattern fits the name counts. */
const wrappers: ReadonlyArray<readonly [program: RegExp, inside: Inside]> = [
  [/^g?env$/, env],
  [/^(?:sh|bash|dash|zsh|ksh|mksh|ash|fish)$/, shell],
  [/^g?nice$/, afterOptions({ valued: ["-n", "--adjustment"] })],
  [/^g?timeout$/, afterOptions({ valued: ["-k", "--kill-after", "-s", "--signal"], before: 1 })],
  [/^ionice$/, afterOptions({ valued: ["-c", "--class", "-n", "--classdata"] })],
  [/^g?stdbuf$/, afterOptions({ valued: ["-i", "--input", "-o", "--output", "-e", "--error"] })],
  [/^(?:g?nohup|setsid|arch|dbus-run-session)$/, afterOptions()],
  [/^g?time$/, afterOptions({ valued: ["-f", "--format", "-o", "--output"] })],
  [/^flock$/, afterOptions({ valued: ["-w", "--timeout", "-E"], unclear: ["-c", "--command"], before: 1 })],
  [/^(?:sudo|doas)$/, afterOptions({ valued: ["-u", "--user", "-g", "--group", "-p", "-h", "-C"] })],
  [/^(?:mise|rtx)$/, afterDashes("exec", "x")],
  [/^asdf$/, afterSubcommand(["exec"])],
  [/^direnv$/, afterSubcommand(["exec"], { before: 1 })],
  [/^nix$/, nix],
  [/^(?:op|doppler|infisical|dotenvx|bws|devbox)$/, afterDashes("run")],
  [/^(?:aws-vault|chamber|fnox|saml2aws)$/, afterDashes("exec")],
  [/^sops$/, sops],
  [/^(?:npx|bunx)$/, packageRunner(npx)],
  [/^npm$/, packageRunner(npx, "exec", "x")],
  [/^pnpm$/, packageRunner(npx, "exec", "dlx")],
  [/^uvx$/, packageRunner({ valued: ["--from", "-p", "--python"] })],
  [/^pipx$/, packageRunner({ valued: ["--spec", "--python"] }, "run")],
  [/^(?:uv|poetry)$/, afterSubcommand(["run"], { valued: ["-p", "--python", "--with", "--extra", "--group"] })]
]

/** A wrapper in a wrapper in … */
const maxDepth = 8

const lastPart = (path: string): string => (path.match(/[^\\/]+/g)?.pop() ?? "").replace(/\.exe$/i, "")

/** The command as written, and each one inside it, outermost first. */
export const seenThrough = (argv: Argv, depth = maxDepth): ReadonlyArray<Argv> => {
  const [program = "", ...args] = argv
  const name = lastPart(program)
  const inside = wrappers.find(([pattern]) => pattern.test(name))?.[1](args)
  return inside === undefined || inside.length === 0 || depth === 0 ? [argv] : [argv, ...seenThrough(inside, depth - 1)]
}
