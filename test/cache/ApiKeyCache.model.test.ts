import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as ApiKey from "effect-apikey/ApiKey"
import { type ApiKeyError, CommandTimeout, NonZeroExit } from "effect-apikey/ApiKeyError"
import type { ApiKeyStatus } from "effect-apikey/ApiKeyProvider"
import * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"
import { atOrigin } from "effect-apikey/internal/model/provider"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type ScriptedHelper, scriptedHelper, settle } from "../support/scriptedHelper.js"
import { size } from "../support/soak.js"

const sequences = size({ short: 300, full: 1_000 })
/** Turning the test clock waits for real timers, so sequences go side by side. */
const sideBySide = 20
const maxCommands = 30
/** A counterexample is made smaller for so long, and then shown as it is. */
const shrinkMillis = 500_000
const timeToLiveMillis = 60_000
const stopMillis = 400
const maxAtOnce = 10

/** None: whoever asks or refuses names no origin. */
type Origin = "https://a.test" | "https://b.test" | undefined
const origins: ReadonlyArray<Origin> = ["https://a.test", "https://b.test", undefined]

// --- the model: what the design page says, as plainly as it can be said

interface ModelKey {
  readonly id: number
  readonly hasDeclared: boolean
  readonly cachedAt: number
  refreshAt: number
  expiresAt: number
  lastReadAt: number
  suspect: boolean
  /** What each origin said of the key; a refusal without an origin is one of `everywhere`. */
  readonly verdicts: Map<string, "accepted" | "refused">
}

const everywhere = "everywhere"

interface ModelRun {
  reason: ApiKeyCache.FetchRequest["reason"]
  readonly kept: boolean
  readonly waiters: Set<number>
  stoppedAt: number | undefined
  /** Whose leaving stopped it: that one waits for the end. */
  leaver: number | undefined
}

interface Pause {
  at: number
  until: number
}

interface ModelRejection {
  readonly id: number
  readonly entry: ModelKey
  consecutive: number
  pause: Pause | undefined
  again: boolean
  readonly atOnce: number
}

interface Model {
  readonly mayPrompt: boolean
  now: number
  closed: boolean
  key: ModelKey | undefined
  run: ModelRun | undefined
  failure: (Pause & { readonly tag: string; readonly times: number }) | undefined
  rejection: ModelRejection | undefined
  lastId: number | undefined
  /** When the last key expires, by the first run that said so. */
  lastDeclared: number | undefined
  issued: number
  runs: number
  hits: number
  rejections: number
  callers: number
  /** Those who found a run that is being stopped. */
  readonly queued: Map<number, "get" | "refresh">
  readonly origins: Map<number, Origin>
  /** What each caller that is done must have seen: a key's name, an error's tag, or `interrupted`. */
  readonly expected: Map<number, string>
}

const newModel = (mayPrompt: boolean): Model => ({
  mayPrompt,
  now: 0,
  closed: false,
  key: undefined,
  run: undefined,
  failure: undefined,
  rejection: undefined,
  lastId: undefined,
  lastDeclared: undefined,
  issued: 0,
  runs: 0,
  hits: 0,
  rejections: 0,
  callers: 0,
  queued: new Map(),
  origins: new Map(),
  expected: new Map()
})

const rests = (pause: Pause | undefined, now: number): boolean => pause !== undefined && now < pause.until

const rejectionIsOpen = (m: Model): boolean => m.rejection !== undefined && m.rejection.pause === undefined

const modelStart = (m: Model, kept: boolean): ModelRun => {
  m.runs++
  m.run = {
    reason: rejectionIsOpen(m) ? "rejected" : m.lastId === undefined ? "first" : "expiry",
    kept,
    waiters: new Set(),
    stoppedAt: undefined,
    leaver: undefined
  }
  return m.run
}

const modelJoin = (m: Model, caller: number, how: "get" | "refresh"): void => {
  const run = m.run ?? modelStart(m, false)
  if (run.stoppedAt !== undefined) m.queued.set(caller, how)
  else run.waiters.add(caller)
}

