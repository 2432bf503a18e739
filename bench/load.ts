/**
 * Load with real processes: many fibers send requests through `sdk/Fetch` to a server that refuses a token from the moment
 * it expires, while a helper that is a real program issues tokens which live one second.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import type * as Command from "@effect/platform/Command"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ApiKeyError from "effect-apikey/ApiKeyError"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import * as Fetch from "effect-apikey/sdk/Fetch"

/** `failing`: every third run ends with status 75. `hanging`: every fifth hangs until its time limit of 500 ms. */
export type Variant = "plain" | "failing" | "hanging"

export interface LoadOptions {
  readonly variant: Variant
  readonly duration: Duration.DurationInput
  readonly fibers: number
  /** Between two requests of a fiber, on average. Default 400 ms, with which the event loop, the server's as well, keeps up. */
  readonly pause?: Duration.DurationInput | undefined
}

export interface LoadReport {
  readonly requests: number
  /** What callers saw that was not a 200, by what it was. */
  readonly failures: Readonly<Record<string, number>>
  /** Those of them at every instant of which a token that somebody had been given could be used: for 0.9 s from its run's start. */
  readonly failuresWithValidKey: number
  /** Answers of the server with 401, most of which no caller saw. */
  readonly refusals: number
  /** Starts of the helper program. */
  readonly starts: number
  /** Runs by the cache's count: one with its retries is one. */
  readonly runs: number
  readonly issued: number
  /** Issued tokens that have expired. */
  readonly expiries: number
  /** How many tokens were valid at the same instant, at most: `issued` less `expiries` where that was most. */
  readonly mostValid: number
  /** Of a request. */
  readonly slowestMillis: number
  /** From a program's start to its token: work of some milliseconds, so what is above that is the machine's doing. */
  readonly slowestIssueMillis: number
  /** Of requests to the same server without this library, which show what the machine lets through. */
  readonly slowestProbeMillis: number
}

const tokenLifeMillis = 1_000
/** The client has an `expires_in` that it counts from the run's start, and keeps a tenth of it back. */
const usableMillis = 900
const warmingFibers = 10
const probePath = "probe"
const probePause = Duration.millis(20)
const defaultPause = Duration.millis(400)

/** Each start leaves a line; so does each token. Only one runs at a time, so a plain file will do. */
const helperScript = `#!/bin/sh
echo run >> "$1/runs"
n=$(wc -l < "$1/runs")
case $2 in
  failing) [ $((n % 3)) -ne 0 ] || exit 75 ;;
  hanging) [ $((n % 5)) -ne 0 ] || exec sleep 60 ;;
esac
expires=$(($(date +%s%3N) + ${tokenLifeMillis}))
echo $expires >> "$1/issued"
printf '{"access_token":"%s.%s","expires_in":1}' $expires $n
`

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apikey-load-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** From an instant to before another. */
interface Interval {
  readonly from: number
  readonly to: number
}

const holdsAt = ({ from, to }: Interval, at: number): boolean => from <= at && at < to

/** Whether at each instant of it some token was valid: one until the next. */
const isCovered = ({ from, to }: Interval, tokens: ReadonlyArray<Interval>): boolean => {
  let reached = from
  for (const token of tokens.toSorted((a, b) => a.from - b.from)) if (holdsAt(token, reached)) reached = token.to
  return to < reached
}

const countOf = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  Object.fromEntries(Array.from(new Set(names), (name) => [name, names.filter((other) => other === name).length]))

const linesOf = (file: string): ReadonlyArray<string> =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((it) => it !== "")

interface TokenServer {
  readonly url: string
  readonly refusals: () => number
  /** The instants at which the tokens expire that it has accepted. */
  readonly accepted: ReadonlySet<number>
  readonly close: () => void
}

