/** A provider's `options` with placeholders replaced. The policy authorizes each value. */

import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Resolved } from "../../internal/config/model.js"
import type { Needs } from "../../internal/host/HostEnvironment.js"
import { HelperPolicy } from "../../internal/policy/model.js"
import type { Single } from "../../internal/source/schema.js"
import { badReference, type Origin, provenanceOf } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import * as Placeholder from "./placeholder.js"

type Fill = (leaf: Tree.Leaf<Origin>, value: unknown) => Effect.Effect<unknown, ApiKeyError, Needs>

export const filledText: Fill = (leaf, value) =>
  typeof value === "string" ? Placeholder.fill(value, leaf.origin.scope, badReference(leaf)) : Effect.succeed(value)

export const filled = (tree: Tree.Tree<Origin>, fill: Fill): ReturnType<Fill> => {
  const inside = (leaf: Tree.Leaf<Origin>, value: unknown): ReturnType<Fill> =>
    Array.isArray(value)
      ? Effect.forEach(value, (each: unknown) => inside(leaf, each))
      : isRecord(value)
        ? eachOf(Object.entries(value), (each) => inside(leaf, each))
        : fill(leaf, value)
  return tree._tag === "Leaf" ? inside(tree, tree.value) : eachOf(tree.children, (child) => filled(child, fill))
}

const eachOf = <A>(
  members: Iterable<readonly [string, A]>,
  f: (value: A) => ReturnType<Fill>
): Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs> =>
  Effect.map(
    Effect.forEach(members, ([key, value]) => Effect.map(f(value), (result) => [key, result] as const)),
    Object.fromEntries
  )

const ownOptions: ReadonlyArray<string> = ["apiKey", "apiKeyCommand", "refusedWhen"]

export const optionsOf = Effect.fnUntraced(function* (
  tree: Tree.Tree<Origin> | undefined,
  { provider, destination, declarations }: Resolved,
  failures: ReadonlyArray<ApiKeyError>
): Effect.fn.Return<Readonly<Record<string, unknown>>, ApiKeyError, Needs | HelperPolicy> {
  const [failure] = failures
  if (failure !== undefined) return yield* failure
  const policy = yield* HelperPolicy
  const path = yield* Path.Path

  const permitted: Fill = Effect.fnUntraced(function* (leaf, value) {
    const text = typeof value === "string" ? value : ""
    const provenance = provenanceOf(leaf.origin, leaf.at)
    const written: Single = { _tag: "Literal", literal: Redacted.make(text) }
    for (const source of [written, ...Placeholder.sourcesIn(text, leaf.origin.scope, path)]) {
      yield* policy.authorize({ provider, source, provenance, destination, declarations })
    }
    return yield* filledText(leaf, value)
  })

  const own = Tree.at(tree, ["options"])
  if (own?._tag !== "Branch") return {}
  const others = Array.from(own.children).filter(([key]) => !ownOptions.includes(key))
  return yield* eachOf(others, (child) => filled(child, permitted))
})
