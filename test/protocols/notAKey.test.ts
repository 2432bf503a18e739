import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { FormatSpec } from "effect-apikey/formats/table"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isUnresolved, type Kind, notAToken } from "../../src/internal/format/notAKey.js"
import { decode, plain, shown } from "./support.js"

/** Each kind: texts of it, and what the remedy has to name. */
const kinds: ReadonlyArray<readonly [kind: Kind, remedy: RegExp, texts: ReadonlyArray<string>]> = [
  // docker/docker-agent#3568
  [
    "reference",
    /op read.*op run/,
    ["op://Private/OpenAI/key", "op://Private/Open AI/credential?attribute=otp", "op://Work/x/section/field"]
  ],
  [
    "reference",
    /tool|source/,
    [
      // anomalyco/opencode#31085
      "{cred:abc}",
      "{env:OPENAI_API_KEY}",
      "{file:~/.secrets/openai}",
      "{vault:secret/openai}",
      `$${"{OPENAI_API_KEY}"}`,
      `$${"{OPENAI_API_KEY:-none}"}`,
      `$${"{env:OPENAI_API_KEY}"}`,
      "$" + "{{ secrets.OPENAI_API_KEY }}",
      "{{ OPENAI_API_KEY }}",
      "{{resolve:secretsmanager:MySecret:SecretString:key}}",
      "{{ op://Private/OpenAI/key }}",
      "$OPENAI_API_KEY",
      "$env:OPENAI_API_KEY",
      "%OPENAI_API_KEY%",
      "OPENAI_API_KEY",
      "$(op read op://Private/OpenAI/key)",
      "process.env.OPENAI_API_KEY",
      "os.environ/OPENAI_API_KEY",
      'os.environ["OPENAI_API_KEY"]',
      "env:OPENAI_API_KEY",
      "env://OPENAI_API_KEY",
      "file:///run/secrets/openai",
      "exec:op read x",
      "#{OPENAI_API_KEY}#",
      "vault:secret/data/openai#key",
      "vault://secret/data/openai",
      "secretref:openai",
      "secretref://openai-key",
      "keyring://service/user",
      "keychain:openai",
      "bws://1234",
      "ref+awssecrets://openai#/key",
      "awssm://openai",
      "gcpsm://project/openai",
      "sm://project/openai",
      "infisical://dev/OPENAI",
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:openai-AbCdEf",
      "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/openai",
      "projects/acme/secrets/openai/versions/latest",
      "https://acme.vault.azure.net/secrets/openai/0123",
      "@Microsoft.KeyVault(SecretUri=https://acme.vault.azure.net/secrets/openai)",
      "<path:secret/data/openai#key>",
      "!secret openai_key"
    ]
  ],
  [
    "placeholder",
    /real key/,
    [
      "YOUR_API_KEY",
      "your-api-key",
      "your_openai_api_key_here",
      "yourApiKey",
      "your key here",
      "sk-your-key-here",
      "YOUR-TOKEN",
      "<key>",
      "<YOUR_API_KEY>",
      "<your key here>",
      "[YOUR_API_KEY]",
      "xxxx",
      "XXXXXXXX",
      "sk-xxxx",
      "sk-ant-xxxxxxxx",
      "sk-proj-XXXXXXXXXXXX",
      "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "AIzaXXXXXXXXXXXX",
      "xoxb-xxxx-xxxx-xxxx",
      "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
      "changeme",
      "CHANGE_ME",
      "change-this",
      "replace_me",
      "REPLACE_WITH_YOUR_KEY",
      "insert-your-api-key-here",
      "paste_token_here",
      "api_key_here",
      "TODO",
      "placeholder"
    ]
  ],
  [
    "masked",
    /reveal/,
    [
      "****",
      "********************",
      "sk-****",
      "sk-****abcd",
      "sk-proj-abcd****wxyz",
      "sk-ant-api03-********",
      "****-****-abcd",
      "sk-...abcd",
      "sk-proj-...wxyz",
      "sk-...",
      "sk-\u2026abcd",
      "a1b2...c3d4",
      "\u25cf\u25cf\u25cf",
      "\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022",
      "sk-\u2022\u2022\u2022\u2022abcd",
      "sk-xxxxxxxx1234",
      "[REDACTED]",
      "<redacted>",
      "***REDACTED***",
      "(sensitive value)",
      "<sensitive>",
      "<concealed by 1Password>",
      "[hidden]",
      "[MASKED]",
      "redacted"
    ]
  ],
  [
    "object",
    /AsPlainText|text|field/,
    [
      // rmbolger/Posh-ACME#618
      "System.Security.SecureString",
      "System.Object[]",
      "System.Byte[]",
      "System.Collections.Hashtable",
      "System.Collections.Generic.List`1[System.String]",
      "System.Management.Automation.PSCredential",
      "[object Object]",
      "[object Promise]",
      "<Buffer 73 6b 2d>",
      "<Buffer 73 6b 2d ... 40 more bytes>",
      "Uint8Array(3) [ 115, 107, 45 ]",
      "115,107,45,49,50,51,52,53,54",
      "[115 107 45 49 50 51 52 53 54]",
      "b'sk-123'",
      'b"sk-123"',
      "Promise { <pending> }",
      "[Function: getKey]",
      "[AsyncFunction: getKey]",
      "<function get_key at 0x7f0a>",
      "<__main__.Key object at 0x7f0a1b2c>",
      "#<Key:0x000078e1>",
      "SecretStr('**********')",
      "Redacted(<redacted>)",
      'Some("sk-123")',
      "[B@1b6d3586",
      "java.lang.Object@1b6d3586",
      "map[key:sk-123]",
      "&{sk-123 0}",
      "0xc000012345",
      "@{key=sk-123}",
      '{"key":"sk-123"}'
    ]
  ],
  [
    "nothing",
    /null/,
    ["null", "undefined", "None", "<nil>", "nil", "NULL", "(null)", "<none>", "<no value>", "%!s(<nil>)"]
  ],
  ["quoted", /--raw/, ['"sk-123"', "'sk-123'", "`sk-123`", "\u201csk-123\u201d", "\u2018sk-123\u2019", '""']],
  [
    "encrypted",
    /decrypted|AsPlainText/,
    [
      "encrypted:BGx1cnk",
      "ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]",
      "ENC(abc123)",
      "{cipher}abc123",
      "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zo",
      "$ANSIBLE_VAULT;1.1;AES256",
      "01000000d08c9ddf0115d1118c7a00c04fc297eb0100000012345678",
      "76492d1116743f0423413b16050a5345MgB8AGUA",
      "73006b002d0031003200330034003500"
    ]
  ],
  [
    "assignment",
    /name.*only the key/,
    [
      "OPENAI_API_KEY=sk-123",
      "export OPENAI_API_KEY=sk-123",
      'OPENAI_API_KEY="sk-123"',
      "aws_secret_access_key = abc",
      "TOKEN=abc=="
    ]
  ],
  [
    "header",
    /"Bearer"/,
    ["Bearer sk-123", "bearer sk-123", "Authorization: Bearer sk-123", "x-api-key: sk-123", "Token abc", "Basic YTpi"]
  ],
  // gopasspw/gopass#1821
  ["label", /gopass show -o/, ["Secret: work/openai", "Name: x", "api_key: sk-123", "Password: correct horse"]]
]

