// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
/** Every seam × every case, with the real packages against a real server: what it saw, what the caller saw, how many runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import * as ApiKey from "../../src/ApiKey.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as Testing from "../../src/testing.js"
import { type Handler, json, type Loopback, loopback } from "../support/loopback.js"
import { type Gate, model } from "../support/model.js"
import { shown } from "../support/observe.js"
import { type Client, optionalCalls, type Seam, seams, seenOf, whyNot } from "./seams.js"

interface Bench {
  readonly client: Client
  readonly server: Loopback
  readonly provider: ApiKeyProvider.Provider
  /** The keys that the server saw, in order. */
  readonly keys: () => ReadonlyArray<string | undefined>
  readonly runs: Effect.Effect<number>
}

type Script = readonly [Testing.Step, ...ReadonlyArray<Testing.Step>]

interface Options extends Testing.ScriptOptions {
  /** What the provider's runs go by. */
  readonly clock?: Clock.Clock
}

const set = (seam: Seam, script: Script, handler: Handler, { clock, ...options }: Options = {}) =>
  Effect.gen(function* () {
    const server = yield* loopback(handler)
    const provider = yield* Testing.provider(script, options).pipe(
      clock === undefined ? identity : Effect.withClock(clock)
    )
    const client = yield* Effect.orDie(seam.make(provider, server.origin))
    const bench: Bench = {
      client,
      server,
      provider,
      keys: () => server.seen.map(({ headers }) => seam.keyIn(headers)),
      runs: Effect.map(provider.status, ({ runs }) => runs)
    }
    return bench
  })

/** What the caller saw: the text, or a status, or the name of an error. */
const outcome = (ask: () => Promise<string>): Effect.Effect<string | number> =>
  Effect.map(
    Effect.either(Effect.tryPromise({ try: ask, catch: (error) => error })),
    Either.match({ onLeft: seenOf, onRight: (text) => text })
  )

const accepting =
  (seam: Seam, accepted: ReadonlyArray<string>, then: Handler = model(), refusal: Handler = refuse): Handler =>
  (request, response, count) =>
    (accepted.includes(seam.keyIn(request.headers) ?? "") ? then : refusal)(request, response, count)

const refuse: Handler = (_, response) =>
  json(response, 401, { error: { message: "no", type: "x", code: "invalid_api_key" } })
const invalidToken: Handler = (_, response) =>
  json(response, 403, { error: { message: "no", type: "x" } }, { "www-authenticate": 'Bearer error="invalid_token"' })

const latch = () => {
  let open = (): void => undefined
  const gate: Gate = {
    open: new Promise((resolve) => {
      open = resolve
    })
  }
  return { gate, open: () => open() }
}

const awaitRenewal = (provider: ApiKeyProvider.Provider) =>
  Stream.runDrain(Stream.takeUntil(provider.changes, ({ renewals }) => renewals > 0))

const lasting = (
  { sessionToken, username, value }: ApiKey.ApiKey,
  lifetime: Duration.DurationInput
): Effect.Effect<ApiKey.ApiKey> =>
  Effect.map(
    Testing.expiringIn("", lifetime),
    ({ expiresAt }) => new ApiKey.ApiKey({ value, username, sessionToken, expiresAt })
  )

const minutesAgo = (minutes: number): Effect.Effect<Clock.Clock> =>
  Effect.map(Effect.clock, (clock) => {
    const then = () => clock.unsafeCurrentTimeMillis() - minutes * 60_000
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      sleep: clock.sleep,
      unsafeCurrentTimeMillis: then,
      unsafeCurrentTimeNanos: () => BigInt(then()) * 1_000_000n,
      currentTimeMillis: Effect.sync(then),
      currentTimeNanos: Effect.sync(() => BigInt(then()) * 1_000_000n)
    }
  })

const must = <A>(value: A | undefined): A => {
  if (value === undefined) throw new Error("the seam has no such call")
  return value
}

/** What a seam has is known when it is made. */
const made = await Promise.all(
  seams.map((seam) =>
    Testing.provider([seam.key("unused")]).pipe(
      Effect.flatMap((provider) => seam.make(provider, "http://127.0.0.1:9")),
      Effect.map((client) => ({ seam, has: client })),
      Effect.scoped,
      Effect.runPromise
    )
  )
)

