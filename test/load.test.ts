import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type LoadReport, load, type Variant } from "../bench/load.js"

const duration = "5 seconds"
const fibers = 200
/** Fewer requests a second than in bench/, so that a busy machine does not stall one for most of a token's life. */
const pause = "2500 millis"
/** Tokens overlap by what is left of one when it is renewed. */
const mostValid = 2
/**
 * A helper that prints its token later than this after its start leaves too little of the token's 1 s, whatever the client does:
 * two renewals fit into one life from 571 ms on, and from 1 s on a token has expired when it comes.
 */
const latestIssueMillis = 500
/** What a token's last use leaves of its life: a request that is longer on its way comes too late. */
const latestProbeMillis = 100

/** What holds on any machine, and what does where the helper and the requests have a processor when they need one. */
const underLoad = (
  variant: Variant,
  always: (report: LoadReport, shown: string) => void,
  inTime: (report: LoadReport, shown: string) => void
) =>
  Effect.map(load({ variant, duration, fibers, pause }), (report) => {
    const shown = JSON.stringify(report)
    expect(report.requests, shown).toBeGreaterThan(fibers)
    expect(report.expiries, shown).toBeGreaterThanOrEqual(2)
    expect(report.failuresWithValidKey, shown).toBe(0)
    always(report, shown)
    const isHelperInTime = report.slowestIssueMillis < latestIssueMillis
    if (isHelperInTime) {
      // Issued tokens ≤ expiries + 2, not only at the end but at every instant.
      expect(report.mostValid, shown).toBeLessThanOrEqual(mostValid)
      expect(report.issued, shown).toBeLessThanOrEqual(report.expiries + mostValid)
    }
    if (isHelperInTime && report.slowestProbeMillis < latestProbeMillis) inTime(report, shown)
    else console.warn(`load, ${variant}: this machine was too slow for all that is to be shown: ${shown}`)
  })

const noFailures = (report: LoadReport, shown: string): void => expect(report.failures, shown).toEqual({})

const timeout = 60_000

describe("200 fibers for 5 s, a helper that is a real program, tokens that live 1 s", () => {
  it.live(
    "a helper that works: no caller sees a failure, and issued tokens ≤ expiries + 2",
    () =>
      underLoad(
        "plain",
        (report, shown) => expect([report.starts, report.runs], shown).toEqual([report.issued, report.issued]),
        noFailures
      ),
    timeout
  )

  it.live(
    "a helper whose every third run ends with status 75: no caller sees a failure, and issued tokens ≤ expiries + 2",
    () =>
      underLoad(
        "failing",
        (report, shown) => {
          expect(report.starts, shown).toBeGreaterThan(report.issued)
          // With its retry a start that fails is no run of its own.
          expect(report.runs, shown).toBe(report.issued)
        },
        noFailures
      ),
    timeout
  )

  it.live(
    "a helper whose every fifth run hangs until its time limit: no failure while a valid key exists, and issued tokens ≤ expiries + 2",
    () =>
      underLoad(
        "hanging",
        // None is tried again: a time limit is no transient failure.
        (report, shown) => expect(report.starts, shown).toBeLessThanOrEqual(report.runs),
        (report, shown) => expect(report.starts, shown).toBeGreaterThan(report.issued)
      ),
    timeout
  )
})
