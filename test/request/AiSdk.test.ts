// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
import { realpathSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { type AmazonBedrockProvider, createAmazonBedrock } from "@ai-sdk/amazon-bedrock"
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { createOpenAI, type OpenAIProvider } from "@ai-sdk/openai"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { generateText } from "ai"
import { AwsV4Signer } from "aws4fetch"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as ApiKey from "../../src/ApiKey.js"
import { EmptyOutput, type InvalidOutput } from "../../src/ApiKeyError.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import * as AiSdk from "../../src/sdk/AiSdk.js"
import * as AmazonBedrock from "../../src/sdk/AmazonBedrock.js"
import { placeholder } from "../../src/sdk/Fetch.js"
import * as Testing from "../../src/testing.js"
import { guarded, type Handler, json, loopback } from "../support/loopback.js"
import { model } from "../support/model.js"
import { runProgram } from "../support/processes.js"

const sdks = AiSdk.layerRegistry.pipe(Layer.provide(HelperExecutor.layer))
const command = ["echo", "sk-1"]
const ask = (model: Parameters<typeof generateText>[0]["model"]) =>
  Effect.tryPromise({
    try: () => generateText({ model, prompt: "question", maxRetries: 0 }).then(({ text }) => text),
    catch: (error) => error
  })

describe("AiSdk.get", () => {
  const packages = [
    "@ai-sdk/openai",
    "@ai-sdk/anthropic",
    "@ai-sdk/google",
    "@ai-sdk/azure",
    "@ai-sdk/groq",
    "@ai-sdk/mistral",
    "@ai-sdk/openai-compatible"
  ]
  for (const npm of packages) {
    it.scopedLive(`makes what ${npm} names, with the key in its requests`, () =>
      Effect.gen(function* () {
        const server = yield* loopback(
          guarded(["sk-1"], npm === "@ai-sdk/openai" ? (_, response) => json(response, 418, {}) : model())
        )
        const sdk = yield* AiSdk.get({ npm, options: { baseURL: `${server.origin}/v1`, apiKeyCommand: command } })
        yield* Effect.either(ask(sdk.languageModel("m")))
        assert.strictEqual(server.seen.length, 1)
        assert.include(JSON.stringify(server.seen[0]?.headers), "sk-1")
      }).pipe(Effect.provide(sdks))
    )
  }

  const bedrock = (output: string, format: "aws-credential-process" | "oauth") =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = {
        baseURL: server.origin,
        region: "eu-west-1",
        apiKeyCommand: { argv: ["echo", output], format }
      }
      const sdk = yield* AiSdk.get({ npm: "@ai-sdk/amazon-bedrock", options })
      return { server, sdk }
    })

  it.scopedLive("signs for Amazon Bedrock with a key pair", () =>
    Effect.gen(function* () {
      const pair = { Version: 1, AccessKeyId: "AKIA1", SecretAccessKey: "very-secret", SessionToken: "session" }
      const { sdk, server } = yield* bedrock(JSON.stringify(pair), "aws-credential-process")
      assert.strictEqual(yield* ask(sdk.languageModel("m")), "hello")
      assert.strictEqual(server.seen.length, 1)
      const headers = server.seen[0]?.headers ?? {}
      assert.match(
        headers["authorization"] ?? "",
        /^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-west-1\/bedrock\/aws4_request, .*Signature=[0-9a-f]{64}$/
      )
      assert.strictEqual(headers["x-amz-security-token"], "session")
      assert.notInclude(JSON.stringify(server.seen), "very-secret")
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("signs nothing for Amazon Bedrock with a token, and says so", () =>
    Effect.gen(function* () {
      const { sdk, server } = yield* bedrock(`{"access_token":"secret"}`, "oauth")
      const error = yield* Effect.flip(ask(sdk.languageModel("m")))
      assert.propertyVal(error, "_tag", "InvalidOutput")
      assert.match(String(error), /the key cannot be sent: expected an AWS key pair/)
      assert.include((error as InvalidOutput).hint, "aws-credential-process")
      assert.strictEqual(server.seen.length, 0)
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("what it makes keeps nothing of who asked for it first", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["sk-1"], model()))
      const apiKeyCommand = ["printf", "sk-1"]
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand }
      const sdk = yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options }).pipe(
        Effect.tagMetrics("user", "first")
      )
      yield* ask(sdk.languageModel("m"))
      const runs = (yield* Metric.snapshot).flatMap(({ metricKey: { name, tags } }) => {
        const said = tags.map(({ key, value }) => `${key}=${value}`).sort()
        return name === "effect_apikey_runs_total" && said.includes("program=printf") ? [said] : []
      })
      assert.deepStrictEqual(runs, [["outcome=success", "program=printf"]])
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("one object for equal configurations, whatever the order of their fields", () =>
    Effect.gen(function* () {
      const npm = "@ai-sdk/openai-compatible"
      const baseURL = "http://127.0.0.1:9/v1"
      const configurations: ReadonlyArray<AiSdk.SdkConfig> = [
        { npm, options: { baseURL, apiKeyCommand: command } },
        { npm, options: { apiKeyCommand: command, baseURL } },
        { npm, options: { baseURL, apiKeyCommand: command }, name: undefined },
        { npm, name: "other", options: { baseURL, apiKeyCommand: command } },
        { npm, options: { baseURL: `${baseURL}/2`, apiKeyCommand: command } },
        { npm, options: { baseURL, apiKeyCommand: ["echo", "sk-2"] } },
        { npm, options: { baseURL, apiKeyCommand: { argv: command, timeToLive: "1 minute" } } },
        { npm, options: { baseURL, apiKey: "sk-literal", apiKeyCommand: command } },
        { npm, options: { baseURL, apiKeyCommand: command, headers: { b: "1", a: "2" } } },
        { npm, options: { baseURL, apiKeyCommand: command, headers: { a: "2", b: "1" } } }
      ]
      const made = yield* Effect.all(configurations.map(AiSdk.get), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        made.map((sdk) => made.indexOf(sdk)),
        [0, 0, 0, 3, 4, 5, 6, 7, 8, 8]
      )
      const fetch = () => Promise.resolve(new Response())
      const [first, second, third] = yield* Effect.all([
        AiSdk.get({ npm, options: { baseURL, fetch } }),
        AiSdk.get({ npm, options: { baseURL, fetch } }),
        AiSdk.get({ npm, options: { baseURL, fetch: () => fetch() } })
      ])
      assert.strictEqual(first, second)
      assert.notStrictEqual(first, third)
    }).pipe(Effect.provide(sdks))
  )

  const told = ["sh", "-c", 'printf "key-for-%s-%s" "$EFFECT_APIKEY_PROVIDER" "$$"']
  const keyOf = (name: string, apiKeyCommand: unknown) =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand }
      yield* ask((yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", name, options })).languageModel("m"))
      return server.seen[0]?.headers["authorization"] ?? ""
    })

  it.scopedLive("asks an equal command for each provider's own key, and tells it whose", () =>
    Effect.gen(function* () {
      const [alpha, beta, again] = [yield* keyOf("alpha", told), yield* keyOf("beta", told), yield* keyOf("beta", told)]
      assert.match(alpha, /^Bearer key-for-alpha-/)
      assert.match(beta, /^Bearer key-for-beta-/)
      assert.strictEqual(again, beta)
      assert.match(yield* keyOf("gamma", { argv: told, provider: undefined }), /^Bearer key-for-gamma-/)
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("asks once for those whose commands name one `provider`", () =>
    Effect.gen(function* () {
      const shared = { argv: told, provider: "vault" }
      const alpha = yield* keyOf("alpha", shared)
      assert.match(alpha, /^Bearer key-for-vault-/)
      assert.strictEqual(yield* keyOf("beta", shared), alpha)
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("after the end of its layer an SDK is still made, and its requests fail with ProviderClosed", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(sdks, scope)
      yield* Scope.close(scope, Exit.void)
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand: command }
      const sdk = yield* Effect.provide(AiSdk.get({ npm: "@ai-sdk/openai-compatible", options }), context)
      assert.include(inspect(yield* Effect.flip(ask(sdk.languageModel("m")))), "ProviderClosed")
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("hands the provider's name to the package: its id, or else the package's own", () =>
    Effect.gen(function* () {
      const npm = "@ai-sdk/openai-compatible"
      const options = { baseURL: "http://127.0.0.1:9/v1", apiKeyCommand: command }
      const [named, unnamed] = yield* Effect.all([
        AiSdk.get({ npm, name: "gateway", options }),
        AiSdk.get({ npm, options })
      ])
      assert.deepStrictEqual(
        [named, unnamed].map((sdk) => sdk?.languageModel("m").provider),
        ["gateway.chat", `${npm}.chat`]
      )
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("sends with the `fetch` of the options, below the key", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const sent: Array<string | null> = []
      const fetch: typeof globalThis.fetch = (input, init) => {
        sent.push(new Headers(init?.headers).get("authorization"))
        return globalThis.fetch(input, init)
      }
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand: command, fetch }
      yield* ask((yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options })).languageModel("m"))
      assert.deepStrictEqual(sent, ["Bearer sk-1"])
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("an apiKey wins over the command, but none that is empty or null", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand: command }
      for (const apiKey of ["sk-literal", "", null]) {
        const sdk = yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options: { ...options, apiKey } })
        yield* ask(sdk.languageModel("m"))
      }
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        ["Bearer sk-literal", "Bearer sk-1", "Bearer sk-1"]
      )
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("sends the key by the scheme that the configuration names", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand: command, scheme: { header: "api-key" } }
      yield* ask((yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options })).languageModel("m"))
      const { "api-key": key, authorization } = server.seen[0]?.headers ?? {}
      assert.deepStrictEqual([key, authorization], ["sk-1", undefined])
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("runs the command in the home directory, unless its `cwd` says otherwise", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const [home, folder] = [homedir(), tmpdir()].map((path) => realpathSync(path))
      for (const cwd of [{}, { cwd: tmpdir() }]) {
        const apiKeyCommand = { argv: ["/bin/sh", "-c", "pwd -P"], ...cwd }
        const options = { baseURL: `${server.origin}/v1`, apiKeyCommand }
        yield* ask((yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options })).languageModel("m"))
      }
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        [`Bearer ${home}`, `Bearer ${folder}`]
      )
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("an object of its own for what is no plain data, and for another kind of it", () =>
    Effect.gen(function* () {
      const headers = [
        new Headers({ a: "1" }),
        new Headers({ a: "2" }),
        new Date(1),
        new Date(2),
        { a: "1" },
        [["a", "1"]],
        1n,
        "1"
      ]
      const made = yield* Effect.all(
        headers.map((extra) =>
          AiSdk.get({ npm: "@ai-sdk/openai-compatible", options: { baseURL: "http://127.0.0.1:9", extra } })
        )
      )
      assert.strictEqual(new Set(made).size, headers.length)
    }).pipe(Effect.provide(sdks))
  )

  it.scopedLive("a time below a millisecond is a time", () =>
    Effect.gen(function* () {
      const timed = { argv: command, timeToLive: "0.5 ms", timeout: "1.5 ms" }
      yield* AiSdk.get({ npm: "@ai-sdk/groq", options: { apiKeyCommand: timed } })
    }).pipe(Effect.provide(sdks))
  )

  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic
  const malformed: ReadonlyArray<readonly [string, unknown]> = [
    ["no configuration", null],
    ["no package", {}],
    ["a name that is no text", { npm: "@ai-sdk/groq", name: 5, options: { apiKeyCommand: command } }],
    ["options that are null", { npm: "@ai-sdk/groq", options: null }],
    ["options that hold themselves", { npm: "@ai-sdk/groq", options: cyclic }],
    ...[-1, Number.NaN, 0].map(
      (timeout) =>
        [
          `a timeout of ${timeout}`,
          { npm: "@ai-sdk/groq", options: { apiKeyCommand: { argv: command, timeout } } }
        ] as const
    ),
    ["a refresh ahead of -1", { npm: "@ai-sdk/groq", options: { apiKeyCommand: { argv: command, refreshAhead: -1 } } }],
    ["no program", { npm: "@ai-sdk/groq", options: { apiKeyCommand: [""] } }]
  ]
  for (const [name, config] of malformed) {
    it.scopedLive(`${name} is a typed error`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(AiSdk.get(config as AiSdk.SdkConfig))
        assert.strictEqual(error._tag, "ConfigInvalid")
      }).pipe(Effect.provide(sdks))
    )
  }

  const wrong: ReadonlyArray<readonly [string, AiSdk.SdkConfig, RegExp, RegExp]> = [
    [
      "a package that is missing",
      { npm: "@ai-sdk/no-such-provider" },
      /not installed/,
      /npm install @ai-sdk\/no-such-provider/
    ],
    ["a package of types", { npm: "@ai-sdk/provider" }, /has no factory/, /@ai-sdk\/openai-compatible/],
    ["a package whose factory makes something else", { npm: "@ai-sdk/provider-utils" }, /factory/, /npm ls/],
    ["a module of Node's", { npm: "node:http" }, /not the name of a package/, /./],
    ["code", { npm: "data:text/javascript,export const createX = () => 1" }, /not the name of a package/, /./],
    ["a path", { npm: "../evil.js" }, /not the name of a package/, /./],
    [
      "a scheme that is none",
      { npm: "@ai-sdk/groq", options: { scheme: "zzz", apiKeyCommand: command } },
      /scheme/,
      /"bearer", "basic" or "headers", \{ header: "x-api-key" \}/
    ],
    [
      "a scheme that is the name of a header",
      { npm: "@ai-sdk/groq", options: { scheme: "x-goog-api-key", apiKeyCommand: command } },
      /`scheme` is "x-goog-api-key"/,
      /`scheme: \{ header: "x-goog-api-key" \}`/
    ],
    [
      "a scheme of a header that cannot be",
      { npm: "@ai-sdk/groq", options: { scheme: { header: "x key" }, apiKeyCommand: command } },
      /`scheme.header` is not the name of a header/,
      /x-api-key/
    ],
    ["a shell string", { npm: "@ai-sdk/groq", options: { apiKeyCommand: "op read x" } }, /shell string/, /list|\[/],
    [
      "an unknown option",
      { npm: "@ai-sdk/groq", options: { apiKeyCommand: { argv: command, timeuot: 1 } } },
      /apiKeyCommand\.timeuot/,
      /./
    ],
    [
      "a time that is none",
      { npm: "@ai-sdk/groq", options: { apiKeyCommand: { argv: command, timeout: "soon" } } },
      /apiKeyCommand\.timeout/,
      /5 minutes/
    ],
    [
      "a name that an option had",
      { npm: "@ai-sdk/groq", options: { apiKeyCommand: { command } } },
      /apiKeyCommand\.command/,
      /argv/
    ]
  ]
  for (const [name, config, problem, remedy] of wrong) {
    it.scopedLive(`${name} is a typed error with a remedy`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(AiSdk.get(config))
        assert.strictEqual(error._tag, "ConfigInvalid")
        assert.match(error.message, problem)
        assert.match(error.hint, remedy)
      }).pipe(Effect.provide(sdks))
    )
  }
})

