import { getActiveResourcesInfo } from "node:process"
import type * as PlatformCommand from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { describe, expect, it } from "@effect/vitest"
import * as Array_ from "effect/Array"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ApiKey from "effect-apikey/ApiKey"
import { EmptyOutput } from "effect-apikey/ApiKeyError"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
import * as ApiKeySource from "effect-apikey/ApiKeySource"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import { secretOf } from "../support/cacheUnderTest.js"
import { fake, printsKey } from "../support/fakeExecutor.js"
import { observe } from "../support/observe.js"
import { settle } from "../support/scriptedHelper.js"

/** An executor whose programs print their arguments, a number for each run, and are told when to. */
const fakePrograms = () => {
  const started: Array<{ readonly args: ReadonlyArray<string>; readonly providerIds: string | undefined }> = []
  let gate: Effect.Effect<void> = Effect.void
  const flat = (command: PlatformCommand.Command): ReadonlyArray<PlatformCommand.StandardCommand> =>
    command._tag === "StandardCommand" ? [command] : [...flat(command.left), ...flat(command.right)]
  const start: HelperExecutor.Executor["start"] = (command) =>
    Effect.sync(() => {
      const [standard] = flat(command)
      const providerIds = standard === undefined ? Option.none() : HashMap.get(standard.env, "EFFECT_APIKEY_PROVIDER")
      started.push({ args: standard?.args ?? [], providerIds: Option.getOrUndefined(providerIds) })
      const printed = new TextEncoder().encode(`${standard?.args.join("-")}#${started.length}`)
      return {
        [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
        pid: CommandExecutor.ProcessId(0),
        exitCode: Effect.as(gate, CommandExecutor.ExitCode(0)),
        isRunning: Effect.succeed(false),
        kill: () => Effect.void,
        stderr: Stream.empty,
        stdin: Sink.drain,
        stdout: Stream.make(printed),
        toJSON: () => "fake",
        toString: () => "fake",
        [Inspectable.NodeInspectSymbol]: () => "fake"
      } satisfies CommandExecutor.Process
    })
  return {
    started,
    hold: (until: Effect.Effect<void>) => {
      gate = until
    },
    layer: Layer.mergeAll(
      Layer.succeed(HelperExecutor.HelperExecutor, { start, hasTerminal: Effect.succeed(false), isLocal: false }),
      NodeFileSystem.layer,
      NodePath.layer
    )
  }
}

/** The real clock, as far on as it was moved. */
const movable = () => {
  const real = Clock.make()
  let ahead = 0
  const now = () => Date.now() + ahead
  return Object.assign(real, {
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now),
    movesOn: (by: Duration.Duration) => {
      ahead += Duration.toMillis(by)
    }
  })
}

const command = (...args: ReadonlyArray<string>): ApiKeyProvider.CommandOptions => ({
  argv: ["/nowhere/helper", ...args]
})

const keyOf = (providers: ApiKeyProviders.Providers, id: string) =>
  Effect.flatMap(providers.get(id), ({ get }) => Effect.map(get, secretOf))

