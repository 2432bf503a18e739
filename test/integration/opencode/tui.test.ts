// opencode on a terminal, as people start it: its plugins run in a thread that hears no signal, beside a screen of its own.
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { expect, it as plainIt } from "vitest"
import { isAlive } from "../../support/processes.js"
import { itWith } from "../../support/tools.js"
import { gateway } from "./gateway.js"
import { compatible, logOf, pidsOf, place, processesOf, reasonToSkip, runAtTerminal, tui, until } from "./harness.js"
import { builtPlugin, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const limit = 240_000

const hasTerminal = itWith("script") === plainIt

describe.skipIf(reasonToSkip !== undefined || !hasTerminal)("opencode on a terminal", () => {
  const plugin = builtPlugin(limit)

  it.scopedLive(
    "takes the helper and all that it started along when Ctrl-C is pressed again and again",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const argv = at.helper(
          "stubborn",
          "trap '' TERM INT HUP; sleep 1000 & echo $! > pids.new; echo $$ >> pids.new; mv pids.new pids; wait"
        )
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand: argv }) })
        const session = yield* tui(at, "gw/m")
        yield* until(() => pidsOf(at).length === 2)
        // The first is a key to opencode, which takes down its screen; the next is a signal again.
        const pressing = Effect.repeat(
          Effect.sync(() => session.write("\x03")),
          Schedule.spaced("100 millis")
        )
        yield* Effect.race(
          Effect.promise(() => session.ended),
          pressing
        )
        const pids = pidsOf(at)
        expect(pids).toHaveLength(2)
        yield* until(() => !pids.some(isAlive) && processesOf(at).length === 0)
        expect(gw.seen).toEqual([])
      }),
    limit
  )

  it.scopedLive(
    "keeps the terminal for itself: a helper that would ask if it could is run without",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const argv = at.helper("asking", 'test -t 0 && echo sk-terminal || echo "sk-$EFFECT_APIKEY_INTERACTIVE"')
        const apiKeyCommand = { argv, interactive: "if-available" }
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
        yield* tui(at, "gw/m")
        yield* until(() => gw.seen.length > 0)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-0"]))
      }),
    limit
  )

  it.scopedLive(
    "gives it to a helper that asks in `opencode run`, which has no screen",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const argv = at.helper("asking", "printf 'PIN: ' > /dev/tty; read -r pin < /dev/tty; echo sk-pin-$pin")
        const apiKeyCommand = { argv, interactive: "always" }
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
        const session = yield* runAtTerminal(at, "gw/m")
        yield* Effect.promise(() => session.says("PIN: "))
        session.write("42\n")
        const { status } = yield* Effect.promise(() => session.ended)
        expect(status).toBe(0)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-pin-42"]))
        expect(at.runsOf("asking")).toBe(1)
      }),
    limit
  )

  it.scopedLive(
    "keeps the terminal for itself: a helper that must ask is not run, and the message says where to",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const apiKeyCommand = { argv: at.helper("asking", "echo sk-asked"), interactive: "always" }
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
        yield* tui(at, "gw/m")
        yield* until(() => logOf(at).includes("asking needs a terminal"))
        expect(logOf(at)).toMatch(
          /opencode gives its terminal to no command\. Run the command once in another terminal/
        )
        expect(at.runsOf("asking")).toBe(0)
        expect(gw.seen).toEqual([])
      }),
    limit
  )
})
