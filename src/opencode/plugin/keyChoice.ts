/** What a provider's key comes from: something that opencode itself has, its command, or nothing, and why. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import type { Candidate, Resolved } from "../../internal/config/model.js"
import { isUnresolved } from "../../internal/format/notAKey.js"
import { type Needs, variableLabel } from "../../internal/host/HostEnvironment.js"
import { escaped } from "../../internal/redact/terminal.js"
import { placeholder } from "../../internal/request/placeholder.js"
import type { RunOptions } from "../../internal/source/schema.js"
import type { Loaded } from "../config/load.js"
import type { HostProvider } from "./host.js"
import { configInvalid } from "./message.js"
import type { EntryCopy } from "./providerEntry.js"
import { firstUndeclared } from "./verify.js"

export interface Command {
  readonly provenance: Candidate["provenance"]
  readonly command: RunOptions
}

export type Choice =
  | ({ readonly _tag: "Command" } & Command)
  | { readonly _tag: "OpencodesOwn"; readonly reason: string }
  | { readonly _tag: "Unsupported"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly error: ApiKeyError }

const own = (reason: string): Choice => ({ _tag: "OpencodesOwn", reason })
const failed = (error: ApiKeyError): Choice => ({ _tag: "Failed", error })

/** The order is that of docs/guides/opencode.md: what opencode has a key from, then the command. */
export const choose = (
  { id, entry, options, isMisplaced }: EntryCopy,
  resolved: Resolved,
  written: ReturnType<Loaded["written"]>,
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<Choice, never, Needs> => {
  if (isMisplaced) return Effect.succeed(failed(misplaced))
  const choice = firstChoice(id, entry, options, resolved, env)
  return choice._tag === "Command" ? ifAsWritten(entry, written, choice) : Effect.succeed(choice)
}

const firstChoice = (
  id: string,
  entry: HostProvider,
  options: Readonly<Record<string, unknown>>,
  { candidates }: Resolved,
  env: Readonly<Record<string, string | undefined>>
): Choice => {
  const { apiKey } = options
  const isKey = typeof apiKey === "string" && apiKey.trim() !== "" && !isUnresolved(apiKey)
  if (isKey && apiKey !== placeholder) return own("options.apiKey is set")
  if (isVertex(id, entry)) {
    return { _tag: "Unsupported", reason: `apiKeyCommand is not supported for ${id}, which has no API key` }
  }
  for (const { provenance, source } of candidates) {
    if (Either.isLeft(source)) return failed(source.left)
    switch (source.right._tag) {
      case "Env":
        if ((env[source.right.env] ?? "").trim() !== "") return own(`${variableLabel(source.right.env)} is set`)
        break
      case "Auth":
        return own("auth.json has a key")
      case "Command":
        return { _tag: "Command", provenance, command: source.right.command }
    }
  }
  return failed(unseen("its apiKeyCommand stands in none of the configuration files here"))
}

/** The policy is asked about what stands in the files: only what stands there is taken. */
const ifAsWritten = (
  entry: HostProvider,
  written: ReturnType<Loaded["written"]>,
  command: Choice
): Effect.Effect<Choice, never, Needs> =>
  Effect.match(written, {
    onFailure: failed,
    onSuccess: (declared) =>
      Option.match(firstUndeclared(entry, declared), {
        onNone: () => command,
        onSome: (path) =>
          failed(unseen(`its ${escaped(path.join("."))} is set by something else than the configuration files here`))
      })
  })

/** opencode takes `fetch` out of the one's options, the other's package asks Google before it: nothing could put the key in. */
const isVertex = (id: string, { npm }: HostProvider): boolean =>
  id === "google-vertex"
    ? !String(npm ?? "").includes("@ai-sdk/openai-compatible")
    : id === "google-vertex-anthropic"
      ? npm === undefined || npm === vertexAnthropic
      : npm === vertexAnthropic

const vertexAnthropic = "@ai-sdk/google-vertex/anthropic"

/** Its author is unknown, so no policy covers it. */
const unseen = (problem: string): ConfigInvalid =>
  configInvalid(
    problem,
    "Write it into your own opencode.json, remove it where it is set, or restart opencode if you have just changed it."
  )

const misplaced = configInvalid(
  "apiKeyCommand stands in a model's options, where it would be sent to the server",
  "Write it into the provider's own options."
)
