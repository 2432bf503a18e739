/**
 * Decides which commands may run and where keys may be sent. The user's own configuration runs; a project's needs the user's
 * trust or an allow list.
 *
 * The rules, what a digest covers, and the remaining race are in docs/concepts/who-may-run-what.md.
 *
 * @since 0.1.0
 */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type ApiKeyError, CommandNotTrusted } from "./ApiKeyError.js"
import { variablesFor } from "./ApiKeySource.js"
import { findProgram } from "./internal/helper/searchPath.js"
import { HostEnvironment, type Needs } from "./internal/host/HostEnvironment.js"
import { expanded, isInside, mayExist } from "./internal/host/paths.js"
import { argumentsMatch } from "./internal/policy/allowList.js"
import { digest } from "./internal/policy/digest.js"
import { needOf, variablesOf } from "./internal/policy/environmentVariables.js"
import {
  type AuthorizationRequest,
  type Grant,
  HelperPolicy,
  type Policy,
  type ProjectDeclaration
} from "./internal/policy/model.js"
import { onlyIn, projectFolder, resolveProgram, safePath } from "./internal/policy/program.js"
import { isProject, type ProjectProvenance, type Provenance } from "./internal/policy/provenance.js"
import { PolicyRules, policyInForce } from "./internal/policy/rules.js"
import * as TrustStore from "./internal/policy/trustStore.js"
import { programName } from "./internal/redact/programName.js"
import type { RunOptions } from "./internal/source/schema.js"
import { shellWord } from "./internal/util/shell.js"

export { type ArgumentPattern, argumentsMatch } from "./internal/policy/allowList.js"
export { digest, scriptsOf } from "./internal/policy/digest.js"
export { isForbiddenVariable } from "./internal/policy/forbiddenVariables.js"
export {
  type AuthorizationRequest,
  type Grant,
  HelperPolicy,
  type Policy,
  type ProjectDeclaration
} from "./internal/policy/model.js"
export { Provenance } from "./internal/policy/provenance.js"

/**
 * The rules beside the user's trust.
 *
 * - `allow`: commands that may run without trust. An entry is the program and one `ArgumentPattern` for each argument. It covers
 *   a project's command only if that sets neither `env`, `cwd` nor `search`, has no placeholder, and the project does not choose
 *   where the key is sent.
 * - `project`: a project's commands need trust or an entry in `allow` (`"trust"`, the default), need an entry (`"allow"`), or
 *   never run (`"deny"`).
 * - `user`: the user's own commands run (`"run"`, the default), or need an entry in `allow` (`"allow"`).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Rules = PolicyRules

/**
 * @since 0.1.0
 * @category models
 */
export type Rules = PolicyRules

/**
 * Trusts declarations as they were when the digest was computed. The trust is stored in
 * `$XDG_DATA_HOME/effect-apikey/trust.json`. It replaces earlier trust in the same file, provider and origin.
 *
 * @since 0.1.0
 * @category combinators
 */
export const trust = (
  items: ReadonlyArray<{
    readonly declaration: ProjectDeclaration
    readonly digest: string
    readonly origin?: Option.Option<string>
  }>
): Effect.Effect<void, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    const at = yield* DateTime.now
    const added = items.map(({ declaration, digest: hash, origin = Option.none() }) => ({
      file: declaration.file,
      provider: declaration.provider,
      origin: Option.getOrElse(origin, () => ""),
      program: declaration.commands.map(({ argv }) => programName(argv)).join(", "),
      digest: hash,
      at
    }))
    // A change back to what was trusted before asks again, like any other change.
    const isReplaced = (old: TrustStore.Trusted) =>
      added.some(
        ({ file, origin, provider }) => old.file === file && old.provider === provider && old.origin === origin
      )
    yield* TrustStore.update((before) => [...before.filter((entry) => !isReplaced(entry)), ...added])
  })

/**
 * Forgets all trust in a file; succeeds with how many there were.
 *
 * @since 0.1.0
 * @category combinators
 */
export const revoke = (file: string): Effect.Effect<number, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    let revoked = 0
    yield* TrustStore.update((before) => {
      const left = before.filter((entry) => entry.file !== file)
      revoked = before.length - left.length
      return left
    })
    return revoked
  })

/**
 * What is trusted, the oldest first. Of commands the program's name only.
 *
 * @since 0.1.0
 * @category getters
 */
export const trusted: Effect.Effect<ReadonlyArray<TrustStore.Trusted>, ApiKeyError, Needs> = TrustStore.read

/** What the user would have without the project: its own variable, by its conventional name. */
const isConventionalVariable = ({ provider, source }: AuthorizationRequest): boolean =>
  source._tag === "Env" && source.env === variablesFor(provider).key

