import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { makeChanges } from "../../src/internal/cache/status.js"
import { settle } from "../support/scriptedHelper.js"

describe("changes", () => {
  it.scoped("one that has left is told nothing more, and costs nothing more", () =>
    Effect.gen(function* () {
      const changes = yield* makeChanges<number>()
      const watching = yield* Effect.fork(Stream.runDrain(changes.stream(Effect.succeed(0))))
      yield* settle
      let asked = 0
      const publish = () => changes.publish(() => ++asked)
      publish()
      expect(asked).toBe(1)
      yield* Fiber.interrupt(watching)
      publish()
      expect(asked).toBe(1)
    })
  )
})