const modelServe = (m: Model, caller: number, key: ModelKey): void => {
  m.hits++
  key.lastReadAt = m.now
  m.expected.set(caller, name(key.id))
  const isDue = m.now >= key.refreshAt && !m.mayPrompt
  if (isDue && m.run === undefined && !rests(m.failure, m.now)) modelStart(m, true)
}

/** The refused key, which an origin that accepts it keeps until a run brings a key. */
const keptBy = (m: Model, origin: Origin): ModelKey | undefined => {
  const entry = rejectionIsOpen(m) ? m.rejection?.entry : undefined
  const isAccepted = origin !== undefined && entry?.verdicts.get(origin) === "accepted"
  return isAccepted && m.now < entry.expiresAt ? entry : undefined
}

const modelGet = (m: Model, caller: number): void => {
  if (m.closed) {
    m.expected.set(caller, "ProviderClosed")
    return
  }
  const { key } = m
  if (key !== undefined && m.now < key.expiresAt) {
    modelServe(m, caller, key)
    return
  }
  m.key = undefined
  const kept = keptBy(m, m.origins.get(caller))
  if (kept !== undefined) {
    modelServe(m, caller, kept)
    return
  }
  if (m.run === undefined && m.failure !== undefined && rests(m.failure, m.now)) {
    m.expected.set(caller, m.failure.tag)
    return
  }
  modelJoin(m, caller, "get")
}

const modelRefresh = (m: Model, caller: number): void => {
  if (m.closed) {
    m.expected.set(caller, "ProviderClosed")
    return
  }
  modelJoin(m, caller, "refresh")
}

const endRun = (m: Model, run: ModelRun, result: string): void => {
  for (const waiter of run.waiters) m.expected.set(waiter, result)
  m.run = undefined
}

const modelAnswer = (
  m: Model,
  id: number,
  lifeMillis: number | undefined,
  random: number,
  onRepeatedKey: string
): void => {
  const { run, rejection } = m
  if (run === undefined) return
  const open = rejection !== undefined && rejection.pause === undefined
  const repeats = open && rejection.id === id
  if (repeats && run.reason !== "rejected") {
    run.reason = "rejected"
    m.runs++
    return
  }
  const pauseFor = (consecutive: number): Pause => ({
    at: m.now,
    until: m.now + Math.min(300_000, 30_000 * 2 ** (consecutive - 1))
  })
  if (repeats && onRepeatedKey === "fail") {
    rejection.consecutive++
    m.failure = { ...pauseFor(rejection.consecutive), tag: "KeyRejected", times: 0 }
    endRun(m, run, "KeyRejected")
    return
  }
  const before = id === m.lastId && m.lastDeclared !== undefined && m.lastDeclared > m.now ? m.lastDeclared : undefined
  const least = Math.min(lifeMillis === undefined ? Infinity : m.now + lifeMillis, before ?? Infinity)
  const declared = least === Infinity ? undefined : least
  const life = declared === undefined ? timeToLiveMillis : declared - m.now
  const usable = declared === undefined ? life : life - Math.min(30_000, life * 0.1)
  const ahead = Math.min(life * 0.2, 300_000)
  const hard = m.now + usable
  let key: ModelKey = {
    id,
    hasDeclared: declared !== undefined,
    cachedAt: m.now,
    expiresAt: hard,
    refreshAt: hard - ahead * (1 - 0.25 * random),
    lastReadAt: m.now,
    suspect: false,
    verdicts: new Map()
  }
  const current = m.key ?? (repeats ? rejection.entry : undefined)
  if (current !== undefined && current.id === id && declared !== undefined && m.now < current.expiresAt) {
    const earlier = Math.min(current.expiresAt, hard)
    const recheck = m.now + Math.max(1_000, (earlier - m.now) / 2)
    const soft = Math.min(earlier, Math.max(Math.min(current.refreshAt, key.refreshAt), recheck))
    key = { ...current, hasDeclared: true, lastReadAt: m.now, expiresAt: earlier, refreshAt: soft }
  } else if (current !== undefined && current.id === id)
    key = { ...key, cachedAt: current.cachedAt, suspect: current.suspect, verdicts: current.verdicts }
  if (repeats) key.suspect = true
  if (rejection !== undefined) {
    if (open) {
      rejection.consecutive++
      rejection.pause = pauseFor(rejection.consecutive)
      rejection.again = repeats
    } else if (id !== m.lastId) rejection.again = false
  }
  m.failure = undefined
  m.key = key
  m.lastId = id
  m.lastDeclared = declared
  endRun(m, run, name(id))
}

