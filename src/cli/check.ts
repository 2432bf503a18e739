/** `effect-apikey check`: prints where a provider's key comes from, what the policy decides, whether the key works, and remedies. Never the key. */

import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey } from "../ApiKey.js"
import { type ApiKeyError, KeyNotConfigured } from "../ApiKeyError.js"
import * as ApiKeySource from "../ApiKeySource.js"
import {
  type Candidate,
  type Configuration,
  overridesUser,
  type Resolved,
  type Template
} from "../internal/config/model.js"
import type { Output } from "../internal/format/format.js"
import * as Formats from "../internal/format/lookup.js"
import { locate } from "../internal/helper/locate.js"
import type { Requirements } from "../internal/helper/options.js"
import { inJsonWords } from "../internal/model/remedy.js"
import { type Grant, HelperPolicy } from "../internal/policy/model.js"
import { searchPathFor } from "../internal/policy/program.js"
import type { Provenance } from "../internal/policy/provenance.js"
import { commandOptions, fromSource } from "../internal/provider/source.js"
import { programName } from "../internal/redact/programName.js"
import { escaped } from "../internal/redact/terminal.js"
import type { Single } from "../internal/source/schema.js"
import { type ConfigurationOptions, configurationFor, refuseKey, suggestId } from "./configuration.js"
import { exitStatusOf, Reported, UsageError } from "./exit.js"

/** The result of checking one source. */
type Outcome =
  | { readonly _tag: "Key" }
  | { readonly _tag: "NotRun" }
  | { readonly _tag: "Absent"; readonly tried: ReadonlyArray<string> }
  | { readonly _tag: "Failed"; readonly error: ApiKeyError }

interface Checked {
  readonly lines: ReadonlyArray<string>
  readonly outcome: Outcome
}

const fieldWidth = 9
const field = (name: string, text: string): string => `    ${name.padEnd(fieldWidth)}${escaped(text)}`

const placeOf = (provenance: Provenance): string =>
  provenance._tag === "Environment"
    ? "the environment"
    : `${provenance.file}${provenance.line > 0 ? `:${provenance.line}:${provenance.column}` : ""}`

const heading = (label: string, provenance: Provenance): string =>
  `  ${escaped(label)}, ${escaped(placeOf(provenance))}`

const failed = (error: ApiKeyError): Checked => ({
  lines: [field("problem", error.message), field("remedy", inJsonWords(error.remedy))],
  outcome: { _tag: "Failed", error }
})

const absent = (tried: ReadonlyArray<string>): Checked => ({
  lines: [field("key", "absent; the next source is used")],
  outcome: { _tag: "Absent", tried }
})

const answered = (answer: Either.Either<ReadonlyArray<string>, ApiKeyError>): Checked => {
  if (Either.isRight(answer)) return { lines: answer.right, outcome: { _tag: "Key" } }
  return answer.left._tag === "KeyNotConfigured" ? absent(answer.left.tried) : failed(answer.left)
}

const after = (before: ReadonlyArray<string>, { lines, outcome }: Checked): Checked => ({
  lines: [...before, ...lines],
  outcome
})

const secondsOf = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

const expiryOf = (key: ApiKey, otherwise: string): Effect.Effect<string> =>
  Option.match(key.expiresAt, {
    onNone: () => Effect.succeed(field("expires", otherwise)),
    onSome: (at) =>
      Effect.map(DateTime.now, (now) => {
        const left = Duration.millis(Math.max(0, at.epochMillis - now.epochMillis))
        return field(
          "expires",
          `${DateTime.formatIso(at)}, in ${Duration.format(Duration.seconds(Math.floor(Duration.toSeconds(left))))}`
        )
      })
  })

/** The provider that is checked. */
interface Subject extends Pick<Resolved, "provider" | "destination" | "declarations"> {
  readonly isRun: boolean
  readonly overridesUser: boolean
}

type Run = Extract<Single, { readonly _tag: "Command" }>