const rows = kinds.flatMap(([kind, remedy, texts]) => texts.map((text) => [text, kind, remedy] as const))

const json: FormatSpec = { name: "json", field: "k" }

describe("text that cannot be a key is refused with its kind and a remedy, and never quoted", () => {
  it.each(rows)("%s (%s)", (text, kind, remedy) => {
    expect(Option.map(notAToken(text), (found) => found.kind)).toEqual(Option.some(kind))
    const answers: ReadonlyArray<readonly [FormatSpec, string]> = [
      ["text", `${text}\n`],
      [json, JSON.stringify({ k: text })],
      ["oauth", JSON.stringify({ access_token: text })],
      ["first-line", `${text}\nnotes\n`]
    ]
    for (const [format, answer] of answers) {
      const error = Either.getOrThrow(Either.flip(decode(format, answer)))
      expect(error).toMatchObject({ _tag: "InvalidOutput", hint: expect.stringMatching(remedy) })
      if (kind !== "nothing" && text.length > 12) expect(shown(error)).not.toContain(text)
    }
  })

  it.each(rows.filter(([, kind]) => kind === "reference" || kind === "placeholder"))(
    "%s is the mark of where a key should be",
    (text) => {
      expect(isUnresolved(` ${text}\n`)).toBe(true)
    }
  )

  it.each(rows.filter(([, kind]) => ["reference", "masked", "object", "encrypted"].includes(kind)))(
    "%s is no password of a pair either",
    (text) => {
      const answer = JSON.stringify({ ServerURL: "", Username: "u", Secret: text })
      expect(Either.flip(decode("docker-credential", answer))).toMatchObject({ right: { path: "Secret" } })
      expect(Either.isLeft(decode("git-credential", `username=u\npassword=${text}\n`))).toBe(true)
    }
  )

  it.each(["changeme", "null", "'quoted'", "Bearer of bad news", "Note: to self", "<3 you", "a=b"])(
    "%s may be a person's password",
    (text) => {
      const answer = JSON.stringify({ ServerURL: "", Username: "<u>", Secret: text })
      expect(Either.map(decode("docker-credential", answer), (key) => plain(key).value)).toEqual(Either.right(text))
    }
  )

  it("is told apart in time that grows with its length", () => {
    for (const [text] of rows) {
      const long = text.repeat(Math.ceil(60_000 / text.length))
      expect(Either.isLeft(decode("text", `${long} \u00e9`))).toBe(true)
    }
  })
})