const modelFail = (m: Model, error: ApiKeyError, random: number): void => {
  if (m.run === undefined) return
  const times = (m.failure?.times ?? 0) + 1
  const isLogin = error._tag === "NonZeroExit" && error.reason === "LoginRequired"
  const millis =
    m.mayPrompt && m.run.reason === "rejected"
      ? Math.min(300_000, 30_000 * 2 ** (times - 1))
      : Math.min(isLogin ? 5_000 : 30_000, 1_000 * 2 ** (times - 1)) * (1 - 0.25 * random)
  m.failure = { at: m.now, until: m.now + millis, tag: error._tag, times }
  endRun(m, m.run, error._tag)
}

const judgedBy = (m: Model, id: number): ModelKey | undefined => {
  const judged = m.key ?? (rejectionIsOpen(m) ? m.rejection?.entry : undefined)
  return judged?.id === id ? judged : undefined
}

const modelAccept = (m: Model, id: number, origin: string): void => {
  const verdicts = judgedBy(m, id)?.verdicts
  if (verdicts?.has(origin) === false && !verdicts.has(everywhere)) verdicts.set(origin, "accepted")
}

/** Whether the key was accepted there until now, and by no origin refused if none is named. */
const modelRefuse = ({ verdicts }: ModelKey, origin: Origin): boolean => {
  const was = origin === undefined ? Array.from(verdicts.values()) : [verdicts.get(origin)]
  if (origin === undefined) verdicts.clear()
  verdicts.set(origin ?? everywhere, "refused")
  return was.length > 0 && was.every((verdict) => verdict === "accepted")
}

const modelReject = (m: Model, id: number, origin: Origin): void => {
  const judged = judgedBy(m, id)
  if (judged === undefined) return
  const isNew = m.key !== undefined || (origin !== undefined && judged.verdicts.get(origin) === "accepted")
  const wasAccepted = modelRefuse(judged, origin)
  if (!isNew) return
  m.rejections++
  const { key, rejection } = m
  if (key === undefined) return
  const rest = rejection !== undefined && rests(rejection.pause, m.now) ? rejection : undefined
  const atOnce = rest === undefined ? 0 : rest.atOnce + 1
  if (m.now >= key.expiresAt) m.key = undefined
  else if (rest !== undefined && (!wasAccepted || m.mayPrompt || atOnce > maxAtOnce)) {
    key.suspect = true
    rest.again = true
  } else {
    const consecutive = rejection?.again === true ? rejection.consecutive : 0
    m.rejection = { id, entry: key, consecutive, pause: undefined, again: false, atOnce }
    m.key = undefined
  }
}

const modelInterrupt = (m: Model, caller: number, onAbandon: string): void => {
  const { run } = m
  const wasWaiting = run?.waiters.delete(caller) === true
  if (run !== undefined && wasWaiting && run.waiters.size === 0 && !run.kept && onAbandon === "interrupt") {
    run.stoppedAt = m.now
    run.leaver = caller
  } else m.expected.set(caller, "interrupted")
  m.queued.delete(caller)
}