const authorized = (
  { provider, destination, declarations, overridesUser: overrides }: Subject,
  source: Single,
  provenance: Provenance
) =>
  Effect.flatMap(HelperPolicy, (policy) =>
    Effect.either(
      policy.authorize({ provider, source, provenance, destination, declarations, overridesUser: overrides })
    )
  )

const checkSingle = Effect.fnUntraced(function* (subject: Subject, source: Single, provenance: Provenance) {
  const top = heading(ApiKeySource.label(source), provenance)
  const grant = yield* authorized(subject, source, provenance)
  const program = source._tag === "Command" ? yield* programLine(source, provenance, grant, subject.isRun) : []
  if (Either.isLeft(grant)) {
    return after([top, ...program, field("policy", "denied")], failed(grant.left))
  }
  const before = [top, ...program, field("policy", `allowed: ${grant.right.reason}`)]
  if (source._tag !== "Command") {
    return after(before, answered(yield* Effect.either(Effect.scoped(readLines(subject, source)))))
  }
  if (!subject.isRun) {
    return { lines: [...before, field("run", "not run (--no-run)")], outcome: { _tag: "NotRun" } } as const
  }
  return after(before, answered(yield* Effect.either(Effect.scoped(runLines(subject, source, grant.right)))))
})

const readLines = Effect.fnUntraced(function* ({ provider }: Subject, source: Single) {
  const self = yield* fromSource(source, { provider })
  const key = yield* self.get
  return [field("key", "there"), yield* expiryOf(key, "does not say")]
})

const runLines = Effect.fnUntraced(function* ({ provider }: Subject, source: Run, { options }: Grant) {
  let output: Option.Option<Output> = Option.none()
  const self = yield* fromSource(source, {
    provider,
    interactive: "if-available",
    guard: () => Effect.succeed(options),
    observe: (given) => {
      output = Option.some(given)
    }
  })
  const start = yield* Clock.currentTimeMillis
  const key = yield* self.get
  const took = (yield* Clock.currentTimeMillis) - start
  const { hardExpiry } = yield* self.status
  const recognized = Option.flatMap(output, (given) => Formats.recognized(source.command.format ?? "auto", given))
  const kept = Option.match(hardExpiry, {
    onNone: () => "does not say; kept for good",
    onSome: (at) => `does not say; kept until ${DateTime.formatIso(at)}`
  })
  return [
    field("run", `gave a key in ${secondsOf(took)}`),
    field(
      "format",
      Option.getOrElse(recognized, () => "unknown")
    ),
    yield* expiryOf(key, kept)
  ]
})

const checkTemplate = Effect.fnUntraced(function* (
  subject: Subject,
  { label, read, singles }: Template,
  provenance: Provenance
) {
  const top = heading(label, provenance)
  for (const single of singles) {
    const grant = yield* authorized(subject, single, provenance)
    if (Either.isLeft(grant)) return after([top, field("policy", "denied")], failed(grant.left))
  }
  return after([top], answered(yield* Effect.either(Effect.as(read, [field("key", "there")]))))
})

const checkSource = (
  subject: Subject,
  source: ApiKeySource.ApiKeySource,
  provenance: Provenance
): Effect.Effect<Checked, never, Requirements | HelperPolicy> =>
  source._tag === "FirstOf"
    ? checkFirst(
        source.firstOf.map((each) => checkSource(subject, each, provenance)),
        source.onFailure ?? "stop"
      )
    : checkSingle(subject, source, provenance)

const checkCandidate = (subject: Subject, { provenance, source }: Candidate) => {
  if (Either.isLeft(source)) return Effect.succeed(after([heading("configuration", provenance)], failed(source.left)))
  return source.right._tag === "Template"
    ? checkTemplate(subject, source.right, provenance)
    : checkSource(subject, source.right, provenance)
}

