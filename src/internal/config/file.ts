/** The configuration file `effect-apikey.jsonc`: its schema, and one error per invalid entry. */

import type * as Path from "@effect/platform/Path"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { expanded } from "../host/paths.js"
import { decodeRefusedWhen, RefusedWhen } from "../model/refusal.js"
import { decodePolicy, PolicyRules } from "../policy/rules.js"
import { decodeProblem } from "../source/decode.js"
import * as Document from "../source/jsonc.js"
import { inside, type Problem, problemOf, toConfigInvalid, unknownKey } from "../source/problem.js"
import { ApiKeySource } from "../source/schema.js"
import { optional } from "../util/schema.js"

export const ProviderEntry = Schema.Struct({
  key: optional(ApiKeySource, "Where the provider's key comes from."),
  baseUrl: optional(
    Schema.String.annotations({ description: "an http or https URL without a user name" }),
    "The base URL of the provider's requests. The key goes to its origin."
  ),
  refusedWhen: optional(RefusedWhen, "Further responses that mean that the server rejected the key.")
}).pipe(
  Schema.filter((entry) => Object.keys(entry).length > 0, {
    description: "one provider: the source of its key, its base URL, and which responses reject the key",
    jsonSchema: { minProperties: 1 }
  })
)

export const ConfigFile = Schema.Struct({
  $schema: optional(Schema.String, "The JSON Schema of the file, for editors."),
  providers: optional(
    Schema.Record({ key: Schema.String, value: ProviderEntry }).annotations({
      description: "an object with a provider's id in each key"
    }),
    "The providers, each by its id."
  ),
  policy: optional(PolicyRules, "Which commands may run. Only in the user's own file.")
}).annotations({ identifier: "EffectApikeyConfiguration", description: "effect-apikey.jsonc" })

/** The JSON Schema of the file. */
export const jsonSchema: object = /*#__PURE__*/ JSONSchema.make(ConfigFile)

export interface Entry {
  readonly key: Option.Option<{ readonly source: ApiKeySource; readonly at: Document.Position }>
  readonly baseUrl: Option.Option<{ readonly url: URL; readonly at: Document.Position }>
  readonly refusedWhen: Option.Option<{ readonly rules: RefusedWhen; readonly at: Document.Position }>
  /** The value as it is written in the file. */
  readonly declared: unknown
}

export type Entries = ReadonlyMap<string, Either.Either<Entry, ConfigInvalid>>

const topLevel = ["$schema", "providers", "policy"]
const entryKeys = Object.keys(ProviderEntry.from.fields)

const at = (problem: string, remedy: string): Problem => ({ path: [], at: "value", problem, remedy })

/** An error outside the entries invalidates the whole file; an error in an entry only that entry. */
export const entriesOf = (
  document: Document.Document,
  origin: "user" | "project"
): Either.Either<Entries, ConfigInvalid> => {
  const value = Document.valueOf(document.root)
  return Either.map(
    Either.mapLeft(checkTop(document, value, origin), (problem) => toConfigInvalid(document, problem)),
    (providers) =>
      new Map(
        membersAt(document.root, "providers").map(({ key: id, value: root }) => {
          // Positions are searched in each entry alone, so that the time grows linearly with the file.
          const entry = { ...document, root }
          return [id, Either.mapLeft(decodeEntry(entry, providers[id]), (problem) => toConfigInvalid(entry, problem))]
        })
      )
  )
}

const membersAt = (root: Document.Document["root"], name: string) =>
  Document.membersOf(root).flatMap(({ key, value }) => (key === name ? Document.membersOf(value) : []))

