import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { redact } from "../../src/internal/redact/redact.js"
import { type Run, sourcesOf } from "../../src/internal/redact/sources.js"
import { printable } from "../../src/internal/redact/terminal.js"
import { arbitrarySecret } from "../support/arbitrary.js"

/** What is shown of a stderr. */
const shown = (stderr: string, run: Partial<Run>): string =>
  redact(
    printable(stderr),
    sourcesOf({ args: [], env: {}, inherited: {}, input: "", stdout: "", words: new Set(), ...run })
  )

/** Every way in which a secret reaches a helper, or comes from it. */
const ways: Readonly<Record<string, (secret: string) => Partial<Run>>> = {
  stdout: (stdout) => ({ stdout }),
  "a word of stdout": (secret) => ({ stdout: `the key is ${secret} today` }),
  "an argument": (secret) => ({ args: [secret] }),
  "an argument's value": (secret) => ({ args: [`--token=${secret}`] }),
  "a word of an argument": (secret) => ({ args: ["-c", `run with ${secret} now`] }),
  "the input": (secret) => ({ input: `user=me\npassword=${secret}\n` }),
  "a variable of the caller's": (secret) => ({ env: { PLACE: secret } }),
  "a word of a variable of the caller's": (secret) => ({ env: { PLACE: `a ${secret} b` } }),
  "a secret variable": (secret) => ({ inherited: { CI_TOKEN: secret } }),
  "the password of a URL in a variable": (secret) => ({
    inherited: { PLACE: `https://me:${encodeURIComponent(secret)}@host/` }
  })
}

const bytesOf = (text: string): ReadonlyArray<number> => Array.from(Buffer.from(text))
const inHex = (byte: number): string => byte.toString(16).padStart(2, "0")

const base32 = (text: string): string => {
  const bits = bytesOf(text).map((byte) => byte.toString(2).padStart(8, "0"))
  const groups = bits.join("").match(/.{1,5}/g) ?? []
  return groups.map((group) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(group.padEnd(5, "0"), 2)]).join("")
}

/** Sixteen bytes a line, with an address, as `od` and `xxd` write them. */
const dumped = (text: string, write: (byte: number) => string, width = 16): string => {
  const bytes = bytesOf(text)
  return Array.from({ length: Math.ceil(bytes.length / width) }, (_, line) => {
    const address = (line * width).toString(8).padStart(7, "0")
    const part = bytes.slice(line * width, (line + 1) * width)
    return `${address} ${part.map(write).join(" ")}\n`
  }).join("")
}

const xxd = (text: string): string => {
  const bytes = bytesOf(text)
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, line) => {
    const part = bytes.slice(line * 16, (line + 1) * 16)
    const pairs =
      part
        .map(inHex)
        .join("")
        .match(/.{1,4}/g) ?? []
    const letters = part.map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("")
    return `${(line * 16).toString(16).padStart(8, "0")}: ${pairs.join(" ").padEnd(40)} ${letters}\n`
  }).join("")
}

/** How it is written to stderr. */
const notations: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in JSON": (secret) => JSON.stringify(secret),
  "in JSON in JSON": (secret) => JSON.stringify(JSON.stringify({ a: secret })).replaceAll('\\\\\\"', '\\"'),
  "in percent-encoding": encodeURIComponent,
  "in percent-encoding, twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "in percent-encoding, all of it": (secret) =>
    bytesOf(secret)
      .map((byte) => `%${inHex(byte)}`)
      .join(""),
  "in base64": (secret) => Buffer.from(secret).toString("base64"),
  "in base64 for URLs": (secret) => Buffer.from(secret).toString("base64url"),
  "in base64 behind a user": (secret) => Buffer.from(`user-1:${secret}`).toString("base64"),
  "in base64 behind a slash": (secret) => `path/${Buffer.from(secret).toString("base64")}`,
  "in base64 in percent-encoding": (secret) => encodeURIComponent(Buffer.from(secret).toString("base64")),
  "in base32": base32,
  "in hexadecimal": (secret) => bytesOf(secret).map(inHex).join(""),
  "in hexadecimal and capitals": (secret) => bytesOf(secret).map(inHex).join("").toUpperCase(),
  "in hexadecimal with colons": (secret) => bytesOf(secret).map(inHex).join(":"),
  "in hexadecimal with 0x": (secret) =>
    bytesOf(secret)
      .map((byte) => `0x${inHex(byte)}`)
      .join(", "),
  "as a Buffer of Node": (secret) => `<Buffer ${bytesOf(secret).map(inHex).join(" ")}>`,
  "as escapes of hexadecimal digits": (secret) =>
    bytesOf(secret)
      .map((byte) => `\\x${inHex(byte)}`)
      .join(""),
  "as octal escapes": (secret) =>
    bytesOf(secret)
      .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
      .join(""),
  "as Go prints bytes": (secret) => `[${bytesOf(secret).join(" ")}]`,
  "as a list of numbers": (secret) => `[${bytesOf(secret).join(", ")}]`,
  "as `od -tx1` dumps it": (secret) => `\n${dumped(secret, inHex)}`,
  "as `od -tu1` dumps it": (secret) => `\n${dumped(secret, (byte) => String(byte).padStart(3))}`,
  "as `od -b` dumps it": (secret) => `\n${dumped(secret, (byte) => byte.toString(8).padStart(3, "0"))}`,
  "as `od -c` dumps it": (secret) => `\n${dumped(secret, (byte) => `  ${String.fromCharCode(byte)}`)}`,
  "as xxd dumps it": (secret) => `\n${xxd(secret)}`,
  "in HTML, all of it": (secret) =>
    bytesOf(secret)
      .map((byte) => `&#${byte};`)
      .join(""),
  "in HTML, hexadecimal": (secret) =>
    bytesOf(secret)
      .map((byte) => `&#x${inHex(byte)};`)
      .join(""),
  "in XML": (secret) => secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  "as quoted-printable": (secret) =>
    secret.replace(/[^A-Za-z0-9]/g, (each) => `=${inHex(each.charCodeAt(0)).toUpperCase()}`),
  "over several lines": (secret) => (secret.match(/.{1,5}/g) ?? []).join("\n  ")
}

