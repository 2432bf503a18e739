import { assert, beforeEach, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { secretsIn, secretsInArguments } from "../../src/internal/redact/candidates.js"
import { withoutSecrets } from "../../src/internal/redact/redact.js"
import { printable, tail } from "../../src/internal/redact/terminal.js"
import { arbitrarySecret } from "../support/arbitrary.js"
import { hostileStderr, hostileStdout } from "../support/hostile.js"

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8")

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** How a helper, or what it called, may write a secret. */
const forms: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in base64": (secret) => bytesOf(secret).toString("base64"),
  "in base64 for URLs": (secret) => bytesOf(secret).toString("base64url"),
  "percent-encoded": encodeURIComponent,
  "percent-encoded in lower case": (secret) =>
    encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase()),
  "in hexadecimal": (secret) => bytesOf(secret).toString("hex"),
  "as a JSON string": (secret) => JSON.stringify(secret).slice(1, -1),
  "as a JSON string with slashes escaped": (secret) => JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
  "as a JSON string with all escaped": (secret) => secret.replace(/[\s\S]/g, escaped),
  "as a JSON string with some escaped": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[^A-Za-z0-9\\"]/g, (each) => escaped(each).toUpperCase().replace("U", "u")),
  "in base64 in a JSON string with slashes escaped": (secret) =>
    bytesOf(secret).toString("base64").replaceAll("/", "\\/"),
  "with colours inside": (secret) => `${secret.slice(0, 5)}\u001B[31m${secret.slice(5)}`,
  "with invisible characters inside": (secret) => Array.from(secret).join("\u200B"),
  "in UTF-16": (secret) => Array.from(secret).join("\0")
}

