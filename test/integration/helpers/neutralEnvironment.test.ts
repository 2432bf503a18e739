/** Helpers that colour, quote, hide or prompt because of a variable, as the programs that were reported do. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as CredentialHelper from "../../../src/CredentialHelper.js"
import { RedactedText } from "../../../src/internal/redact/redact.js"
import { membersOf } from "../../support/processes.js"
import { keyOf } from "../../support/runs.js"

const key = "sk-0123456789-neutral"

/** Each prints the key, unless a variable makes it do something else. */
const programs: Readonly<Record<string, string>> = {
  "colours-if-forced": `if [ -n "$CLICOLOR_FORCE$FORCE_COLOR$PY_COLORS" ]; then printf '\\033[32m%s\\033[0m\\n' ${key}; else echo ${key}; fi`,
  "pages-always": `echo ${key} | $PAGER`,
  vault: `if [ "$VAULT_FORMAT" = json ]; then echo '"${key}"'; else echo ${key}; fi`,
  az: `if [ "$AZURE_CORE_OUTPUT" = none ]; then :; else echo ${key}; fi`,
  gcloud: `if [ "$CLOUDSDK_CORE_USER_OUTPUT_ENABLED" = false ]; then :; else echo ${key}; fi`,
  gh: `if [ -n "$GH_FORCE_TTY" ]; then printf '\\033[1m%s\\033[0m\\n' ${key}; else echo ${key}; fi`,
  databricks: `if [ "$DATABRICKS_OUTPUT_FORMAT" = json ]; then echo '{"a":1}'; else echo ${key}; fi`,
  bw: `if [ "$BW_NOINTERACTION" = true ]; then echo 'Vault is locked.' >&2; else printf '? Master password: ' >&2; fi; exit 1`,
  git: `[ "$GIT_TERMINAL_PROMPT" = 0 ] && echo "fatal: could not read Username for 'https://x': terminal prompts disabled" >&2; exit 128`
}

let bin = ""
const started: Array<number> = []

beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "neutral-"))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
})
afterAll(() => {
  assert.deepStrictEqual(membersOf(started), [])
  rmSync(bin, { recursive: true, force: true })
})

/** With variables of ours, and with some that the caller gives. */
const outcome = (
  argv: ReadonlyArray<string>,
  inherited: Readonly<Record<string, string>> = {},
  options: Partial<CredentialHelper.Options> = {}
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = Object.keys(inherited).map((name) => [name, process.env[name]] as const)
      Object.assign(process.env, inherited)
      return before
    }),
    () => {
      const env = { PATH: [bin, process.env["PATH"]].join(delimiter), ...options.env }
      return Effect.either(keyOf({ ...options, argv, env }, (pid) => started.push(pid)))
    },
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      })
  )

describe("an inherited variable does not change the answer", () => {
  const rows: ReadonlyArray<readonly [argv: ReadonlyArray<string>, inherited: Readonly<Record<string, string>>]> = [
    [["colours-if-forced"], { CLICOLOR_FORCE: "1" }],
    [["colours-if-forced"], { FORCE_COLOR: "1" }],
    [["colours-if-forced"], { PY_COLORS: "1" }],
    [["pages-always"], { PAGER: "false" }],
    [["vault", "kv", "get", "-field=k", "secret/x"], { VAULT_FORMAT: "json" }],
    [["sh", "-c", "vault kv get -field=k secret/x"], { VAULT_FORMAT: "json" }],
    [["az", "account", "get-access-token"], { AZURE_CORE_OUTPUT: "none" }],
    [["timeout", "9", "az", "account", "get-access-token"], { AZURE_CORE_OUTPUT: "none" }],
    [["gcloud", "auth", "print-access-token"], { CLOUDSDK_CORE_USER_OUTPUT_ENABLED: "false" }],
    [["gh", "auth", "token"], { GH_FORCE_TTY: "100%" }]
  ]
  for (const [argv, inherited] of rows) {
    it.live(`${argv.join(" ")}, ${Object.keys(inherited).join()}`, () =>
      Effect.map(outcome(argv, inherited), (gave) => assert.deepStrictEqual(gave, Either.right(key)))
    )
  }

  it.live("unless the caller's own env, or the list of inherited names, says so", () =>
    Effect.gen(function* () {
      // Then vault prints the key in quotes, and no key has them.
      const quoted = { _tag: "InvalidOutput", expected: "a key without quotes" } as const
      const given = yield* Effect.flip(yield* outcome(["vault"], {}, { env: { VAULT_FORMAT: "json" } }))
      assert.include(given, quoted, "the caller's env wins")
      const listed = yield* outcome(["vault"], { VAULT_FORMAT: "json" }, { inheritEnv: ["VAULT_FORMAT"] })
      assert.include(yield* Effect.flip(listed), quoted, "the caller's list wins")
    })
  )
})

describe("a helper that would prompt fails at once, and the login is named", () => {
  it.live("bw", () =>
    Effect.gen(function* () {
      for (const argv of [
        ["bw", "get", "password", "x"],
        ["env", "A=1", "bw", "get", "password", "x"]
      ]) {
        const error = yield* Effect.flip(yield* outcome(argv))
        assert.include(error, {
          _tag: "NonZeroExit",
          reason: "LoginRequired",
          stderr: RedactedText("Vault is locked.")
        })
        assert.include(error.hint, "bw unlock")
      }
      const asked = yield* Effect.flip(yield* outcome(["bw", "get"], {}, { env: { BW_NOINTERACTION: undefined } }))
      assert.include(asked, { reason: "LoginRequired" })
      assert.include(asked.hint, "bw unlock")
    })
  )

  it.live("git", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(yield* outcome(["git", "credential", "fill"], { GIT_TERMINAL_PROMPT: "1" }))
      assert.include(error, { _tag: "NonZeroExit", exitCode: 128, reason: "LoginRequired" })
    })
  )
})
