import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const get = (self: Sandbox, source: ApiKeySource.ApiKeySource) =>
  ApiKeyProvider.fromSource(source, { provider: "openai" }).pipe(
    Effect.flatMap((provider) => provider.get),
    within(self),
    Effect.scoped
  )

const texts: ReadonlyArray<readonly [text: string, hint: RegExp]> = [
  ["op://Private/OpenAI/key", /op read/],
  ["{cred:abc}", /source/],
  ["YOUR_API_KEY", /real key/],
  ["sk-****abcd", /hides the value/],
  ["System.Security.SecureString", /AsPlainText/],
  ["[object Object]", /text/],
  ["undefined", /undefined/],
  ['"sk-123456"', /quotes/],
  ["OPENAI_API_KEY=sk-123456", /Leave out the name/],
  ["Bearer sk-123456", /Bearer/],
  ['{"key":"sk-123456"}', /json/],
  ["two\nlines", /one line/],
  ["sk abc", /spaces/],
  [`eyJhbGciOiJub25lIn0.${Buffer.from('{"exp":1}').toString("base64url")}.AA`, /new key|Log in again/]
]

/** Every source that is not a command, holding the text. */
const sources: Readonly<Record<string, (self: Sandbox, text: string) => ApiKeySource.ApiKeySource>> = {
  literal: (_, text) => ApiKeySource.literal(text),
  env: (self, text) => {
    self.env["OPENAI_API_KEY"] = text
    return ApiKeySource.env("OPENAI_API_KEY")
  },
  file: (self, text) => {
    const file = join(self.home, "key")
    writeFileSync(file, `${text}\n`, { mode: 0o600 })
    return ApiKeySource.file(file)
  },
  "auth.json": (self, text) => {
    self.env["OPENCODE_AUTH_CONTENT"] = JSON.stringify({ openai: { type: "api", key: text } })
    return ApiKeySource.auth("openai")
  }
}

describe.each(Object.entries(sources))("what cannot be a key in a source: %s", (_, make) => {
  for (const [text, hint] of texts) {
    it.scopedLive(`${JSON.stringify(text)} is an error that blames no command`, () =>
      Effect.gen(function* () {
        const self = yield* sandbox
        const error = yield* Effect.flip(get(self, make(self, text)))
        assert.include(["InvalidOutput", "ExpiredOnArrival"], error._tag)
        assert.match(error.hint, hint)
        assert.notMatch(error.message, /printed output|the command|its output/)
        if (text.length > 9) assert.notInclude(error.message, text)
      })
    )
  }

  it.scopedLive("a wrapping of go-keyring is decoded", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const key = yield* get(self, make(self, "go-keyring-base64:c2stYWJj"))
      assert.deepStrictEqual(key.value, ApiKeySource.literal("sk-abc").literal)
    })
  )

  it.scopedLive("the next source is asked where the list says so, and only there", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const list = [make(self, "op://Private/OpenAI/key"), ApiKeySource.literal("sk-next")] as const
      const failure = yield* Effect.flip(get(self, ApiKeySource.firstOf(list)))
      assert.strictEqual(failure._tag, "InvalidOutput")
      const key = yield* get(self, ApiKeySource.firstOf(list, { onFailure: "next" }))
      assert.deepStrictEqual(key.value, ApiKeySource.literal("sk-next").literal)
    })
  )
})

describe("a file of binary data", () => {
  it.scopedLive("is an error that blames no command", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const file = join(self.home, "key")
      writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0x00, 0x80), { mode: 0o600 })
      const error = yield* Effect.flip(get(self, ApiKeySource.file(file)))
      assert.strictEqual(error._tag, "InvalidOutput")
      assert.notMatch(`${error.message} ${error.hint}`, /command|printed/)
    })
  )
})

describe("a presigned token in a source", () => {
  it.scopedLive("carries its own expiry", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const now = yield* DateTime.now
      const date = DateTime.formatIso(now).replace(/[-:]|\.\d+/g, "")
      const url = `bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Date=${date}&X-Amz-Expires=600`
      const token = `bedrock-api-key-${Buffer.from(url).toString("base64")}`
      const key = yield* get(self, ApiKeySource.literal(token))
      const end = DateTime.add(DateTime.unsafeMake(Math.floor(now.epochMillis / 1000) * 1000), { seconds: 600 })
      assert.deepStrictEqual(key.expiresAt._tag === "Some" && key.expiresAt.value, end)
    })
  )
})
