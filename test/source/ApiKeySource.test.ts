import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import { jsonSchema } from "../../src/internal/config/file.js"
import { arbitrarySource } from "../support/arbitrarySource.js"

const parsed = (text: string): ApiKeySource.ApiKeySource => Either.getOrThrow(ApiKeySource.parse(text))

const refused = (text: string) => {
  const result = ApiKeySource.parse(text, "keys.jsonc")
  if (Either.isRight(result)) return assert.fail(`accepted: ${text.slice(0, 100)}`)
  return result.left
}

describe("a source in JSON", () => {
  it("is any of six", () => {
    assert.deepStrictEqual(parsed(`{ "env": "OPENAI_API_KEY" }`), ApiKeySource.env("OPENAI_API_KEY"))
    assert.deepStrictEqual(parsed(`{ "file": "/run/secrets/key", "strict": true }`), {
      _tag: "File",
      file: "/run/secrets/key",
      strict: true
    })
    assert.deepStrictEqual(parsed(`{ "auth": "anthropic" }`), ApiKeySource.auth("anthropic"))
    assert.deepStrictEqual(
      parsed(`{ "command": ["op", "read", "op://a/b"] }`),
      ApiKeySource.command(["op", "read", "op://a/b"])
    )
    const literal = parsed(`{ "literal": "sk-1" }`)
    assert(literal._tag === "Literal" && Redacted.value(literal.literal) === "sk-1")
    assert.deepStrictEqual(
      parsed(`{ "firstOf": [{ "env": "A" }, { "firstOf": [{ "env": "B" }], "onFailure": "next" }] }`),
      ApiKeySource.firstOf([
        ApiKeySource.env("A"),
        ApiKeySource.firstOf([ApiKeySource.env("B")], { onFailure: "next" })
      ])
    )
  })

  it("may have comments and trailing commas, and a command all options of a run, a format and a cache", () => {
    const source = parsed(`{
      // as an object
      "command": {
        "argv": ["vault", "read"],
        "env": { "VAULT_ADDR": "https://vault.example", "PAGER": null },
        "inheritEnv": ["LANG"],
        "cwd": "~/keys",
        "timeout": "10 seconds",
        "retries": 0,
        "interactive": "if-available",
        "format": { "name": "json", "field": "data.key" },
        "timeToLive": "Infinity", "refreshAhead": "30s", "onRepeatedKey": "fail", "onAbandon": "complete",
      },
    }`)
    assert(source._tag === "Command")
    const { timeout, timeToLive, refreshAhead, format, env } = source.command
    assert(timeout !== undefined && Equal.equals(timeout, Duration.seconds(10)))
    assert(timeToLive !== undefined && !Duration.isFinite(timeToLive))
    assert(refreshAhead !== undefined && Equal.equals(refreshAhead, Duration.seconds(30)))
    assert.deepStrictEqual(format, { name: "json", field: "data.key" })
    assert.deepStrictEqual(env, { VAULT_ADDR: "https://vault.example", PAGER: null })
  })

  it("is the source again after print and parse", () => {
    fc.assert(
      fc.property(arbitrarySource, (source) => {
        const again = parsed(ApiKeySource.print(source))
        assert.strictEqual(ApiKeySource.print(again), ApiKeySource.print(source))
        assert.isTrue(sameSource(again, source))
      }),
      { numRuns: 500 }
    )
  })

  it("has a label that holds neither a literal nor an argument", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (secret) => {
        assert.notInclude(ApiKeySource.label(ApiKeySource.literal(secret)), secret)
        assert.notInclude(ApiKeySource.label(ApiKeySource.command(["tool", secret])), secret)
      })
    )
  })
})

/** By what it consists of: durations and secrets compare by their own equality. */
const sameSource = (a: unknown, b: unknown): boolean => {
  if (Equal.isEqual(a) && Equal.isEqual(b)) return Equal.equals(a, b)
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  const keys = Object.keys(a)
  const other = new Map(Object.entries(b))
  return (
    keys.length === other.size &&
    Object.entries(a).every(([key, value]) => other.has(key) && sameSource(value, other.get(key)))
  )
}

