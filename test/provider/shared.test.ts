import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { CommandNotTrusted } from "../../src/ApiKeyError.js"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import type { Guard } from "../../src/internal/provider/command.js"
import * as SharedCommands from "../../src/internal/provider/shared.js"
import { secretOf } from "../support/cacheUnderTest.js"
import { fake, printsKey } from "../support/fakeExecutor.js"

/** What a policy says to one id, which may change. */
const policyOf = (id: string) => {
  const policy = { says: "yes", asked: 0 }
  const guard: Guard = Effect.suspend(() => {
    policy.asked++
    return policy.says === "yes" ? Effect.succeed({}) : new CommandNotTrusted({ command: "get-key", file: id })
  })
  return Object.assign(policy, { guard })
}

/** Two ids with one command, whose key is always the same. */
const two = Effect.gen(function* () {
  const helper = fake(() => Effect.succeed(printsKey("sk-same")))
  const source = ApiKeySource.command(["get-key"])
  const share = yield* Effect.provide(
    SharedCommands.make([
      { id: "a", trustDomain: "", source },
      { id: "b", trustDomain: "", source }
    ]),
    helper.layer
  )
  const open = (id: string, guard: Guard) =>
    Effect.provide(share("")({ argv: ["get-key"], provider: id }, guard), helper.layer)
  return { helper, open }
})

describe("equal commands of two ids whose policies differ", () => {
  it.scoped("a run that one's policy refused gives it nothing, not even the key that it had", () =>
    Effect.gen(function* () {
      const { helper, open } = yield* two
      const [policyA, policyB] = [policyOf("a"), policyOf("b")]
      const [a, b] = [yield* open("a", policyA.guard), yield* open("b", policyB.guard)]
      const key = secretOf(yield* a.get)
      expect(secretOf(yield* b.get)).toBe(key)
      policyB.says = "no"
      // The key is the one that its policy allowed, and no run asks it again.
      expect(secretOf(yield* b.get)).toBe(key)
      yield* a.refresh
      expect(yield* Effect.flip(b.get)).toMatchObject({ _tag: "CommandNotTrusted", file: "b" })
      expect(yield* Effect.flip(b.refresh)).toMatchObject({ _tag: "CommandNotTrusted", file: "b" })
      expect(yield* b.status).toMatchObject({ provider: "b", state: "failing" })
      expect(secretOf(yield* a.get)).toBe(key)
      expect(helper.starts.length).toBe(2)
      policyB.says = "yes"
      expect(secretOf(yield* b.get)).toBe(key)
      expect((yield* b.status).lastFailure).toEqual(Option.none())
      expect(helper.starts.length).toBe(2)
    })
  )

  it.scoped("who is refused in the run that it asked for has its own policy's word, and the other has the key", () =>
    Effect.gen(function* () {
      const { helper, open } = yield* two
      const [policyA, policyB] = [policyOf("a"), policyOf("b")]
      const [a, b] = [yield* open("a", policyA.guard), yield* open("b", policyB.guard)]
      yield* Effect.all([a.get, b.get])
      policyB.says = "no"
      expect(yield* Effect.flip(b.refresh)).toMatchObject({ file: "b" })
      yield* a.get
      policyA.says = "no"
      expect(yield* Effect.flip(a.refresh)).toMatchObject({ file: "a" })
      expect(helper.starts.length).toBe(2)
    })
  )

  it.scoped("one asks its policy once a run, and at no hit", () =>
    Effect.gen(function* () {
      const { open } = yield* two
      const policy = policyOf("a")
      const a = yield* open("a", policy.guard)
      yield* a.get
      yield* Effect.repeatN(a.get, 99)
      // Before its first run is asked for, and in it.
      expect(policy.asked).toBe(2)
      yield* a.refresh
      expect(policy.asked).toBe(3)
    })
  )

  it.effect(
    "one that is let go while its run begins, and leaves the other there, is told ProviderClosed or has its key",
    () =>
      Effect.gen(function* () {
        const ends = new Set<string>()
        for (let turns = 0; turns < 60; turns++) {
          const scope = yield* Scope.make()
          const { open } = yield* Scope.extend(two, scope)
          yield* Scope.extend(open("b", Effect.succeed({})), scope)
          const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
          const a = yield* Scope.extend(open("a", Effect.succeed({})), own)
          const asking = yield* Effect.fork(Effect.either(a.get))
          yield* Effect.repeatN(Effect.yieldNow(), turns)
          yield* Scope.close(own, Exit.void)
          const answer = yield* Fiber.join(asking)
          ends.add(Either.match(answer, { onLeft: ({ _tag }) => _tag, onRight: () => "key" }))
          yield* Scope.close(scope, Exit.void)
        }
        expect(ends).toEqual(new Set(["ProviderClosed", "key"]))
      })
  )
})