describe("providers by id", () => {
  it.scoped("nothing runs until a key is asked for, and an id that is not configured names those that are", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({ providers: { openai: command("a"), gateway: command("b") } })
      expect(providers.ids).toEqual(["openai", "gateway"])
      const provider = yield* providers.get("openai")
      expect(programs.started).toEqual([])
      expect(secretOf(yield* provider.get)).toBe("a#1")
      const error = yield* Effect.flip(providers.get("opennai"))
      expect([error._tag, error.message, error.hint]).toEqual([
        "KeyNotConfigured",
        "opennai: no key is configured",
        "Use one that is configured: openai, gateway"
      ])
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("`layerFor` gives one of them as the application's provider", () => {
    const programs = fakePrograms()
    const keys = ApiKeyProviders.layer({ providers: { openai: command("a") } }).pipe(Layer.provide(programs.layer))
    return Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      expect(secretOf(yield* provider.get)).toBe("a#1")
      const missing = yield* Effect.flip(Layer.build(ApiKeyProviders.layerFor("other").pipe(Layer.provide(keys))))
      expect(missing._tag).toBe("KeyNotConfigured")
    }).pipe(Effect.provide(ApiKeyProviders.layerFor("openai").pipe(Layer.provide(keys))))
  })

  it.scoped("two ids with an equal command share one cache and one run, and the helper is told of both", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({
        providers: {
          a: { ...command("x"), env: { ONE: "1", TWO: "2" }, timeToLive: "5 minutes" },
          b: { ...command("x"), env: { TWO: "2", ONE: "1" }, timeToLive: Duration.minutes(5), retry: undefined }
        }
      })
      const keys = yield* Effect.all([keyOf(providers, "a"), keyOf(providers, "b")], { concurrency: "unbounded" })
      expect(keys).toEqual(["x#1", "x#1"])
      expect(programs.started).toEqual([{ args: ["x"], providerIds: "a,b" }])
      const b = yield* providers.get("b")
      yield* b.reject(yield* b.get)
      expect(yield* keyOf(providers, "a")).toBe("x#2")
      expect((yield* providers.status).map(({ provider, runs }) => [provider, runs])).toEqual([
        ["a", 2],
        ["b", 2]
      ])
    }).pipe(Effect.provide(programs.layer))
  })

  const retry = Schedule.recurs(1)
  const base = command("x")
  const different: Readonly<Record<string, ApiKeyProvider.CommandOptions>> = {
    argv: command("y"),
    "the split of argv": command("x", ""),
    cwd: { ...base, cwd: "/" },
    env: { ...base, env: { ONE: "1" } },
    "an unset variable": { ...base, env: { ONE: undefined } },
    inheritEnv: { ...base, inheritEnv: false },
    format: { ...base, format: "first-line" },
    timeout: { ...base, timeout: "10 seconds" },
    retry: { ...base, retry },
    timeToLive: { ...base, timeToLive: "1 minute" },
    refreshAhead: { ...base, refreshAhead: "1 minute" },
    interactive: { ...base, interactive: "if-available" },
    onRepeatedKey: { ...base, onRepeatedKey: "fail" },
    onAbandon: { ...base, onAbandon: "complete" },
    "the name the helper is told": { ...base, provider: "other" }
  }
  it.scoped.each(Object.keys(different))("a command that differs in %s shares nothing", (what) => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({ providers: { base, other: different[what] ?? base } })
      yield* keyOf(providers, "base")
      yield* keyOf(providers, "other")
      expect(programs.started.length).toBe(2)
    }).pipe(Effect.provide(programs.layer))
  })

  type AllOptions = Required<ApiKeyProvider.CommandOptions>
  /** Each option, and how its default can be said; of some it cannot. */
  const defaults: { readonly [Name in keyof AllOptions]: ReadonlyArray<AllOptions[Name]> } = {
    argv: [],
    provider: [],
    cwd: [],
    program: [],
    retry: [],
    refreshAhead: [],
    format: ["auto"],
    env: [{}],
    inheritEnv: [true],
    interactive: ["never"],
    search: ["install-dirs"],
    prefetch: [false],
    onRepeatedKey: ["serve"],
    eraseOnReject: [false],
    timeout: ["30 seconds", 30_000],
    timeToLive: ["5 minutes", Duration.seconds(300)],
    onAbandon: ["interrupt"]
  }
  const sayings = Object.entries(defaults).flatMap(([name, values]) =>
    values.map((value): [string, unknown] => [name, value])
  )
  it.scoped.each(sayings)(
    "a command that says what is the default anyway is the same command: %s %s",
    ([name, value]) => {
      const programs = fakePrograms()
      return Effect.gen(function* () {
        const providers = yield* ApiKeyProviders.make({ providers: { base, same: { ...base, [name]: value } } })
        expect(yield* Effect.all([keyOf(providers, "base"), keyOf(providers, "same")])).toEqual(["x#1", "x#1"])
      }).pipe(Effect.provide(programs.layer))
    }
  )

  const known: ReadonlyArray<[string, Partial<ApiKeyProvider.CommandOptions>, boolean]> = [
    ["/nowhere/op", { timeToLive: "1 hour", timeout: "2 minutes", onAbandon: "complete" }, true],
    ["/nowhere/op", { timeToLive: "5 minutes" }, false],
    ["/nowhere/op", { timeout: "30 seconds" }, false],
    ["/nowhere/op", { onAbandon: "interrupt" }, false]
  ]
  it.scoped.each(known)("the defaults are those of the catalog: %s %o", ([program, options, isSame]) => {
    const programs = fakePrograms()
    const op = { argv: [program, "read", "op://a/b/c"] }
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({ providers: { op, said: { ...op, ...options } } })
      yield* keyOf(providers, "op")
      yield* keyOf(providers, "said")
      expect(programs.started.length).toBe(isSame ? 1 : 2)
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("a provider nobody has used for the idle time is let go with its key; the handle goes on working", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({
        providers: {
          busy: { ...command("busy"), timeToLive: Duration.infinity },
          idle: { ...command("idle"), timeToLive: Duration.infinity }
        },
        idleTimeToLive: "10 minutes"
      })
      const idle = yield* providers.get("idle")
      expect(secretOf(yield* idle.get)).toBe("idle#1")
      for (let minute = 0; minute < 16; minute++) {
        yield* keyOf(providers, "busy")
        yield* TestClock.adjust("1 minute")
      }
      expect((yield* providers.status).map(({ provider, state }) => [provider, state])).toEqual([
        ["busy", "fresh"],
        ["idle", "empty"]
      ])
      expect(programs.started.length).toBe(2)
      expect(secretOf(yield* idle.get)).toBe("idle#3")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("after a step of the clock backward a provider is closed when it has been idle for so long since", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      yield* TestClock.setTime(86_400_000)
      const options = { timeToLive: Duration.infinity }
      const providers = yield* ApiKeyProviders.make({
        providers: { a: { ...command("a"), ...options }, b: { ...command("b"), ...options } },
        idleTimeToLive: "10 minutes"
      })
      yield* keyOf(providers, "a")
      yield* keyOf(providers, "b")
      yield* TestClock.setTime(0)
      yield* keyOf(providers, "b")
      yield* TestClock.adjust("10 minutes")
      yield* keyOf(providers, "b")
      const a = yield* providers.get("a")
      expect((yield* a.status).state).toBe("empty")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("who waits for a key or watches `changes` keeps the provider", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      programs.hold(Deferred.await(gate))
      const providers = yield* ApiKeyProviders.make({
        providers: {
          slow: { ...command("slow"), timeout: "1 hour", timeToLive: Duration.infinity },
          other: ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "fixed" })) }),
          busy: { ...command("busy"), timeout: "1 hour" }
        },
        idleTimeToLive: "1 minute"
      })
      const waiter = yield* Effect.fork(keyOf(providers, "slow"))
      yield* settle
      yield* TestClock.adjust("5 minutes")
      yield* Effect.fork(keyOf(providers, "busy"))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(waiter)).toBe("slow#1")

      const slow = yield* providers.get("slow")
      const watching = yield* Effect.fork(Stream.runDrain(slow.changes))
      yield* settle
      yield* TestClock.adjust("5 minutes")
      yield* keyOf(providers, "busy")
      expect((yield* slow.status).state).toBe("fresh")
      yield* Fiber.interrupt(watching)
      yield* TestClock.adjust("5 minutes")
      yield* keyOf(providers, "busy")
      expect((yield* slow.status).state).toBe("empty")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("idle time counts from the end of the last use: of a long wait for a key, of watching `changes`", () => {
    const programs = fakePrograms()
    const keeps: Partial<ApiKeyProvider.CommandOptions> = { timeout: "1 hour", timeToLive: Duration.infinity }
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({
        providers: { slow: { ...command("slow"), ...keeps }, busy: { ...command("busy"), ...keeps } },
        idleTimeToLive: "10 minutes"
      })
      const slow = yield* providers.get("slow")
      yield* keyOf(providers, "busy")
      for (const ask of [slow.get, slow.refresh]) {
        const gate = yield* Deferred.make<void>()
        programs.hold(Deferred.await(gate))
        const waiter = yield* Effect.fork(ask)
        yield* settle
        yield* TestClock.adjust("15 minutes")
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(waiter)
        yield* TestClock.adjust("6 minutes")
        yield* keyOf(providers, "busy")
        expect((yield* slow.status).state).toBe("fresh")
      }
      const watching = yield* Effect.fork(Stream.runDrain(slow.changes))
      yield* settle
      yield* TestClock.adjust("15 minutes")
      yield* Fiber.interrupt(watching)
      yield* TestClock.adjust("6 minutes")
      yield* keyOf(providers, "busy")
      expect((yield* slow.status).state).toBe("fresh")
      yield* TestClock.adjust("5 minutes")
      yield* keyOf(providers, "busy")
      expect((yield* slow.status).state).toBe("empty")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scopedLive(
    "10,000 providers of commands cost no timer and no fiber each, used or not, and the idle ones are let go at the next use",
    () => {
      const count = 10_000
      const used = 2_000
      const programs = fakePrograms()
      const clock = movable()
      const timers = () => getActiveResourcesInfo().filter((name) => name === "Timeout").length
      const fibers = Effect.map(Fiber.roots, ({ length }) => length)
      const inState = (providers: ApiKeyProviders.Providers, wanted: ApiKeyProvider.ApiKeyStatus["state"]) =>
        Effect.map(providers.status, (all) => all.filter(({ state }) => state === wanted).length)
      return Effect.gen(function* () {
        const timersBefore = timers()
        const fibersBefore = yield* fibers
        const providers = yield* ApiKeyProviders.make({
          providers: Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, command(`${i}`)])),
          idleTimeToLive: "10 minutes"
        })
        // A while for the event loop now and then: this takes the test's reporter with it otherwise.
        for (const some of Array_.chunksOf(providers.ids.slice(0, used), 100)) {
          yield* Effect.forEach(some, (id) => keyOf(providers, id), { discard: true })
          yield* Effect.sleep(0)
        }
        expect(programs.started.length).toBe(used)
        expect(yield* inState(providers, "fresh")).toBe(used)
        expect((yield* fibers) - fibersBefore).toBeLessThan(10)
        expect(timers() - timersBefore).toBeLessThan(10)

        clock.movesOn(Duration.minutes(10))
        yield* keyOf(providers, "p0")
        // The sweep of so many takes turns with others.
        const left = Effect.map(inState(providers, "empty"), (empty) => count - empty)
        yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), left), { until: (open) => open === 1 })
        expect(yield* keyOf(providers, "p0")).toBe(`0#${used + 1}`)
      }).pipe(Effect.provide(programs.layer), Effect.withClock(clock))
    },
    600_000
  )

  it.scoped(
    "one that is made at its first use: what making it fails with is what `get` fails with, and it is made again",
    () => {
      const programs = fakePrograms()
      let made = 0
      const gone: Array<number> = []
      const broken = new EmptyOutput({ command: "helper", stderr: "" })
      const building = Effect.suspend(() =>
        ++made === 1
          ? Effect.fail(broken)
          : Effect.as(
              Effect.addFinalizer(() => Effect.sync(() => gone.push(made))),
              ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: `made-${made}` })) })
            )
      )
      return Effect.gen(function* () {
        const scope = yield* Scope.make()
        const providers = yield* Scope.extend(ApiKeyProviders.make({ providers: { lazy: building } }), scope)
        expect(made).toBe(0)
        const lazy = yield* providers.get("lazy")
        expect(yield* Effect.flip(lazy.get)).toBe(broken)
        expect(secretOf(yield* lazy.get)).toBe("made-2")
        expect(secretOf(yield* lazy.get)).toBe("made-2")
        yield* Scope.close(scope, Exit.void)
        expect(gone).toEqual([2])
        expect((yield* Effect.flip(lazy.get))._tag).toBe("ProviderClosed")
      }).pipe(Effect.provide(programs.layer))
    }
  )

  it.scoped("what is let go is closed at once, not with the registry", () => {
    const gone: Array<string> = []
    const made = (id: string) =>
      Effect.as(
        Effect.addFinalizer(() => Effect.sync(() => gone.push(id))),
        ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: id })) })
      )
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({ providers: { idle: made("idle"), busy: made("busy") } })
      yield* keyOf(providers, "idle")
      yield* TestClock.adjust("30 minutes")
      yield* keyOf(providers, "busy")
      yield* TestClock.adjust("30 minutes")
      yield* keyOf(providers, "busy")
      expect(gone).toEqual(["idle"])
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  const fixed = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "fixed" })) })
  const ended = (end: Effect.Effect<void>) =>
    Effect.as(
      Effect.addFinalizer(() => end),
      fixed
    )
  const bad: Readonly<Record<string, ApiKeyProviders.Entry>> = {
    "an end with a defect": ended(Effect.die("a defect that says sk-printed")),
    "an end that takes for ever": ended(Effect.never),
    "a status with a defect": Effect.succeed({ ...fixed, status: Effect.die("a defect that says sk-printed") }),
    "a status that never comes": Effect.succeed({ ...fixed, status: Effect.never })
  }
  it.effect.each(Object.keys(bad))("%s, of one that is closed, does not affect another", (what) => {
    const gone: Array<string> = []
    const observed = observe()
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const providers = yield* Scope.extend(
        ApiKeyProviders.make({
          providers: {
            bad: bad[what] ?? fixed,
            idle: ended(Effect.sync(() => gone.push("idle"))),
            busy: ended(Effect.void)
          }
        }),
        scope
      )
      for (const id of providers.ids) yield* keyOf(providers, id)
      yield* TestClock.adjust("2 hours")
      expect(yield* keyOf(providers, "busy")).toBe("fixed")
      yield* TestClock.adjust("2 hours")
      expect(yield* keyOf(providers, "busy")).toBe("fixed")
      expect(gone).toEqual(["idle"])
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      expect(closing.unsafePoll() === null).toBe(what === "an end that takes for ever")
      expect(observed.logs.some(({ text }) => text.includes("failed to close"))).toBe(what.endsWith("with a defect"))
      expect(JSON.stringify(observed.logs)).not.toContain("sk-printed")
    }).pipe(Effect.provide(fakePrograms().layer), Effect.provide(observed.layer))
  })

  it.scoped("one that takes time to be made is made once, whoever comes meanwhile", () => {
    let made = 0
    return Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const slow = Effect.zipRight(
        Effect.sync(() => {
          made++
        }),
        Effect.as(Deferred.await(gate), fixed)
      )
      const providers = yield* ApiKeyProviders.make({ providers: { slow } })
      const asking = yield* Effect.fork(
        Effect.all(Array_.replicate(keyOf(providers, "slow"), 3), { concurrency: "unbounded" })
      )
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(asking)).toEqual(["fixed", "fixed", "fixed"])
      expect(made).toBe(1)
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  it.scoped("what the making of one has opened is closed when the making fails, not with the registry", () => {
    const gone: Array<string> = []
    const broken = new EmptyOutput({ command: "helper", stderr: "" })
    return Effect.gen(function* () {
      const half = Effect.zipRight(
        Effect.addFinalizer(() => Effect.sync(() => gone.push("half"))),
        Effect.fail(broken)
      )
      const providers = yield* ApiKeyProviders.make({ providers: { half } })
      expect(yield* Effect.flip(keyOf(providers, "half"))).toBe(broken)
      expect(gone).toEqual(["half"])
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  it.scoped("who asks for one that is being let go waits for its end: there is one at a time", () => {
    const log: Array<string> = []
    return Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const one = Effect.sync(() => log.push("made")).pipe(
        Effect.zipRight(
          Effect.addFinalizer(() =>
            Effect.zipRight(
              Deferred.await(gate),
              Effect.sync(() => log.push("gone"))
            )
          )
        ),
        Effect.as(fixed)
      )
      const providers = yield* ApiKeyProviders.make({ providers: { one, busy: fixed } })
      yield* keyOf(providers, "one")
      yield* TestClock.adjust("2 hours")
      const waiter = yield* Effect.fork(keyOf(providers, "one"))
      yield* settle
      expect(log).toEqual(["made"])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(waiter)).toBe("fixed")
      expect(log).toEqual(["made", "gone", "made"])
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  it.scoped("`changes` of one that cannot be made says why", () => {
    const broken = new EmptyOutput({ command: "helper", stderr: "" })
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({ providers: { lazy: Effect.fail(broken) } })
      const lazy = yield* providers.get("lazy")
      const [status] = yield* Stream.runCollect(lazy.changes)
      expect(status).toMatchObject({ provider: "lazy", state: "failing", lastFailure: Option.some(broken) })
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  it.scoped("a provider whose run is on is not let go, however long it takes and whoever waits", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const fixed = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "fixed" })) })
      const providers = yield* ApiKeyProviders.make({
        providers: {
          slow: { ...command("slow"), timeout: "1 day", timeToLive: Duration.infinity },
          busy: Effect.succeed(fixed)
        },
        idleTimeToLive: "1 minute"
      })
      const slow = yield* providers.get("slow")
      yield* slow.get
      const gate = yield* Deferred.make<void>()
      programs.hold(Deferred.await(gate))
      // Open already, so the wait pins nothing: the run itself is what keeps it.
      const waiter = yield* Effect.fork(slow.refresh)
      yield* settle
      yield* TestClock.adjust("5 minutes")
      yield* keyOf(providers, "busy")
      yield* Deferred.succeed(gate, undefined)
      expect(secretOf(yield* Fiber.join(waiter))).toBe("slow#2")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("what configuration lets several share lives as long as one of them is in use, and no longer", () => {
    const programs = fakePrograms()
    const said = (name: string) => JSON.stringify({ argv: ["/nowhere/helper", name], timeToLive: "Infinity" })
    const env = new Map([
      ["A_API_KEY_COMMAND", said("shared")],
      ["B_API_KEY_COMMAND", said("shared")],
      ["C_API_KEY_COMMAND", said("own")]
    ])
    const ids = { a: ApiKeySource.config("a"), b: ApiKeySource.config("b"), c: ApiKeySource.config("c") }
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.ApiKeyProviders
      expect([yield* keyOf(providers, "a"), yield* keyOf(providers, "b")]).toEqual(["shared#1", "shared#1"])
      yield* TestClock.adjust("6 minutes")
      yield* keyOf(providers, "b")
      yield* TestClock.adjust("6 minutes")
      expect(yield* keyOf(providers, "c")).toBe("own#2")
      expect(yield* keyOf(providers, "a"), "b has it still").toBe("shared#1")
      yield* TestClock.adjust("11 minutes")
      expect(yield* keyOf(providers, "c"), "idle as the others").toBe("own#3")
      expect(yield* keyOf(providers, "a")).toBe("shared#4")
    }).pipe(
      Effect.provide(ApiKeyProviders.layerConfig(ids, { idleTimeToLive: "10 minutes" })),
      Effect.provide(programs.layer),
      Effect.withConfigProvider(ConfigProvider.fromMap(env))
    )
  })

  it.scoped("after a step of the clock backward the sweeps go on: the next one is not as far off as the step", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      yield* TestClock.setTime(86_400_000)
      const options = { timeToLive: Duration.infinity }
      const providers = yield* ApiKeyProviders.make({
        providers: { a: { ...command("a"), ...options }, b: { ...command("b"), ...options } },
        idleTimeToLive: "10 minutes"
      })
      yield* keyOf(providers, "a")
      yield* keyOf(providers, "b")
      yield* TestClock.setTime(0)
      // Never idle for long itself, so that no use of it is a reason to sweep.
      for (let minute = 0; minute < 16; minute++) {
        yield* keyOf(providers, "b")
        yield* TestClock.adjust("1 minute")
      }
      const a = yield* providers.get("a")
      expect((yield* a.status).state).toBe("empty")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("what is prefetched is there at its first use, whoever uses the registry before: one run", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const providers = yield* ApiKeyProviders.make({
        providers: { a: { ...command("a"), prefetch: true }, b: command("b") }
      })
      const a = yield* providers.get("a")
      yield* Effect.repeat(Effect.zipLeft(a.status, Effect.yieldNow()), { until: ({ state }) => state === "fresh" })
      expect(yield* keyOf(providers, "b")).toBe("b#2")
      expect(yield* keyOf(providers, "a")).toBe("a#1")
    }).pipe(Effect.provide(programs.layer))
  })

  /** As plain JavaScript may say it. */
  const noTimes: ReadonlyArray<unknown> = [0, -1, Number.NaN, "abc", "Infinity"]
  it.scoped.each(noTimes)("an idle time to live of %s is ConfigInvalid at each get, and nothing is run", (time) => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const options: ApiKeyProviders.Options = { providers: { a: { ...command("a"), prefetch: true } } }
      Reflect.set(options, "idleTimeToLive", time)
      const providers = yield* ApiKeyProviders.make(options)
      const error = yield* Effect.flip(keyOf(providers, "a"))
      expect([error._tag, error.message]).toEqual(["ConfigInvalid", "code: `idleTimeToLive` is not a duration above 0"])
      expect(programs.started).toEqual([])
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("with an infinite idle time to live none is let go", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      const providers = yield* ApiKeyProviders.make({
        providers: { a: { ...command("a"), timeToLive: Duration.infinity }, b: command("b") },
        idleTimeToLive: Duration.infinity
      })
      yield* keyOf(providers, "a")
      yield* TestClock.adjust("10000 days")
      yield* keyOf(providers, "b")
      expect(yield* keyOf(providers, "a")).toBe("a#1")
    }).pipe(Effect.provide(programs.layer))
  })

  it.scoped("closing the registry stops what is being made, and who waits for it is told ProviderClosed", () => {
    const gone: Array<string> = []
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const making = yield* Deferred.make<void>()
      const lazy = Effect.addFinalizer(() => Effect.sync(() => gone.push("lazy"))).pipe(
        Effect.zipRight(Deferred.succeed(making, undefined)),
        Effect.zipRight(Effect.never)
      )
      const providers = yield* Scope.extend(ApiKeyProviders.make({ providers: { lazy } }), scope)
      const waiter = yield* Effect.fork(keyOf(providers, "lazy"))
      yield* Deferred.await(making)
      yield* Scope.close(scope, Exit.void)
      expect((yield* Effect.flip(Fiber.join(waiter)))._tag).toBe("ProviderClosed")
      expect(gone).toEqual(["lazy"])
    }).pipe(Effect.provide(fakePrograms().layer))
  })

  it.scoped(
    "one that is made although the registry has closed meanwhile is ProviderClosed, then and afterwards",
    () => {
      const gone: Array<string> = []
      return Effect.gen(function* () {
        const scope = yield* Scope.make()
        const gate = yield* Deferred.make<void>()
        const lazy = Deferred.await(gate).pipe(
          Effect.zipRight(Effect.addFinalizer(() => Effect.sync(() => gone.push("lazy")))),
          Effect.as(ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "k" })) })),
          Effect.uninterruptible
        )
        const providers = yield* Scope.extend(ApiKeyProviders.make({ providers: { lazy } }), scope)
        const waiter = yield* Effect.fork(keyOf(providers, "lazy"))
        yield* settle
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        expect((yield* Effect.flip(Fiber.join(waiter)))._tag).toBe("ProviderClosed")
        yield* Fiber.join(closing)
        expect((yield* Effect.flip(keyOf(providers, "lazy")))._tag).toBe("ProviderClosed")
        expect(gone).toEqual(["lazy"])
      }).pipe(Effect.provide(fakePrograms().layer))
    }
  )

  it.scoped("while the registry closes, what it ends is not used any more", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const gate = yield* Deferred.make<void>()
      const slow = Effect.as(
        Effect.addFinalizer(() => Deferred.await(gate)),
        ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "k" })) })
      )
      const providers = yield* Scope.extend(ApiKeyProviders.make({ providers: { slow } }), scope)
      yield* keyOf(providers, "slow")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      expect((yield* Effect.flip(keyOf(providers, "slow")))._tag).toBe("ProviderClosed")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
    }).pipe(Effect.provide(fakePrograms().layer))
  )

  it.scoped("closing the registry stops the runs of all", () => {
    const programs = fakePrograms()
    return Effect.gen(function* () {
      programs.hold(Effect.never)
      const scope = yield* Scope.make()
      const providers = yield* Scope.extend(
        ApiKeyProviders.make({ providers: { a: command("a"), b: command("b") } }),
        scope
      )
      const waiters = yield* Effect.all([Effect.fork(keyOf(providers, "a")), Effect.fork(keyOf(providers, "b"))])
      yield* settle
      yield* Scope.close(scope, Exit.void)
      for (const waiter of waiters) expect((yield* Effect.flip(Fiber.join(waiter)))._tag).toBe("ProviderClosed")
    }).pipe(Effect.provide(programs.layer))
  })
})