describe("a source that is wrong is one error with line, column and remedy", () => {
  const rows: ReadonlyArray<readonly [name: string, text: string, message: string | RegExp, hint: string | RegExp]> = [
    ["nothing", "", /^keys.jsonc:1:1: not JSON/, /Correct it/],
    ["no object", "12", "keys.jsonc:1:1: expected an object that names a source", /"env"/],
    ["no source", "{}", "keys.jsonc:1:1: names no source", /^Give one of: literal, env, file, auth, command, firstOf$/],
    [
      "invalid JSONC",
      `{\n  "env": }`,
      /^keys.jsonc:2:10: not JSON: a value is missing/,
      /comments and trailing commas/
    ],
    ["not closed", `{ "env": "A"`, /^keys.jsonc:1:13: not JSON: a closing } is missing/, /Correct it/],
    [
      "an unknown key",
      `{\n  "comand": ["op"]\n}`,
      `keys.jsonc:2:3: "comand" is not known here`,
      `Did you mean "command"?`
    ],
    [
      "an unknown option",
      `{ "command": { "argv": ["op"], "timout": "1 s" } }`,
      /:1:32: "timout" is not known here/,
      `Did you mean "timeout"?`
    ],
    ["a key from nowhere", `{ "env": "A", "zzzzzzzz": 1 }`, /:1:15: "zzzzzzzz" is not known here/, "Use one of: env"],
    ["two sources", `{ "env": "A", "file": "b" }`, /:1:15: "env" and "file" are two sources/, /"firstOf"/],
    ["a wrong type", `{ "command": ["op", 1] }`, /:1:21: expected a string/, /.+/],
    ["an empty argv", `{ "command": [] }`, /:1:14: expected an argv/, /\["op", "read"/],
    ["a blank program", `{ "command": ["  "] }`, /:1:14: expected an argv/, /\["op", "read"/],
    ["an argv that is missing", `{ "command": { "timeout": "1 s" } }`, /:1:14: "argv" is missing/, /.+/],
    [
      "a duration of -1",
      `{ "command": { "argv": ["op"], "timeout": -1 } }`,
      /:1:43: expected a time with its unit, above 0/,
      /"10 seconds"/
    ],
    [
      "a duration of minus one",
      `{ "command": { "argv": ["op"], "timeout": "-1 s" } }`,
      /:1:43: expected a time/,
      /"10 seconds"/
    ],
    [
      "a lifetime of nothing",
      `{ "command": { "argv": ["op"], "timeToLive": "0 s" } }`,
      /:1:46: expected a time/,
      /"5 minutes"/
    ],
    [
      "an empty env reference",
      `{\n\n  "env": ""\n}`,
      "keys.jsonc:3:10: expected the name of an environment variable",
      /without \$/
    ],
    ["a $ in the name", `{ "env": "$KEY" }`, /:1:10: expected the name/, /without \$/],
    [
      "a name with a space in env",
      `{ "command": { "argv": ["op"], "env": { "A B": "" } } }`,
      /:1:41: expected the name of an environment variable/,
      /.+/
    ],
    ["an empty key", `{ "literal": "" }`, /:1:14: expected a key that is not empty/, /.+/],
    ["an empty path", `{ "file": " " }`, /:1:11: expected a path/, /relative/],
    [
      "an unknown format",
      `{ "command": { "argv": ["op"], "format": "oath" } }`,
      /:1:42: expected one of the formats/,
      /"oauth"/
    ],
    ["one of several", `{ "firstOf": [{ "env": "A" },\n { "file": 1 }] }`, /^keys.jsonc:2:12: expected a path/, /.+/],
    ["none of several", `{ "firstOf": [] }`, /:1:14: expected a list of sources/, /.+/],
    [
      "an odd onFailure",
      `{ "firstOf": [{ "env": "A" }], "onFailure": "skip" }`,
      /:1:45: expected "stop" or "next"/,
      /.+/
    ]
  ]
  for (const [name, text, message, hint] of rows) {
    it(name, () => {
      const error = refused(text)
      assert.strictEqual(error._tag, "ConfigInvalid")
      for (const [said, wanted] of [
        [error.message, message],
        [error.hint, hint]
      ] as const) {
        if (typeof wanted === "string") assert.strictEqual(said, wanted)
        else assert.match(said, wanted)
        assert.notInclude(said, "\n")
      }
    })
  }

  it("10 MB of brackets, without a stack overflow", () => {
    for (const bracket of ["[", `{"a":`, `{"firstOf":[`]) {
      const error = refused(bracket.repeat((10 * 1024 * 1024) / bracket.length))
      assert.match(error.message, /^keys.jsonc:1:\d+: more than 64 levels of brackets/)
    }
  })

  it("never with what stands there", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/), fc.nat(5), (secret, which) => {
        const text = [
          { literal: [secret] },
          { literal: { [secret.slice(0, 3)]: secret } },
          { command: { argv: ["op", "x"], timeout: secret } },
          { env: `${secret}-${secret}` },
          { command: { argv: ["op"], format: secret } },
          { file: 1, strict: secret }
        ][which]
        const error = refused(JSON.stringify(text))
        assert.notInclude(error.message + error.hint + JSON.stringify(error), secret)
      })
    )
  })
})

