/** Chooses where a provider's key comes from: from opencode itself, from its command, or from nowhere, with the reason. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import type { Candidate, Resolved } from "../../internal/config/model.js"
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

/** Makes the choice, in the order of docs/guides/opencode.md: opencode's own sources of a key, then the command. */
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
  if (typeof apiKey === "string" && apiKey.trim() !== "" && apiKey !== placeholder) return own("options.apiKey is set")
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

/** Accepts the command only if the entry equals what the files declare, because the policy decides about the files. */
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

/** Google Vertex has no way to insert a key: opencode removes `fetch` from its options, or its package calls Google before `fetch`. */
const isVertex = (id: string, { npm }: HostProvider): boolean =>
  id === "google-vertex"
    ? !String(npm ?? "").includes("@ai-sdk/openai-compatible")
    : id === "google-vertex-anthropic"
      ? npm === undefined || npm === vertexAnthropic
      : npm === vertexAnthropic

const vertexAnthropic = "@ai-sdk/google-vertex/anthropic"

/** The error for a value of unknown origin, which no policy covers. */
const unseen = (problem: string): ConfigInvalid =>
  configInvalid(
    problem,
    "Write it into your own opencode.json, remove it where it is set, or restart opencode if you have just changed it."
  )

const misplaced = configInvalid(
  "apiKeyCommand stands in a model's options, where it would be sent to the server",
  "Write it into the provider's own options."
)
