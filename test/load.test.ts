import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { load, type Variant } from "../bench/load.js"

const duration = "5 seconds"
const fibers = 200
/** Fewer requests a second than in bench/, so that a busy machine does not stall one for most of a token's life. */
const pause = "2500 millis"
/** A machine that leaves us no processor for a tenth of a second at a bad moment makes a token of 1 s late: a defect fails thrice. */
const tries = { retry: 2, timeout: 60_000 }
/** Tokens overlap by what is left of one when it is renewed. */
const mostValid = 2

const underLoad = (variant: Variant) =>
  Effect.tap(load({ variant, duration, fibers, pause }), (report) => {
    const shown = JSON.stringify(report)
    expect(report.requests, shown).toBeGreaterThan(fibers)
    expect(report.expiries, shown).toBeGreaterThanOrEqual(2)
    expect(report.failuresWithValidKey, shown).toBe(0)
    // Issued tokens ≤ expiries + 2, not only at the end but at every instant.
    expect(report.mostValid, shown).toBeLessThanOrEqual(mostValid)
    expect(report.issued, shown).toBeLessThanOrEqual(report.expiries + mostValid)
  })

describe("200 fibers for 5 s, a helper that is a real program, tokens that live 1 s", () => {
  it.live(
    "a helper that works: no caller sees a failure, and runs ≤ expiries + 2",
    () =>
      Effect.gen(function* () {
        const report = yield* underLoad("plain")
        const shown = JSON.stringify(report)
        expect(report.failures, shown).toEqual({})
        expect([report.starts, report.runs], shown).toEqual([report.issued, report.issued])
      }),
    tries
  )

  it.live(
    "a helper whose every third run ends with status 75: no caller sees a failure, and runs ≤ expiries + 2",
    () =>
      Effect.gen(function* () {
        const report = yield* underLoad("failing")
        const shown = JSON.stringify(report)
        expect(report.failures, shown).toEqual({})
        expect(report.starts, shown).toBeGreaterThan(report.issued)
        // With its retry a start that fails is no run of its own.
        expect(report.runs, shown).toBe(report.issued)
      }),
    tries
  )

  it.live(
    "a helper whose every fifth run hangs until its time limit: no failure while a valid key exists",
    () =>
      Effect.gen(function* () {
        const report = yield* underLoad("hanging")
        const shown = JSON.stringify(report)
        const hung = Math.floor(report.starts / 5)
        expect(hung, shown).toBeGreaterThanOrEqual(1)
        // Each other run issued a token, and none was tried again: a time limit is no transient failure.
        expect([report.starts, report.runs], shown).toEqual([report.issued + hung, report.issued + hung])
      }),
    tries
  )
})