describe("a secret on stderr is not shown", () => {
  for (const [name, form] of Object.entries(forms)) {
    it(name, () =>
      fc.assert(
        fc.property(arbitrarySecret, fc.constantFrom("", "error: ", "a line\n"), (secret, before) => {
          const written = form(secret)
          const shown = withoutSecrets(printable(`${before}${written} was refused`), [secret])
          assert.notInclude(shown, secret)
          assert.notInclude(shown, printable(written))
          assert.include(shown, " was refused")
        })
      )
    )
  }

  it("inside the base64 of something longer (user:secret)", () =>
    fc.assert(
      fc.property(
        arbitrarySecret,
        fc.string({ maxLength: 5 }),
        fc.string({ maxLength: 5 }),
        (secret, before, behind) => {
          const inside = bytesOf(`${before}${secret}${behind}`).toString("base64")
          const shown = withoutSecrets(inside, [secret])
          assert.include(shown, "<redacted>")
          assert.isBelow(shown.replaceAll("<redacted>", "").length, inside.length / 2 + 8)
        }
      )
    ))

  it("in the header that Basic authorization makes of it, named or not", () => {
    const header = bytesOf("me:hunter2").toString("base64")
    assert.strictEqual(
      withoutSecrets(`Authorization: Basic ${header}`, secretsIn("hunter2\n")).slice(-10),
      "<redacted>"
    )
    assert.strictEqual(withoutSecrets(`{"auth":"${header}"}`, secretsIn("hunter2\n")), '{"auth":"bWU6<redacted>"}')
  })

  it("when stdout held it among other things", () =>
    fc.assert(
      fc.property(arbitrarySecret, (secret) => {
        for (const stdout of [
          `${secret}\n`,
          `password=${secret}\nuser=me`,
          `token: ${secret}`,
          `note\n${secret}\nnote`
        ]) {
          assert.notInclude(withoutSecrets(`bad: ${secret}`, secretsIn(stdout)), secret)
        }
      })
    ))

  it("when it is a string of JSON on stdout, short, escaped or with punctuation in it", () => {
    const cases: ReadonlyArray<readonly [stdout: string, secret: string]> = [
      ['{"password":"correct horse battery"}', "correct horse battery"],
      [String.raw`{"token":"ab\/cd\/efgh","x":"p\u0040sswd-9x1"}`, "ab/cd/efgh"],
      [String.raw`{"token":"ab\/cd\/efgh","x":"p\u0040sswd-9x1"}`, "p@sswd-9x1"],
      ['{"Password":"Tr0ub{a,d}"}', "Tr0ub{a,d}"],
      ['{"Password":"hunter2"}', "hunter2"],
      ['{"Password":"hunter2', "hunter2"]
    ]
    for (const [stdout, secret] of cases) {
      assert.strictEqual(withoutSecrets(`bad: ${secret}`, secretsIn(stdout)), "bad: <redacted>")
    }
  })

  it("in whatever notation stdout has it", () => {
    const cases: ReadonlyArray<readonly [stdout: string, secret: string]> = [
      ["PASSWORD='correct horse battery'", "correct horse battery"],
      ["KEY='hunter2'", "hunter2"],
      ["export KEY=hunter2; export OTHER=x", "hunter2"],
      ["A=1 B=secretvalue9", "secretvalue9"],
      ["A=1 B=ab/cd==", "ab/cd=="],
      ["access_token=abcdefghij&token_type=mac", "abcdefghij"],
      ["https://me:s3cr3t-passw0rd@host", "s3cr3t-passw0rd"],
      ["https://me:s3cr3t%2Fpassw0rd@host", "s3cr3t/passw0rd"],
      ['{"pin":1234567}', "1234567"],
      ["keys:\n  - hunter2", "hunter2"],
      ["<token>hunter2</token>", "hunter2"]
    ]
    for (const [stdout, secret] of cases) {
      assert.strictEqual(withoutSecrets(`bad: ${secret} there`, secretsIn(stdout)), "bad: <redacted> there", stdout)
    }
  })

  it("as the trace of a shell, Python or XML quotes it", () => {
    const cases: ReadonlyArray<readonly [secret: string, written: ReadonlyArray<string>]> = [
      [
        "pa'ss\"wo rd1",
        [`'pa'\\''ss"wo rd1'`, `'pa'"'"'ss"wo rd1'`, String.raw`'pa\'ss"wo rd1'`, String.raw`pa\'ss\"wo\ rd1`]
      ],
      ["abc$def gh!1", [String.raw`abc\$def\ gh\!1`]],
      ["ab&cd<ef12", ["ab&amp;cd&lt;ef12"]],
      [`ab'cd"12`, ["ab&#39;cd&quot;12"]]
    ]
    for (const [secret, written] of cases) {
      for (const text of written) {
        assert.match(withoutSecrets(`+ : ${text} there`, [secret]), /^\+ : '?<redacted>'? there$/, text)
      }
    }
  })

  it("but for the names of what stdout holds, which people need to read", () => {
    const stdout = "export passphrase=1; user_name=1\n<credential>x</credential>"
    const text = "user_name and passphrase of the credential"
    assert.strictEqual(withoutSecrets(text, secretsIn(stdout)), text)
  })

  it("when it is broken into several lines, plain or in base64 as `base64` breaks it", () =>
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme-ascii", minLength: 90, maxLength: 300 }).filter((it) => !/\s/.test(it)),
        fc.integer({ min: 1, max: 76 }),
        (secret, width) => {
          for (const form of [secret, Buffer.from(secret).toString("base64")]) {
            const lines = Array.from({ length: Math.ceil(form.length / width) }, (_, line) =>
              form.slice(line * width, (line + 1) * width)
            )
            for (const wrapped of [lines.join("\n"), lines.join("\n    ")]) {
              assert.strictEqual(withoutSecrets(`bad: (${wrapped}) there`, [secret]), "bad: (<redacted>) there")
            }
          }
        }
      )
    ))

  it("when it is a string of JSON on stdout, for all secrets", () =>
    fc.assert(
      fc.property(arbitrarySecret, (secret) => {
        const stdout = JSON.stringify({ user: "me", nested: [{ secret: `${secret} "{,` }] })
        assert.notInclude(withoutSecrets(`bad: ${secret} "{,`, secretsIn(stdout)), secret)
      })
    ))

  it("when two secrets share characters", () => {
    for (const secrets of [
      ["abcdef", "efghij"],
      ["efghij", "abcdef"]
    ]) {
      assert.strictEqual(withoutSecrets("bad: abcdefghij!", secrets), "bad: <redacted>!")
    }
  })

  it("when an argument or a part of one is it", () =>
    fc.assert(
      fc.property(arbitrarySecret, (secret) => {
        for (const argument of [secret, `--token=${secret}`, `basic:${secret}`]) {
          assert.notInclude(withoutSecrets(`bad: ${secret}`, secretsInArguments([argument])), secret)
        }
      })
    ))

  const tokens = [
    "sk-proj-abcdefgh12345678",
    "sk-ant-api03-abcdefgh12345678",
    "ghp_abcdefghijklmnop1234",
    "github_pat_11ABCDEFG0abcdefg",
    "glpat-abcdefgh12345678",
    "xoxb-123456789012-abcdef",
    "hvs.CAESIabcdefgh12345678",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA-abcdefgh12345678",
    "ya29.a0AfH6SMBabcdefgh",
    "npm_abcdefghijklmnop1234",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "dGhpcyBpcyBhIGxvbmcgc2VjcmV0IHRoYXQgaXMgYmFzZTY0IQ==",
    "0123456789abcdef0123456789abcdef"
  ]
  for (const token of tokens) {
    it(`when nobody has told us that it is one: ${token.slice(0, 8)}…`, () => {
      assert.strictEqual(withoutSecrets(`refused ${token} by the server`, []), "refused <redacted> by the server")
    })
  }

  it("after a word that announces it, or in a URL", () => {
    assert.strictEqual(withoutSecrets("Authorization: Bearer abcdef123456", []), "Authorization: Bearer <redacted>")
    assert.strictEqual(withoutSecrets("PASSWORD=hunter", []), "PASSWORD=<redacted>")
    assert.strictEqual(withoutSecrets("https://me:hunter2@host/x", []), "https://me:<redacted>@host/x")
  })
})