for (const { has, seam } of made) {
  const a = seam.key("key-a")
  const b = seam.key("key-b")
  const c = seam.key("key-c")

  describe(seam.name, () => {
    it.scopedLive("static key: every request carries it, one run, one hit for the request after", () =>
      Effect.gen(function* () {
        const { client, keys, provider } = yield* set(seam, [a], accepting(seam, ["key-a"]))
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.deepStrictEqual(keys(), ["key-a", "key-a"])
        assert.deepInclude(yield* provider.status, { runs: 1, hits: 1 })
      })
    )

    it.scopedLive("a source that is read at each get is read once a request", () =>
      Effect.gen(function* () {
        const server = yield* loopback(accepting(seam, ["key-a"]))
        const source = ApiKeyProvider.make({ get: Effect.succeed(a) })
        const client = yield* Effect.orDie(seam.make(source, server.origin))
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.strictEqual((yield* source.status).hits, 1)
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.strictEqual((yield* source.status).hits, 2)
      })
    )

    for (const [name, refusal] of [
      ["401", refuse],
      ["403 invalid_token", invalidToken]
    ] as const) {
      it.scopedLive(`renewal on ${name}: the caller sees the answer, one more run`, () =>
        Effect.gen(function* () {
          const { client, keys, runs } = yield* set(seam, [a, b], accepting(seam, ["key-b"], model(), refusal))
          assert.strictEqual(yield* outcome(client.ask), "hello")
          assert.strictEqual(yield* outcome(client.ask), "hello")
          assert.deepStrictEqual(keys(), ["key-a", "key-b", "key-b"])
          assert.strictEqual(yield* runs, 2)
        })
      )
    }

    it.scopedLive("renewal ahead of expiry: nobody waits, nobody sees a 401", () =>
      Effect.gen(function* () {
        // The run thinks it is some minutes ago, so to the caller its key is in the last part of its life.
        const { client, keys, provider, runs } = yield* set(
          seam,
          [lasting(a, "10 minutes"), lasting(b, "1 hour")],
          accepting(seam, ["key-a", "key-b"]),
          { refreshAhead: "5 minutes", clock: yield* minutesAgo(8) }
        )
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.strictEqual(yield* outcome(client.ask), "hello")
        yield* awaitRenewal(provider)
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.deepStrictEqual([keys()[0], keys().at(-1), keys().length], ["key-a", "key-b", 3])
        assert.strictEqual((yield* provider.status).rejections, 0)
        assert.strictEqual(yield* runs, 2)
      })
    )

    it.scopedLive("always 401, the key repeated: the caller sees 401, one request, one run a back-off", () =>
      Effect.gen(function* () {
        const { client, keys, runs } = yield* set(seam, [a], refuse)
        assert.strictEqual(yield* outcome(client.ask), 401)
        assert.deepStrictEqual(keys(), ["key-a"])
        assert.strictEqual(yield* outcome(client.ask), 401)
        assert.deepStrictEqual(keys(), ["key-a", "key-a"])
        assert.strictEqual(yield* runs, 2)
      })
    )

    it.scopedLive("always 401, a new key each time: two requests, never a third, one run a back-off", () =>
      Effect.gen(function* () {
        const { client, keys, runs } = yield* set(seam, [a, b, c], refuse)
        assert.strictEqual(yield* outcome(client.ask), 401)
        assert.deepStrictEqual(keys(), ["key-a", "key-b"])
        assert.strictEqual(yield* outcome(client.ask), 401)
        assert.deepStrictEqual(keys(), ["key-a", "key-b", "key-b"])
        assert.strictEqual(yield* runs, 2)
      })
    )

    it.scopedLive("500: it is the caller's, the key stays", () =>
      Effect.gen(function* () {
        const { client, keys, provider, runs } = yield* set(seam, [a, b], (_, response) =>
          json(response, 500, { error: { message: "no", type: "x" } })
        )
        assert.strictEqual(yield* outcome(client.ask), 500)
        assert.deepStrictEqual(keys(), ["key-a"])
        assert.strictEqual(yield* runs, 1)
        assert.strictEqual((yield* provider.status).rejections, 0)
      })
    )

    it.scopedLive("network cut: an error, the key stays", () =>
      Effect.gen(function* () {
        const { client, keys, runs } = yield* set(seam, [a, b], (_, response) => {
          response.destroy()
        })
        const seen = yield* outcome(client.ask)
        assert.notStrictEqual(seen, "hello")
        assert.isString(seen)
        assert.deepStrictEqual(keys(), ["key-a"])
        assert.strictEqual(yield* runs, 1)
      })
    )

    it(`has every call of the table, or says why not`, () => {
      for (const call of optionalCalls)
        assert.strictEqual(has[call] === undefined, whyNot(seam, call) !== undefined, call)
    })

    if (has.stream) {
      it.scopedLive("stream: a 401 before it begins is renewed, a renewal does not cut it", () =>
        Effect.gen(function* () {
          const { gate, open } = latch()
          const { client, keys, provider, runs } = yield* set(
            seam,
            [a, b, c],
            accepting(seam, ["key-b", "key-c"], model(gate))
          )
          const begun = yield* Deferred.make<void>()
          const reading = yield* Effect.fork(
            outcome(() => must(client.stream)(() => Effect.runFork(Deferred.succeed(begun, undefined))))
          )
          yield* Deferred.await(begun)
          assert.strictEqual(yield* runs, 2)
          yield* provider.refresh
          open()
          assert.strictEqual(yield* reading.await.pipe(Effect.flatten), "hello")
          assert.deepStrictEqual(keys(), ["key-a", "key-b"])
          assert.strictEqual(yield* runs, 3)
        })
      )

      it.scopedLive("abort after the answer has begun: the server sees the connection end", () =>
        Effect.gen(function* () {
          const { gate } = latch()
          const closed = yield* Deferred.make<void>()
          const begun = yield* Deferred.make<void>()
          const { client } = yield* set(seam, [a], (request, response, count) => {
            response.on("close", () => Effect.runFork(Deferred.succeed(closed, undefined)))
            model(gate)(request, response, count)
          })
          const controller = new AbortController()
          const reading = yield* Effect.fork(
            outcome(() =>
              must(client.stream)(() => Effect.runFork(Deferred.succeed(begun, undefined)), controller.signal)
            )
          )
          yield* Deferred.await(begun)
          controller.abort()
          assert.notStrictEqual(yield* reading.await.pipe(Effect.flatten), "hello")
          yield* Deferred.await(closed)
        })
      )
    }

    if (has.form) {
      it.scopedLive("FormData: sent again with the fresh key", () =>
        Effect.gen(function* () {
          const { client, keys, server } = yield* set(seam, [a, b], accepting(seam, ["key-b"]))
          assert.strictEqual(yield* outcome(() => must(client.form)()), "file")
          assert.deepStrictEqual(keys(), ["key-a", "key-b"])
          assert.isTrue(server.seen.every(({ body }) => body.includes("contents")))
        })
      )
    }

    if (has.upload) {
      it.scopedLive("a body that is a stream: sent once, the caller sees 401, the next request has the fresh key", () =>
        Effect.gen(function* () {
          const { client, keys, server } = yield* set(seam, [a, b], accepting(seam, ["key-b"]))
          assert.strictEqual(yield* outcome(() => must(client.upload)()), 401)
          assert.deepStrictEqual(keys(), ["key-a"])
          assert.strictEqual(server.seen[0]?.body, "contents")
          assert.strictEqual(yield* outcome(() => must(client.upload)()), "hello")
          assert.deepStrictEqual(keys(), ["key-a", "key-b"])
        })
      )
    }

    it.scopedLive("abort before: no run, no request", () =>
      Effect.gen(function* () {
        const { client, keys, runs } = yield* set(seam, [a], model())
        const seen = yield* outcome(() => client.ask(AbortSignal.abort()))
        assert.notStrictEqual(seen, "hello")
        assert.strictEqual(yield* runs, 0)
        assert.deepStrictEqual(keys(), [])
      })
    )

    it.scopedLive("abort while the key is fetched: no waiter, no run, no request is left", () =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const stopped = yield* Deferred.make<void>()
        const hanging = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        )
        const { client, keys } = yield* set(seam, [hanging, a], model())
        const controller = new AbortController()
        const asking = yield* Effect.fork(outcome(() => client.ask(controller.signal)))
        yield* Deferred.await(started)
        controller.abort()
        assert.notStrictEqual(yield* asking.await.pipe(Effect.flatten), "hello")
        yield* Deferred.await(stopped)
        assert.deepStrictEqual(keys(), [])
        assert.strictEqual(yield* outcome(client.ask), "hello")
      })
    )

    it.scopedLive("abort while the server has the request: it sees the connection end, the key stays", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const { client, keys, provider, runs, server } = yield* set(seam, [a, b], (_, response) => {
          response.on("close", () => Effect.runFork(Deferred.succeed(closed, undefined)))
          Effect.runFork(Deferred.succeed(arrived, undefined))
        })
        const controller = new AbortController()
        const asking = yield* Effect.fork(outcome(() => client.ask(controller.signal)))
        yield* Deferred.await(arrived)
        controller.abort()
        const seen = yield* asking.await.pipe(Effect.flatten)
        assert.isString(seen)
        assert.notStrictEqual(seen, "hello")
        yield* Deferred.await(closed)
        assert.deepStrictEqual(keys(), ["key-a"])
        assert.strictEqual((yield* provider.status).rejections, 0)
        server.answer = model()
        assert.strictEqual(yield* outcome(client.ask), "hello")
        assert.strictEqual(yield* runs, 1)
      })
    )

    it.scopedLive("50 parallel 401s: one run, each request sent twice, none a third time", () =>
      Effect.gen(function* () {
        const parallel = 50
        const { gate, open } = latch()
        let refused = 0
        // None is refused before all are there, so that none has its key after the renewal.
        const late: Handler = (request, response, count) => {
          if (++refused === parallel) open()
          void gate.open.then(() => refuse(request, response, count))
        }
        const { client, keys, runs } = yield* set(seam, [a, b, c], accepting(seam, ["key-b"], model(), late))
        const seen = yield* Effect.all(
          Array.from({ length: parallel }, () => outcome(client.ask)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          seen,
          Array.from({ length: parallel }, () => "hello")
        )
        assert.strictEqual(yield* runs, 2)
        assert.deepStrictEqual(
          keys(),
          Array.from({ length: 2 * parallel }, (_, i) => (i < parallel ? "key-a" : "key-b"))
        )
      })
    )

    it.scopedLive("neither the client nor any error shows the key", () =>
      Effect.gen(function* () {
        const key = seam.key("key-that-is-very-secret-0123456789")
        const answers: ReadonlyArray<Handler> = [
          refuse,
          (_, response) => json(response, 500, {}),
          (_, response) => {
            response.destroy()
          },
          (_, response) => {
            response.writeHead(200, { "content-type": "application/json", "content-length": "100" })
            response.write("{")
            setImmediate(() => response.destroy())
          }
        ]
        for (const answer of answers) {
          const { client, keys } = yield* set(seam, [key], answer)
          const error = yield* Effect.flip(Effect.tryPromise({ try: () => client.ask(), catch: (failure) => failure }))
          assert.include(keys(), "key-that-is-very-secret-0123456789")
          for (const value of [client.itself, error]) assert.notInclude(shown(value), "very-secret")
        }
      })
    )
  })
}

/** The table as it was run: what no package offers is said, not left out. */
const rows = made.map(({ has, seam }) => {
  const cells = optionalCalls.map((call) => (has[call] === undefined ? "–" : "✓"))
  return `${seam.name.padEnd(30)} ${cells.map((cell) => cell.padEnd(8)).join("")}`
})
const absent = made.flatMap(({ seam }) =>
  optionalCalls.flatMap((call) => {
    const why = whyNot(seam, call)
    return why === undefined ? [] : [`  ${seam.name}, ${call}: it ${why}`]
  })
)
const everywhere =
  "static key, renewal on 401 and on 403 invalid_token, renewal ahead of expiry, always 401 (repeated; a new one each time), 500, network cut, abort before, while the key is fetched and while the server has the request, 50 parallel 401s, no key shown"
console.log(
  [
    `${made.length} seams, each with: ${everywhere}; and:`,
    `${"".padEnd(30)} ${optionalCalls.map((call) => call.padEnd(8)).join("")}`,
    ...rows,
    "Not there:",
    ...absent
  ].join("\n")
)
