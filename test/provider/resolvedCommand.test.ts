import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { type CommandOptions, resolveCommand } from "../../src/internal/provider/resolvedCommand.js"

const millisOf = (time: Duration.DurationInput) => Duration.toMillis(Duration.decode(time))

describe("a resolved command", () => {
  it("of a program in the catalog has what the catalog says", () => {
    const command = resolveCommand({ argv: ["/usr/local/bin/op", "read", "op://a/b/c"] })
    expect(command.name).toBe("op")
    expect(Option.isSome(command.entry)).toBe(true)
    expect(command.mayPrompt).toBe(true)
    expect(Option.map(command.timeout, millisOf)).toEqual(Option.some(120_000))
    expect(millisOf(command.timeToLive)).toBe(3_600_000)
  })

  it("of another program has the defaults, and options before both", () => {
    const unknown = resolveCommand({ argv: ["get-key"] })
    expect(Option.isNone(unknown.entry)).toBe(true)
    expect(unknown.mayPrompt).toBe(false)
    expect(Option.map(unknown.timeout, millisOf)).toEqual(Option.some(30_000))
    expect(millisOf(unknown.timeToLive)).toBe(300_000)
    const set = resolveCommand({ argv: ["op"], timeout: "1 second", timeToLive: "1 minute", format: "text" })
    expect(Option.map(set.timeout, millisOf)).toEqual(Option.some(1_000))
    expect(millisOf(set.timeToLive)).toBe(60_000)
    expect(Either.map(set.format, ({ name }) => name)).toEqual(Either.right("text"))
  })

  it("that may get the terminal may prompt, and its timeout is the run's to decide", () => {
    const command = resolveCommand({ argv: ["get-key"], interactive: "if-available" })
    expect(command.mayPrompt).toBe(true)
    expect(Option.isNone(command.timeout)).toBe(true)
  })

  it("equals another by all options; a default may be left out", () => {
    const options: CommandOptions = { argv: ["get-key", "a"] }
    const same: ReadonlyArray<CommandOptions> = [
      { argv: ["get-key", "a"] },
      {
        argv: ["get-key", "a"],
        env: {},
        format: "auto",
        interactive: "never",
        timeout: 30_000,
        timeToLive: "5 minutes"
      },
      { prefetch: false, argv: ["get-key", "a"], retry: undefined, onAbandon: "interrupt" }
    ]
    for (const other of same) {
      expect(Equal.equals(resolveCommand(options), resolveCommand(other))).toBe(true)
      expect(HashMap.has(HashMap.make([resolveCommand(options), 1]), resolveCommand(other))).toBe(true)
    }
    const different: ReadonlyArray<CommandOptions> = [
      { argv: ["get-key", "b"] },
      { ...options, provider: "one" },
      { ...options, cwd: "/tmp" },
      { ...options, env: { TOKEN: undefined } },
      { ...options, timeout: "31 seconds" },
      { ...options, interactive: "always" }
    ]
    for (const other of different) expect(Equal.equals(resolveCommand(options), resolveCommand(other))).toBe(false)
  })

  it("runs in the default folder where its options name none", () => {
    const named = resolveCommand({ argv: ["get-key"], cwd: "/home/me" })
    expect(Equal.equals(resolveCommand({ argv: ["get-key"] }, "/home/me"), named)).toBe(true)
    expect(Equal.equals(resolveCommand({ argv: ["get-key"] }), named)).toBe(false)
  })

  it("has an identity that shows no argument", () => {
    expect(resolveCommand({ argv: ["get-key", "sk-argument"] }).identity).toMatch(/^[0-9a-f]{64}$/)
  })
})
