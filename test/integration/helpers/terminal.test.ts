/** The real command line on a real pseudo-terminal: prompts, Ctrl-C, and what a killed prompt leaves. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { compiled, packed } from "../../support/artifacts.js"
import { eventually, isAlive } from "../../support/processes.js"
import { node, onTerminal, withoutTerminal } from "../../support/sessions.js"
import { itWith } from "../../support/tools.js"

const it = itWith("script", "stty")
const patience = 300_000
let bin = ""
let plain = ""
const get = (...args: ReadonlyArray<string>): ReadonlyArray<string> => node(bin, "get", ...args)

const helpers = {
  /** As gpg's curses pinentry or ssh do it. */
  "asks-on-tty": `printf 'Password: ' > /dev/tty; stty -echo < /dev/tty; read -r answer < /dev/tty; stty echo < /dev/tty
[ "$answer" = sesame ] && echo sk-opened-by-a-person`,
  "asks-on-stdin": `printf 'Name: ' >&2; read -r answer; [ "$answer" = sesame ] && echo sk-opened-by-a-person`,
  "reads-both": `read -r said; printf 'Password for %s: ' "$said" > /dev/tty; read -r answer < /dev/tty
[ "$said $answer" = "example sesame" ] && echo sk-opened-by-a-person`,
  op: `echo 'You are not currently signed in' >&2; exit 1`,
  "waits-for-ever": `echo $$ > "$NOTE"; printf 'Password: ' > /dev/tty; stty -echo < /dev/tty; exec sleep 600`,
  "restores-on-interrupt": `echo $$ > "$NOTE"; trap 'echo restored >> "$NOTE"; exit 1' INT; printf 'Password: ' > /dev/tty
while :; do sleep 600 & wait; done`
}
type Helper = keyof typeof helpers

let folder = ""
const at = (name: Helper | "note"): string => join(folder, name)
const note = (): ReadonlyArray<string> => readFileSync(at("note"), "utf8").trim().split("\n")

beforeAll(async () => {
  bin = (await packed()).bin
  plain = await compiled("onePlainRun")
  folder = mkdtempSync(join(tmpdir(), "terminal-"))
  for (const [name, script] of Object.entries(helpers)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
}, patience)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("a helper that may ask", () => {
  it("is answered on /dev/tty", async () => {
    const session = onTerminal(get("--", at("asks-on-tty")))
    await session.says("Password: ")
    session.write("sesame\n")
    await session.says("sk-opened-by-a-person")
    assert.strictEqual((await session.ended).status, 0)
  })

  it("is answered on stdin, and asks on stderr", async () => {
    const session = onTerminal(get("--", at("asks-on-stdin")))
    await session.says("Name: ")
    session.write("sesame\n")
    await session.says("sk-opened-by-a-person")
    assert.strictEqual((await session.ended).status, 0)
  })

  it("that fails has said why on the terminal, so the remedy is the log-in's, with an if", async () => {
    const session = onTerminal(get("--", at("op")))
    await session.says("not currently signed in")
    await session.says("If a login is missing: Sign in to 1Password: op signin")
    assert.strictEqual((await session.ended).status, 69)
  })

  it("has the terminal also where our own stdin and stderr are redirected", async () => {
    const session = onTerminal(get("--", at("asks-on-stdin")), { through: "echo nothing | % 2>/dev/null" })
    await session.says("Name: ")
    session.write("sesame\n")
    await session.says("sk-opened-by-a-person")
    assert.strictEqual((await session.ended).status, 0)
  })

  it("gets a format's words on stdin and the person's on the terminal", async () => {
    const run = [{ argv: [at("reads-both")], interactive: "always" }, "example\n"]
    const session = onTerminal(node(plain, JSON.stringify(run)))
    await session.says("Password for example: ")
    session.write("sesame\n")
    await session.says("printed sk-opened-by-a-person")
    assert.strictEqual((await session.ended).status, 0)
  })

  it("gets Ctrl-C, and we end with 130", async () => {
    const session = onTerminal(get("--", at("waits-for-ever")), { env: { NOTE: at("note") } })
    await session.says("Password: ")
    session.write("\u0003")
    assert.strictEqual((await session.ended).status, 130)
    assert.isFalse(isAlive(Number(note()[0])))
  })

  it("has none where we are in the background of it, and so stops nobody", async () => {
    const session = onTerminal(get("--", "sh", "-c", "echo sk-interactive-$EFFECT_APIKEY_INTERACTIVE-0123"), {
      through: "set -m; % & wait $!"
    })
    await session.says("sk-interactive-0-0123")
    assert.strictEqual((await session.ended).status, 0)
  })

  it("has time on Ctrl-C to leave the terminal as it was", async () => {
    const session = onTerminal(get("--", at("restores-on-interrupt")), { env: { NOTE: at("note") } })
    await session.says("Password: ")
    session.write("\u0003")
    assert.strictEqual((await session.ended).status, 130)
    assert.strictEqual(note()[1], "restored")
    assert.isFalse(isAlive(Number(note()[0])))
  })

  it("is killed alone when its time is over, with a warning for what it may leave", async () => {
    const session = onTerminal(get("--timeout", "2 seconds", "--", at("waits-for-ever")), { env: { NOTE: at("note") } })
    await session.says("stty sane")
    assert.strictEqual((await session.ended).status, 124)
    assert.isFalse(isAlive(Number(note()[0])))
  })

  it("leaves the calling shell alive, on Ctrl-C and when its time is over", async () => {
    const through = "set -m; %; echo the shell lives"
    const stopped = onTerminal(get("--", at("waits-for-ever")), { env: { NOTE: at("note") }, through })
    await stopped.says("Password: ")
    stopped.write("\u0003")
    await stopped.says("the shell lives")
    await stopped.ended
    assert.isFalse(isAlive(Number(note()[0])))
    const late = onTerminal(get("--timeout", "2 seconds", "--", at("waits-for-ever")), {
      env: { NOTE: at("note") },
      through
    })
    await late.says("the shell lives")
    await late.ended
    assert.isFalse(isAlive(Number(note()[0])))
  })

  it("on Ctrl-C without a terminal of its own is stopped with its group", async () => {
    const run = [{ argv: ["sh", "-c", "echo $$ > $NOTE; sleep 600 & wait"], env: { NOTE: at("note") } }]
    const session = onTerminal(node(plain, JSON.stringify(run)))
    const pid = Number((await session.says(/pid \d+/)).slice(4))
    session.write("\u0003")
    await session.ended
    assert.isTrue(await eventually(() => !isAlive(pid), 1_000))
  })
})

describe("without a terminal", () => {
  it("`always` is NoTerminal, and nothing is started", async () => {
    const run = [{ argv: [at("asks-on-tty")], interactive: "always" }]
    const session = withoutTerminal(node(plain, JSON.stringify(run)))
    await session.says("failed NoTerminal: Run it once in a terminal, or use a login that needs no user.")
    assert.notInclude(session.output(), "pid ")
    await session.ended
  })

  it("`if-available` means never", async () => {
    const run = [{ argv: ["sh", "-c", "echo sk-$EFFECT_APIKEY_INTERACTIVE-0123456789"], interactive: "if-available" }]
    const session = withoutTerminal(node(plain, JSON.stringify(run)))
    await session.says("printed sk-0-0123456789")
    await session.ended
  })
})