const chars = (set: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.stringOf(fc.constantFrom(...set), { minLength, maxLength })

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
const lower = upper.toLowerCase()
const digits = "0123456789"
const alphanumeric = upper + lower + digits
const words = "correct horse battery staple your change secret token key nothing here op env vault pass hidden".split(
  " "
)

/** As vendors make them. */
const shapes: Readonly<Record<string, fc.Arbitrary<string>>> = {
  openai: chars(`${alphanumeric}-_`, 40, 120).map((body) => `sk-proj-${body}`),
  "openai, old": chars(alphanumeric, 48, 48).map((body) => `sk-${body}`),
  anthropic: chars(`${alphanumeric}-_`, 93, 93).map((body) => `sk-ant-api03-${body}AA`),
  google: chars(`${alphanumeric}-_`, 35, 35).map((body) => `AIza${body}`),
  "google's access token": chars(`${alphanumeric}-_.`, 60, 120).map((body) => `ya29.${body}`),
  github: chars(alphanumeric, 36, 36).map((body) => `ghp_${body}`),
  "github, fine-grained": chars(`${alphanumeric}_`, 82, 82).map((body) => `github_pat_${body}`),
  gitlab: chars(`${alphanumeric}-_`, 20, 20).map((body) => `glpat-${body}`),
  xai: chars(alphanumeric, 80, 80).map((body) => `xai-${body}`),
  groq: chars(alphanumeric, 52, 52).map((body) => `gsk_${body}`),
  huggingface: chars(alphanumeric, 34, 34).map((body) => `hf_${body}`),
  aws: chars(upper + digits, 16, 16).map((body) => `AKIA${body}`),
  "aws, secret": chars(`${alphanumeric}+/`, 40, 40),
  bedrock: chars(`${alphanumeric}+/`, 100, 140).map((body) => `ABSK${body}=`),
  slack: chars(alphanumeric, 24, 24).map((body) => `xoxb-123456789012-123456789012-${body}`),
  jwt: fc
    .tuple(chars(`${alphanumeric}-_`, 20, 80), chars(`${alphanumeric}-_`, 20, 80))
    .map(([a, b]) => `eyJhbGciOiJSUzI1NiJ9.${a}.${b}`),
  base64: fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  base64url: fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
  hexadecimal: fc.uint8Array({ minLength: 16, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  uuid: fc.uuid(),
  vault: chars(alphanumeric, 90, 95).map((body) => `hvs.${body}`),
  databricks: chars("0123456789abcdef", 32, 32).map((body) => `dapi${body}-2`),
  openrouter: chars("0123456789abcdef", 64, 64).map((body) => `sk-or-v1-${body}`),
  perplexity: chars(alphanumeric, 48, 48).map((body) => `pplx-${body}`),
  replicate: chars(alphanumeric, 37, 37).map((body) => `r8_${body}`),
  azure: chars("0123456789abcdef", 32, 32),
  "azure, new": chars(alphanumeric, 84, 84),
  "connection string": chars(`${alphanumeric}+/`, 40, 40).map(
    (body) => `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=${body}=`
  ),
  passphrase: fc
    .tuple(fc.array(fc.constantFrom(...words), { minLength: 4, maxLength: 7 }), fc.constantFrom("-", "_", ".", "+"))
    .map(([parts, separator]) => `${parts.join(separator)}${separator}42`),
  "word and digits": fc
    .tuple(fc.constantFrom("ollama", "dummy", "lm-studio", "EMPTY", "local", "test", "sk-no-key-required"), fc.nat())
    .map(([word, number]) => (number % 2 === 0 ? word : `${word}${number}`))
}

/** What kinds are known by, anywhere inside a key. */
const inside = fc.constantFrom(
  ...`**** ... $${"{X}"} {env:X} {{X}} <key> xxxx op:// = == ' " null undefined [object $HOME %X% your changeme : ; \\`.split(
    " "
  )
)

describe("a key is a key", () => {
  it.each(Object.entries(shapes))("of the shape of %s", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (key) => {
        expect(notAToken(key)).toEqual(Option.none())
        expect(Either.map(decode("text", `${key}\n`), (read) => plain(read).value)).toEqual(Either.right(key))
      }),
      { numRuns: 200 }
    )
  })

  const long = Object.entries(shapes).filter(([name]) => !/^(?:word|passphrase|connection)/.test(name))

  it.each(long)("that has what looks like no key only inside: %s", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, inside, fc.double({ min: 0.35, max: 0.65, noNaN: true }), (key, part, at) => {
        const index = Math.floor(key.length * at)
        const mixed = `${key.slice(0, index)}${part}${key.slice(index)}`
        expect(Either.map(decode("text", `${mixed}\n`), (read) => plain(read).value)).toEqual(Either.right(mixed))
      })
    )
  })

  it("whatever visible ASCII it has, if it begins like one", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{3}[!-~]{17,60}[A-Za-z0-9]$/), (key) => {
        fc.pre(!/[:=]/.test(key))
        expect(notAToken(key)).toEqual(Option.none())
      }),
      { numRuns: 1000 }
    )
  })
})

