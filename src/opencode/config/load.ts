/** Loads opencode's configuration: each provider's key sources, options and declarations. */

import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Candidate, Configuration, Resolved } from "../../internal/config/model.js"
import { toProvider } from "../../internal/config/provider.js"
import type { Requirements } from "../../internal/helper/options.js"
import { HostEnvironment, type Needs } from "../../internal/host/HostEnvironment.js"
import type { Provider } from "../../internal/model/provider.js"
import type { HelperPolicy, ProjectDeclaration } from "../../internal/policy/model.js"
import { Provenance } from "../../internal/policy/provenance.js"
import * as AuthJson from "../../OpencodeAuthJson.js"
import { commandIn } from "./command.js"
import { destinationOf } from "./destination.js"
import { sources } from "./files.js"
import { misshapenIn, partsOf } from "./key.js"
import { commandPath, type Origin, plain } from "./leaf.js"
import { type Declaration, mergeProviders } from "./merge.js"
import * as Tree from "./mergedTree.js"
import { filled, filledText, optionsOf } from "./options.js"
import * as Placeholder from "./placeholder.js"
import { refusedWhenIn } from "./refusedWhen.js"

/**
 * The configuration, read once. An error in it is reported when the provider that it concerns is used.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpencodeConfig {
  /** The ids under `provider`. */
  readonly ids: ReadonlyArray<string>
  /** A provider that tries opencode's own key sources, then the command. It lives as long as its scope. */
  readonly provider: (id: string) => Effect.Effect<Provider, never, Requirements | HelperPolicy | Scope.Scope>
  /**
   * A provider's `options` without `apiKey` and `apiKeyCommand`, with placeholders replaced. Fails with `CommandNotTrusted` if a
   * project's file would read or send something without the user's trust.
   */
  readonly options: (id: string) => Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs | HelperPolicy>
}

/**
 * The configuration with the parts that our command line and plugin need.
 *
 * @internal
 */
export interface Loaded extends OpencodeConfig, Configuration {
  /** The files that were read, by their real paths. */
  readonly files: ReadonlyArray<string>
  /** Everything that the files declare for a provider, with placeholders replaced. Only for comparison. */
  readonly written: (id: string) => Effect.Effect<unknown, ApiKeyError, Needs>
}

/**
 * @internal
 */
export const loadAll: Effect.Effect<Loaded, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { env, home } = yield* HostEnvironment
  const auth = yield* Effect.either(AuthJson.read())
  const wellKnown = wellKnownVariables(auth)
  const all = yield* sources
  const { declarations, failures, providers } = yield* mergeProviders(all, ({ folder, seesWellKnown }) => ({
    variable: (name) => (seesWellKnown ? wellKnown.get(name) : undefined) ?? env[name],
    folder,
    home
  }))

  const resolve = (id: string): Resolved => {
    const tree = providers.get(id)
    const parts = partsOf(id, tree, { auth, env, path })
    const refusedWhen = refusedWhenIn(tree)
    const broken = [...failures, ...Option.toArray(Either.getLeft(refusedWhen))].map(
      (error): Candidate => ({ provenance: Provenance.Environment(), source: Either.left(error) })
    )
    return {
      provider: id,
      candidates: [...broken, ...misshapenIn(tree), ...parts.candidates],
      consulted: parts.consulted,
      destination: destinationOf(tree),
      refusedWhen: Either.getOrElse(refusedWhen, () => []),
      declarations: (declarations.get(id) ?? []).map((each) => declarationOf(id, each, tree, path)),
      notes: parts.notes
    }
  }

  return {
    files: all.map(({ name }) => name),
    ids: Array.from(providers.keys()),
    problems: failures,
    resolve: (id) => Effect.sync(() => resolve(id)),
    written: (id) => filled(providers.get(id) ?? Tree.empty, filledText),
    provider: (id) => Effect.suspend(() => toProvider(resolve(id))),
    options: (id) => optionsOf(providers.get(id), resolve(id), failures)
  }
})

/** The variables that well-known servers set, by name. */
const wellKnownVariables = (auth: Either.Either<AuthJson.AuthJson, ApiKeyError>): ReadonlyMap<string, string> =>
  new Map(
    Either.match(auth, { onLeft: () => [], onRight: (entries) => Array.from(entries.values()) }).flatMap((entry) =>
      entry.type === "wellknown" ? [[entry.key, Redacted.value(entry.token)] as const] : []
    )
  )

/** A project's declaration. The command may be merged from several files, so trust covers the merged command. */
const declarationOf = (
  provider: string,
  { declared, source, tree: own }: Declaration,
  merged: Tree.Tree<Origin> | undefined,
  path: Path.Path
): ProjectDeclaration => {
  const mergedCommand = Tree.at(own, commandPath) && Tree.at(merged, commandPath)
  return {
    file: source.name,
    root: source.root,
    provider,
    declared,
    commands: Option.match(mergedCommand === undefined ? Option.none() : commandIn(merged, path), {
      onNone: () => [],
      onSome: ({ source: command }) =>
        Either.match(command, {
          onLeft: () => [],
          onRight: (valid) => (valid._tag === "Command" ? [valid.command] : [])
        })
    }),
    merged: mergedCommand && plain(mergedCommand),
    hasPlaceholders: mergedCommand !== undefined && Placeholder.isIn(JSON.stringify(plain(mergedCommand) ?? null))
  }
}