describe("a factory that refuses its options", () => {
  it.scopedLive("is a typed error that quotes nothing of what it says: it may be a setting that is a secret", () =>
    Effect.gen(function* () {
      const replace = () => {
        throw new RangeError("very-secret")
      }
      const options = { baseURL: { replace }, apiKeyCommand: command }
      const error = yield* Effect.flip(AiSdk.get({ npm: "@ai-sdk/openai-compatible", options }))
      assert.include(error.message, "the factory of @ai-sdk/openai-compatible rejected its options (RangeError)")
      assert.notInclude(inspect(error, { depth: null, showHidden: true }), "very-secret")
    }).pipe(Effect.provide(sdks))
  )
})

describe("a package in the program's own folder", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const factory = "export const createX = () => ({ languageModel: () => 'made' })"
  const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "esm-only": { "package.json": `{"type":"module","exports":{".":{"import":"./index.js"}}}`, "index.js": factory },
    "needs-another": { "package.json": `{"type":"module","main":"index.js"}`, "index.js": `import "no-such-dep"` },
    "lost-a-file": { "package.json": `{"type":"module","main":"index.js"}`, "index.js": `import "./gone.js"` },
    "throws-at-once": { "package.json": `{"type":"module","main":"index.js"}`, "index.js": `throw new Error("no")` }
  }
  /** What a program says of each in a folder that does not see our `node_modules`. */
  const outcomes = Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    for (const [name, files] of Object.entries(packages)) {
      yield* fs.makeDirectory(`${folder}/node_modules/${name}`, { recursive: true })
      for (const [file, text] of Object.entries(files)) {
        yield* fs.writeFileString(`${folder}/node_modules/${name}/${file}`, text)
      }
    }
    const program = `
      import * as Effect from ${JSON.stringify(`${root}node_modules/effect/dist/esm/Effect.js`)}
      import * as Layer from ${JSON.stringify(`${root}node_modules/effect/dist/esm/Layer.js`)}
      import * as AiSdk from ${JSON.stringify(`${root}src/sdk/AiSdk.ts`)}
      import * as HelperExecutor from ${JSON.stringify(`${root}src/HelperExecutor.ts`)}
      const said = (npm) => Effect.match(AiSdk.get({ npm }), {
        onSuccess: (sdk) => sdk.languageModel("m"),
        onFailure: ({ _tag, message, hint }) => [_tag, message, hint].join(" | ")
      })
      const names = ${JSON.stringify([...Object.keys(packages), "no-such-package"])}
      const all = Effect.all(Object.fromEntries(names.map((npm) => [npm, said(npm)])))
      const sdks = Layer.provide(AiSdk.layerRegistry, HelperExecutor.layer)
      console.log(JSON.stringify(await Effect.runPromise(Effect.provide(all, sdks))))`
    const file = `${folder}/main.mts`
    yield* fs.writeFileString(file, program)
    const { stderr, stdout } = yield* Effect.promise(() =>
      runProgram(process.execPath, [`${root}node_modules/tsx/dist/cli.mjs`, file], { cwd: folder })
    )
    assert.strictEqual(stderr, "")
    const said: Readonly<Record<string, string>> = JSON.parse(stdout)
    return said
  }).pipe(Effect.provide(NodeContext.layer), Effect.scoped)

  let said: Readonly<Record<string, string>> = {}
  beforeAll(async () => {
    said = await Effect.runPromise(outcomes)
  }, 60_000)

  it("is found, also one that is made for `import` only", () => assert.strictEqual(said["esm-only"], "made"))

  for (const [npm, says] of [
    [
      "no-such-package",
      /^ConfigInvalid \| .*the package no-such-package is not installed.*npm install no-such-package/
    ],
    ["needs-another", /^ConfigInvalid \| .*its dependency no-such-dep is not installed.*npm install no-such-dep/],
    ["lost-a-file", /^ConfigInvalid \| .*lost-a-file cannot be loaded \(ERR_MODULE_NOT_FOUND\)/],
    ["throws-at-once", /^ConfigInvalid \| .*throws-at-once cannot be loaded/]
  ] as const) {
    it(`that cannot be loaded is told by what is wrong with it: ${npm}`, () => assert.match(said[npm] ?? "", says))
  }
})