/** Time passes: a run that is being stopped ends, and those who waited for that ask again. */
const modelSetTime = (m: Model, now: number): void => {
  const { stoppedAt, leaver } = m.run ?? {}
  m.now = now
  for (const key of [m.key, rejectionIsOpen(m) ? m.rejection?.entry : undefined]) {
    if (key !== undefined && now < key.lastReadAt) {
      if (!key.hasDeclared) key.expiresAt -= key.lastReadAt - now
      key.lastReadAt = now
      key.refreshAt = now
    }
  }
  for (const pause of [m.failure, m.rejection?.pause]) {
    if (pause !== undefined && now < pause.at) {
      pause.until -= pause.at - now
      pause.at = now
    }
  }
  if (stoppedAt !== undefined && now >= stoppedAt + stopMillis) {
    m.now = stoppedAt + stopMillis
    m.run = undefined
    if (leaver !== undefined) m.expected.set(leaver, "interrupted")
    const queued = Array.from(m.queued)
    m.queued.clear()
    for (const [caller, how] of queued) {
      if (how === "get") modelGet(m, caller)
      else modelRefresh(m, caller)
    }
    m.now = now
  }
}

const modelClose = (m: Model): void => {
  for (const waiter of m.run?.waiters ?? []) m.expected.set(waiter, "ProviderClosed")
  if (m.run?.leaver !== undefined) m.expected.set(m.run.leaver, "interrupted")
  for (const caller of m.queued.keys()) m.expected.set(caller, "ProviderClosed")
  m.queued.clear()
  Object.assign(m, { closed: true, run: undefined, key: undefined, failure: undefined, rejection: undefined })
}

const modelState = (m: Model): ApiKeyStatus["state"] => {
  if (m.closed) return "empty"
  if (m.run !== undefined) return "refreshing"
  if (m.key === undefined ? rejectionIsOpen(m) : m.key.suspect) return "rejected"
  if (m.failure !== undefined) return "failing"
  if (m.key === undefined) return "empty"
  return m.now < m.key.refreshAt && m.now >= m.key.lastReadAt ? "fresh" : "stale"
}

const waitersOf = (m: Model): ReadonlyArray<number> => [...(m.run?.waiters ?? []), ...m.queued.keys()]

const pendingOf = (m: Model): ReadonlyArray<number> =>
  m.run?.leaver === undefined ? waitersOf(m) : [...waitersOf(m), m.run.leaver]

// --- the cache under test

const name = (id: number): string => `key-${id}`

interface Settings {
  readonly random: number
  readonly onRepeatedKey: "serve" | "fail"
  readonly onAbandon: "interrupt" | "complete"
  readonly mayPrompt: boolean
}

/** One thing that happened, in order. */
type Event =
  | { readonly _tag: "Served"; readonly key: string; readonly at: number; readonly origin: Origin }
  | {
      readonly _tag: "Issued"
      readonly key: string
      readonly run: number
      readonly hardBy: number
      readonly at: number
      readonly declaredUntil: number
    }
  | { readonly _tag: "Refused"; readonly key: string; readonly runsBefore: number }
  | { readonly _tag: "Accepted"; readonly key: string; readonly origin: Origin }
  | { readonly _tag: "Reported"; readonly key: string; readonly origin: Origin }
  /** What makes a back-off end early, rightly: the clock was set back, or somebody asked for a `refresh`. */
  | { readonly _tag: "Excuse"; readonly runsBefore: number }

interface Real {
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly cache: ApiKeyCache.ApiKeyCache
  readonly scope: Scope.CloseableScope
  readonly testScope: Scope.CloseableScope
  readonly helper: ScriptedHelper
  readonly settings: Settings
  readonly fibers: Map<number, Fiber.RuntimeFiber<ApiKey.ApiKey, ApiKeyError>>
  readonly seen: Map<number, string>
  readonly events: Array<Event>
  runsAtClose: number | undefined
}

