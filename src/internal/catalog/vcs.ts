/** Version control: git, its credential helpers, and GitHub's command line. */
import type { Meaning } from "../format/failure.js"
import type { Entry, Failure } from "./entry.js"

const githubLogin = { reason: "LoginRequired", remedy: "Log in to GitHub: gh auth login" } as const satisfies Meaning

/** Without a terminal, Git and its Credential Manager fail at once where the user would have to log in. */
const noGitPrompts = { GIT_TERMINAL_PROMPT: "0", GCM_INTERACTIVE: "never" }

/** Of Git Credential Manager. */
const managerFailures: ReadonlyArray<Failure> = [
  {
    stderr: /terminal prompts have been disabled|User cancelled|Authentication failed/i,
    reason: "LoginRequired",
    remedy: "Log in once with git at a terminal."
  },
  {
    stderr: /No credential store has been selected/,
    reason: "NotFound",
    remedy: "Choose where credentials are kept: git config --global credential.credentialStore NAME"
  },
  { stderr: /Could not resolve host|error occurred while sending the request/i, reason: "Unavailable" }
]

export const vcs: ReadonlyArray<Entry> = [
  {
    program: /^gh$/,
    install: "Install GitHub's command line and log in: gh auth login",
    mayPrompt: false,
    env: { GH_PAGER: "cat", GH_NO_UPDATE_NOTIFIER: "1" },
    envWithoutTerminal: { GH_PROMPT_DISABLED: "1" },
    failures: [
      { exitCode: 4, ...githubLogin },
      { stderr: /no oauth token/, ...githubLogin },
      {
        stderr: /not logged into any GitHub hosts/,
        ...githubLogin
      },
      { stderr: /token in \S+ is invalid/, ...githubLogin },
      { exitCode: 2, reason: "Unknown", remedy: "It was cancelled; run it again." },
      { stderr: /HTTP 404/, reason: "NotFound" },
      {
        stderr: /HTTP 401|Bad credentials/,
        reason: "LoginRequired",
        remedy: "The token is expired or revoked; log in to GitHub again: gh auth login"
      },
      {
        stderr: /HTTP 403/,
        reason: "Denied",
        remedy: "The token lacks a scope: gh auth refresh --scopes SCOPE"
      },
      { stderr: /error connecting to/i, reason: "Unavailable" }
    ]
  },
  {
    program: /^git$/,
    install: "Install git.",
    subcommandFormats: { credential: "git-credential" },
    mayPrompt: true,
    env: { GIT_PAGER: "cat" },
    envWithoutTerminal: noGitPrompts,
    failures: [
      // Git continues without it, and ends with a prompt that cannot be answered.
      { stderr: /is not a git command/, reason: "Unknown", remedy: "That credential helper is not installed." },
      {
        stderr: /could not read (?:Username|Password)/,
        reason: "LoginRequired",
        remedy:
          "No credential helper of git's has it: log in once with git at a terminal, or configure credential.helper."
      },
      {
        stderr: /refusing to work with credential missing (?:host|protocol) field/,
        reason: "NotFound",
        remedy: {
          text: "Name the URL whose password git is asked for",
          option: "format",
          example: { name: "git-credential", url: "https://example.com" }
        }
      },
      {
        stderr: /user interactivity has been disabled|Cannot prompt/i,
        reason: "LoginRequired",
        remedy: "Log in once with git at a terminal."
      },
      ...managerFailures
    ]
  },
  {
    program: /^git-credential-.+$/,
    install: "Install that credential helper of git's.",
    format: "git-credential",
    mayPrompt: true,
    envWithoutTerminal: noGitPrompts,
    failures: [
      ...managerFailures,
      {
        stderr: /user interactivity has been disabled|Cannot prompt|could not read (?:Username|Password)/i,
        reason: "LoginRequired",
        remedy: "Log in once with git at a terminal."
      }
    ]
  }
]
