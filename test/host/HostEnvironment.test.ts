import { userInfo } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { HostEnvironment } from "../../src/internal/host/HostEnvironment.js"

const homeWhere = (HOME: string) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.env["HOME"]
      process.env["HOME"] = HOME
      return before
    }),
    () => Effect.map(HostEnvironment, ({ home }) => home),
    (before) =>
      Effect.sync(() => {
        if (before === undefined) delete process.env["HOME"]
        else process.env["HOME"] = before
      })
  )

describe("the home directory", () => {
  it.effect("is what HOME says", () =>
    Effect.map(homeWhere("/somewhere"), (home) => assert.strictEqual(home, "/somewhere"))
  )

  for (const HOME of [".", "", "home/me"]) {
    it.effect(`is never the folder we stand in, nor one below it: HOME=${HOME}`, () =>
      Effect.map(homeWhere(HOME), (home) => assert.strictEqual(home, userInfo().homedir))
    )
  }
})