const checkTop = (
  document: Document.Document,
  value: unknown,
  origin: "user" | "project"
): Either.Either<Readonly<Record<string, unknown>>, Problem> => {
  if (!isRecord(value)) {
    return Either.left(
      at("expected an object", 'For example { "providers": { "openai": { "key": { "env": "OPENAI_API_KEY" } } } }.')
    )
  }
  const twice = Document.duplicateKey(document.root)
  if (twice !== undefined) {
    return Either.left({
      path: [],
      offset: twice.offset,
      at: "key",
      problem: `"${twice.key}" is given twice`,
      remedy: "Remove one of them."
    })
  }
  const unknown = Object.keys(value).find((key) => !topLevel.includes(key))
  if (unknown !== undefined) return Either.left(unknownKey(unknown, topLevel))
  if ("policy" in value) {
    if (origin === "project") {
      return Either.left({
        path: ["policy"],
        at: "key",
        problem: "a project may not set a policy",
        remedy: "Move it to your own file, in your configuration directory."
      })
    }
    const policy = decodePolicy(value["policy"])
    if (Either.isLeft(policy)) return Either.left(inside("policy", policy.left))
  }
  const { providers } = value
  if (providers === undefined) return Either.right({})
  return isRecord(providers)
    ? Either.right(providers)
    : Either.left(
        inside("providers", at("expected an object with a provider's id in each key", 'For example { "openai": … }.'))
      )
}

const decodeEntry = (document: Document.Document, value: unknown): Either.Either<Entry, Problem> =>
  Either.gen(function* () {
    const example = 'For example { "key": { "env": "OPENAI_API_KEY" } }.'
    if (!isRecord(value)) return yield* Either.left(at("expected an object", example))
    const unknown = Object.keys(value).find((key) => !entryKeys.includes(key))
    if (unknown !== undefined) {
      const isSource = Either.isRight(decodeProblem({ [unknown]: value[unknown] }))
      const problem = unknownKey(unknown, entryKeys)
      return yield* Either.left(
        isSource ? { ...problem, remedy: `Put it under "key": { "key": { "${unknown}": … } }` } : problem
      )
    }
    if (entryKeys.every((key) => value[key] === undefined)) return yield* Either.left(at("is empty", example))
    const position = (key: string) => Document.positionOf(document, [key])
    const source =
      value["key"] === undefined
        ? Option.none()
        : Option.some(yield* Either.mapLeft(decodeProblem(value["key"]), (problem) => inside("key", problem)))
    const url =
      value["baseUrl"] === undefined
        ? Option.none()
        : Option.some(yield* Either.mapLeft(decodeUrl(value["baseUrl"]), (problem) => inside("baseUrl", problem)))
    const refusedWhen =
      value["refusedWhen"] === undefined
        ? Option.none()
        : Option.some(
            yield* Either.mapLeft(refusedWhenOf(value["refusedWhen"]), (problem) => inside("refusedWhen", problem))
          )
    return {
      key: Option.map(source, (it) => ({ source: it, at: position("key") })),
      baseUrl: Option.map(url, (it) => ({ url: it, at: position("baseUrl") })),
      refusedWhen: Option.map(refusedWhen, (rules) => ({ rules, at: position("refusedWhen") })),
      declared: value
    }
  })

/** For each configuration file. */
export const refusedWhenOf = (value: unknown): Either.Either<RefusedWhen, Problem> =>
  Either.mapLeft(decodeRefusedWhen(value), ({ issue }) => problemOf(issue))

export const decodeUrl = (value: unknown): Either.Either<URL, Problem> => {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:"
  return url !== undefined && isHttp && url.username === "" && url.password === ""
    ? Either.right(url)
    : Either.left(at("expected an http or https URL without a user name", 'For example "https://api.openai.com/v1".'))
}

/** The same source with its paths resolved from the directory of its file. */
export const located = (
  source: ApiKeySource,
  folder: string,
  { home, path }: { readonly home: string; readonly path: Path.Path }
): ApiKeySource => {
  const from = (file: string): string => expanded(file, { home, cwd: folder }, path)
  switch (source._tag) {
    case "File":
      return { ...source, file: from(source.file) }
    case "Command": {
      const [program, ...args] = source.command.argv
      const { cwd } = source.command
      return {
        ...source,
        command: {
          ...source.command,
          // A bare name is searched on PATH.
          argv: [/[\\/]/.test(program) ? from(program) : program, ...args],
          ...(cwd === undefined ? {} : { cwd: from(cwd) })
        }
      }
    }
    case "FirstOf": {
      const [first, ...rest] = source.firstOf
      const inFolder = (each: ApiKeySource): ApiKeySource => located(each, folder, { home, path })
      return { ...source, firstOf: [inFolder(first), ...rest.map(inFolder)] }
    }
    default:
      return source
  }
}