/** Letters and digits, so that no notation makes another text of it than is meant. */
const plainSecret = fc.stringOf(fc.constantFrom(..."abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"), {
  minLength: 17,
  maxLength: 60
})

describe("what a source and stderr share is hidden", () => {
  for (const [way, runOf] of Object.entries(ways)) {
    it(`from ${way}, as it is, for all secrets`, () =>
      fc.assert(
        fc.property(arbitrarySecret, (secret) => {
          const text = shown(`bad: ${secret} was refused`, runOf(secret))
          assert.notInclude(text, secret)
        })
      ))

    it(`from ${way}, in each notation`, () =>
      fc.assert(
        fc.property(plainSecret, (secret) => {
          for (const [name, write] of Object.entries(notations)) {
            const written = write(secret)
            const text = shown(`bad: (${written}) was refused`, runOf(secret))
            assert.include(text, "<redacted>", name)
            assert.include(text, "was refused", name)
            for (const part of written.match(/\w{6,}/g) ?? []) {
              if (!/^0*\d{6,8}$/.test(part) && part !== "Buffer") assert.notInclude(text, part, `${name}: ${text}`)
            }
          }
        }),
        { numRuns: 10 }
      ))
  }

  it("with what its own notation means", () => {
    const cases: ReadonlyArray<readonly [stdout: string, secret: string]> = [
      [
        String.raw`{"ARN":"a","SecretString":"{\"username\":\"admin\",\"password\":\"Tr0ub-4x.yz.Long-pass\"}"}`,
        "Tr0ub-4x.yz.Long-pass"
      ],
      [String.raw`{"SecretString":"{\"username\":\"admin\",\"password\":\"hunter2\"}"}`, "hunter2"],
      ['{"pin": 1234567, "x": 1}', "1234567"],
      ['{"pin" : 123456}', "123456"],
      ["user|q7w8e9rty|x", "q7w8e9rty"],
      ["a;q7w8e9rty;b&q7w8e9rtz", "q7w8e9rtz"],
      ["your password is `q7w8e9rty`.", "q7w8e9rty"],
      ["your password is `hunter2`.", "hunter2"],
      ["<a>q7&amp;w8e9rty</a>", "q7&w8e9rty"],
      ["<a>q7&#38;w8e9rty</a>", "q7&w8e9rty"],
      ["password=q7w8%26e9rty", "q7w8&e9rty"],
      [`{"auth":"${Buffer.from("me:q7w8e9rty").toString("base64")}"}`, "q7w8e9rty"],
      [Buffer.from("q7w8e9rtyuiop").toString("hex"), "q7w8e9rtyuiop"],
      [String.raw`"q7w8\u0065\x39rty"`, "q7w8e9rty"]
    ]
    for (const [stdout, secret] of cases) {
      assert.strictEqual(shown(`login with ${secret} failed`, { stdout }), "login with <redacted> failed", stdout)
    }
  })

  it("where `echo` made a tab of a backslash and a letter", () => {
    for (const [written, printed] of [
      [String.raw`ab\tcd!efgh`, "ab\tcd!efgh"],
      [String.raw`longer\tand-longer\t9`, "longer\tand-longer\t9"],
      [String.raw`before9\nbehind99`, "before9\nbehind99"],
      [String.raw`bell\a9and\e9`, "bell9and\u001B9"],
      [String.raw`it's\qkept\t9`, "it's\\qkept\t9"]
    ] as const) {
      for (const runOf of Object.values(ways)) {
        const text = shown(`bad: ${printed} there`, runOf(written))
        for (const part of printed.match(/\w{5,}/g) ?? []) assert.notInclude(text, part, `${written} ${text}`)
      }
    }
  })

  it("in parts of arguments", () => {
    const cases: ReadonlyArray<readonly [secret: string, ...args: ReadonlyArray<string>]> = [
      ["s3cr3tq1", "-c", "T=s3cr3tq1; exit 1"],
      ["hunt3rs2", "-phunt3rs2"],
      ["hunt3r", "-phunt3r"],
      ["hunt3rs2", "-d", '{"user":"me","password":"hunt3rs2"}'],
      ["qwm93kd01x", "-H", "Authorization: Bearer qwm93kd01x"],
      ["s3cr3tq1", "https://me:s3cr3tq1@host/path"],
      ["s3cr3tq1", "-d", "user=me&password=s3cr3tq1&scope=x"],
      ["s3cr3tq1", "--data-urlencode", "password=s3cr%33tq1"],
      ["pass", "--password", "pass"],
      ["1234", "--pin=1234"]
    ]
    for (const [secret, ...args] of cases) {
      assert.strictEqual(shown(`sorry, ${secret} fits not`, { args }), "sorry, <redacted> fits not", args.join(" "))
    }
  })

  it("from variables by their names, and from others where it is made up", () => {
    const secret = {
      SMTP_PASS: "smtppass-1a2b",
      SSHPASS: "sshpass-1a2b3c",
      MYSQL_PWD: "mysqlpwd",
      ENCRYPTION_KEY: "enckey",
      CLARIFAI_PAT: "patpat",
      BW_SESSION: "bwsess",
      OP_SESSION_my: "opsess",
      CARD_PIN: "4711",
      XCOOKIEX: "monster",
      GATEWAY: "q7w8e9rty",
      SERVICE: "https://someone:letters@server9.example/T012345678/B0"
    }
    for (const text of [...Object.values(secret).slice(0, -1), "letters", "T012345678"]) {
      assert.strictEqual(shown(`bad: ${text} there`, { inherited: secret }), "bad: <redacted> there")
    }
    const place = {
      PWD: "/home/someone/project1",
      OLDPWD: "/home/someone/project2",
      SSH_ASKPASS: "/usr/lib/ssh/askpass-9",
      DESKTOP_SESSION: "ubuntu22-wayland",
      PATH: "/usr/lib/x86_64-linux-gnu:/opt/tool-2.1/bin",
      AWS_REGION: "eu-central-1",
      LANG: "en_US.UTF-8",
      TERM: "xterm-256color",
      USER: "someone1984",
      VAULT_ADDR: "https://vault01.example.com:8200",
      PLAIN: "only-letters here"
    }
    const readable = `${Object.values(place).join(" ")} true`
    assert.strictEqual(shown(readable, { inherited: { ...place, DISABLE_AUTH: "true" } }), readable)
  })

  it("to the ends of the words that it stands in", () => {
    assert.strictEqual(shown("bad: q7w8e9rtyuiop-more%20", { stdout: "q7w8e9rtyui" }), "bad: <redacted>")
    assert.strictEqual(shown("bad: xx-q7w8e9rty", { stdout: "q7w8e9rtyui" }), "bad: <redacted>")
  })
})