/** What an allow list's patterns do not show may still decide what is asked: only times, retries and a format's bare name do not. */
const hasUnlistedOptions = ({
  timeout: _timeout,
  retries: _retries,
  timeToLive: _timeToLive,
  refreshAhead: _refreshAhead,
  onRepeatedKey: _onRepeatedKey,
  onAbandon: _onAbandon,
  format,
  ...rest
}: Omit<RunOptions, "argv" | "env" | "cwd">): boolean =>
  Object.keys(rest).length > 0 ||
  // A format's parameters are passed to the program's stdin or environment, so they count like arguments.
  (typeof format === "object" && Object.keys(format).some((parameter) => parameter !== "name"))

const isListed = (rules: Rules, argv: ReadonlyArray<string>, program: string, searchPath: string) =>
  Effect.exists((rules.allow ?? []).filter(argumentsMatch(argv)), ([name]) =>
    Effect.map(findProgram(name, onlyIn(searchPath)), (found) => found._tag === "Executable" && found.path === program)
  )

/** All that projects' files say of the provider is trusted, as it stands now. */
const requireTrust = (rules: Rules, request: AuthorizationRequest): Effect.Effect<Grant, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    if (rules.project === "allow" || rules.project === "deny") {
      return yield* refusal(request, "The policy in force lets no project be trusted.")
    }
    const known = yield* TrustStore.read
    const origin = Option.map(request.destination, (to) => to.origin)
    for (const declaration of request.declarations) {
      const ofFile = known.filter((entry) => entry.file === declaration.file)
      // Where nothing is trusted nothing is read.
      const hash = ofFile.length === 0 ? "" : yield* digest(declaration, origin)
      if (!ofFile.some((entry) => entry.digest === hash)) {
        const remedy =
          request.overridesUser === true && request.source._tag !== "Command"
            ? `The project's own key would replace yours. To use it, run: effect-apikey trust ${shellWord(declaration.file)}`
            : undefined
        return yield* refusal(request, remedy, declaration.file)
      }
    }
    return { options: {}, reason: "you trusted it" }
  })

const projectCommand = (
  rules: Rules,
  request: AuthorizationRequest,
  { argv, env, cwd, ...run }: RunOptions,
  { file, root }: ProjectProvenance
) =>
  Effect.gen(function* () {
    const denied = variablesOf({ argv, env }).find((each) => needOf(each) === "denied")
    if (denied !== undefined) {
      return yield* refusal(request, `A project may not set ${denied.name}, trusted or not: remove it from ${file}.`)
    }
    if (rules.project === "deny") return yield* refusal(request, "The policy in force lets no project run commands.")
    const path = yield* Path.Path
    const { home } = yield* HostEnvironment
    const folder = yield* projectFolder(root)
    const searchPath = yield* safePath(folder)
    const [name] = argv
    const goesWhereProjectSays = Option.exists(request.destination, (to) => isProject(to.provenance))
    // What a placeholder stands for is the user's: no list shows it.
    const isFilled = request.declarations.some(({ hasPlaceholders }) => hasPlaceholders)
    const isShaped =
      env !== undefined || cwd !== undefined || hasUnlistedOptions(run) || goesWhereProjectSays || isFilled
    // A program in the project is none that a list can name: its content is the project's.
    const listed = isShaped
      ? false
      : yield* Effect.flatMap(resolveProgram(name, searchPath, file), (program) =>
          Effect.zipWith(
            isListed(rules, argv, program, searchPath),
            isProjectFile(
              program,
              Option.getOrElse(folder, () => root)
            ),
            // A link of the project's is its own to turn.
            (isNamed, isBrought) =>
              isNamed && !isBrought && !Option.exists(folder, (within) => isInside(within, program, path))
          )
        ).pipe(Effect.orElseSucceed(() => false))
    const grant = listed ? { reason: "on the list of the policy" } : yield* requireTrust(rules, request)
    const program = yield* resolveProgram(name, searchPath, file)
    return {
      reason: grant.reason,
      options: {
        program,
        cwd: cwd ?? home,
        // What the program starts by name is looked for where it was.
        env: { ...withoutNull(env), PATH: searchPath }
      }
    }
  })

