/** The text that `effect-apikey trust` asks the user to confirm: what a project's file declares, runs, sets and may change later. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as HelperCatalog from "../HelperCatalog.js"
import { HostEnvironment, type Needs } from "../internal/host/HostEnvironment.js"
import { expanded, isInside, realPathOf } from "../internal/host/paths.js"
import { fileDigest } from "../internal/host/readChunks.js"
import { pathsIn, scriptsOf } from "../internal/policy/digest.js"
import { effectOf, needOf, questioned, variablesOf } from "../internal/policy/environmentVariables.js"
import type { ProjectDeclaration } from "../internal/policy/model.js"
import { withoutSecrets } from "../internal/redact/redact.js"
import { escaped } from "../internal/redact/terminal.js"
import { hideAllElse } from "../opencode/config/placeholder.js"

/** A declaration that needs trust, and where its key is sent. */
export interface Item {
  readonly declaration: ProjectDeclaration
  readonly origin: Option.Option<string>
  /** The digest, computed before the text is shown: changes made while the user reads are not trusted. */
  readonly digest: string
}

const redacted = "<redacted>"

/** Names of headers that give a gateway another host. They decide which server gets the key. */
const directs = /host|url|uri|endpoint|target|origin|forward|server|upstream|domain/i

const carriesCredential = /authorization|auth|key|token|secret|passw|cookie|credential|signature|session/i

/** A header's value: hidden if its name says that it is a credential, or if it looks like one. */
const shownHeader = (name: string, value: string): string => {
  if (directs.test(name)) return value
  // A placeholder stands for a value of the user, so only the placeholder is shown.
  if (carriesCredential.test(name) || /[{}$]/.test(value)) return hideAllElse(value, redacted)
  return withoutSecrets(value, [])
}

/**
 * The declaration without its secrets: keys and headers. Nothing in a command is hidden, because the user trusts exactly that.
 */
const withoutKeys = (value: unknown, within?: string): unknown => {
  if (Array.isArray(value)) return value.map((each) => withoutKeys(each, within))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]): [string, unknown] => {
      if (name === "command" || name === "apiKeyCommand") return [name, inner]
      if (typeof inner !== "string") return [name, withoutKeys(inner, name)]
      if (within === "headers") return [name, shownHeader(name, inner)]
      return [name, name === "literal" || name === "apiKey" ? hideAllElse(inner, redacted) : inner]
    })
  )
}

const runsText = /^-[A-Za-z]*[ceprS]$|^-m$|^--(?:eval|print|split-string)|[$({`]/

/**
 * Whether other project files may run besides the named ones: through a shell, a module, a directory or the working directory.
 * A program that the catalog does not know may always do so.
 */
const runsMore = Effect.fnUntraced(function* (
  { commands, file, root }: ProjectDeclaration,
  scripts: ReadonlyArray<string>
): Effect.fn.Return<boolean, never, Needs> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { home } = yield* HostEnvironment
  const isIn = (place: string) =>
    Effect.map(realPathOf(place), (real) => [place, real].some((each) => isInside(root, each, path)))
  const isOther = (place: string) =>
    Effect.flatMap(Effect.option(fs.realPath(place)), (real) =>
      Option.isNone(real) || scripts.includes(real.value) ? Effect.succeed(false) : isIn(place)
    )
  return yield* Effect.exists(commands, ({ argv: [program, ...args], cwd }) => {
    if (Option.isNone(HelperCatalog.find(program)) || args.some((each) => runsText.test(each)))
      return Effect.succeed(true)
    const bases = [cwd ?? home, path.dirname(file)]
    const paths = args
      .flatMap(pathsIn)
      .flatMap((each) => bases.map((base) => expanded(each, { home, cwd: base }, path)))
    // A path in /proc or /dev can mean another file in the helper's process.
    const runsInside =
      cwd === undefined ? Effect.succeed(false) : /^\/(?:proc|dev)\//.test(cwd) ? Effect.succeed(true) : isIn(cwd)
    return Effect.zipWith(runsInside, Effect.exists(paths, isOther), (a, b) => a || b)
  })
})

/** The whole commands, because parts of a merged one may be in other files. Placeholders are shown unfilled. */
const wholesOf = ({ commands, merged }: ProjectDeclaration): ReadonlyArray<unknown> =>
  merged === undefined ? commands.map(({ argv }) => argv) : [isRecord(merged) ? merged["argv"] : merged]

const variableLines = ({ commands }: ProjectDeclaration): ReadonlyArray<string> => {
  const denied = new Set(
    commands.flatMap((command) =>
      variablesOf(command).flatMap((each) => (needOf(each) === "denied" ? [each.name] : []))
    )
  )
  return [
    ...questioned(commands).map((each) => `sets ${each.name}: ${effectOf(each)}`),
    ...Array.from(denied, (name) => `sets ${name}: no project may, so the command will be denied`)
  ]
}

const scriptLine = (script: string): Effect.Effect<string, never, Needs> =>
  Effect.match(fileDigest(script), {
    onFailure: () => `runs the file ${escaped(script)}, which cannot be read: it stays untrusted`,
    onSuccess: () => `runs the file ${escaped(script)}, as it is now`
  })

const shownItem = Effect.fnUntraced(function* ({ declaration, origin }: Item): Effect.fn.Return<string, never, Needs> {
  const scripts = yield* scriptsOf(declaration)
  const isMore = yield* runsMore(declaration, scripts)
  const lines = JSON.stringify(withoutKeys(declaration.declared), undefined, 2).split("\n")
  const facts = [
    ...Option.toArray(Option.map(origin, (to) => `the key goes to ${escaped(to)}`)),
    ...wholesOf(declaration).map((argv) => `runs ${escaped(JSON.stringify(argv))}`),
    ...variableLines(declaration).map(escaped),
    ...(yield* Effect.forEach(scripts, scriptLine)),
    ...(isMore ? ["other files that it runs may change without your being asked again"] : [])
  ]
  return [`${escaped(declaration.provider)}:`, ...[...lines.map(escaped), ...facts].map((line) => `  ${line}`)].join(
    "\n"
  )
})

/** The question to confirm. It is escaped, so it cannot move the cursor, change colours or reverse the text direction. */
export const question = (file: string, items: ReadonlyArray<Item>): Effect.Effect<string, never, Needs> =>
  Effect.map(Effect.forEach(items, shownItem), (shown) => [`In ${escaped(file)}:`, ...shown].join("\n"))