const makeReal = async (settings: Settings): Promise<Real> => {
  const testScope = await Effect.runPromise(Scope.make())
  const testLayer = Layer.merge(TestContext.TestContext, Logger.remove(Logger.defaultLogger))
  const runtime = await Effect.runPromise(Scope.extend(Layer.toRuntime(testLayer), testScope))
  const run: Real["run"] = (effect) => Runtime.runPromise(runtime)(Effect.zipLeft(effect, settle))
  const helper = scriptedHelper({ stopMillis })
  const scope = await run(Scope.make())
  const cache = await run(
    ApiKeyCache.make({
      provider: "model",
      program: "helper",
      format: "text",
      mayPrompt: settings.mayPrompt,
      timeToLive: timeToLiveMillis,
      onRepeatedKey: settings.onRepeatedKey,
      onAbandon: settings.onAbandon,
      fetch: helper.fetch
    }).pipe(Scope.extend(scope), Effect.withRandom(Random.fixed([settings.random])))
  )
  return {
    run,
    cache,
    scope,
    testScope,
    helper,
    settings,
    fibers: new Map(),
    seen: new Map(),
    events: [],
    runsAtClose: undefined
  }
}

const sawOf = (exit: Exit.Exit<ApiKey.ApiKey, ApiKeyError>): string =>
  Exit.match(exit, {
    onSuccess: (key) => Redacted.value(key.value),
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => (Cause.isInterruptedOnly(cause) ? "interrupted" : `defect ${Cause.pretty(cause)}`),
        onSome: ({ _tag }) => _tag
      })
  })

const ask = (m: Model, real: Real, caller: number, how: "get" | "refresh"): Effect.Effect<void> =>
  Effect.suspend(() => {
    const origin = m.origins.get(caller)
    const asked = origin === undefined ? real.cache[how] : atOrigin(real.cache[how], origin)
    return Effect.map(Effect.forkDaemon(asked), (fiber) => {
      real.fibers.set(caller, fiber)
      fiber.addObserver((exit) => {
        const saw = sawOf(exit)
        real.seen.set(caller, saw)
        if (Exit.isSuccess(exit)) real.events.push({ _tag: "Served", key: saw, at: m.now, origin })
      })
    })
  })

/** Whether the log says that an origin, or any if none is named, accepted a key, and that neither it nor all had refused it. */
const isAcceptedBy = (events: ReadonlyArray<Event>, key: string, origin: Origin): boolean => {
  const said = events.filter(
    (event) =>
      (event._tag === "Accepted" || event._tag === "Reported") &&
      event.key === key &&
      (origin === undefined || event.origin === origin || event.origin === undefined)
  )
  return said.length > 0 && said.every(({ _tag }) => _tag === "Accepted")
}

// --- the invariants, in the words of the issue

const checkAll = async (m: Model, real: Real): Promise<void> => {
  const status = await real.run(real.cache.status)
  const { helper, events, seen, fibers } = real

  // at most one run in flight a command
  expect(helper.maxActive).toBeLessThanOrEqual(1)

  const issued = new Map<string, { readonly run: number; readonly hardBy: number }>()
  const firstDeclared = new Map<string, number>()
  const refusedAfter = new Map<string, number>()
  for (const [index, event] of events.entries()) {
    if (event._tag === "Issued") {
      const earliest = firstDeclared.get(event.key) ?? 0
      // A helper that is silent of what it has said takes nothing back.
      const isSilent = event.declaredUntil === Infinity && earliest < Infinity && event.at < earliest
      issued.set(event.key, isSilent ? { ...event, hardBy: issued.get(event.key)?.hardBy ?? 0 } : event)
      if (event.at >= earliest) firstDeclared.set(event.key, event.declaredUntil)
    } else if (event._tag === "Refused") refusedAfter.set(event.key, event.runsBefore)
    else if (event._tag === "Served") {
      // never a key past its hard expiry
      expect(event.at, `${event.key} in its time`).toBeLessThan(issued.get(event.key)?.hardBy ?? 0)
      // nor past the instant that was said first
      expect(event.at, `${event.key} as said first`).toBeLessThan(firstDeclared.get(event.key) ?? 0)
      // no older result over a newer one: a refused key comes back only from a run that began after the refusal, but for an
      // origin that accepts it
      const isKept = event.origin !== undefined && isAcceptedBy(events.slice(0, index), event.key, event.origin)
      if (isKept) continue
      expect(issued.get(event.key)?.run).toBeGreaterThanOrEqual(refusedAfter.get(event.key) ?? 0)
    }
  }

  checkBackoff(real)

  // a waiter never ends by another's interruption, nor by anything but what the model says
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(m.expected))
  const pending = Array.from(fibers.keys()).filter((caller) => !seen.has(caller))
  expect(new Set(pending)).toEqual(new Set(pendingOf(m)))

  // no run within a failure's back-off, and none that nothing asks for
  expect(helper.runs.length, "runs started").toBe(m.runs)
  if (m.run !== undefined) expect(helper.runs.at(-1)?.reason).toBe(m.run.reason)

  // no run after the scope closed
  if (m.closed) expect([helper.active, helper.runs.length]).toEqual([0, real.runsAtClose])

  // after the last waiter left, no process (but for the while that its stop takes)
  expect(helper.active, "processes").toBe(m.run === undefined ? 0 : 1)

  // what is shown is what is
  expect(status.state).toBe(modelState(m))
  expect([status.runs, status.hits, status.rejections]).toEqual([m.runs, m.hits, m.rejections])
}

