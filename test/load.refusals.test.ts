// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as ApiKeyError from "effect-apikey/ApiKeyError"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as Fetch from "effect-apikey/sdk/Fetch"
import { realProvider, shell } from "./support/layers.js"
import { loopback } from "./support/loopback.js"
import { size } from "./support/soak.js"

const together = size({ short: 200, full: 1_000 })

/** A helper that notes each of its runs, and a `fetch` with its keys. */
const underTest = (keyOfRun: string, url: string, options: Partial<ApiKeyProvider.CommandOptions> = {}) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apikey-refusals-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const notes = join(folder, "runs")
    const provider = yield* realProvider({
      ...options,
      argv: shell(`echo "$EFFECT_APIKEY_REASON" >> "$1"; n=$(wc -l < "$1"); printf %s "${keyOfRun}"`, notes)
    })
    const authorized = yield* Fetch.make({ baseUrl: url }).pipe(
      Effect.provideService(ApiKeyProvider.ApiKeyProvider, provider)
    )
    const statusOf = (path: string) =>
      Effect.tryPromise({
        try: async (signal) => {
          const response = await authorized(`${url}${path}`, { signal })
          await response.arrayBuffer()
          return response.status
        },
        catch: (error) => error
      })
    const runs = Effect.sync(() => readFileSync(notes, "utf8").trim().split("\n"))
    return { provider, statusOf, runs }
  })

const bearer = (headers: Readonly<Record<string, string>>): string =>
  (headers["authorization"] ?? "").replace(/^Bearer /, "")

describe("refusals, through sdk/Fetch and a loopback server", () => {
  it.live(`${together} requests that get 401 together: one run, and every caller has its 200`, () =>
    Effect.gen(function* () {
      const allThere = yield* Deferred.make<void>()
      let waiting = 0
      const server = yield* loopback(async ({ headers }, response) => {
        if (bearer(headers) !== "key-1") return response.end()
        if (++waiting === together) Effect.runSync(Deferred.succeed(allThere, undefined))
        await Effect.runPromise(Deferred.await(allThere))
        return response.writeHead(401).end()
      })
      const { statusOf, runs } = yield* underTest("key-$n", server.origin)
      const statuses = yield* Effect.all(
        Array.from({ length: together }, () => statusOf("/")),
        { concurrency: "unbounded" }
      )
      expect(new Set(statuses)).toEqual(new Set([200]))
      expect(yield* runs).toEqual(["first", "rejected"])
      expect(server.seen.length).toBe(2 * together)
    }).pipe(Effect.scoped)
  )

  /** How long each rests: 30 s doubling to 5 min. */
  const backoffs = [30, 60, 120, 240, 300, 300]
  const each = [
    { helper: "repeats its key", keyOfRun: "same", sendsOfARun: 1 },
    { helper: "has a new key every time", keyOfRun: "key-$n", sendsOfARun: 2 }
  ]
  it.effect.each(each)(
    `a path that always answers 401 while the helper $helper: one run a back-off, ${backoffs.length} of them, and other paths go on`,
    ({ keyOfRun, sendsOfARun }) =>
      Effect.gen(function* () {
        const server = yield* loopback(({ path }, response) => response.writeHead(path === "/denied" ? 401 : 200).end())
        const { provider, statusOf, runs } = yield* underTest(keyOfRun, server.origin, { timeToLive: "1 day" })
        const sends = () => server.seen.filter(({ path }) => path === "/denied").length
        const asked = ["first"]
        for (const seconds of backoffs) {
          const before = sends()
          expect(yield* statusOf("/denied")).toBe(401)
          expect(sends()).toBe(before + sendsOfARun)
          asked.push("rejected")
          for (const rest of [seconds - 1, 1]) {
            const sent = sends()
            for (let requests = 0; requests < 5; requests++) {
              expect(yield* statusOf("/denied")).toBe(401)
              expect(yield* statusOf("/allowed")).toBe(200)
            }
            expect(sends()).toBe(sent + 5)
            expect(yield* runs).toEqual(asked)
            expect(yield* provider.status).toMatchObject({ state: "rejected", rejections: sends() })
            yield* TestClock.adjust(Duration.seconds(rest))
          }
        }
      }).pipe(Effect.scoped)
  )

  it.live('`onRepeatedKey: "fail"`: the first answer stands, and from then on the typed KeyRejected', () =>
    Effect.gen(function* () {
      const server = yield* loopback((_, response) => response.writeHead(401).end())
      const { statusOf, runs } = yield* underTest("same", server.origin, { onRepeatedKey: "fail" })
      expect(yield* statusOf("/")).toBe(401)
      const error = yield* Effect.flip(statusOf("/"))
      expect(Option.map(ApiKeyError.fromCause(error), ({ _tag }) => _tag)).toEqual(Option.some("KeyRejected"))
      expect(server.seen.length).toBe(1)
      expect(yield* runs).toEqual(["first", "rejected"])
    }).pipe(Effect.scoped)
  )
})
