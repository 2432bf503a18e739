/** The rules of a policy, from the administrator's file and the user's own. */

import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConfigInvalid, type SourceUnreadable } from "../../ApiKeyError.js"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { describe, findInsecurePath, type InsecurePath } from "../host/ownership.js"
import { expanded, realPathOf, userFile, userFolder } from "../host/paths.js"
import * as Document from "../source/jsonc.js"
import { type Problem, problemOf, toConfigInvalid } from "../source/problem.js"
import { optional } from "../util/schema.js"
import type { ArgumentPattern as Pattern } from "./allowList.js"

const ArgumentPattern = Schema.Union(
  Schema.String,
  Schema.Struct({ any: Schema.Literal(true) }).annotations({ description: '{"any": true}' })
).annotations({ description: 'a pattern, or {"any": true}' })

export const PolicyRules = Schema.Struct({
  allow: optional(
    Schema.Array(
      Schema.Tuple([Schema.String], ArgumentPattern).annotations({
        description: "a program, and a pattern for each of its arguments",
        documentation:
          'For example ["op", "read", "op://Work/**"]. `*` is one path segment of plain characters, `**` several, {"any": true} any text.'
      })
    ).annotations({
      description: "a list of commands, each a list of the program and patterns for its arguments",
      documentation: 'For example [["op", "read", "op://Work/**"]].'
    }),
    "The commands that may run without trust. Default: none."
  ),
  project: optional(
    Schema.Literal("trust", "allow", "deny").annotations({ description: '"trust", "allow" or "deny"' }),
    'Which commands of projects run: trusted and listed ones, listed ones only, or none. Default: "trust".'
  ),
  user: optional(
    Schema.Literal("run", "allow").annotations({ description: '"run" or "allow"' }),
    'Which commands of the user run: all, or listed ones only. Default: "run".'
  )
}).annotations({ description: "an object that says which commands may run" })
export type PolicyRules = typeof PolicyRules.Type

const decode = Schema.decodeUnknownEither(PolicyRules, { onExcessProperty: "error" })

export const decodePolicy = (value: unknown): Either.Either<PolicyRules, Problem> =>
  Either.mapLeft(decode(value), ({ issue }) => problemOf(issue))

const systemFiles: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "/Library/Application Support/effect-apikey/policy.jsonc",
  win32: "C:\\ProgramData\\effect-apikey\\policy.jsonc"
}

/** The administrator's policy file. */
export const systemFileOf = (platform: NodeJS.Platform): string =>
  systemFiles[platform] ?? "/etc/effect-apikey/policy.jsonc"

type Failure = ConfigInvalid | SourceUnreadable
/** Merges rule by rule; the administrator's rule wins. If it restricts commands, only the administrator's allow list applies. */
export const policyInForce = (
  systemFile = systemFileOf(process.platform)
): Effect.Effect<PolicyRules, Failure, Needs> =>
  Effect.gen(function* () {
    const system = yield* rulesIn(systemFile, (value) => decodePolicy(value))
    const { allow, ...user } = yield* userRules
    const isUsersListOpen = system.user === undefined && system.project === undefined
    return { ...(isUsersListOpen && allow !== undefined ? { allow } : {}), ...user, ...system }
  })

/** A symlink that leads out of the user's directory may lead to a file that others can write, so no policy is read from it. */
const userRules: Effect.Effect<PolicyRules, Failure, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const file = yield* userFile
  const folder = yield* userFolder
  const rules = yield* rulesIn(file, (value) => policyOf(value))
  const real = yield* realPathOf(file)
  const realFolder = yield* realPathOf(folder)
  if (Object.keys(rules).length === 0 || path.dirname(real) === realFolder) return rules
  return yield* new ConfigInvalid({
    file,
    line: 0,
    column: 0,
    problem: `it is a symlink that leads out of ${folder}, so its policy is ignored`,
    remedy: `Put the file itself, or one with the policy alone, into ${folder}.`
  })
})

const policyOf = (value: unknown): Either.Either<PolicyRules, Problem> => {
  const policy: unknown = typeof value === "object" && value !== null && "policy" in value ? value.policy : {}
  return Either.mapLeft(decodePolicy(policy), (problem) => ({ ...problem, path: ["policy", ...problem.path] }))
}

const rulesIn = (
  file: string,
  decodeRules: (value: unknown) => Either.Either<PolicyRules, Problem>
): Effect.Effect<PolicyRules, Failure, Needs> =>
  Effect.gen(function* () {
    if (!(yield* Document.isThere(file))) return {}
    const document = yield* Document.read(file)
    const real = yield* realPathOf(file)
    const weak = yield* findInsecurePath(file)
    if (Option.isSome(weak)) return yield* insecureFile(file, weak.value)
    const rules = yield* Either.mapLeft(decodeRules(Document.valueOf(document.root)), (problem) =>
      toConfigInvalid(document, problem)
    )
    const path = yield* Path.Path
    const { home } = yield* HostEnvironment
    return rules.allow === undefined
      ? rules
      : { ...rules, allow: rules.allow.map((entry) => placed(entry, { home, cwd: path.dirname(real) }, path)) }
  })

type Entry = readonly [program: string, ...patterns: ReadonlyArray<Pattern>]

/** Resolves a program's path from the directory of the file, as in the rest of the configuration. */
const placed = (
  [program, ...patterns]: Entry,
  base: { readonly home: string; readonly cwd: string },
  path: Path.Path
): Entry => [/[\\/]/.test(program) ? expanded(program, base, path) : program, ...patterns]

export const insecureFile = (file: string, weak: InsecurePath): ConfigInvalid =>
  new ConfigInvalid({ file, line: 0, column: 0, ...describe(weak, file) })
