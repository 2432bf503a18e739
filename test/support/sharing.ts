/** A layer that the tests of a group share: `layer` of @effect/vitest changes `it.effect` for every file that a process runs later. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"
import { afterAll, beforeAll, type TestOptions } from "vitest"

/** `it.scopedLive` for the group of tests in which it is called: the layer is built before the first and closed after the last. */
export const sharing = <R, E>(layer: Layer.Layer<R, E>, timeout: number) => {
  const runtime = ManagedRuntime.make(layer)
  beforeAll(async () => void (await runtime.runtime()), timeout)
  afterAll(() => runtime.dispose(), timeout)
  return <A, E2>(
    name: string,
    test: () => Effect.Effect<A, E2, R | Scope.Scope>,
    options: number | TestOptions = timeout
  ) => it.scopedLive(name, () => Effect.provide(test(), runtime), options)
}
