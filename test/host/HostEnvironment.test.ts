import { homedir, userInfo } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { HostEnvironment, homeFolder } from "../../src/internal/host/HostEnvironment.js"

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

const unknownUser = 54_321
const isRoot = process.geteuid?.() === 0
if (!isRoot) console.warn("skipped: only root can become a user id that the user database does not know")

/** A container's arbitrary user id: no entry in the user database, and no HOME. */
const asUnknownUser = <A>(read: () => A): A => {
  const before = process.env["HOME"]
  delete process.env["HOME"]
  process.seteuid?.(unknownUser)
  try {
    return read()
  } finally {
    process.seteuid?.(0)
    if (before !== undefined) process.env["HOME"] = before
  }
}

describe("the home directory", () => {
  it.runIf(isRoot)("is / for a user id without a home directory", () => {
    assert.throws(() => asUnknownUser(homedir))
    assert.strictEqual(asUnknownUser(homeFolder), "/")
  })

  it.effect("is what HOME says", () =>
    Effect.map(homeWhere("/somewhere"), (home) => assert.strictEqual(home, "/somewhere"))
  )

  for (const HOME of [".", "", "home/me"]) {
    it.effect(`is never the folder we stand in, nor one below it: HOME=${HOME}`, () =>
      Effect.map(homeWhere(HOME), (home) => assert.strictEqual(home, userInfo().homedir))
    )
  }
})