const leastBackoffMillis = 30_000

/**
 * No second run for a repeated key within its back-off, nor for a new one that is refused within it, unless it was accepted
 * before: by the log of what happened and the figure alone, without the model.
 */
const checkBackoff = ({ events, helper }: Real): void => {
  for (const [index, event] of events.entries()) {
    if (event._tag !== "Issued" || helper.runs[event.run]?.reason !== "rejected") continue
    const next = helper.runs.findIndex(({ reason }, run) => run > event.run && reason === "rejected")
    const isExcused = events
      .slice(index)
      .some((later) => later._tag === "Excuse" && (next === -1 || later.runsBefore <= next))
    if (next === -1 || isExcused) continue
    expect((helper.runs[next]?.startedAt ?? 0) - event.at, `run ${next}`).toBeGreaterThanOrEqual(leastBackoffMillis)
  }
}

// --- the commands

type Command = fc.AsyncCommand<Model, Real>

const command = (
  name: string,
  run: (m: Model, real: Real) => Effect.Effect<void>,
  check: (m: Model) => boolean = () => true
): Command => ({
  check,
  run: async (m, real) => {
    await real.run(run(m, real))
    await checkAll(m, real)
  },
  toString: () => name
})

const excuse = ({ events, helper }: Real): void => {
  events.push({ _tag: "Excuse", runsBefore: helper.runs.length })
}

const gets = (count: number, how: "get" | "refresh", origin: Origin): Command =>
  command(`${how} × ${count} for ${origin}`, (m, real) =>
    Effect.forEach(
      Array.from({ length: count }, () => m.callers++),
      (caller) => {
        m.origins.set(caller, origin)
        if (how === "refresh") excuse(real)
        if (how === "get") modelGet(m, caller)
        else modelRefresh(m, caller)
        return ask(m, real, caller, how)
      },
      { discard: true }
    )
  )

const isOn = (m: Model): boolean => m.run !== undefined && m.run.stoppedAt === undefined

const answer = (same: boolean, lifeMillis: number | undefined): Command =>
  command(
    `the helper answers with ${same ? "the same key" : "a new key"}, ${lifeMillis ?? "no"} ms`,
    (m, real) =>
      Effect.suspend(() => {
        const id = same && m.lastId !== undefined ? m.lastId : ++m.issued
        const run = helperRun(real)
        const usable = lifeMillis === undefined ? timeToLiveMillis : lifeMillis - Math.min(30_000, lifeMillis * 0.1)
        real.events.push({
          _tag: "Issued",
          key: name(id),
          run: real.helper.runs.length - 1,
          hardBy: m.now + usable,
          at: m.now,
          declaredUntil: lifeMillis === undefined ? Infinity : m.now + lifeMillis
        })
        modelAnswer(m, id, lifeMillis, real.settings.random, real.settings.onRepeatedKey)
        const expiresAt = lifeMillis === undefined ? undefined : DateTime.unsafeMake(m.now + lifeMillis)
        return Deferred.succeed(run.answer, ApiKey.make({ value: name(id), expiresAt }))
      }),
    isOn
  )