describe("what people need to read stays", () => {
  for (const text of [
    "Error: test/key is not in the password store.",
    "token: expired, please log in again",
    "open /people/someone/.config/gcloud/application_default_credentials.json: no such file",
    "gpg: decryption failed: No secret key",
    "[ERROR] 2024/01/02 15:04:05 you are not currently signed in. Please run `op signin --help`"
  ]) {
    it(text, () => assert.strictEqual(withoutSecrets(printable(text), []), text))
  }

  it("also where JSON on stdout has these words for names, or says true, false or null", () => {
    const stdout = '{"error": null,\n"access_token": "hunter2-x", "expires" : true,\n"refresh_token": false\n}'
    const text = "error: the access_token is null, its expires true, refresh_token false"
    assert.strictEqual(withoutSecrets(`${text}: hunter2-x`, secretsIn(stdout)), `${text}: <redacted>`)
  })

  it("but a name that is a value elsewhere is a value", () =>
    assert.strictEqual(withoutSecrets("bad: hunter2x", secretsIn('{"hunter2x":{"a":"hunter2x"}}')), "bad: <redacted>"))
})

describe("what is shown", () => {
  it("holds no control, format or bidirectional character but tab and newline, for all input", () =>
    fc.assert(
      fc.property(fc.fullUnicodeString({ maxLength: 200 }), fc.string({ maxLength: 20 }), (text, more) => {
        const shown = printable(`${text}\u001B]0;${more}\u0007\u009B31m\u202E\u2066${more}\r\n`)
        assert.notMatch(shown, /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      })
    ))

  it("goes on in the next line after a terminal's sequence that was never ended", () => {
    assert.strictEqual(printable("before \u001B]0;title\nafter"), "before \nafter")
  })

  it("is at most 4 KiB of UTF-8, its end, from a line's start where there is one, for all input", () =>
    fc.assert(
      fc.property(fc.array(fc.fullUnicodeString({ maxLength: 400 }), { maxLength: 60 }), (lines) => {
        const text = lines.join("\n")
        const shown = tail(text, 4_096)
        assert.isAtMost(bytesOf(shown).length, 4_096)
        assert.isTrue(bytesOf(text.trim()).toString().endsWith(shown))
        if (shown !== bytesOf(text.trim()).toString() && shown.includes("\n")) {
          assert.isTrue(bytesOf(text).toString().includes(`\n${shown}`))
        }
      })
    ))

  it("begins at a line when the front was cut off, else behind what the cut may have gone through", () => {
    const cut = (text: string, ...secrets: ReadonlyArray<string>) => withoutSecrets(text, secrets, true)
    const lines = "a line\n".repeat(20)
    assert.strictEqual(
      cut(`cret-half\n${lines}whole line`, "secret-half").slice(-18),
      "\na line\nwhole line".slice(-18)
    )
    assert.isTrue(cut(`cret-half\n${lines}whole line`, "secret-half").startsWith("a line\n"))
    assert.strictEqual(
      cut(`cret-half ${"word ".repeat(40)}the reason\n`, "secret-half").slice(-16),
      "word the reason\n"
    )
    assert.strictEqual(cut("cret-half the reason", "secret-half"), "<redacted>")
    assert.strictEqual(cut(`${"x".repeat(70_000)} the reason`).slice(-12), "x the reason")
  })

  it("shows no rest of a secret that the cut went through, in whatever form, for all cuts", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          arbitrarySecret,
          fc.constant("correct horse battery staple"),
          fc.constant("-----\nline one\nline two\n-----")
        ),
        fc.constantFrom(...Object.values(forms)),
        fc.nat(1_000),
        fc.constantFrom("", "!", "e "),
        (secret, form, at, glue) => {
          const written = form(secret)
          const after = `${" was refused ".repeat(20_000 / 13)}the reason`
          const bytes = bytesOf(`${glue}${written}${glue}${after}`)
          const kept = bytes.subarray(at % bytesOf(written).length).toString("utf8")
          const shown = tail(withoutSecrets(printable(kept), [secret], true), 4_096)
          assert.isTrue(shown.endsWith("the reason"))
          const whole = withoutSecrets(printable(kept), [secret], true)
          assert.notInclude(whole, printable(written).slice(-4))
          assert.notInclude(whole, secret.slice(-4))
        }
      ),
      { numRuns: 300 }
    ))

  it("takes the strings of a stdout that is no whole JSON in linear time, the unclosed one too", () => {
    assert.strictEqual(withoutSecrets("it was hunter2x", secretsIn('{"token":"hunter2x')).includes("hunter2x"), false)
  })
})

/** Sixteen times what is ever kept: what grows faster than its input, or by thousands of steps a character, never ends here. */
const endless = 1_024 * 1_024
const givesUpAfter = 10_000

describe("a helper cannot stop us by what it writes", () => {
  // Between two such texts the runner has to be able to report.
  beforeEach(() => new Promise((resolve) => setImmediate(resolve)))

  for (const piece of hostileStderr) {
    it(`on stderr: ${JSON.stringify(piece)} again and again`, { timeout: givesUpAfter }, () => {
      const shown = withoutSecrets(printable(piece.repeat(endless / piece.length)), ["secret-secret"])
      assert.isAtMost(shown.length, endless)
    })
  }

  for (const piece of hostileStdout) {
    it(`on stdout: ${JSON.stringify(piece)} again and again`, { timeout: givesUpAfter }, () => {
      const text = `"${piece.repeat(endless / 2 / piece.length)}\\`
      assert.isAtMost(
        secretsIn(text).reduce((most, { length }) => Math.max(most, length), 0),
        text.length
      )
    })
  }
})
