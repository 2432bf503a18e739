import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as Lookup from "effect-apikey/internal/format/lookup"
import { describe, expect, it } from "vitest"
import { size } from "../support/soak.js"
import { decode } from "./support.js"

describe("a helper that prints as much as it may", () => {
  const limit = 64 * 1024
  // A quadratic reader needs seconds for each of these, every time; a loaded machine may take as long, but not three times.
  const slow = 1500
  const tries = 3
  const filled = (start: string, filling: string, end: string): string =>
    start + filling.repeat(Math.floor((limit - start.length - end.length) / filling.length)) + end
  const starts = [
    "",
    "A_KEY=x",
    'A_KEY="',
    "A_KEY='",
    "export ",
    "username=",
    "password_expiry_utc=1",
    '{"v":[1]}\n',
    "eyJ"
  ]
  const fillings = [
    " ",
    "\t",
    "a",
    "A",
    "0",
    "KEY",
    "_",
    "=",
    "#",
    " #",
    "\\",
    '"',
    "'",
    "`",
    "[",
    "{",
    '{"a":',
    "\n",
    "\r\n",
    "A=",
    "a=b\n",
    "A_KEY=a\n",
    "{}\n",
    ".",
    "-"
  ]
  const ends = ["x", "", "\u00e9"].slice(0, size({ short: 1, full: 3 }))
  const texts = starts.flatMap((start) => fillings.flatMap((filling) => ends.map((end) => filled(start, filling, end))))
  const inJson = fillings.flatMap((filling) =>
    [
      { version: 1, success: false, code: "1", message: filled("", filling, "x").slice(0, limit / 2) },
      { headers: { Authorization: [filled("Bearer ", filling, "x")] } },
      { Version: 1, AccessKeyId: "a", SecretAccessKey: "b", Expiration: filled("2030-01-01T00:00:00.", filling, "x") },
      { access_token: "a", expires_in: filled("1", filling, "x") },
      { token: filled("", filling, "x"), headers: {} }
    ].map((value) => JSON.stringify(value).slice(0, 2 * limit))
  )

  it.each([...CredentialFormat.names, { name: "json", field: "/a" } as const])(
    "is read in no time, whatever it prints: %j",
    { timeout: 120_000 },
    (format) => {
      const isSlow = (text: string): boolean => {
        const start = performance.now()
        decode(format, text)
        Lookup.get(format).explain?.({ exitCode: 1, stderr: "", stdout: text })
        return performance.now() - start > slow
      }
      const slowOnes = [...texts, ...inJson].filter((text) => Array.from({ length: tries }).every(() => isSlow(text)))
      expect(slowOnes.map((text) => text.slice(0, 40))).toEqual([])
    }
  )
})