describe("eraseOnReject: erase", () => {
  it.scoped(
    "the helper is told once to forget a refused key, before the run that asks for another, and at no other",
    () => {
      const printsPair = (secret: string) =>
        printsKey(`protocol=https\nhost=h.example\nusername=u\npassword=${secret}\n`)
      const helper = fake(({ args }, index) =>
        Effect.succeed(args.includes("fill") && index === 2 ? { exitCode: Effect.succeed(1) } : printsPair(`p${index}`))
      )
      return Effect.gen(function* () {
        const provider = yield* ApiKeyProvider.fromCommand({
          argv: ["git", "credential", "fill"],
          format: { name: "git-credential", url: "https://h.example" },
          eraseOnReject: true,
          retry: Schedule.recurs(0)
        })
        yield* provider.reject(yield* provider.get)
        expect(Exit.isFailure(yield* Effect.exit(provider.get))).toBe(true)
        yield* provider.refresh
        yield* provider.refresh
        expect(helper.starts.map(({ args }) => args.at(-1))).toEqual(["fill", "reject", "fill", "fill", "fill"])
      }).pipe(Effect.provide(helper.layer))
    }
  )
})

describe("who happens to ask first", () => {
  const shaped = (program: string): ApiKeyProvider.CommandOptions => ({
    provider: "a",
    argv: [program],
    timeToLive: "100 seconds",
    retry: Schedule.recurs(0)
  })
  const said = (program: string) => JSON.stringify({ argv: [program], retries: 0, timeToLive: "100 seconds" })
  const ways: ReadonlyArray<[string, string, ReturnType<typeof ApiKeyProviders.layerConfig>]> = [
    ["a command", "first-command", ApiKeyProviders.layer({ providers: { a: shaped("first-command") } })],
    [
      "one made at its first use",
      "first-made",
      ApiKeyProviders.layer({ providers: { a: ApiKeyProvider.fromCommand(shaped("first-made")) } })
    ],
    [
      "configuration, shared",
      "first-shared",
      ApiKeyProviders.layerConfig({ a: ApiKeySource.config("a"), b: ApiKeySource.config("b") })
    ]
  ]
  it.scoped.each(ways)("leaves no log annotation, tag, log level or tracer to later runs: %s", ([, program, keys]) => {
    const helper = fake((_, index) =>
      Effect.succeed(index === 0 ? printsKey("sk-1") : { exitCode: Effect.succeed(75) })
    )
    const observed = observe()
    const lines: Array<string> = []
    const logger = Logger.make(({ annotations, message }) => {
      lines.push(`${Array_.ensure(message).join(" ")} ${Array.from(HashMap.keys(annotations)).join(" ")}`)
    })
    const env = new Map(["A", "B"].map((id) => [`${id}_API_KEY_COMMAND`, said(program)]))
    return Effect.gen(function* () {
      const { get } = yield* Effect.flatMap(ApiKeyProviders.ApiKeyProviders, (providers) => providers.get("a"))
      yield* get.pipe(
        Effect.annotateLogs("request", "first"),
        Effect.tagMetrics("user", "first"),
        Logger.withMinimumLogLevel(LogLevel.None),
        Effect.withTracerEnabled(false)
      )
      yield* TestClock.adjust("99 seconds")
      yield* get
      yield* settle
      expect(lines).toEqual([expect.stringMatching(/^a.*: a refresh failed; the current key is still used: .* error$/)])
      expect(observed.spans.filter(({ name }) => name === "effect-apikey.run").length).toBe(helper.starts.length)
      const tags = (yield* Metric.snapshot).flatMap(({ metricKey }) => {
        const own = metricKey.tags.map(({ key, value }) => `${key}=${value}`)
        return metricKey.name === "effect_apikey_runs_total" && own.includes(`program=${program}`) ? [own.sort()] : []
      })
      expect(tags.sort()).toEqual([
        ["outcome=NonZeroExit", `program=${program}`],
        ["outcome=success", `program=${program}`]
      ])
    }).pipe(
      Effect.provide(keys),
      Effect.provide(helper.layer),
      Effect.withConfigProvider(ConfigProvider.fromMap(env)),
      Effect.provide(Layer.merge(observed.layer, Logger.add(logger)))
    )
  })
})