describe("a known wrapping is decoded", () => {
  const base64 = (text: string): string => `go-keyring-base64:${Buffer.from(text).toString("base64")}`
  const encoded = (text: string): string => `go-keyring-encoded:${Buffer.from(text).toString("hex")}`
  const hex = (text: string): string => Buffer.from(text).toString("hex")

  it.each([
    // supabase/cli#5406
    ["go-keyring-base64:c2stYWJj", "sk-abc"],
    [base64("sk-abc\n"), "sk-abc"],
    [encoded("sk-abc"), "sk-abc"],
    // macOS' security prints what has a line end in hexadecimal.
    [hex("sk-abc123\n"), "sk-abc123"],
    [hex("sk-abc123\r\n").toUpperCase(), "sk-abc123"],
    [`0x${hex("sk-abc123\n")}`, "sk-abc123"]
  ])("%s", (text, value) => {
    for (const [format, answer] of [
      ["text", text],
      ["auto", `${text}\n`],
      [json, JSON.stringify({ k: text })]
    ] as const) {
      expect(Either.map(decode(format, answer), (key) => plain(key).value)).toEqual(Either.right(value))
    }
  })

  it.each([base64("op://Private/OpenAI/key"), encoded("null"), base64("a b"), base64(""), "go-keyring-base64:%%%"])(
    "and what is inside has to be a key: %s",
    (text) => {
      expect(Either.flip(decode("text", text))).toMatchObject({ right: { _tag: "InvalidOutput" } })
    }
  )

  it("but hexadecimal that is a key stays one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 32 }), (bytes) => {
        const key = Buffer.from(bytes).toString("hex")
        expect(Either.map(decode("text", key), (read) => plain(read).value)).toEqual(Either.right(key))
      })
    )
  })
})
