import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as CredentialHelper from "../../src/CredentialHelper.js"
import type { FormatSpec } from "../../src/formats/table.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import { programName, shownPath } from "../../src/internal/redact/programName.js"
import { RedactedText } from "../../src/internal/redact/redact.js"
import { type Behaviour, fake, printsKey, systemError, text } from "../support/fakeExecutor.js"
import { observe } from "../support/observe.js"
import { eventually, isAlive } from "../support/processes.js"
import { request } from "../support/runs.js"

type Needs = HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path

const key = "sk-the-key-0123456789abcdef"

/** What stdout held. */
const run = (
  options: Partial<CredentialHelper.Options> = {},
  asked: Partial<CredentialHelper.Request> = {}
): Effect.Effect<string, ApiKeyError, Needs> =>
  Effect.map(
    CredentialHelper.run({ argv: ["get-key", "argument"], ...options }, { ...request, ...asked }),
    ({ stdout }) => new TextDecoder().decode(Redacted.value(stdout))
  )

const never: Behaviour = { exitCode: Effect.never, stdout: Stream.never, stderr: Stream.never }
const ends = (exitCode: number, stderr = ""): Behaviour => ({
  exitCode: Effect.succeed(exitCode),
  stderr: text(stderr)
})
const always = (behaviour: Behaviour, options?: { readonly terminal?: boolean }) =>
  fake(() => Effect.succeed(behaviour), options)

const manyTurns = 300

/** Lets the other fibers go on until it holds, or until they must have had enough. */
const turnsUntil = (holds: () => boolean): Effect.Effect<void> =>
  Effect.iterate(0, {
    while: (turn) => turn < manyTurns && !holds(),
    body: (turn) => Effect.as(Effect.yieldNow(), turn + 1)
  })

/** Turns the clock in steps until the fiber has ended. */
const turnThrough = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, step: Duration.DurationInput): Effect.Effect<A, E> =>
  Effect.flatMap(fiber.poll, (exit) =>
    Option.isSome(exit)
      ? Fiber.join(fiber)
      : Effect.zipRight(
          TestClock.adjust(step),
          Effect.suspend(() => turnThrough(fiber, step))
        )
  )

/** Starts it and turns the clock; what has come of it by then. */
const after = <R>(
  self: Effect.Effect<string, ApiKeyError, R>,
  ...steps: ReadonlyArray<Duration.DurationInput>
): Effect.Effect<Option.Option<Either.Either<string, ApiKeyError>>, never, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.either(self))
    yield* turnsUntil(() => false)
    for (const step of steps)
      yield* Effect.zipRight(
        TestClock.adjust(step),
        turnsUntil(() => false)
      )
    const polled = yield* fiber.poll
    return yield* Effect.transposeOption(polled)
  })

const failedWith = (
  outcome: Option.Option<Either.Either<string, ApiKeyError>>,
  expected: Partial<ApiKeyError> & { readonly _tag: ApiKeyError["_tag"] }
): void => {
  assert.isTrue(Option.isSome(outcome), "it has ended")
  assert.include(Option.getOrThrow(Option.flatMap(outcome, Either.getLeft)), expected)
}

const gave = (outcome: Option.Option<Either.Either<string, ApiKeyError>>, expected: string): void => {
  assert.deepStrictEqual(Option.flatMap(outcome, Either.getRight), Option.some(expected))
}

const unfinished = (outcome: Option.Option<unknown>): void => assert.isTrue(Option.isNone(outcome), "it goes on")