describe("an AWS key pair", () => {
  const token = "very-secret"
  const pairs = [
    ApiKey.make({ username: "AKIA1", value: token, sessionToken: `${token}\ntoken` }),
    ApiKey.make({ username: `AKIA1\n${token}`, value: token }),
    ApiKey.make({ username: "AKIA1", value: `${token}\n` })
  ]
  for (const [index, pair] of pairs.entries()) {
    it.scopedLive(`that no header can carry is a typed error that quotes nothing (${index + 1})`, () =>
      Effect.gen(function* () {
        const provider = yield* Testing.provider([pair])
        const sdk = AmazonBedrock.makeWith(provider, createAmazonBedrock, {
          baseURL: "http://127.0.0.1:9",
          region: "eu-west-1"
        })
        const error = yield* Effect.flip(ask(sdk("m")))
        assert.propertyVal(error, "_tag", "InvalidOutput")
        assert.notInclude(inspect(error, { depth: null, showHidden: true }), token)
      })
    )
  }

  it.scopedLive("is what Bedrock needs: any other key is a typed error, and nothing is sent", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = { baseURL: server.origin, region: "eu-west-1" }
      const sdk = AmazonBedrock.makeWith(yield* Testing.provider([token]), createAmazonBedrock, options)
      const error = yield* Effect.flip(ask(sdk("m")))
      assert.propertyVal(error, "_tag", "InvalidOutput")
      assert.match((error as InvalidOutput).hint, /format "aws-credential-process"/)
      assert.notInclude(inspect(error, { depth: null, showHidden: true }), token)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("is never sent as a bearer token", () =>
    Effect.gen(function* () {
      const server = yield* loopback(model())
      const options = { baseURL: server.origin, region: "eu-west-1" }
      for (const pair of [
        ApiKey.make({ username: "AKIA1", value: token }),
        ApiKey.make({ username: "ASIA1", value: token }),
        ApiKey.make({ username: "x", value: token, sessionToken: token })
      ]) {
        const sdk = AiSdk.makeWith(yield* Testing.provider([pair]), createAmazonBedrock, options)
        const error = yield* Effect.flip(ask(sdk("m")))
        assert.propertyVal(error, "_tag", "InvalidOutput")
        assert.match(String(error), /the key cannot be sent: expected .* not an AWS key pair/)
        assert.match((error as InvalidOutput).hint, /sdk\/AmazonBedrock/)
      }
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("has a layer that signs with it", () =>
    Effect.gen(function* () {
      class Bedrock extends Context.Tag("test/Bedrock")<Bedrock, AmazonBedrockProvider>() {}
      const server = yield* loopback(model())
      const layer = AmazonBedrock.layer(Bedrock, createAmazonBedrock, {
        baseURL: server.origin,
        region: "eu-west-1"
      }).pipe(Layer.provide(Testing.layer([ApiKey.make({ username: "AKIA1", value: token })])))
      assert.strictEqual(yield* Effect.flatMap(Bedrock, (sdk) => ask(sdk("m"))).pipe(Effect.provide(layer)), "hello")
      assert.match(server.seen[0]?.headers["authorization"] ?? "", /Credential=AKIA1\//)
    })
  )
})

describe("make", () => {
  it.scopedLive("binds the key to the origin of the SDK's own first request when it does not tell its base URL", () =>
    Effect.gen(function* () {
      const sent: Array<readonly [string, string | null]> = []
      const fetch: typeof globalThis.fetch = async (input, init) => {
        sent.push([String(input), new Headers(init?.headers).get("x-goog-api-key")])
        return new Response("{}", { status: 404 })
      }
      const provider = yield* Testing.provider(["sk-1"])
      const sdk = AiSdk.makeWith(provider, createGoogleGenerativeAI, { fetch })
      yield* Effect.either(ask(sdk("m")))
      assert.strictEqual(new URL(sent[0]?.[0] ?? "").origin, "https://generativelanguage.googleapis.com")
      assert.strictEqual(sent[0]?.[1], "sk-1")
    })
  )

  /** What a stub of `fetch` was sent. */
  const sending = () => {
    const sent: Array<readonly [origin: string, authorization: string | null]> = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      sent.push([new URL(String(input)).origin, new Headers(init?.headers).get("authorization")])
      return new Response("{}", { status: 404 })
    }
    return { sent, fetch }
  }
  /** The `fetch` that a factory is given. */
  const takingFetch = (settings: { readonly fetch?: typeof globalThis.fetch }) =>
    Option.getOrThrow(Option.fromNullable(settings.fetch))

  it.scopedLive("sends the key to every origin that the SDK itself authorizes, and to no other", () =>
    Effect.gen(function* () {
      const { fetch, sent } = sending()
      const sdkFetch = AiSdk.makeWith(yield* Testing.provider(["sk-1"]), takingFetch, { fetch })
      const authorization = `Bearer ${placeholder}`
      const ask = (url: string, headers: Readonly<Record<string, string>>) =>
        Effect.promise(() => sdkFetch(url, { headers }))
      yield* ask("https://api.test/chat", { authorization })
      yield* ask("https://files.test/upload", { authorization })
      yield* ask("https://cdn.test/image", {})
      yield* ask("data:text/plain,x", { authorization })
      yield* ask("https://api.test/chat", { authorization })
      yield* ask("https://api.test/signed-link", {})
      assert.deepStrictEqual(sent, [
        ["https://api.test", "Bearer sk-1"],
        ["https://files.test", "Bearer sk-1"],
        ["https://cdn.test", null],
        ["null", null],
        ["https://api.test", "Bearer sk-1"],
        ["https://api.test", null]
      ])
    })
  )

  it.scopedLive(
    "without a base URL follows no redirect with the key to another origin, not even one that it knows",
    () =>
      Effect.gen(function* () {
        const sent: Array<readonly [string, string | null]> = []
        const fetch: typeof globalThis.fetch = async (input, init) => {
          sent.push([String(input), new Headers(init?.headers).get("x-own-key")])
          return String(input).endsWith("/away")
            ? new Response(null, { status: 307, headers: { location: "https://files.test/landed" } })
            : new Response("{}")
        }
        const sdkFetch = AiSdk.makeWith(yield* Testing.provider(["sk-1"]), takingFetch, { fetch })
        const headers = { "x-own-key": `Key ${placeholder}` }
        for (const url of ["https://files.test/known", "https://api.test/away"]) {
          yield* Effect.promise(() => sdkFetch(url, { headers }))
        }
        assert.deepStrictEqual(sent, [
          ["https://files.test/known", "Key sk-1"],
          ["https://api.test/away", "Key sk-1"],
          ["https://files.test/landed", null]
        ])
      })
  )

  const calls: Readonly<Record<"chat" | "reranking", (sdk: AmazonBedrockProvider) => Effect.Effect<unknown, unknown>>> =
    {
      chat: (sdk: AmazonBedrockProvider) => ask(sdk("m")),
      reranking: (sdk: AmazonBedrockProvider) =>
        Effect.tryPromise(() =>
          sdk.rerankingModel("r").doRerank({ documents: { type: "text", values: ["a"] }, query: "q", topN: 1 })
        )
    }
  for (const order of [["chat", "reranking"] as const, ["reranking", "chat"] as const]) {
    it.scopedLive(`signs for each of Bedrock's hosts in the region: ${order.join(", then ")}`, () =>
      Effect.gen(function* () {
        const { fetch, sent } = sending()
        const pair = ApiKey.make({ username: "AKIA1", value: "secret" })
        const sdk = AmazonBedrock.makeWith(yield* Testing.provider([pair]), createAmazonBedrock, {
          region: "eu-west-1",
          fetch
        })
        for (const name of order) yield* Effect.either(calls[name](sdk))
        const hosts = { chat: "bedrock-runtime", reranking: "bedrock-agent-runtime" }
        assert.deepStrictEqual(
          sent.map(([origin]) => origin),
          order.map((name) => `https://${hosts[name]}.eu-west-1.amazonaws.com`)
        )
        for (const [, authorization] of sent) assert.match(authorization ?? "", /Credential=AKIA1\//)
      })
    )
  }

  it.scopedLive("signs nothing for what is no host of AWS's in the region", () =>
    Effect.gen(function* () {
      const { fetch, sent } = sending()
      const pair = ApiKey.make({ username: "AKIA1", value: "secret" })
      const sdkFetch = AmazonBedrock.makeWith(yield* Testing.provider([pair]), takingFetch, { fetch })
      const authorization = `AWS4-HMAC-SHA256 Credential=${placeholder}/20260101/eu-west-1/bedrock/aws4_request`
      const hosts = [
        "https://bedrock-runtime.eu-west-1.amazonaws.com.evil.test",
        "https://evil-eu-west-1.amazonaws.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "http://bedrock-runtime.eu-west-1.amazonaws.com",
        "https://bedrock-runtime.eu-west-1.amazonaws.com"
      ]
      for (const host of hosts) yield* Effect.promise(() => sdkFetch(host, { headers: { authorization } }))
      assert.deepStrictEqual(
        sent.map(([, signature]) => /Credential=(\w+)/.exec(signature ?? "")?.[1]),
        [undefined, undefined, undefined, undefined, "AKIA1"]
      )
    })
  )

  it.scopedLive("signs for the endpoint that the environment names", () =>
    Effect.gen(function* () {
      const { fetch, sent } = sending()
      const pair = ApiKey.make({ username: "AKIA1", value: "secret" })
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.stubEnv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://vpce.example.test")),
        () => Effect.sync(() => vi.unstubAllEnvs())
      )
      const sdk = AmazonBedrock.makeWith(yield* Testing.provider([pair]), createAmazonBedrock, {
        region: "eu-west-1",
        fetch
      })
      yield* Effect.either(ask(sdk("m")))
      assert.strictEqual(sent[0]?.[0], "https://vpce.example.test")
      assert.match(sent[0]?.[1] ?? "", /Credential=AKIA1\//)
    })
  )

  it.scopedLive("renews what Google refuses with 400 API_KEY_INVALID", () =>
    Effect.gen(function* () {
      const answer: Handler = (request, response, count) =>
        request.headers["x-goog-api-key"] === "sk-2"
          ? model()(request, response, count)
          : json(response, 400, {
              error: { code: 400, message: "no", status: "INVALID", details: [{ reason: "API_KEY_INVALID" }] }
            })
      const server = yield* loopback(answer)
      const provider = yield* Testing.provider(["sk-1", "sk-2"])
      const sdk = AiSdk.makeWith(provider, createGoogleGenerativeAI, { baseURL: `${server.origin}/v1beta` })
      assert.strictEqual(yield* ask(sdk("m")), "hello")
    })
  )

  it.scopedLive("signs a Bedrock request anew when AWS says that the credentials have expired", () =>
    Effect.gen(function* () {
      const server = yield* loopback((request, response, count) =>
        count === 1
          ? json(response, 403, { message: "expired" }, { "x-amzn-errortype": "ExpiredTokenException" })
          : model()(request, response, count)
      )
      const pair = (id: string) =>
        ApiKey.make({ username: id, value: `secret of ${id}`, sessionToken: `session of ${id}` })
      const provider = yield* Testing.provider([pair("AKIA1"), pair("AKIA2")])
      const sdk = AmazonBedrock.makeWith(provider, createAmazonBedrock, { baseURL: server.origin, region: "eu-west-1" })
      assert.strictEqual(yield* ask(sdk("m")), "hello")
      const [first, second] = server.seen
      assert.match(first?.headers["authorization"] ?? "", /Credential=AKIA1\/\d{8}\/eu-west-1\/bedrock\/aws4_request/)
      assert.match(second?.headers["authorization"] ?? "", /Credential=AKIA2\//)
      assert.strictEqual(second?.headers["x-amz-security-token"], "session of AKIA2")
      assert.strictEqual(first?.body, second?.body)
      // Each over what AWS gets to see: the body, the session token and the headers that it names.
      for (const [index, { body, headers, path }] of server.seen.entries()) {
        const id = `AKIA${index + 1}`
        const signed = /SignedHeaders=([^,]+)/.exec(headers["authorization"] ?? "")?.[1]?.split(";") ?? []
        const { headers: expected } = yield* Effect.promise(() =>
          new AwsV4Signer({
            url: `${server.origin}${path}`,
            method: "POST",
            headers: signed
              .filter((name) => !/^(?:host|x-amz-.*)$/.test(name))
              .map((name): [string, string] => [name, headers[name] ?? ""]),
            body,
            region: "eu-west-1",
            service: "bedrock",
            datetime: headers["x-amz-date"] ?? "",
            accessKeyId: id,
            secretAccessKey: `secret of ${id}`,
            sessionToken: `session of ${id}`
          }).sign()
        )
        assert.strictEqual(headers["authorization"], expected.get("authorization"))
      }
    })
  )

  it.scopedLive("takes no session token along from a pair that was refused to one that has none", () =>
    Effect.gen(function* () {
      const server = yield* loopback((request, response, count) =>
        count === 1 ? json(response, 401, {}) : model()(request, response, count)
      )
      const provider = yield* Testing.provider([
        ApiKey.make({ username: "ASIA1", value: "very-secret", sessionToken: "session" }),
        ApiKey.make({ username: "AKIA2", value: "very-secret-2" })
      ])
      const sdk = AmazonBedrock.makeWith(provider, createAmazonBedrock, { baseURL: server.origin, region: "eu-west-1" })
      assert.strictEqual(yield* ask(sdk("m")), "hello")
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["x-amz-security-token"]),
        ["session", undefined]
      )
    })
  )

  it.scopedLive("signs with the key pair, though the environment has a bearer token for Bedrock", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.stubEnv("AWS_BEARER_TOKEN_BEDROCK", "of-the-environment")),
        () => Effect.sync(() => vi.unstubAllEnvs())
      )
      const server = yield* loopback(model())
      const provider = yield* Testing.provider([ApiKey.make({ username: "AKIA1", value: "very-secret" })])
      const sdk = AmazonBedrock.makeWith(provider, createAmazonBedrock, { baseURL: server.origin, region: "eu-west-1" })
      assert.strictEqual(yield* ask(sdk("m")), "hello")
      assert.match(server.seen[0]?.headers["authorization"] ?? "", /^AWS4-HMAC-SHA256 Credential=AKIA1\//)
      assert.notInclude(JSON.stringify(server.seen), "of-the-environment")
    })
  )

  it.scopedLive("gives the helper's typed error as it is, at once", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider([new EmptyOutput({ command: "op", stderr: "" })])
      const sdk = AiSdk.makeWith(provider, createOpenAI, { baseURL: "http://127.0.0.1:9" })
      assert.instanceOf(yield* Effect.flip(ask(sdk.chat("m"))), EmptyOutput)
    })
  )

  it.scopedLive("is a layer for a tag of one's own", () =>
    Effect.gen(function* () {
      class OpenAi extends Context.Tag("test/OpenAi")<OpenAi, OpenAIProvider>() {}
      const server = yield* loopback(guarded(["sk-1"], model()))
      const layer = AiSdk.layer(OpenAi, createOpenAI, { baseURL: `${server.origin}/v1` }).pipe(
        Layer.provide(Testing.layer(["sk-1"]))
      )
      const text = yield* Effect.flatMap(OpenAi, (sdk) => ask(sdk.chat("m"))).pipe(Effect.provide(layer))
      assert.strictEqual(text, "hello")
    })
  )
})