const checkProvider = (
  configuration: Configuration,
  { candidates, notes, consulted, ...resolved }: Resolved,
  isRun: boolean
) => {
  const { provider, destination } = resolved
  const checks = candidates.map((candidate) =>
    checkCandidate(
      { ...resolved, isRun, overridesUser: overridesUser({ ...resolved, candidates }, candidate) },
      candidate
    )
  )
  return Effect.map(checkFirst(checks, "stop"), ({ lines, outcome }): Checked => {
    const end = [
      ...Option.toArray(
        Option.map(
          destination,
          ({ origin, provenance }) => `  goes to ${escaped(origin)}, ${escaped(placeOf(provenance))}`
        )
      ),
      ...notes.map((note) => `  note: ${escaped(note)}`)
    ]
    if (outcome._tag !== "Absent") return { lines: [escaped(provider), ...lines, ...end], outcome }
    const missing = new KeyNotConfigured({ provider, tried: [...outcome.tried, ...consulted] })
    const problem = failed(suggestId(provider, configuration)(missing))
    return { lines: [escaped(provider), ...lines, ...problem.lines, ...end], outcome: problem.outcome }
  })
}

/** Checks in order and stops at the first source that has a key or fails, as a provider does. */
const checkFirst = <R>(
  each: ReadonlyArray<Effect.Effect<Checked, never, R>>,
  onFailure: "stop" | "next"
): Effect.Effect<Checked, never, R> =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const tried: Array<string> = []
    let failure: Option.Option<Outcome> = Option.none()
    for (const check of each) {
      const checked = yield* check
      lines.push(...checked.lines)
      if (checked.outcome._tag === "Absent") tried.push(...checked.outcome.tried)
      else if (checked.outcome._tag === "Failed" && onFailure === "next") {
        failure = Option.orElseSome(failure, () => checked.outcome)
      } else return { lines, outcome: checked.outcome }
    }
    return { lines, outcome: Option.getOrElse(failure, (): Outcome => ({ _tag: "Absent", tried })) }
  })

/** The program that a run would start. Finding it may start the login shell, which happens only if the command is run too. */
const programLine = Effect.fnUntraced(function* (
  { command }: Run,
  provenance: Provenance,
  grant: Either.Either<Grant, ApiKeyError>,
  isRun: boolean
) {
  const written = commandOptions(command)
  const asksShell = written.search === "login-shell" && isRun && Either.isRight(grant)
  const { found, program } = yield* locate(
    {
      ...written,
      ...(asksShell ? {} : { search: written.search === "login-shell" ? "path" : written.search }),
      ...(Either.isRight(grant) ? grant.right.options : { env: { PATH: yield* searchPathFor(provenance) } })
    },
    { protocolEnv: {} }
  )
  if (found._tag !== "Missing") return [field("program", found.path)]
  const name = programName([program])
  const unasked = written.search === "login-shell" && !asksShell && !/[\\/]/.test(program)
  return [field("program", unasked ? `${name}: where the login shell finds it` : `${name} is not found`)]
})

export interface CheckOptions extends ConfigurationOptions {
  /** False for `--no-run`. */
  readonly run: boolean
}

export const check = Effect.fnUntraced(function* (id: string | undefined, options: CheckOptions) {
  const configuration = yield* configurationFor(options)
  if (id !== undefined) yield* refuseKey(id, configuration)
  const ids = id === undefined ? configuration.ids : [id]
  const [problem] = configuration.problems
  if (ids.length === 0 && problem !== undefined) return yield* problem
  if (ids.length === 0) {
    return yield* new UsageError({
      problem: "no provider is configured",
      hint: "Name one (effect-apikey check openai), or write an effect-apikey.jsonc."
    })
  }
  let status = 0
  for (const each of ids) {
    const { lines, outcome } = yield* checkProvider(configuration, yield* configuration.resolve(each), options.run)
    yield* Console.log(lines.join("\n"))
    if (outcome._tag === "Failed" && status === 0) status = exitStatusOf(outcome.error)
  }
  if (status !== 0) return yield* new Reported({ status })
})
