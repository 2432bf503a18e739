/**
 * The environment variables of docs/reference/environment-variables.md, by section. `npm run check -- reference` compares them with the
 * names in src: one that is missing here, or that src does not have, fails.
 */
import { variablesFor } from "effect-apikey/ApiKeySource"

interface Variable {
  /** Names with one meaning. `*` in a name matches any end. */
  readonly names: ReadonlyArray<string>
  readonly meaning: string
  /** What reads it, if that is a dependency or Node. `src` does not have its name then. */
  readonly readBy?: string
}

const { command, file, key } = variablesFor("openai")

/** Made from a provider's id, so src has no name of them. */
export const keys: ReadonlyArray<Variable> = [
  { names: [key], meaning: "the key itself", readBy: "ApiKeySource.variablesFor" },
  { names: [file], meaning: "the path of a file that holds the key", readBy: "ApiKeySource.variablesFor" },
  {
    names: [command],
    meaning: 'a command as a JSON array: `["op", "read", "op://Work/OpenAI/key"]`',
    readBy: "ApiKeySource.variablesFor"
  }
]

export const directories: ReadonlyArray<Variable> = [
  {
    names: ["XDG_CONFIG_HOME"],
    meaning: "directory of `effect-apikey/` and `opencode/` with the user's configuration; default `~/.config`"
  },
  {
    names: ["XDG_DATA_HOME"],
    meaning: "directory of `effect-apikey/trust.json` and `opencode/auth.json`; default `~/.local/share`"
  },
  { names: ["HOME"], meaning: "the home directory, if it is an absolute path" },
  { names: ["USERPROFILE"], meaning: "the home directory on Windows" },
  { names: ["NODE_ENV"], meaning: "under Bun: which `.env` files of the working directory were loaded" }
]

export const help: ReadonlyArray<Variable> = [
  { names: ["NO_COLOR"], meaning: "if it is set and not empty, help texts have no styles" },
  {
    names: ["FORCE_COLOR", "CLICOLOR_FORCE"],
    meaning: "help texts have styles without a terminal too",
    readBy: "commander"
  }
]

export const search: ReadonlyArray<Variable> = [
  { names: ["PATH", "PATHEXT"], meaning: "where helpers are searched for; PATHEXT on Windows only" },
  { names: ["SHELL"], meaning: 'the login shell, for `search: "login-shell"`' },
  { names: ["NPM_CONFIG_PREFIX", "npm_config_prefix"], meaning: "npm's directory for global programs" },
  { names: ["MISE_DATA_DIR", "ASDF_DATA_DIR"], meaning: "the directories of mise's and asdf's shims" },
  { names: ["USER"], meaning: "the user's Nix profile below `/etc/profiles/per-user`" },
  {
    names: ["LOCALAPPDATA", "APPDATA", "ProgramData", "ProgramFiles", "SystemRoot"],
    meaning: "install directories on Windows"
  }
]

export const forHelpers: ReadonlyArray<Variable> = [
  {
    names: ["EFFECT_APIKEY_PROVIDER"],
    meaning: "the provider's name; several, with commas, if they share the command"
  },
  { names: ["EFFECT_APIKEY_REASON"], meaning: "why the helper runs: `first`, `expiry` or `rejected`" },
  { names: ["EFFECT_APIKEY_INTERACTIVE"], meaning: "`1` if the helper has the terminal, else `0`" },
  { names: ["NO_COLOR"], meaning: "`1`, unless you set it" },
  { names: ["LC_MESSAGES"], meaning: "`C`, unless you set it or `LC_ALL`: known messages are English" },
  { names: ["LC_ALL"], meaning: "not set; if you set it, `LC_MESSAGES` is left alone" },
  { names: ["PAGER"], meaning: "`cat`" }
]

/** Their names and values come from the formats. */
export const ofFormats: ReadonlyArray<string> = [
  "KUBERNETES_EXEC_INFO",
  "GOOGLE_EXTERNAL_ACCOUNT_*",
  "CLAUDE_HELPER_CONTEXT"
]

export const opencode: ReadonlyArray<Variable> = [
  { names: ["OPENCODE_CONFIG"], meaning: "one more configuration file" },
  { names: ["OPENCODE_CONFIG_DIR"], meaning: "one more directory with configuration files" },
  { names: ["OPENCODE_CONFIG_CONTENT"], meaning: "a configuration as JSON" },
  { names: ["OPENCODE_DISABLE_PROJECT_CONFIG"], meaning: "`1` or `true`: the project's files are not read" },
  { names: ["OPENCODE_AUTH_CONTENT"], meaning: "the content of `auth.json`, in its place" }
]

export const bedrock: ReadonlyArray<Variable> = [
  {
    names: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"],
    meaning: "an endpoint that gets signed requests, besides AWS's own"
  }
]

export const loginShell: ReadonlyArray<Variable> = [
  { names: ["DISABLE_AUTO_UPDATE"], meaning: "`true`: Oh My Zsh asks for no update" },
  { names: ["ZSH_TMUX_AUTOSTART", "ZSH_TMUX_AUTOSTARTED"], meaning: "Oh My Zsh's tmux plugin starts no tmux" }
]

/** Words in src that look like variables and are none. */
export const otherWords: ReadonlyArray<string> = [
  // The name that the format `env` writes, in a helper's output.
  "API_KEY",
  // Ends of GOOGLE_EXTERNAL_ACCOUNT_*.
  "AUDIENCE",
  "IMPERSONATED_EMAIL",
  "INTERACTIVE",
  "OUTPUT_FILE",
  "TOKEN_TYPE",
  // Encloses PATH in the output of the login shell.
  "_EFFECT_APIKEY_PATH_",
  // Fields of outputs.
  "ARN",
  "CONCEALED",
  // What files and byte orders begin with.
  "LE",
  "MZ",
  // The alphabet.
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  // Methods of HTTP.
  "GET",
  "HEAD",
  "POST",
  // Placeholders in messages.
  "JSON",
  "NAME",
  "TIME",
  // Error codes of Node that the system does not have.
  "ERR_INVALID_ARG_VALUE",
  "ERR_MODULE_NOT_FOUND",
  "EUNKNOWN",
  "MODULE_NOT_FOUND"
]
