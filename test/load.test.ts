import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { load, type Variant } from "../bench/load.js"

const duration = "5 seconds"
const fibers = 200

describe("200 fibers for 5 s, a helper that is a real program, tokens that live 1 s", () => {
  const cases: ReadonlyArray<readonly [string, Variant]> = [
    ["a helper that works", "plain"],
    ["a helper whose every third run ends with status 75", "failing"],
    ["a helper whose every fifth run hangs until its time limit", "hanging"]
  ]
  it.live.each(cases)("%s: no caller sees a failure while a valid key exists", ([, variant]) =>
    Effect.gen(function* () {
      const report = yield* load({ variant, duration, fibers })
      expect(report.requests).toBeGreaterThan(fibers)
      expect(report.failuresWithValidKey, JSON.stringify(report)).toBe(0)
      expect(report.issued, JSON.stringify(report)).toBeLessThanOrEqual(report.expiries + 2)
      if (variant === "plain") {
        expect(report.failures, JSON.stringify(report)).toBe(0)
        expect(report.runs, JSON.stringify(report)).toBeLessThanOrEqual(report.expiries + 2)
      }
    })
  )
})
