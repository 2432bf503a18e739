import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Candidate, Configuration, Resolved } from "../../internal/config/model.js"
import { toProvider } from "../../internal/config/provider.js"
import type { Requirements } from "../../internal/helper/options.js"
import { HostEnvironment, type Needs } from "../../internal/host/HostEnvironment.js"
import type { Provider } from "../../internal/model/provider.js"
import type { Contribution, HelperPolicy } from "../../internal/policy/model.js"
import { Provenance } from "../../internal/policy/provenance.js"
import * as Document from "../../internal/source/jsonc.js"
import * as AuthJson from "../../OpencodeAuthJson.js"
import { commandIn } from "./command.js"
import { goesToOf } from "./destination.js"
import { sources } from "./files.js"
import { misshapenIn, partsOf } from "./key.js"
import { commandPath, type Origin, plain, type Said, wrong } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import { filled, filledText, optionsOf } from "./options.js"
import * as Placeholder from "./placeholder.js"

/**
 * The configuration, read once. What is wrong in it comes out for the provider that it concerns.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpencodeConfig {
  /** The ids under `provider`. */
  readonly ids: ReadonlyArray<string>
  /** What opencode would take the key from, and the command after it, as a provider; it lives as long as the scope. */
  readonly provider: (id: string) => Effect.Effect<Provider, never, Requirements | HelperPolicy | Scope.Scope>
  /**
   * A provider's `options` less the key and its command, placeholders replaced. What a project's file may not see or send
   * without the user's trust is `CommandNotTrusted`.
   */
  readonly options: (id: string) => Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs | HelperPolicy>
}

/**
 * The same, for our own command line.
 *
 * @internal
 */
export interface Loaded extends OpencodeConfig, Configuration {
  /** The files that were read, without links in their paths. */
  readonly files: ReadonlyArray<string>
  /** All that the files say of a provider, whoever wrote it, placeholders replaced: to compare with, not to be used. */
  readonly written: (id: string) => Effect.Effect<unknown, ApiKeyError, Needs>
}

/**
 * @internal
 */
export const loadAll: Effect.Effect<Loaded, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { env, home } = yield* HostEnvironment
  const auth = yield* Effect.either(AuthJson.read())
  const wellKnown = new Map(
    Array.from(Either.getOrElse(auth, () => new Map<string, AuthJson.Entry>()).values()).flatMap((entry) =>
      entry.type === "wellknown" ? [[entry.key, Redacted.value(entry.token)] as const] : []
    )
  )
  const failures: Array<{ readonly name: string; readonly error: ApiKeyError }> = []
  /** What projects' files say, by the provider's id. */
  const said = new Map<string, ReadonlyArray<Said>>()
  let merged: Tree.Tree<Origin> = Tree.empty
  const all = yield* sources
  for (const source of all) {
    const document = yield* Effect.either(source.text)
    if (Either.isLeft(document)) {
      failures.push({ name: source.name, error: document.left })
      continue
    }
    const { root, text } = document.right
    const scope: Placeholder.Scope = {
      variable: (name) => (source.seesWellKnown ? wellKnown.get(name) : undefined) ?? env[name],
      folder: source.folder,
      home
    }
    const origin: Origin = { source, scope }
    if (root.type !== "object") {
      const leaf = Tree.leafAt(root, text, origin)
      failures.push({ name: source.name, error: wrong(leaf, "it is not an object", "Put it into braces: { … }") })
      continue
    }
    const nameOf = (key: string): string =>
      // A name is no place for a secret, and nobody is asked about it.
      source.hand === "project" ? key : Placeholder.fillVariables(key, scope)
    const member = Tree.memberOf(root, "provider", text, origin, nameOf)
    if (member === undefined) continue
    const { node, tree } = member
    if (tree._tag === "Leaf" && Tree.isEmptyObject(tree.value)) continue
    if (tree._tag === "Leaf") {
      const error = wrong(tree, "`provider` is not an object", 'For example "provider": { "openai": { … } }.')
      failures.push({ name: source.name, error })
      continue
    }
    merged = Tree.merge(merged, tree)
    if (source.hand !== "project") continue
    const providers = Document.valueOf(node)
    for (const [id, each] of tree.children) {
      const before = said.get(id) ?? []
      said.set(id, [...before, { origin, says: isRecord(providers) ? providers[id] : undefined, tree: each }])
    }
  }
  const children = merged._tag === "Branch" ? merged.children : new Map<string, Tree.Tree<Origin>>()

  const resolve = (id: string): Resolved => {
    const tree = children.get(id)
    const parts = partsOf(id, tree, { auth, env, path })
    const contributions = (said.get(id) ?? []).map(({ origin: { source }, says, tree: own }): Contribution => {
      // What is run may be put together of several files: trust is for the whole.
      const whole = Tree.at(own, commandPath) && Tree.at(tree, commandPath)
      return {
        file: source.name,
        root: source.root,
        provider: id,
        says,
        commands: Option.match(whole === undefined ? Option.none() : commandIn(tree, path), {
          onNone: () => [],
          onSome: ({ source: command }) =>
            Either.match(command, {
              onLeft: () => [],
              onRight: (valid) => (valid._tag === "Command" ? [valid.command] : [])
            })
        }),
        whole: whole && plain(whole),
        hasPlaceholders: whole !== undefined && Placeholder.isIn(JSON.stringify(plain(whole) ?? null))
      }
    })
    const broken = failures.map(
      ({ error }): Candidate => ({ provenance: Provenance.Environment(), source: Either.left(error) })
    )
    return {
      provider: id,
      candidates: [...broken, ...misshapenIn(tree), ...parts.candidates],
      consulted: parts.consulted,
      destination: goesToOf(tree),
      contributions,
      notes: parts.notes
    }
  }

  return {
    files: all.map(({ name }) => name),
    ids: Array.from(children.keys()),
    problems: failures.map(({ error }) => error),
    resolve: (id) => Effect.sync(() => resolve(id)),
    written: (id) => filled(children.get(id) ?? Tree.empty, filledText),
    provider: (id) => Effect.suspend(() => toProvider(resolve(id))),
    options: (id) => optionsOf(children.get(id), resolve(id), failures)
  }
})
