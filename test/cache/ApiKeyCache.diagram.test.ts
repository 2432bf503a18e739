import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ApiKey from "effect-apikey/ApiKey"
import type { ApiKeyError } from "effect-apikey/ApiKeyError"
import { emptyHistory, recordRejection } from "../../src/internal/cache/history.js"
import type { InFlight } from "../../src/internal/cache/inFlight.js"
import { cachedKeyOf, lifeOf } from "../../src/internal/cache/lifetime.js"
import { initial, type Open, type State, transitions } from "../../src/internal/cache/state.js"

const documented = (): ReadonlyArray<string> => {
  const page = readFileSync(new URL("../../docs/concepts/how-a-key-is-kept.md", import.meta.url), "utf8")
  const diagram = /```mermaid\n([\s\S]*?)```/.exec(page)?.[1] ?? ""
  return Array.from(diagram.matchAll(/^\s*(\w+) --> (\w+): (\w+)$/gm), ([, from, to, name]) => `${from} ${name} ${to}`)
}

/** Every transition, made from each state that it may start from. */
const coded = Effect.gen(function* () {
  const inFlight: InFlight = {
    onAbandon: "interrupt",
    background: false,
    result: yield* Deferred.make<ApiKey.ApiKey, ApiKeyError>(),
    finished: yield* Deferred.make<void>(),
    links: [],
    fiber: yield* Effect.fork(Effect.void),
    reason: "first",
    span: Option.none(),
    waiters: 0,
    shared: 0,
    phase: "running"
  }
  const cached = cachedKeyOf(yield* lifeOf({}), ApiKey.make({ value: "k" }), {
    now: 1,
    random: 0,
    previous: Option.none(),
    declaredBefore: Option.none()
  })
  const failure = {
    cause: Effect.runSync(Effect.cause(Effect.die("x"))),
    backoff: { at: 0, until: 1 },
    times: 1,
    loginRequired: false
  }
  const history = emptyHistory
  const fetching = transitions.start(initial, inFlight)
  const ready = { _tag: "Ready", history, cached } as const
  const refreshing = { _tag: "Refreshing", history, cached, inFlight } as const
  const states: ReadonlyArray<Open> = [initial, fetching, ready, refreshing]

  const edges: Array<string> = []
  const from = <From extends Open["_tag"]>(
    name: string,
    { from: tags }: { readonly from: ReadonlyArray<From> },
    move: (state: Extract<Open, { readonly _tag: From }>) => State
  ) => {
    const isFrom = (state: Open): state is Extract<Open, { readonly _tag: From }> =>
      tags.some((tag) => tag === state._tag)
    for (const state of states.filter(isFrom)) edges.push(`${state._tag} ${name} ${move(state)._tag}`)
  }
  const { start, store, fail, stop, expire, reject, markSuspect, rewind, close, ...others } = transitions
  from("start", start, (state) => start(state, inFlight))
  from("store", store, (state) => store(state, cached, Option.none()))
  from("fail", fail, (state) => fail(state, failure, Option.none()))
  from("stop", stop, (state) => stop(state))
  from("expire", expire, (state) => expire(state))
  from("reject", reject, (state) => reject(state, recordRejection(history, cached, { atOnce: 0, now: 1 })))
  from("markSuspect", markSuspect, (state) => markSuspect(state))
  from("rewind", rewind, (state) => rewind(state, 0))
  from("close", close, (state) => close(state))
  return { edges, others: Object.keys(others) }
})

describe("docs/concepts/how-a-key-is-kept.md", () => {
  it.effect("draws the transitions that the code has, each from the states it may start from, and no others", () =>
    Effect.gen(function* () {
      const { edges, others } = yield* coded
      expect(others).toEqual([])
      expect([...documented()].sort()).toEqual([...edges].sort())
      expect(edges.length).toBe(22)
    })
  )
})
