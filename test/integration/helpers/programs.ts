/** Bad helpers, as the programs they are. */

/** What most of them print when they print. */
export const key = "sk-the-key-0123456789abcdef"

const sh = (script: string): string => `#!/bin/sh\n${script}\n`
const node = (script: string): string => `#!${process.execPath}\n${script}\n`

/** A process that stays, holds stdout, and tells its pid in the file that the test names. */
const stays = `sh -c 'echo $$ > "$STAYS"; exec sleep 600'`
const staysInSessionOfItsOwn = node(`
const { spawn } = require("node:child_process")
const child = spawn("sleep", ["600"], { detached: true, stdio: ["ignore", "inherit", "ignore"] })
require("node:fs").writeFileSync(process.env.STAYS, String(child.pid))
child.unref()
process.stdout.write(process.env.STATUS === "0" ? "${key}" : "")
process.exit(Number(process.env.STATUS))
`)

export const programs = {
  "prints-key": sh(`printf %s ${key}`),
  sleeps: sh("exec sleep 600"),
  "ignores-sigterm": sh("trap '' TERM HUP INT; while :; do sleep 600; done"),
  "children-ignore-sigterm": sh(
    "for i in 1 2 3 4 5 6 7 8 9 10; do (trap '' TERM; while :; do sleep 600; done) & done; wait"
  ),
  "cleans-up-on-sigterm": sh(`trap 'sleep 0.05; echo done > "$NOTE"; exit 1' TERM; while :; do sleep 0.05; done`),
  "stops-itself": sh("kill -STOP $$"),
  "stays-in-group": sh(`${stays} & while ! [ -s "$STAYS" ]; do :; done; printf %s ${key}; exit "$STATUS"`),
  "stays-in-group-without-stdout": sh(
    `${stays} >/dev/null 2>&1 & while ! [ -s "$STAYS" ]; do :; done; printf %s ${key}; exit "$STATUS"`
  ),
  "stays-in-group-of-its-own": `#!/bin/bash\nset -m; sh -c 'echo $$ > "$STAYS"; exec sleep 600' >/dev/null 2>&1 & while ! [ -s "$STAYS" ]; do :; done; printf %s ${key}; exit "$STATUS"\n`,
  "waits-for-a-group-of-its-own": `#!/bin/bash\ntimeout 600 sh -c 'echo $$ > "$STAYS"; exec sleep 600'; true\n`,
  "stays-in-session-of-its-own": staysInSessionOfItsOwn,
  "floods-stdout": sh("exec yes sk-flood"),
  "floods-stderr": sh("exec yes noise >&2"),
  "floods-both": sh("yes noise >&2 & exec yes sk-flood"),
  "noisy-before-key": node(`
require("node:fs").writeSync(2, "x".repeat(79).concat("\\n").repeat(3750))
process.stdout.write("${key}\\n")`),
  "endless-line-on-stderr": node(`
process.stdout.write("${key}")
require("node:fs").writeSync(2, "${key} ".repeat(8000) + "and the reason")
process.exit(1)`),
  "half-a-line": sh("printf sk-half; exec sleep 600"),
  "closes-stdout-and-lives": sh(`printf %s ${key}; exec >&-; exec sleep 600`),
  "closes-stdout-and-ends": sh("exec >&-; exit 0"),
  "dies-by": sh("ulimit -c 0; kill -$SIGNAL $$; exec sleep 600"),
  exits: sh(`printf %s "$OUT"; exit "$STATUS"`),
  "key-by-grandchild": sh(`parent=$$; (while kill -0 $parent 2>/dev/null; do :; done; printf %s ${key}) & exit 0`),
  "key-by-grandchild-much-later": sh(
    `sh -c 'echo $$ > "$STAYS"; sleep 600; printf %s ${key}' & while ! [ -s "$STAYS" ]; do :; done; exit 0`
  ),
  "invalid-utf8": sh("printf 'sk-\\377\\376-key-0123456789'"),
  "nul-bytes": sh("printf 'sk-key\\000-0123456789'"),
  utf16: node(`process.stdout.write(Buffer.from("\\ufeff${key}", "utf16le"))`),
  bom: sh(`printf '\\357\\273\\277%s\\n' ${key}`),
  crlf: sh(`printf '%s\\r\\n' ${key}`),
  "spaces-around": sh(`printf '\\n\\t %s \\n\\n' ${key}`),
  colours: sh(`printf '\\033[32m%s\\033[0m\\n' ${key}`),
  banner: sh(`printf 'Welcome to vault 1.2!\\n%s\\n' ${key}`),
  "asks-on-tty": sh(`printf 'Password: ' > /dev/tty && read -r answer < /dev/tty && printf %s ${key}`),
  "asks-on-stdin": sh(`printf 'Password: ' >&2; read -r answer || exit 3; printf %s ${key}`),
  "cats-stdin": sh(`cat; printf %s ${key}`),
  "tells-its-stdin": sh("readlink /proc/self/fd/0"),
  "tells-where-it-is": sh("pwd -P"),
  "tells-its-arguments": sh(`printf '%s|' "$@"`),
  "changes-directory": sh(`cd / && printf %s ${key}`),
  "removes-its-directory": sh(`rmdir "$(pwd)" && printf %s ${key}`),
  "re-executes": sh(`[ "\${N:-0}" -ge 50 ] && { printf %s ${key}; exit 0; }; N=$((\${N:-0} + 1)) exec "$0"`),
  "re-executes-for-ever": sh(`exec "$0"`),
  "forks-for-ever": sh(`(sleep 0.01; exec "$0") & sleep 600`),
  "counts-environment": sh(`[ "$(env | grep -c '^ZOO_')" = 300 ] && printf %s ${key}`),
  "counts-tries": sh(`echo try >> "$NOTE"; exit 75`),
  "comes-back": sh(`echo try >> "$NOTE"; [ "$(wc -l < "$NOTE")" -ge 3 ] || exit 75; printf %s ${key}`),
  "prints-argument-length": sh(`printf 'sk-%s-0123456789' "\${#1}"`),
  "without-interpreter-line": `printf %s ${key}\n`,
  "missing-interpreter": `#!/nowhere/bin/python9\nprint("${key}")\n`,
  "crlf-script": `#!/bin/sh\r\nprintf %s ${key}\r\n`,
  "interpreter-is-no-program": `#!/etc/passwd\n`,
  "not-executable": sh(`printf %s ${key}`),
  "key-on-stderr-only": sh(`echo ${key} >&2`),
  "terminal-sequences-on-stderr": sh(
    `printf '\\033]0;owned\\007\\033[2J\\033[31mred\\033[0m \\342\\200\\256evil\\302\\233K\\r\\nplain\\b\\b\\n' >&2; exit 1`
  ),
  "key-on-stderr-in-pieces": sh(
    `printf %s ${key}; printf 'bad key sk-the-key-' >&2; sleep 0.02; printf '0123456789abcdef, says the server\\n' >&2; exit 1`
  ),
  "prints-many-bytes": sh(`head -c "$BYTES" /dev/zero | tr '\\0' a`),
  "byte-by-byte": node(`
const text = "${key}"
let at = 0
const next = () => { if (at < text.length) { process.stdout.write(text[at++]); setImmediate(next) } }
next()`),
  "leaves-zombies": node(`
const { spawnSync } = require("node:child_process")
spawnSync("sh", ["-c", "(exit 0) & (exit 0) & exec true"])
process.exit(1)`),
  "prints-and-crashes": node(`process.stdout.write("${key}"); setImmediate(() => { throw new Error("boom ${key}") })`),
  "tells-what-it-is-told": sh(
    `printf 'sk-%s-%s-%s-012345' "$EFFECT_APIKEY_PROVIDER" "$EFFECT_APIKEY_REASON" "$EFFECT_APIKEY_INTERACTIVE"`
  )
} as const

export type Program = keyof typeof programs