const helperRun = (real: Real) => {
  const run = real.helper.runs.at(-1)
  if (run === undefined) throw new Error("the model says that a run is on, and there never was one")
  return run
}

const fails = (error: ApiKeyError): Command =>
  command(
    `the helper fails with ${error.message}`,
    (m, real) =>
      Effect.suspend(() => {
        modelFail(m, error, real.settings.random)
        return Deferred.fail(helperRun(real).answer, error)
      }),
    isOn
  )

/** The real cache's rules ask no model whether the key was accepted: the log says so. */
const accepts = (older: boolean, origin: string): Command =>
  command(
    `${origin} accepts ${older ? "an older key" : "the current key"}`,
    (m, real) =>
      Effect.sync(() => {
        const id = (m.lastId ?? 0) - (older ? 1 : 0)
        const isJudged = judgedBy(m, id) !== undefined
        modelAccept(m, id, origin)
        if (isJudged) real.events.push({ _tag: "Accepted", key: name(id), origin: originNamed(origin) })
        real.cache.accepted(ApiKey.make({ value: name(id) }), { origin })
      }),
    (m) => m.lastId !== undefined
  )

const originNamed = (name: string): Origin => origins.find((origin) => origin === name)

const rejects = (older: boolean, origin: Origin): Command =>
  command(
    `${origin} refuses ${older ? "an older key" : "the current key"}`,
    (m, real) =>
      Effect.suspend(() => {
        const id = (m.lastId ?? 0) - (older ? 1 : 0)
        const before = m.key
        const isJudged = judgedBy(m, id) !== undefined
        if (!m.mayPrompt && isAcceptedBy(real.events, name(id), origin)) excuse(real)
        modelReject(m, id, origin)
        if (isJudged) real.events.push({ _tag: "Reported", key: name(id), origin })
        if (before?.id === id && m.key === undefined && m.now < before.expiresAt) {
          real.events.push({ _tag: "Refused", key: name(id), runsBefore: real.helper.runs.length })
        }
        return real.cache.reject(ApiKey.make({ value: name(id) }), origin === undefined ? undefined : { origin })
      }),
    (m) => m.lastId !== undefined
  )

const interrupts = (real: Real, callers: ReadonlyArray<number>): Effect.Effect<void> =>
  Effect.forEach(
    callers,
    (caller) => {
      const fiber = real.fibers.get(caller)
      return fiber === undefined ? Effect.void : Fiber.interruptFork(fiber)
    },
    { discard: true }
  )

const interruptOne = (which: number): Command =>
  command(
    `waiter ${which} is interrupted`,
    (m, real) =>
      Effect.suspend(() => {
        const waiters = waitersOf(m)
        const caller = waiters[which % waiters.length] ?? 0
        modelInterrupt(m, caller, real.settings.onAbandon)
        return interrupts(real, [caller])
      }),
    (m) => waitersOf(m).length > 0
  )

const interruptAll = command(
  "all waiters are interrupted",
  (m, real) =>
    Effect.suspend(() => {
      const waiters = waitersOf(m)
      for (const caller of waiters) modelInterrupt(m, caller, real.settings.onAbandon)
      return interrupts(real, waiters)
    }),
  (m) => waitersOf(m).length > 0
)

const clock = (byMillis: number): Command =>
  command(`the clock goes ${byMillis < 0 ? "back" : "on"} ${Math.abs(byMillis)} ms`, (m, real) => {
    if (byMillis < 0) excuse(real)
    modelSetTime(m, Math.max(0, m.now + byMillis))
    return TestClock.setTime(m.now)
  })