describe("a shell string is refused, with the argv that it probably means", () => {
  const rows = [
    ["op read op://Work/OpenAI/key", `["op", "read", "op://Work/OpenAI/key"]`],
    [`pass "my key"`, `["pass", "my key"]`],
    ["echo 'a b' c\\ d", `["echo", "a b", "c d"]`],
    ["!git credential fill", `["git", "credential", "fill"]`],
    ["pass x | head -1", `["sh", "-c", "pass x | head -1"]`],
    ["cat $HOME/key", `["sh", "-c", "cat $HOME/key"]`],
    ["echo $(op read x)", `["sh", "-c", "echo $(op read x)"]`],
    ["cat key*", `["sh", "-c", "cat key*"]`]
  ] as const
  for (const [line, argv] of rows) {
    it(line, () => {
      for (const text of [{ command: line }, { command: { argv: line } }]) {
        const error = refused(JSON.stringify(text))
        assert.match(error.message, /a command is a list of strings, not a shell string/)
        assert.strictEqual(error.hint, `It probably means ${argv}`)
      }
    })
  }

  it("without what looks like a secret in it", () => {
    const error = refused(
      JSON.stringify({ command: "curl -H 'Authorization: Bearer sk-abcdefghijklmnop123456' https://x" })
    )
    assert.notInclude(error.hint, "abcdefghijklmnop")
    assert.include(error.hint, "<redacted>")
  })

  const secret = "hunter2-geheim"
  for (const line of [
    `vault login ${secret}`,
    `sshpass -p geheim op read x`,
    `login --password geheim`,
    `login --api-key geheim --user me`,
    `TOKEN=geheim login`,
    `X=geheim login`,
    `login --password=geheim`,
    `curl https://me:geheim@example.org/key`,
    `vault login ${secret} | head -1`,
    `login --password geheim | head -1`,
    `X=geheim login | head -1`,
    `echo "$(login '${secret}')"`
  ]) {
    it(`without what may be one: ${line}`, () => {
      const error = refused(JSON.stringify({ command: line }))
      assert.notInclude(error.message + error.hint, "geheim")
      assert.include(error.hint, "<redacted>")
    })
  }
})

describe("the JSON Schema and the parser are of one mind", () => {
  const accepts = new Ajv({ strict: false, validateFormats: false }).compile(jsonSchema)
  const asFile = (key: unknown) => ({ providers: { a: { key } } })
  const parsed = (key: unknown) => ApiKeySource.parse(JSON.stringify(key))

  it("what is written is taken by both", () =>
    fc.assert(
      fc.property(arbitrarySource, (source) => {
        const written: unknown = JSON.parse(ApiKeySource.print(source))
        assert.isTrue(accepts(asFile(written)), JSON.stringify(accepts.errors))
      }),
      { numRuns: 300 }
    ))

  const anyText = fc.oneof(
    fc.constantFrom(
      "",
      " ",
      "5",
      "5 s",
      "5s",
      "-1 s",
      "0 s",
      "0.0",
      "1.5 h",
      "1.h",
      "Infinity",
      "5 minutes",
      "banana",
      "op"
    ),
    fc.string({ maxLength: 8 }),
    fc.stringMatching(/^ ?[0-9.-]{0,3} ?[a-z]{0,7}$/)
  )
  const anyValue = fc.oneof(
    anyText,
    fc.integer({ min: -1, max: 11 }),
    fc.boolean(),
    fc.array(anyText, { maxLength: 3 })
  )
  const anyCommand = fc.oneof(
    anyValue,
    fc.record(
      {
        argv: fc.array(anyText, { maxLength: 3 }),
        timeout: anyText,
        retries: anyValue,
        env: fc.dictionary(fc.constantFrom("A", "1", ""), anyText),
        cwd: anyText,
        interactive: fc.constantFrom("never", "sometimes"),
        format: fc.oneof(fc.constantFrom("text", "tekst"), fc.record({ name: fc.constant("json"), field: anyText })),
        timeToLive: anyText,
        refreshAhead: anyText,
        unknown: anyText
      },
      { requiredKeys: ["argv"] }
    )
  )
  const anySource = fc.oneof(
    fc.record({ command: anyCommand }),
    fc.record({ env: anyValue }),
    fc.record({ file: anyValue, strict: anyValue }, { requiredKeys: ["file"] }),
    fc.record({ firstOf: fc.array(fc.record({ env: anyText }), { maxLength: 2 }), onFailure: anyValue })
  )

  it("what the schema takes, the parser takes", () => {
    let taken = 0
    fc.assert(
      fc.property(anySource, (key) => {
        if (!accepts(asFile(key))) return
        taken++
        assert.isTrue(Either.isRight(parsed(key)), JSON.stringify(key))
      }),
      { numRuns: 3000 }
    )
    assert.isAbove(taken, 100)
  })

  it("neither takes a time that is none, a blank program, an entry that says nothing", () => {
    for (const key of [
      { command: { argv: ["op"], timeout: "-1 s" } },
      { command: { argv: ["op"], timeout: "banana" } },
      { command: { argv: ["op"], timeout: "0 s" } },
      { command: { argv: ["op"], timeout: "Infinity" } },
      { command: [" "] },
      { command: ["op", 1] }
    ]) {
      assert.isFalse(accepts(asFile(key)), JSON.stringify(key))
      assert.isTrue(Either.isLeft(parsed(key)), JSON.stringify(key))
    }
    assert.isFalse(accepts({ providers: { a: {} } }))
    assert.isTrue(accepts(asFile({ command: { argv: ["op"], timeToLive: "Infinity" } })))
  })
})

