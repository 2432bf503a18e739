/** What docs/reference/errors.md shows of each error: instances, by what tells them apart. A missing tag or reason is a type error. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as ApiKeyError from "effect-apikey/ApiKeyError"

type Tag = ApiKeyError.ApiKeyError["_tag"]

type Instance<T extends Tag> = Extract<ApiKeyError.ApiKeyError, { readonly _tag: T }>

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const stderr = Schema.decodeSync(ApiKeyError.RedactedText)("[ERROR] you are not currently signed in")
const file = "/home/me/project/effect-apikey.jsonc"

const exited = (reason: ApiKeyError.Reason) =>
  new ApiKeyError.NonZeroExit({ command: "op", exitCode: 1, stderr, reason })

const reasons: { readonly [R in ApiKeyError.Reason]: ApiKeyError.NonZeroExit } = {
  LoginRequired: exited("LoginRequired"),
  NotFound: exited("NotFound"),
  Denied: exited("Denied"),
  Unavailable: exited("Unavailable"),
  Unknown: exited("Unknown")
}

const codes = ["E2BIG", "EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "ENOENT", "ENOTDIR", "EACCES", "ERR_INVALID_ARG_VALUE"]

const timedOut = (phase: ApiKeyError.TimeoutPhase) =>
  new ApiKeyError.CommandTimeout({ command: "get-token", timeout: Duration.seconds(30), phase })

const phases: { readonly [P in ApiKeyError.TimeoutPhase]: ApiKeyError.CommandTimeout } = {
  queued: timedOut("queued"),
  running: timedOut("running"),
  draining: timedOut("draining")
}

/** In the order of the page. */
export const errors: { readonly [T in Tag]: Readonly<Record<string, Instance<T>>> } = {
  CommandNotFound: {
    "on PATH": new ApiKeyError.CommandNotFound({ command: "vault", searched: ["/usr/local/bin", "/usr/bin", "/bin"] }),
    "a path": new ApiKeyError.CommandNotFound({ command: "get-token", searched: ["/home/me/bin/get-token"] })
  },
  CommandNotExecutable: {
    "": new ApiKeyError.CommandNotExecutable({ command: "get-token", path: "/home/me/bin/get-token" })
  },
  CommandNotTrusted: { "": new ApiKeyError.CommandNotTrusted({ command: "get-token", file }) },
  SpawnFailed: Object.fromEntries(
    codes.map((code) => [code, new ApiKeyError.SpawnFailed({ command: "get-token", code })])
  ),
  NoTerminal: { "": new ApiKeyError.NoTerminal({ command: "gopass" }) },
  CommandTimeout: phases,
  NonZeroExit: reasons,
  CommandKilled: { "": new ApiKeyError.CommandKilled({ command: "get-token", signal: "SIGKILL", stderr: "" }) },
  EmptyOutput: { "": new ApiKeyError.EmptyOutput({ command: "pass", stderr: "" }) },
  OutputTooLarge: { "": new ApiKeyError.OutputTooLarge({ command: "cat", limit: 65_536 }) },
  InvalidOutput: {
    "a field": new ApiKeyError.InvalidOutput({
      command: "get-token",
      format: "oauth",
      path: "access_token",
      expected: "a string that is not empty"
    }),
    "no known format": new ApiKeyError.InvalidOutput({
      command: "get-token",
      format: "auto",
      path: "",
      expected: "one line, the key and nothing else"
    }),
    "a key that a header cannot carry": new ApiKeyError.InvalidOutput({
      command: "get-token",
      format: "header",
      path: "",
      expected: "visible ASCII characters"
    })
  },
  ExpiredOnArrival: { "": new ApiKeyError.ExpiredOnArrival({ command: "gcloud", expiredAt: at }) },
  KeyRejected: { "": new ApiKeyError.KeyRejected({ command: "op", rejectedAt: at }) },
  SourceUnreadable: {
    "": new ApiKeyError.SourceUnreadable({ source: "key file", path: "/run/secrets/openai", code: "EACCES" })
  },
  InsecurePermissions: {
    "": new ApiKeyError.InsecurePermissions({ path: "/home/me/.keys/openai", mode: "644" })
  },
  ConfigInvalid: {
    "in a file": new ApiKeyError.ConfigInvalid({
      file,
      line: 4,
      column: 9,
      problem: '"tiemout" is not known here',
      remedy: 'Did you mean "timeout"?'
    }),
    "in code": new ApiKeyError.ConfigInvalid({
      file: "code",
      line: 0,
      column: 0,
      problem: "`timeout` is not a time above 0 and below 24 days",
      remedy: 'For example: "30 seconds"'
    })
  },
  KeyNotConfigured: {
    "": new ApiKeyError.KeyNotConfigured({
      provider: "openai",
      tried: ["environment variable OPENAI_API_KEY", "/run/secrets/openai"]
    })
  },
  ProviderClosed: { "": new ApiKeyError.ProviderClosed({ provider: "openai" }) }
}