describe("time", () => {
  it.effect("one budget of 30 s by default; then SIGTERM, and after 500 ms SIGKILL", () => {
    const helper = always({ ...never, kill: (signal) => (signal === "SIGKILL" ? Effect.void : Effect.never) })
    return Effect.gen(function* () {
      unfinished(yield* after(run(), "29 seconds"))
      const outcome = yield* after(run(), "30 seconds", "499 millis")
      unfinished(outcome)
      assert.deepStrictEqual(helper.signals, [
        { signal: "SIGTERM", at: 30_000 },
        { signal: "SIGKILL", at: 30_500 },
        { signal: "SIGTERM", at: 59_000 }
      ])
      failedWith(yield* after(run({ timeout: "1 second" }), "1 second", "500 millis"), {
        _tag: "CommandTimeout",
        phase: "running"
      })
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("the caller has its answer at budget + 1 s, even if the executor never lets go", () => {
    const letGo = Deferred.unsafeMake<void>(FiberId.none)
    const helper = always({ ...never, kill: () => Effect.never, release: Deferred.await(letGo) })
    return Effect.gen(function* () {
      failedWith(yield* after(run({ timeout: "5 seconds" }), "5 seconds", "500 millis", "500 millis"), {
        _tag: "CommandTimeout",
        phase: "running"
      })
      yield* Deferred.succeed(letGo, undefined)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("so has a caller that is interrupted", () => {
    const letGo = Deferred.unsafeMake<void>(FiberId.none)
    const helper = always({ ...never, kill: () => Effect.never, release: Deferred.await(letGo) })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(run())
      yield* TestClock.adjust("1 second")
      const interrupted = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("500 millis")
      yield* TestClock.adjust("500 millis")
      assert.isTrue(Option.isSome(yield* interrupted.poll))
      assert.deepStrictEqual(
        helper.signals.map(({ signal }) => signal),
        ["SIGTERM", "SIGKILL"]
      )
      yield* Deferred.succeed(letGo, undefined)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("the budget counts the wait for a place, and the phase says so", () =>
    Effect.gen(function* () {
      const busy = always(never)
      const fibers = yield* Effect.forEach(Array.from({ length: 64 }), (_, index) =>
        Effect.fork(Effect.provide(run({ timeout: "10 minutes" }, { provider: `busy-${index % 4}` }), busy.layer))
      )
      yield* turnsUntil(() => busy.running.now === 64)
      assert.strictEqual(busy.running.now, 64)
      const late = always(printsKey(key))
      const outcome = yield* after(Effect.provide(run({ timeout: "2 seconds" }), late.layer), "2 seconds", "1 second")
      failedWith(outcome, { _tag: "CommandTimeout", phase: "queued" })
      assert.deepStrictEqual(late.starts, [])
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(busy.running.now, 0)
      assert.strictEqual(yield* Effect.provide(run(), late.layer), key)
    })
  )

  it.effect("a provider has at most 16 runs at once, so that one that hangs does not take all slots", () =>
    Effect.gen(function* () {
      const hanging = always(never)
      const fibers = yield* Effect.forEach(Array.from({ length: 64 }), () =>
        Effect.fork(Effect.provide(run({ timeout: "10 minutes" }, { provider: "hanging" }), hanging.layer))
      )
      yield* turnsUntil(() => hanging.running.now === 16)
      const healthy = always(printsKey(key))
      assert.strictEqual(yield* Effect.provide(run({}, { provider: "healthy" }), healthy.layer), key)
      // Providers without a name share one; another program of theirs has slots of its own.
      const other = run({ argv: ["another-helper"] }, { provider: "hanging" })
      assert.strictEqual(yield* Effect.provide(other, healthy.layer), key)
      assert.strictEqual(hanging.running.most, 16)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(hanging.running.now, 0)
      assert.strictEqual(yield* Effect.provide(run({}, { provider: "hanging" }), healthy.layer), key)
    })
  )

  it.effect("runs that may prompt have 8 slots of their own, and take none of the others", () =>
    Effect.gen(function* () {
      const prompting = always(never)
      const healthy = always(printsKey(key))
      const asks = { argv: ["sh", "-c", "op read op://a/b/c"] }
      const fibers = yield* Effect.forEach(Array.from({ length: 70 }), (_, index) =>
        Effect.fork(Effect.provide(run({ ...asks, timeout: "10 minutes" }, { provider: `p${index}` }), prompting.layer))
      )
      yield* turnsUntil(() => prompting.running.now === 8)
      assert.strictEqual(yield* Effect.provide(run(), healthy.layer), key)
      const busy = always(never)
      const others = yield* Effect.forEach(Array.from({ length: 64 }), (_, index) =>
        Effect.fork(Effect.provide(run({ timeout: "10 minutes" }, { provider: `busy-${index % 4}` }), busy.layer))
      )
      yield* turnsUntil(() => busy.running.now === 64)
      assert.strictEqual(busy.running.now, 64)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(yield* Effect.provide(run(asks), healthy.layer), key)
      assert.strictEqual(prompting.running.most, 8)
      yield* Fiber.interruptAll(others)
    })
  )

  it.effect("the budget counts the delays between tries", () => {
    const helper = always(ends(75))
    return Effect.gen(function* () {
      const options = { timeout: "5 seconds", retry: Schedule.spaced("1 minute") } as const
      failedWith(yield* after(run(options), "5 seconds"), { _tag: "CommandTimeout", phase: "queued" })
      assert.strictEqual(helper.starts.length, 1)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a run that ends while its pipes are drained says that", () => {
    const helper = always({ exitCode: Effect.delay(Effect.succeed(0), "950 millis"), stdout: Stream.never })
    return Effect.gen(function* () {
      failedWith(yield* after(run({ timeout: "1 second" }), "950 millis", "50 millis", "1 second"), {
        _tag: "CommandTimeout",
        phase: "draining"
      })
      assert.strictEqual(helper.signals[0]?.signal, "SIGTERM")
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("after the exit a held pipe has 200 ms; what was read counts, and nothing is killed", () => {
    const helper = always({ exitCode: Effect.succeed(0), stdout: Stream.concat(text(key), Stream.never) })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(run())
      yield* TestClock.adjust("199 millis")
      assert.isTrue(Option.isNone(yield* fiber.poll))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), key)
      assert.deepStrictEqual(helper.signals, [])
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("after a failure what the helper left is stopped", () => {
    const helper = always({ exitCode: Effect.succeed(3), stdout: Stream.never })
    return Effect.gen(function* () {
      failedWith(yield* after(run(), "200 millis"), { _tag: "NonZeroExit", exitCode: 3 })
      assert.deepStrictEqual(helper.signals, [{ signal: "SIGTERM", at: 200 }])
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a time that is none is the configuration's fault, and nothing is started", () => {
    const helper = always(printsKey(key))
    return Effect.gen(function* () {
      for (const timeout of [0, -1, Number.POSITIVE_INFINITY, Number.NaN, "-5 seconds"] as const) {
        failedWith(Option.some(yield* Effect.either(run({ timeout: timeout === "-5 seconds" ? -5_000 : timeout }))), {
          _tag: "ConfigInvalid"
        })
      }
      for (const command of [[], [""], ["  "]]) {
        failedWith(Option.some(yield* Effect.either(run({ argv: command }))), { _tag: "ConfigInvalid" })
      }
      assert.deepStrictEqual(helper.starts, [])
    }).pipe(Effect.provide(helper.layer))
  })
})

describe("options from callers without types", () => {
  const wrong: ReadonlyArray<readonly [option: string, value: unknown]> = [
    ["env", { A: 48_151_623 }],
    ["env", null],
    ["env", { "A=48151623": "1" }],
    ["cwd", 48_151_623],
    ["program", 48_151_623],
    ["retry", 48_151_623],
    ["inheritEnv", "48151623"],
    ["interactive", "alway48151623"],
    ["path", "48151623"]
  ]
  for (const [option, value] of wrong) {
    it.effect(`${option}: ${typeof value} that it does not take is ConfigInvalid, which names it and no value`, () => {
      const helper = always(printsKey(key), { terminal: true })
      return Effect.gen(function* () {
        const error = yield* Effect.flip(run(Object.fromEntries([[option, value]])))
        assert.strictEqual(error._tag, "ConfigInvalid")
        assert.include(error.message, `\`${option}\``)
        assert.notInclude(JSON.stringify(error), "48151623")
        assert.deepStrictEqual(helper.starts, [])
      }).pipe(Effect.provide(helper.layer))
    })
  }
})

describe("a polluted Object.prototype", () => {
  const polluted =
    (properties: Readonly<Record<string, unknown>>) => (effect: Effect.Effect<string, ApiKeyError, Needs>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          for (const [name, value] of Object.entries(properties)) {
            Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
          }
        }),
        () => effect,
        () =>
          Effect.sync(() => {
            for (const name of Object.keys(properties)) Reflect.deleteProperty(Object.prototype, name)
          })
      )

  for (const properties of [
    { program: "/tmp/another-program" },
    { env: { PATH: "/tmp/elsewhere", ADDED: "1" } },
    { inheritEnv: false },
    { cwd: "/nowhere" },
    { input: "something", before: Effect.dieMessage("it ran") },
    { timeout: -1, retry: "never", search: "everywhere", interactive: "always" }
  ]) {
    it.effect(`changes nothing: ${Object.keys(properties).join(", ")}`, () => {
      const helper = always(printsKey(key))
      const plain = always(printsKey(key))
      return Effect.gen(function* () {
        assert.strictEqual(yield* run().pipe(polluted(properties), Effect.provide(helper.layer)), key)
        assert.strictEqual(yield* Effect.provide(run(), plain.layer), key)
        const [{ at: _, ...first } = { at: 0 }] = helper.starts
        const [{ at: __, ...second } = { at: 0 }] = plain.starts
        assert.deepStrictEqual(first, second)
      })
    })
  }
})

describe("stderr of one endless line", () => {
  it.effect("keeps its end, and of a secret that the cut went through nothing", () => {
    const piece = "word ".repeat(13_107)
    const end = "the reason"
    const helper = always({
      exitCode: Effect.succeed(1),
      stderr: Stream.make("x".repeat(30_000), `${key.slice(0, 9)}`, key.slice(9) + piece, end).pipe(Stream.encodeText)
    })
    return Effect.gen(function* () {
      const error = yield* Effect.flip(run({ argv: ["get-key", key] }))
      const stderr = "stderr" in error ? error.stderr : ""
      assert.isTrue(stderr.endsWith(`word ${end}`))
      assert.isAtMost(stderr.length, 4_096)
      assert.isAtLeast(stderr.length, 4_000)
      assert.notInclude(stderr, key.slice(-4))
    }).pipe(Effect.provide(helper.layer))
  })
})

describe("variables whose names say that they are secret", () => {
  const said = (variables: Readonly<Record<string, string>>, options: Partial<CredentialHelper.Options> = {}) => {
    const helper = always(ends(1, Object.values(variables).join(" ")))
    return Effect.acquireUseRelease(
      Effect.sync(() => Object.assign(process.env, variables)),
      () => Effect.map(Effect.flip(run(options)), (error) => ("stderr" in error ? error.stderr : "")),
      () => Effect.forEach(Object.keys(variables), (name) => Effect.sync(() => delete process.env[name]))
    ).pipe(Effect.provide(helper.layer))
  }

  it.effect("are not shown when the helper repeats them, however short they are", () =>
    Effect.gen(function* () {
      const variables = { CI_TOKEN: "hunter2", CI_OAUTH: "hunter22", AUTHORIZATION: "hunter-3" }
      assert.strictEqual(yield* said(variables), "<redacted> <redacted> <redacted>")
      const listed = yield* said(variables, { inheritEnv: Object.keys(variables) })
      assert.strictEqual(listed, "<redacted> <redacted> <redacted>")
    })
  )

  it.effect("are not those that name a place or a person, which people need to read", () => {
    const variables = {
      SSH_AUTH_SOCK: "/tmp/agent.1",
      XAUTHORITY: "/home/.Xauthority",
      VAULT_TOKEN_PATH: "/etc/vault",
      AWS_WEB_IDENTITY_TOKEN_FILE: "/run/aws-web",
      GOOGLE_APPLICATION_CREDENTIALS: "/etc/google.json",
      GIT_AUTHOR_NAME: "Somebody"
    }
    const everything = Object.values(variables).join(" ")
    return Effect.gen(function* () {
      for (const inheritEnv of [true, Object.keys(variables)]) {
        assert.strictEqual(yield* said(variables, { inheritEnv }), everything)
      }
    })
  })
})

describe("what was said on stdin", () => {
  it.effect("is not shown when the helper repeats it, however short", () => {
    const helper = always(ends(1, "said hunter2"))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(run({}, { input: "username=me\npassword=hunter2\n" }))
      assert.include(error, { _tag: "NonZeroExit", stderr: RedactedText("said <redacted>") })
    }).pipe(Effect.provide(helper.layer))
  })
})

describe("retry", () => {
  it.effect("two more tries after a transient error, from 200 ms, doubling, jittered", () => {
    const helper = always(ends(75))
    return Effect.gen(function* () {
      failedWith(yield* after(run(), "240 millis", "480 millis"), {
        _tag: "NonZeroExit",
        exitCode: 75,
        reason: "Unavailable"
      })
      const [first = 0, second = 0, third = 0] = helper.starts.map(({ at }) => at)
      assert.strictEqual(helper.starts.length, 3)
      assert.isAtLeast(second - first, 160)
      assert.isAtMost(second - first, 240)
      assert.isAtLeast(third - second, 320)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a later try may succeed", () => {
    const helper = fake((_, index) => Effect.succeed(index === 0 ? ends(75) : printsKey(key)))
    return Effect.gen(function* () {
      gave(yield* after(run(), "240 millis"), key)
      assert.strictEqual(helper.starts.length, 2)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a caller's schedule takes its place, within the budget", () => {
    const helper = always(ends(75))
    return Effect.gen(function* () {
      failedWith(yield* after(run({ retry: Schedule.recurs(4) })), { _tag: "NonZeroExit" })
      assert.strictEqual(helper.starts.length, 5)
      const forEver = run({ retry: Schedule.spaced("1 second"), timeout: "10 seconds" })
      failedWith(yield* after(forEver, ...Array.from({ length: 11 }, () => "1 second" as const)), {
        _tag: "CommandTimeout"
      })
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("nothing else is tried again, a timeout least of all", () => {
    const behaviours: ReadonlyArray<Behaviour> = [never, ends(1), ends(255), { ...printsKey("x".repeat(70_000)) }]
    return Effect.forEach(behaviours, (behaviour) => {
      const helper = always(behaviour)
      return Effect.gen(function* () {
        yield* after(run({ timeout: "2 seconds" }), "2 seconds", "1 minute")
        assert.strictEqual(helper.starts.length, 1)
      }).pipe(Effect.provide(helper.layer))
    })
  })

  it.effect("a person is never asked twice, whatever the schedule", () => {
    const prompting = always(ends(75))
    const onTerminal = always(ends(75), { terminal: true })
    return Effect.gen(function* () {
      const op = run({ argv: ["op", "read", "op://x"], retry: Schedule.recurs(5) })
      failedWith(yield* after(Effect.provide(op, prompting.layer), "1 minute"), { _tag: "NonZeroExit" })
      const asking = run({ interactive: "always", retry: Schedule.recurs(5) })
      failedWith(yield* after(Effect.provide(asking, onTerminal.layer), "1 minute"), { _tag: "NonZeroExit" })
      assert.deepStrictEqual([prompting.starts.length, onTerminal.starts.length], [1, 1])
    })
  })

  it.effect("a start that failed has asked nobody", () => {
    const helper = fake((_, index) =>
      index === 0 ? Effect.fail(systemError("EAGAIN")) : Effect.succeed(printsKey(key))
    )
    return Effect.gen(function* () {
      gave(yield* after(run({ argv: ["op", "read", "op://x"] }), "240 millis"), key)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("helpers that may prompt have 2 min", () =>
    Effect.gen(function* () {
      const prompting = always(never)
      const op = Effect.provide(run({ argv: ["op", "read", "op://x"] }), prompting.layer)
      unfinished(yield* after(op, "119 seconds"))
      const onTerminal = always(never, { terminal: true })
      const outcome = yield* after(
        Effect.provide(run({ interactive: "always" }), onTerminal.layer),
        "119 seconds",
        "1 second",
        "1 second"
      )
      failedWith(outcome, { _tag: "CommandTimeout" })
      assert.strictEqual(prompting.signals[0]?.at, 120_000)
    })
  )
})

describe("at once", () => {
  it.effect(
    "at most 64 run, the others queue and none fails",
    () => {
      const helper = always({ ...printsKey(key), exitCode: Effect.delay(Effect.succeed(0), "100 millis") })
      return Effect.gen(function* () {
        const all = yield* Effect.fork(
          Effect.all(
            Array.from({ length: 200 }, (_, index) => run({}, { provider: `provider-${index % 5}` })),
            { concurrency: "unbounded" }
          )
        )
        assert.deepStrictEqual(new Set(yield* turnThrough(all, "100 millis")), new Set([key]))
        assert.strictEqual(helper.running.most, 64)
      }).pipe(Effect.provide(helper.layer))
    },
    120_000
  )

  it.effect("where the system has room for three, the others wait for one of them to end", () => {
    const room = 3
    const helper = fake(() =>
      helper.running.now >= room
        ? Effect.fail(systemError("EMFILE"))
        : Effect.succeed({ ...printsKey(key), exitCode: Effect.delay(Effect.succeed(0), "100 millis") })
    )
    return Effect.gen(function* () {
      const all = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 100 }, () => run()),
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(new Set(yield* turnThrough(all, "100 millis")), new Set([key]))
      assert.strictEqual(helper.running.most, room)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("two that end in the same moment make room for two, while a third goes on", () => {
    const exits = Array.from({ length: 3 }, () => Deferred.unsafeMake<number>(FiberId.none))
    const helper = fake((_, index) => {
      if (helper.running.now >= exits.length) return Effect.fail(systemError("EMFILE"))
      const exit = exits[index]
      return Effect.succeed({ exitCode: exit === undefined ? Effect.never : Deferred.await(exit) })
    })
    return Effect.gen(function* () {
      const fibers = yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.fork(run()))
      yield* turnsUntil(() => helper.starts.length === 5)
      for (const exit of exits.slice(1)) Deferred.unsafeDone(exit, Effect.succeed(0))
      yield* turnsUntil(() => helper.starts.length === 7)
      assert.strictEqual(helper.starts.length, 7)
      assert.strictEqual(helper.running.now, 3)
      yield* Fiber.interruptAll(fibers)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("where it has room for none, that is the error after three tries", () => {
    const helper = fake(() => Effect.fail(systemError("EMFILE")))
    return Effect.gen(function* () {
      failedWith(yield* after(run(), "1 second"), { _tag: "SpawnFailed", code: "EMFILE", isTransient: true })
      assert.strictEqual(helper.starts.length, 3)
    }).pipe(Effect.provide(helper.layer))
  })
})

describe("terminal", () => {
  it.effect("never by default: an empty stdin, no word of a person", () => {
    const helper = always(printsKey(key), { terminal: true })
    return Effect.gen(function* () {
      yield* run()
      assert.deepInclude(helper.starts[0], { stdin: "empty", stderr: "pipe" })
      assert.strictEqual(helper.starts[0]?.env["EFFECT_APIKEY_INTERACTIVE"], "0")
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("if there is one, it has stdin and stderr of ours", () => {
    const helper = always(printsKey(key), { terminal: true })
    return Effect.gen(function* () {
      yield* run({ interactive: "if-available" })
      assert.deepInclude(helper.starts[0], { stdin: "inherit", stderr: "inherit" })
      assert.strictEqual(helper.starts[0]?.env["EFFECT_APIKEY_INTERACTIVE"], "1")
      yield* run({ interactive: "always" }, { input: "protocol=https\n\n" })
      assert.deepInclude(helper.starts[1], { stdin: "pipe", stderr: "inherit" })
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("without one, or with another executor, `always` is NoTerminal and nothing is started", () =>
    Effect.forEach([always(printsKey(key), { terminal: false }), always(printsKey(key))], (helper) =>
      Effect.gen(function* () {
        failedWith(yield* after(run({ interactive: "always" })), { _tag: "NoTerminal" })
        assert.deepStrictEqual(helper.starts, [])
        gave(yield* after(run({ interactive: "if-available" })), key)
        assert.deepInclude(helper.starts[0], { stdin: "empty", stderr: "pipe" })
      }).pipe(Effect.provide(helper.layer))
    )
  )

  it.effect("a run that nobody asked for has nobody to ask", () => {
    const helper = always(printsKey(key), { terminal: true })
    return Effect.gen(function* () {
      gave(yield* after(run({ interactive: "if-available" }, { background: true })), key)
      assert.deepInclude(helper.starts[0], { stdin: "empty", stderr: "pipe" })
      failedWith(yield* after(run({ interactive: "always" }, { background: true })), { _tag: "NoTerminal" })
      assert.strictEqual(helper.starts.length, 1)
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("one run at a time has it", () => {
    const helper = always(
      { ...printsKey(key), exitCode: Effect.delay(Effect.succeed(0), "1 second") },
      { terminal: true }
    )
    return Effect.gen(function* () {
      const asking = Array.from({ length: 3 }, () => run({ interactive: "always" }))
      const all = yield* Effect.fork(Effect.all(asking, { concurrency: "unbounded" }))
      yield* turnThrough(all, "1 second")
      assert.strictEqual(helper.running.most, 1)
      assert.deepStrictEqual(
        helper.starts.map(({ at }) => at),
        [0, 1_000, 2_000]
      )
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a child that is killed on it gets a moment first, and a warning names what it may leave", () => {
    const helper = always(never, { terminal: true })
    const observed = observe()
    return Effect.gen(function* () {
      yield* after(run({ interactive: "always", timeout: "5 seconds" }), "5 seconds", "100 millis")
      assert.deepStrictEqual(helper.signals, [{ signal: "SIGTERM", at: 5_100 }])
      const [warning] = observed.logs.filter(({ level }) => level === "WARN")
      assert.include(warning?.text, "get-key was stopped at the terminal")
    }).pipe(Effect.provide(helper.layer), Effect.provide(observed.layer))
  })
})

describe("what stderr says in an error", () => {
  const stderrOf = (stdout: string, stderr: string, options: Partial<CredentialHelper.Options> = {}) => {
    const helper = always({ exitCode: Effect.succeed(1), stdout: text(stdout), stderr: text(stderr) })
    return Effect.gen(function* () {
      const error = yield* Effect.flip(run(options))
      assert(error._tag === "NonZeroExit")
      return error.stderr
    }).pipe(Effect.provide(helper.layer))
  }

  it.effect("is nothing that stdout held, also a secret of no known shape", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stderrOf("winter-melon", "refused: winter-melon"), "refused: <redacted>")
    })
  )

  it.effect("is no value that the caller hands over in `env`", () =>
    Effect.gen(function* () {
      const env = { VAULT: "winter-melon" }
      assert.strictEqual(yield* stderrOf("", "refused: winter-melon", { env }), "refused: <redacted>")
    })
  )
})

describe("a failure that a helper tells on stdout", () => {
  it.effect("shows nothing that the helper was passed, with status 0 as with another", () => {
    const inherited = { CORP_API_TOKEN: "corp-inherited-77" }
    const env = { X: "variable-pass-123" }
    const message = `refused argument-pass-123, ${env.X}, ${inherited.CORP_API_TOKEN} and q9-input`
    const answers: ReadonlyArray<readonly [format: FormatSpec, stdout: string]> = [
      ["auto", JSON.stringify({ version: 1, success: false, code: "7", message })],
      ["google-executable", JSON.stringify({ version: 1, success: false, code: "401", message, id_token: "q9-input" })]
    ]
    return Effect.acquireUseRelease(
      Effect.sync(() => Object.assign(process.env, inherited)),
      () =>
        Effect.forEach(answers, ([format, stdout]) =>
          Effect.forEach([0, 1], (exitCode) => {
            const helper = always({ exitCode: Effect.succeed(exitCode), stdout: text(stdout) })
            return Effect.gen(function* () {
              const provider = yield* ApiKeyProvider.fromCommand({
                argv: ["get-key", "-c", "get with argument-pass-123"],
                env,
                format,
                retry: undefined
              })
              const error = yield* Effect.flip(provider.get)
              assert(error._tag === "NonZeroExit")
              assert.strictEqual(error.exitCode, exitCode)
              if (exitCode === 0 || format !== "auto") assert.include(error.stderr, "<redacted>")
              assert.notMatch(error.stderr, /argument|variable|corp|inherited/)
            }).pipe(Effect.scoped, Effect.provide(helper.layer))
          })
        ),
      () => Effect.sync(() => delete process.env["CORP_API_TOKEN"])
    )
  })
})

it.effect("a time limit that no timer can keep is refused", () => {
  const helper = always(printsKey(key))
  return Effect.forEach(["25 days", "0 seconds", Number.POSITIVE_INFINITY] as const, (timeout) =>
    Effect.map(Effect.flip(run({ timeout })), (error) =>
      assert.strictEqual(error.message, "code: `timeout` is not a duration above 0 and below 24 days")
    )
  ).pipe(Effect.provide(helper.layer))
})

describe("Ctrl-C, which reaches a child on the terminal and us", () => {
  const interrupted = { ...never, exitCode: Effect.fail(systemError("SIGINT")), stdout: Stream.empty }

  for (const [ending, behaviour] of [
    ["by the signal", interrupted],
    ["with a status of its own", ends(130)]
  ] as const) {
    it.effect(`is an interruption, also where the child is seen to end first: ${ending}`, () => {
      const helper = always(behaviour, { terminal: true })
      return Effect.gen(function* () {
        const fiber = yield* Effect.fork(run({ interactive: "always" }))
        yield* turnsUntil(() => helper.starts.length > 0)
        yield* TestClock.adjust("99 millis")
        const exit = yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(exit), String(exit))
      }).pipe(Effect.provide(helper.layer))
    })

    it.effect(`that never reached us is the child's own end after 100 ms: ${ending}`, () => {
      const helper = always(behaviour, { terminal: true })
      return Effect.gen(function* () {
        unfinished(yield* after(run({ interactive: "always" }), "99 millis"))
        const fiber = yield* Effect.fork(Effect.flip(run({ interactive: "always" })))
        const { _tag } = yield* turnThrough(fiber, "100 millis")
        assert.oneOf(_tag, ["CommandKilled", "NonZeroExit"])
      }).pipe(Effect.provide(helper.layer))
    })
  }
})

describe("a slow helper", () => {
  it.effect("says so once, after 10 s, at info: its name and how long", () => {
    const observed = observe()
    const helper = fake(() => Effect.succeed({ ...ends(75), exitCode: Effect.delay(Effect.succeed(75), "12 seconds") }))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.either(run({ timeout: "2 minutes" })))
      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(observed.logs, [])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(observed.logs.length, 1)
      assert.strictEqual(observed.logs[0]?.level, "INFO")
      assert.include(observed.logs[0]?.text, "get-key has been running for 10s")
      assert.notInclude(observed.logs[0]?.text, "argument")
      for (let i = 0; i < 60; i++) yield* TestClock.adjust("1 second")
      assert.strictEqual(helper.starts.length, 3)
      assert.isTrue(Option.isSome(yield* fiber.poll))
      assert.deepStrictEqual(observed.logs.slice(1), [])
    }).pipe(Effect.provide(helper.layer), Effect.provide(observed.layer))
  })

  it.effect("says nothing on the terminal, where the person sees what it waits for", () => {
    const observed = observe()
    const helper = always(
      { ...printsKey(key), exitCode: Effect.delay(Effect.succeed(0), "20 seconds") },
      { terminal: true }
    )
    return Effect.gen(function* () {
      gave(yield* after(run({ interactive: "always" }), "10 seconds", "10 seconds"), key)
      assert.deepStrictEqual(observed.logs, [])
    }).pipe(Effect.provide(helper.layer), Effect.provide(observed.layer))
  })

  it.effect("a fast one says nothing, and leaves no timer that would", () => {
    const observed = observe()
    const helper = always(printsKey(key))
    return Effect.gen(function* () {
      yield* run()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(observed.logs, [])
    }).pipe(Effect.provide(helper.layer), Effect.provide(observed.layer))
  })
})

describe("what a helper is given", () => {
  const given = (options: Partial<CredentialHelper.Options>, asked: Partial<CredentialHelper.Request> = {}) => {
    const helper = always(printsKey(key))
    return Effect.map(Effect.provide(run(options, asked), helper.layer), () => helper.starts[0]?.env ?? {})
  }

  it.effect("who asks and why, unless the caller says it otherwise", () =>
    Effect.gen(function* () {
      const env = yield* given({}, { provider: "openai", reason: "rejected" })
      assert.include(env, { EFFECT_APIKEY_PROVIDER: "openai", EFFECT_APIKEY_REASON: "rejected" })
      assert.include(yield* given({ env: { EFFECT_APIKEY_PROVIDER: "mine" } }), { EFFECT_APIKEY_PROVIDER: "mine" })
    })
  )

  it.effect("our environment, with variables added and unset", () =>
    Effect.gen(function* () {
      const env = yield* given({ env: { ADDED: "1", HOME: undefined } })
      assert.strictEqual(env["PATH"], process.env["PATH"])
      assert.strictEqual(env["ADDED"], "1")
      assert.isFalse("HOME" in env)
    })
  )

  it.effect("its words on stdin, where the format has some", () => {
    const helper = always(printsKey(key))
    return Effect.gen(function* () {
      yield* run({}, { input: "protocol=https\n\n" })
      assert.deepInclude(helper.starts[0], { stdin: "pipe", stderr: "pipe" })
    }).pipe(Effect.provide(helper.layer))
  })

  it.effect("a program that was searched before is run as it is", () => {
    const helper = always(printsKey(key))
    return Effect.gen(function* () {
      yield* run({ argv: ["op", "read", "op://x"], program: "/opt/trusted/op" })
      assert.deepInclude(helper.starts[0], { program: "/opt/trusted/op", args: ["read", "op://x"] })
    }).pipe(Effect.provide(helper.layer))
  })
})

describe("a key typed in the program's place", () => {
  const base64 = "aB3+/Zq9XkT0mN7pLr5wVy1cUd8eFh2gJi6jKb4nMoQ/sRtSxAz=="
  for (const typed of [
    "sk-live-4242abcdEFGH5151",
    "sk-proj-abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "c0ffee5e42deadbeef0123456789abcdef012345",
    base64,
    base64.slice(0, -2),
    `${base64} --profile work`
  ]) {
    it.effect(`is not shown, nor a part of it: ${typed.slice(0, 8)}…`, () => {
      const slow = always(never)
      return Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.provide(run({ argv: [typed], search: "path" }), HelperExecutor.layer))
        assert.strictEqual(error._tag, "CommandNotFound")
        assert.propertyVal(error, "command", "<redacted>")
        const late = yield* after(Effect.provide(run({ argv: [typed], timeout: "1 second" }), slow.layer), "1 second")
        failedWith(late, { _tag: "CommandTimeout", command: "<redacted>" })
        const shown = `${error.message} ${error.hint} ${JSON.stringify(error)} ${JSON.stringify(late)}`
        for (const part of typed.split(/[/\s]/).filter(({ length }) => length > 2)) assert.notInclude(shown, part)
        assert.match(error.hint, /give the command that prints it instead|Separate the program and its arguments/)
      })
    })
  }

  it("but a name that words make is, also a long one and one with a number", () => {
    for (const name of [
      "get-key-from-vault",
      "op",
      "git-credential-oauth2-for-the-forge-of-the-company",
      "kubectl-oidc_login",
      "api-key-helper-2.1-linux-x86_64"
    ]) {
      for (const folder of ["", "./", "../tools/", "/opt/abcdef0123456789abcdef0123456789-op/bin/"]) {
        assert.strictEqual(programName([folder + name]), name)
        assert.strictEqual(shownPath(folder + name, name, `/x/${name}`), `/x/${name}`)
      }
    }
  })
})

const temporaryFolder = (prefix: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), prefix))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

/** The stock executor of Node, as a program must ask for it. */
const stockExecutor = Layer.provideMerge(HelperExecutor.fromCommandExecutor, NodeContext.layer)

describe("with the stock executor of NodeContext", () => {
  const stock = (script: string, options: Partial<CredentialHelper.Options> = {}) =>
    Effect.provide(run({ argv: ["sh", "-c", script], ...options }), stockExecutor)

  it.live("prints its key", () => Effect.map(stock(`printf ${key}`), (printed) => assert.strictEqual(printed, key)))

  it.live("fails with its status and its words", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(stock("echo locked >&2; exit 4"))
      assert.include(error, { _tag: "NonZeroExit", exitCode: 4, stderr: RedactedText("locked") })
    })
  )

  it.live("is killed although it ignores SIGTERM, where the executor alone would wait for ever", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder("effect-apikey-stock-")
      const file = join(folder, "pid")
      const script = `echo $$ > ${file}; trap '' TERM; while :; do sleep 600; done`
      const error = yield* Effect.flip(stock(script, { timeout: "1 second" }))
      assert.include(error, { _tag: "CommandTimeout", phase: "running" })
      const pid = Number(readFileSync(file, "utf8"))
      assert.isAbove(pid, 0)
      assert.isTrue(yield* Effect.promise(() => eventually(() => !isAlive(pid))))
    }).pipe(Effect.scoped)
  )

  it.live(
    "a command line given as one string shows no argument, wherever its path leads, nor an escape of a folder",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder("effect-apikey-path-")
        symlinkSync("loop", join(folder, "loop"))
        const one = yield* Effect.flip(
          Effect.provide(run({ argv: [`${folder}/loop/get --token hunter2-secret-value`] }), stockExecutor)
        )
        assert.strictEqual(one._tag, "CommandNotExecutable")
        assert.notInclude(`${one.message} ${JSON.stringify(one)}`, "hunter2-secret-value")
        const escaped = join(folder, "a\u001B]0;owned\u0007b")
        mkdirSync(escaped)
        const two = yield* Effect.flip(Effect.provide(run({ argv: [escaped] }), stockExecutor))
        assert.strictEqual(two._tag, "CommandNotExecutable")
        assert.notInclude(two.message, "\u001B")
        assert.notInclude(two.message, "\u0007")
      }).pipe(Effect.scoped)
  )

  it.effect(
    "a program whose folder has a space keeps its name and what is known of it, also by a path from `cwd`",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder("effect-apikey Some App ")
        const program = join(folder, "op")
        writeFileSync(program, "#!/bin/sh\necho 'You are not currently signed in' >&2\nexit 1\n", { mode: 0o755 })
        const error = yield* Effect.flip(Effect.provide(run({ argv: [program, "read"] }), stockExecutor))
        assert.strictEqual(error._tag, "NonZeroExit")
        assert.include(error.message, "op")
        assert.propertyVal(error, "command", "op")
        assert.propertyVal(error, "reason", "LoginRequired")
        const options = { argv: ["./Some App/op", "read"], cwd: folder }
        mkdirSync(join(folder, "Some App"))
        const inFolder = join(folder, "Some App", "op")
        writeFileSync(inFolder, readFileSync(program), { mode: 0o755 })
        const relative = yield* Effect.flip(Effect.provide(run(options), stockExecutor))
        assert.deepInclude(relative, { _tag: "NonZeroExit", command: "op", reason: "LoginRequired" })
        chmodSync(inFolder, 0o644)
        const refused = yield* Effect.flip(Effect.provide(run(options), stockExecutor))
        assert.deepInclude(refused, { _tag: "CommandNotExecutable", command: "op", path: inFolder })
        const missing = yield* Effect.flip(
          Effect.provide(run({ argv: [join(folder, "no such"), "read"] }), HelperExecutor.layer)
        )
        assert.strictEqual(missing._tag, "CommandNotFound")
        assert.notInclude(missing.hint ?? "", "takes an array")
      }).pipe(Effect.scoped)
  )

  it.live("does not hang on a grandchild that holds its pipe", () =>
    Effect.gen(function* () {
      const printed = yield* stock(`sleep 600 & printf "${key} $!"`)
      const pid = Number(printed.split(" ")[1])
      assert.isTrue(isAlive(pid))
      process.kill(pid, "SIGKILL")
      const error = yield* Effect.flip(stock("sleep 600 & echo $! >&2; exit 1"))
      assert.strictEqual(error._tag, "NonZeroExit")
      const left = Number("stderr" in error ? error.stderr : "")
      assert.isAbove(left, 0)
      assert.isTrue(yield* Effect.promise(() => eventually(() => !isAlive(left))))
    })
  )

  it.live("is stopped when it floods", () =>
    Effect.map(Effect.flip(stock("exec yes")), (error) => assert.strictEqual(error._tag, "OutputTooLarge"))
  )

  it.live("what it cannot start is a typed error, never a defect, and holds no argument", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(stock(`: ${"x".repeat(200_000)}`))
      assert.include(error, { _tag: "SpawnFailed", code: "E2BIG" })
      const missing = yield* Effect.flip(
        Effect.provide(run({ argv: ["no-such-program", "secret-argument"] }), stockExecutor)
      )
      assert.strictEqual(missing._tag, "CommandNotFound")
      assert.notInclude(JSON.stringify(missing), "secret-argument")
    })
  )

  it.live("has no terminal", () =>
    Effect.map(Effect.flip(stock(`printf ${key}`, { interactive: "always" })), (error) =>
      assert.strictEqual(error._tag, "NoTerminal")
    )
  )
})