/** Checks `Bearer <instant>.<number>` by its instant, but for probes. */
const tokenServer = Effect.acquireRelease(
  Effect.async<TokenServer>((resume) => {
    let refusals = 0
    const accepted = new Set<number>()
    const server = createServer((request, response) => {
      if (request.url === `/${probePath}`) return response.writeHead(200).end()
      const expires = Number(/^Bearer (\d+)\./.exec(request.headers.authorization ?? "")?.[1] ?? 0)
      const isValid = Date.now() < expires
      if (isValid) accepted.add(expires)
      else refusals++
      return response.writeHead(isValid ? 200 : 401).end()
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}/`, refusals: () => refusals, accepted, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

/** The executor for helpers, which notes when it starts one. */
const noting = (startedAt: Array<number>) =>
  Effect.map(HelperExecutor.HelperExecutor, (executor) => ({
    ...executor,
    start: (command: Command.Command) =>
      Effect.suspend(() => {
        startedAt.push(Date.now())
        return executor.start(command)
      })
  }))

export const load = (options: LoadOptions): Effect.Effect<LoadReport> =>
  Effect.gen(function* () {
    const startedAt: Array<number> = []
    const path = yield* folder
    const script = join(path, "helper.sh")
    writeFileSync(script, helperScript)
    chmodSync(script, 0o700)
    const server = yield* tokenServer
    const provider = yield* ApiKeyProvider.fromCommand({
      argv: [script, path, options.variant],
      format: "oauth",
      ...(options.variant === "hanging" ? { timeout: "500 millis" } : {})
    }).pipe(Effect.provideServiceEffect(HelperExecutor.HelperExecutor, noting(startedAt)))
    const authorized = Fetch.makeWith(provider, { baseUrl: server.url })
    const failures: Array<{ readonly what: string } & Interval> = []
    const pauseMillis = Duration.toMillis(options.pause ?? defaultPause)
    let requests = 0
    let slowestMillis = 0

    const probe = Effect.promise(async () => (await fetch(`${server.url}${probePath}`)).arrayBuffer())
    // Its first requests cost a process many times what the others do; that is not what is measured.
    yield* Effect.forEach(Array.from({ length: options.fibers }), () => probe, {
      concurrency: warmingFibers,
      discard: true
    })
    let slowestProbeMillis = 0
    yield* Effect.timed(probe).pipe(
      Effect.tap(([took]) =>
        Effect.sync(() => {
          slowestProbeMillis = Math.max(slowestProbeMillis, Math.round(Duration.toMillis(took)))
        })
      ),
      Effect.zipRight(Effect.sleep(probePause)),
      Effect.forever,
      Effect.forkScoped
    )

    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(options.duration)
    const one = Effect.gen(function* () {
      const from = yield* Clock.currentTimeMillis
      const saw = yield* Effect.tryPromise({
        try: async (signal) => {
          const response = await authorized(server.url, { signal })
          await response.arrayBuffer()
          return String(response.status)
        },
        catch: (error) =>
          Option.match(ApiKeyError.fromCause(error), { onNone: () => String(error), onSome: ({ _tag }) => _tag })
      }).pipe(Effect.merge)
      const to = yield* Clock.currentTimeMillis
      requests++
      slowestMillis = Math.max(slowestMillis, to - from)
      if (saw !== "200") failures.push({ what: saw, from, to })
    })
    // Not all at the same instant: many who ask at once are another test's matter, and here they would all be late together.
    const fiber = Effect.gen(function* () {
      yield* Effect.sleep(pauseMillis * Math.random())
      while ((yield* Clock.currentTimeMillis) < end) {
        yield* one
        yield* Effect.sleep(pauseMillis * (0.5 + Math.random()))
      }
    })
    yield* Effect.all(
      Array.from({ length: options.fibers }, () => fiber),
      { concurrency: "unbounded", discard: true }
    )

    // A renewal may still be on.
    yield* provider.changes.pipe(
      Stream.filter(({ state }) => state !== "refreshing"),
      Stream.runHead
    )

    const now = yield* Clock.currentTimeMillis
    const tokens = linesOf(join(path, "issued")).map((line) => {
      const to = Number(line)
      const from = to - tokenLifeMillis
      return { from, to, start: Math.max(...startedAt.filter((start) => start <= from)) }
    })
    const usable = tokens
      .filter(({ to }) => server.accepted.has(to))
      .map(({ from, start }): Interval => ({ from, to: start + usableMillis }))
    return {
      requests,
      failures: countOf(failures.map(({ what }) => what)),
      failuresWithValidKey: failures.filter((failure) => isCovered(failure, usable)).length,
      refusals: server.refusals(),
      starts: startedAt.length,
      runs: (yield* provider.status).runs,
      issued: tokens.length,
      expiries: tokens.filter(({ to }) => to <= now).length,
      mostValid: Math.max(0, ...tokens.map(({ from }) => tokens.filter((other) => holdsAt(other, from)).length)),
      slowestMillis,
      slowestIssueMillis: Math.max(0, ...tokens.map(({ from, start }) => from - start)),
      slowestProbeMillis
    }
  }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))

const variants: ReadonlyArray<Variant> = ["plain", "failing", "hanging"]

export const main = async (): Promise<void> => {
  for (const variant of variants) {
    const report = await Effect.runPromise(load({ variant, duration: "30 seconds", fibers: 200 }))
    const busy = loadavg()[0]?.toFixed(1) ?? "?"
    console.log(`load, ${variant}, 200 fibers, 30 s: ${JSON.stringify(report)} (load average ${busy})`)
  }
}