describe("ApiKeySource.config", () => {
  const read = (id: string, env: Readonly<Record<string, string>>) =>
    Effect.either(ApiKeySource.config(id)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))
    )
  const key = { OPENAI_API_KEY: "sk-1" }
  const file = { OPENAI_API_KEY_FILE: "/run/secrets/openai" }
  const command = { OPENAI_API_KEY_COMMAND: `["op", "read", "op://a/b"]` }
  const blank = { OPENAI_API_KEY: " ", OPENAI_API_KEY_FILE: "" }
  const rows = [
    ["the key goes first", { ...key, ...file, ...command }, "Literal"],
    ["then the file", { ...file, ...command }, "File"],
    ["then the command", command, "Command"],
    ["blank is not there", { ...blank, ...command }, "Command"]
  ] as const
  for (const [name, env, tag] of rows) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const source = yield* read("openai", env)
        assert(Either.isRight(source))
        assert.strictEqual(source.right._tag, tag)
      })
    )
  }

  it("of a format's parameters names the one that is wrong", () => {
    const text = `{ "command": { "argv": ["op"], "format": { "name": "json", "feld": "x" } } }`
    const error = refused(text)
    assert.strictEqual(error.column, text.indexOf('"feld"') + 1)
    assert.include(error.message, `"feld" is not known here`)
    assert.strictEqual(error.hint, `Did you mean "field"?`)
    assert.include(refused(text.replace("json", "jsn")).message, "expected one of the formats")
  })

  it.effect("names the three variables when none is set", () =>
    Effect.gen(function* () {
      const source = yield* read("openai", {})
      assert(Either.isLeft(source))
      for (const name of ["OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_API_KEY_COMMAND"]) {
        assert.include(String(source.left), name)
      }
    })
  )

  it.effect("refuses a shell string, with the argv that it probably means", () =>
    Effect.gen(function* () {
      for (const text of ["op read x", `"op read x"`, `{"argv": "op read x"}`]) {
        const source = yield* read("openai", { OPENAI_API_KEY_COMMAND: text })
        assert(Either.isLeft(source))
        assert.include(String(source.left), `It probably means ["op", "read", "x"]`)
      }
    })
  )

  it.effect("JSON that is not well-formed is no shell string, and nothing of it is shown", () =>
    Effect.gen(function* () {
      const rows = [
        [`["vault", "login", "hunter2-geheim"`, "a closing ] is missing (at character 36)"],
        [`{"argv": ["vault", "hunter2-geheim"]`, "a closing } is missing"],
        [`['vault', 'hunter2-geheim']`, "a word that is not JSON (at character 2)"],
        [`"vault hunter2-geheim`, "a string is not closed"]
      ] as const
      for (const [text, problem] of rows) {
        const source = yield* read("openai", { OPENAI_API_KEY_COMMAND: text })
        assert(Either.isLeft(source))
        assert.include(String(source.left), problem)
        assert.include(String(source.left), `For example ["op", "read",`)
        assert.notInclude(String(source.left), "geheim")
        assert.notInclude(String(source.left), "shell string")
      }
    })
  )

  it("has variables for any id", () => {
    assert.strictEqual(ApiKeySource.variablesFor("openai").key, "OPENAI_API_KEY")
    assert.strictEqual(ApiKeySource.variablesFor("my-gateway.eu").file, "MY_GATEWAY_EU_API_KEY_FILE")
    assert.strictEqual(ApiKeySource.variablesFor("302ai").command, "_302AI_API_KEY_COMMAND")
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (id) => {
        assert.match(ApiKeySource.variablesFor(id).key, /^[A-Z_][A-Z0-9_]*_API_KEY$/)
      })
    )
  })
})