const userCommand = (rules: Rules, request: AuthorizationRequest, { argv, cwd }: RunOptions) =>
  Effect.gen(function* () {
    const { home } = yield* HostEnvironment
    if (rules.user === "allow") {
      const searchPath = yield* safePath(Option.none())
      const program = yield* resolveProgram(argv[0], searchPath, placeOf(request))
      if (!(yield* isListed(rules, argv, program, searchPath))) {
        return yield* refusal(request, "The policy in force lets only the commands on its list run.")
      }
      return {
        options: { program, cwd: cwd ?? home },
        reason: "on the list of the policy"
      }
    }
    return { options: { cwd: cwd ?? home }, reason: `from ${ownWord(request.provenance)}` }
  })

const authorize = (rules: Rules, request: AuthorizationRequest): Effect.Effect<Grant, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    const { source } = request
    const from = request.provenance
    const redirected = Option.exists(request.destination, (to) => isProject(to.provenance))
    if (isProject(from)) {
      if (source._tag === "Command") return yield* projectCommand(rules, request, source.command, from)
      // Otherwise the user's requests would be made with the account of the author of the file.
      const isKeyThere =
        source._tag === "Literal" ||
        (source._tag === "File" && (yield* mayExist(expanded(source.file, yield* HostEnvironment, yield* Path.Path))))
      if (request.overridesUser === true && isKeyThere) return yield* requireTrust(rules, request)
      if (source._tag === "Literal") return { options: {}, reason: "the key is the project's own" }
      // What git ignores in a checkout is the user's: it goes nowhere that the project says.
      if (!redirected && source._tag === "File" && (yield* isProjectFile(source.file, from.root))) {
        return { options: {}, reason: "the file is the project's own" }
      }
      if (!redirected && isConventionalVariable(request))
        return { options: {}, reason: "the variable is the usual one" }
      return yield* requireTrust(rules, request)
    }
    const grant =
      source._tag === "Command"
        ? yield* userCommand(rules, request, source.command)
        : { options: {}, reason: `from ${ownWord(from)}` }
    return redirected ? { ...grant, reason: (yield* requireTrust(rules, request)).reason } : grant
  })

/**
 * A policy from rules and the user's trust.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (rules: Rules): Policy => ({ authorize: (request) => authorize(rules, request) })

const needsNobody = ({ destination, provenance: from, source }: AuthorizationRequest): boolean =>
  source._tag !== "Command" && !isProject(from) && !Option.exists(destination, (to) => isProject(to.provenance))

/** A policy that cannot be read might deny anything, so everything that could depend on it is denied. */
const failClosed = (error: ApiKeyError): Policy => ({
  authorize: (request) =>
    needsNobody(request)
      ? Effect.succeed({ options: {}, reason: `from ${ownWord(request.provenance)}` })
      : Effect.fail(error)
})

const ownWord = (self: Provenance): string => (self._tag === "Environment" ? "the environment" : "your configuration")

const withoutNull = (env: RunOptions["env"]): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, value ?? undefined]))

const placeOf = ({ provenance: from }: AuthorizationRequest): string =>
  from._tag === "Environment" ? "the environment" : from.file

const refusal = (request: AuthorizationRequest, remedy?: string, file?: string): CommandNotTrusted => {
  const pointing = Option.filter(
    Option.map(request.destination, (to) => to.provenance),
    isProject
  )
  return new CommandNotTrusted({
    command: request.source._tag === "Command" ? programName(request.source.command.argv) : request.provider,
    file:
      file ??
      (isProject(request.provenance)
        ? request.provenance.file
        : Option.match(pointing, { onNone: () => placeOf(request), onSome: (to) => to.file })),
    ...(remedy === undefined ? {} : { remedy })
  })
}

/** Whether the real path of a file is in the project. A missing file belongs to no project. */
const isProjectFile = (file: string, root: string): Effect.Effect<boolean, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const host = yield* HostEnvironment
    if (Option.isNone(yield* projectFolder(root))) return false
    const real = yield* Effect.option(fs.realPath(expanded(file, host, path)))
    return isInside(
      root,
      Option.getOrElse(real, () => path.resolve(file)),
      path
    )
  })

/**
 * The policy in force: the administrator's file (`/etc/effect-apikey/policy.jsonc`), of which each rule wins over the user's,
 * and `policy` in the user's own `effect-apikey.jsonc`. While a policy cannot be read,
 * no command runs and nothing of a project's counts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HelperPolicy, never, Needs> = layerWith({})

/**
 * The same, with the administrator's file at another path.
 *
 * @since 0.1.0
 * @category layers
 */
export function layerWith(options: {
  readonly systemFile?: string | undefined
}): Layer.Layer<HelperPolicy, never, Needs> {
  return Layer.effect(
    HelperPolicy,
    Effect.map(Effect.either(policyInForce(options.systemFile)), (rules) =>
      rules._tag === "Right" ? make(rules.right) : failClosed(rules.left)
    )
  )
}