describe("what people need to read is shown", () => {
  it("also where an argument, stdout or a variable has these words", () => {
    const run = {
      args: ["credential", "fill", "--format=password", "auth", "print-access-token"],
      stdout: '{"access_token":"hunter2-x","refresh_tokens":[]}\nnothing else',
      env: { MODE: "authentication error" }
    }
    for (const text of [
      "fatal: refusing to work with credential missing host field",
      "ERROR: (gcloud.auth.print-access-token) Your credentials are invalid",
      "no access_token and no refresh_tokens",
      "Authentication failed: AUTHENTICATION required"
    ]) {
      assert.strictEqual(shown(text, run), text)
    }
  })

  it("but not a whole stdout, line, string, input or secret value that is made of such words", () => {
    const secret = "access denied token"
    for (const run of [
      { stdout: secret },
      { stdout: `user\n${secret}\n` },
      { stdout: JSON.stringify({ a: secret }) },
      { input: secret },
      { env: { A: secret } },
      { inherited: { A_TOKEN: secret } },
      { args: ["--password", secret] }
    ]) {
      assert.strictEqual(shown(`bad: ${secret} there`, run), "bad: <redacted> there", JSON.stringify(run))
    }
  })

  it("and no word with other letters in it, or in mixed capitals", () => {
    for (const text of ["token-xq", "ToKeNaCcEsS", "accesstoken"]) {
      assert.strictEqual(shown(`bad: ${text} there`, { stdout: `a ${text} b` }), "bad: <redacted> there")
    }
  })
})