const close = command(
  "the scope closes",
  (m, real) =>
    Effect.gen(function* () {
      // The clock may have been set back since a run was stopped.
      m.now = Math.max(m.now, m.run?.stoppedAt ?? 0) + stopMillis
      modelClose(m)
      real.runsAtClose = real.helper.runs.length
      const closing = yield* Effect.forkDaemon(Scope.close(real.scope, Exit.void))
      yield* settle
      yield* TestClock.setTime(m.now)
      yield* Fiber.join(closing)
    }),
  (m) => !m.closed
)

const lives = [1_000, 5_000, 60_000, 600_000, undefined]
const failures = [
  new NonZeroExit({ command: "helper", exitCode: 75, stderr: "", reason: "Unavailable" }),
  new NonZeroExit({ command: "helper", exitCode: 1, stderr: "", reason: "LoginRequired" }),
  new CommandTimeout({ command: "helper", timeout: Duration.seconds(30), phase: "running" })
]
/** From within a token of 1 s to past the longest back-off. */
const steps = [1, 100, 400, 750, 950, 1_000, 4_000, 13_000, 31_000, 49_000, 110_000, 301_000, 700_000]

const someOrigin = fc.constantFrom(...origins)

const commands: ReadonlyArray<fc.Arbitrary<Command>> = [
  fc.tuple(fc.integer({ min: 1, max: 4 }), someOrigin).map(([count, origin]) => gets(count, "get", origin)),
  someOrigin.map((origin) => gets(1, "get", origin)),
  fc.constant(gets(1, "refresh", undefined)),
  fc.tuple(fc.boolean(), fc.constantFrom(...lives)).map(([same, life]) => answer(same, life)),
  fc.tuple(fc.boolean(), fc.constantFrom(...lives)).map(([same, life]) => answer(same, life)),
  fc.constantFrom(...failures).map(fails),
  someOrigin.map((origin) => rejects(false, origin)),
  someOrigin.map((origin) => rejects(true, origin)),
  fc.constantFrom("https://a.test", "https://b.test").map((origin) => accepts(false, origin)),
  fc.constantFrom("https://a.test", "https://b.test").map((origin) => accepts(true, origin)),
  fc.nat(5).map(interruptOne),
  fc.constant(interruptAll),
  fc.constantFrom(...steps).map(clock),
  fc.constantFrom(...steps).map(clock),
  fc.constantFrom(...steps).map((millis) => clock(-millis)),
  fc.constant(close)
]

describe("the cache against its model", () => {
  test(`does what the model says, in ${sequences} sequences of commands`, async () => {
    const settings = fc.record({
      random: fc.constantFrom(0, 0.5, 0.99),
      onRepeatedKey: fc.constantFrom("serve" as const, "fail" as const),
      onAbandon: fc.constantFrom("interrupt" as const, "interrupt" as const, "complete" as const),
      mayPrompt: fc.constantFrom(false, false, true)
    })
    let lasted = 0
    const property = fc.asyncProperty(
      settings,
      fc.commands([...commands], { maxCommands, size: "max" }),
      async (chosen, sequence) => {
        const real = await makeReal(chosen)
        try {
          await fc.asyncModelRun(() => ({ model: newModel(chosen.mayPrompt), real }), sequence)
          lasted++
        } finally {
          await real.run(Effect.forkDaemon(Scope.close(real.scope, Exit.void)))
          await real.run(TestClock.adjust("1 day"))
          await Effect.runPromise(Scope.close(real.testScope, Exit.void))
        }
      }
    )
    await Promise.all(
      Array.from({ length: sideBySide }, () =>
        fc.assert(property, {
          numRuns: sequences / sideBySide,
          interruptAfterTimeLimit: shrinkMillis,
          markInterruptAsFailure: true
        })
      )
    )
    expect(lasted).toBeGreaterThanOrEqual(sequences)
  }, 600_000)
})
