import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ApiKey from "../../src/ApiKey.js"
import { EmptyOutput } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import { checkedRefusedWhen, type RefusedWhen } from "../../src/internal/model/refusal.js"
import { makeJudge } from "../../src/internal/request/rejection.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import * as ApiKeyHttpClient from "../../src/sdk/HttpClient.js"
import * as Testing from "../../src/testing.js"
import { guarded, type Handler, json, loopback } from "../support/loopback.js"

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const judged = ({ body = "", headers = {}, status }: Answer, own: RefusedWhen = []): boolean => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const all: Readonly<Record<string, string>> = {
    "content-type": typeof body === "string" ? "text/html" : "application/json; charset=utf-8",
    ...headers
  }
  const verdict = makeJudge(own)({ status, header: (name) => all[name] })
  return typeof verdict === "boolean" ? verdict : verdict(text)
}

/** What vendors answer to a key that is not valid, or not any longer. From their documentation and public bug reports. */
const refusals: Readonly<Record<string, Answer>> = {
  "OpenAI: a wrong key": {
    status: 401,
    body: {
      error: { message: "Incorrect API key provided: sk-1.", type: "invalid_request_error", code: "invalid_api_key" }
    }
  },
  "Anthropic: a wrong key": {
    status: 401,
    body: { type: "error", error: { type: "authentication_error", message: "invalid x-api-key" } }
  },
  "Gemini: a wrong key": {
    status: 400,
    body: {
      error: {
        code: 400,
        message: "API key not valid. Please pass a valid API key.",
        status: "INVALID_ARGUMENT",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }]
      }
    }
  },
  "Gemini: an expired key, through its OpenAI endpoint, which sends a list": {
    status: 400,
    body: [
      { error: { code: 400, message: "API key expired.", details: [{ "@type": "x" }, { reason: "API_KEY_INVALID" }] } }
    ]
  },
  "Gemini: pretty printed, as text": {
    status: 400,
    body: '{\n  "error": {\n    "details": [ { "reason": "API_KEY_INVALID" } ] } }'
  },
  "Gemini: a key that was reported as leaked": {
    status: 403,
    body: {
      error: {
        code: 403,
        message: "Your API key was reported as leaked. Please use another API key.",
        status: "PERMISSION_DENIED"
      }
    }
  },
  "LiteLLM before 1.99: an expired key": {
    status: 400,
    body: { error: { message: "Authentication Error - Expired Key.", type: "expired_key", param: "sk-1", code: "400" } }
  },
  "LiteLLM from 1.99 on: an expired key": { status: 401, body: { error: { type: "expired_key", code: "401" } } },
  "xAI: a wrong key": {
    status: 400,
    body: { code: "Client specified an invalid argument", error: "Incorrect API key provided: gs***tF." }
  },
  "Databricks: as JSON": { status: 403, body: { error_code: 403, message: "Invalid access token." } },
  "Databricks: with a trace": {
    status: 403,
    body: { error_code: "403", message: "Invalid access token. [TraceId: 0-1]" }
  },
  "Databricks: as a page": {
    status: 403,
    body: "<html><head><title>Error 403 Invalid access token.</title></head><body><h2>HTTP ERROR 403</h2></body></html>"
  },
  "Hugging Face: a wrong token": {
    status: 400,
    body: { error: "Authorization header is correct, but the token seems invalid" }
  },
  "Bedrock: an expired session, in its header": {
    status: 403,
    headers: { "x-amzn-errortype": "ExpiredTokenException:http://internal.amazon.com/coral/com.amazon.coral.service/" },
    body: { message: "The security token included in the request is expired" }
  },
  "Bedrock: an expired session, in its body": {
    status: 403,
    body: { __type: "com.amazon.coral.service#ExpiredTokenException", message: "The security token is expired" }
  },
  "AWS: an expired session, as XML": {
    status: 403,
    headers: { "x-amz-request-id": "1" },
    body: "<Error><Code>ExpiredToken</Code></Error>"
  },
  "Bedrock: a key that does not exist any longer": {
    status: 403,
    headers: { "x-amzn-errortype": "UnrecognizedClientException" },
    body: { message: "The security token included in the request is invalid." }
  },
  "Bedrock: a wrong API key": {
    status: 403,
    body: { Message: "Authentication failed: Please make sure your API Key is valid." }
  },
  "Azure: a wrong key": {
    status: 401,
    body: { error: { code: "401", message: "Access denied due to invalid subscription key or wrong API endpoint." } }
  },
  "Azure: an expired token": {
    status: 401,
    headers: { "www-authenticate": 'Bearer authorization_uri="https://login.example", error="invalid_token"' },
    body: { error: { code: "ExpiredAuthenticationToken", message: "The access token expiry UTC time is earlier." } }
  },
  "Mistral: a wrong key": { status: 401, body: { message: "Unauthorized", request_id: "1" } },
  "OpenRouter: a wrong key": { status: 401, body: { error: { message: "User not found.", code: 401 } } },
  "GitHub Copilot: an expired token": { status: 401, body: "IDE token expired: unauthorized: token expired\n" },
  "RFC 6750 with 403": { status: 403, headers: { "www-authenticate": 'Bearer realm="x", error="invalid_token"' } },
  "RFC 6750 with 403, without quotes": { status: 403, headers: { "www-authenticate": "Bearer error = invalid_token" } },
  "RFC 6750 with 403, the second challenge": {
    status: 403,
    headers: {
      "www-authenticate": 'Basic realm="a, b", Bearer error="invalid_token", error_description="it \\"expired\\""'
    }
  },
  "401 without a body": { status: 401 },
  "401 whose text only names a permission": { status: 401, body: "insufficient permissions for this operation" }
}

/** What vendors answer to a valid key: another key would get the same. */
const noRefusals: Readonly<Record<string, Answer>> = {
  "OpenAI: a country that is not supported": {
    status: 403,
    body: { error: { code: "unsupported_country_region_territory", type: "request_forbidden" } }
  },
  "OpenAI: a project without access to the model": {
    status: 403,
    body: { error: { message: "Project does not have access to model", code: "model_not_found" } }
  },
  "OpenAI: a restricted key, which it answers with 401": {
    status: 401,
    body: { error: { message: "You have insufficient permissions for this operation. Missing scopes: model.request." } }
  },
  "OpenAI: a restricted key, in its other shape": {
    status: 401,
    body: { error: "You have insufficient permissions for this operation. Missing scopes: api.model.read." }
  },
  "Anthropic: no permission": {
    status: 403,
    body: { type: "error", error: { type: "permission_error", message: "OAuth token does not meet scope requirement" } }
  },
  "Anthropic: a request that is wrong": { status: 400, body: { error: { type: "invalid_request_error" } } },
  "Gemini: no permission": {
    status: 403,
    body: { error: { code: 403, message: "The caller does not have permission", status: "PERMISSION_DENIED" } }
  },
  "Gemini: an API that is blocked for the key": {
    status: 403,
    body: { error: { status: "PERMISSION_DENIED", details: [{ reason: "API_KEY_SERVICE_BLOCKED" }] } }
  },
  "Gemini: an API that is not turned on": {
    status: 403,
    body: { error: { status: "PERMISSION_DENIED", details: [{ reason: "SERVICE_DISABLED" }] } }
  },
  "Gemini: a region without free use": { status: 400, body: { error: { status: "FAILED_PRECONDITION" } } },
  "LiteLLM: a model that the key may not use, which it answers with 401": {
    status: 401,
    body: { error: { message: "key not allowed to access model.", type: "key_model_access_denied", code: "401" } }
  },
  "LiteLLM: a model that the team may not use": {
    status: 401,
    body: { error: { message: "team not allowed", type: "team_model_access_denied", code: "401" } }
  },
  "LiteLLM: a budget that is used up": { status: 400, body: { error: { type: "budget_exceeded", code: "400" } } },
  "LiteLLM: it quotes Google's answer to a key of its own": {
    status: 400,
    body: { error: { message: 'GeminiException - {"error":{"details":[{"reason":"API_KEY_INVALID"}]}}', code: "400" } }
  },
  "LiteLLM: a message that quotes the word": { status: 400, body: { error: { message: "expired_key", type: "bad" } } },
  "Azure: a role that is missing, which it answers with 401": {
    status: 401,
    body: { error: { code: "PermissionDenied", message: "The principal lacks the required data action" } }
  },
  "Azure: a network rule": { status: 403, body: { error: { code: "403", message: "Public access is disabled." } } },
  "Bedrock: no access to the model": {
    status: 403,
    headers: { "x-amzn-errortype": "AccessDeniedException", "x-amzn-requestid": "1" },
    body: { message: "You don't have access to the model with the specified model ID." }
  },
  "Bedrock: a wrong request": {
    status: 400,
    headers: { "x-amzn-errortype": "ValidationException", "x-amzn-requestid": "1" },
    body: { message: "on-demand throughput isn't supported" }
  },
  "Mistral: a tier that is too low": { status: 403, body: { message: "Inactive subscription" } },
  "xAI: a wrong request": { status: 400, body: { code: "invalid-argument", error: "Argument not supported: stop" } },
  "xAI: a blocked team": {
    status: 403,
    body: { code: "The caller does not have permission", error: "Your team is blocked." }
  },
  "OpenRouter: moderation, which quotes the prompt": {
    status: 403,
    body: { error: { code: 403, metadata: { flagged_input: "Invalid access token" } } }
  },
  "OpenRouter: a key's limit": { status: 403, body: { error: { message: "Key limit exceeded", code: 403 } } },
  "Databricks: no permission": {
    status: 403,
    body: { error_code: "PERMISSION_DENIED", message: "You do not have permission to use this endpoint." }
  },
  "GitHub Models: a model that is not allowed": { status: 403, body: { error: { code: "no_access" } } },
  "GitHub: a token that organizations refuse": {
    status: 403,
    body: { message: "Resource protected by organization SAML enforcement." }
  },
  "Hugging Face: a token without the permission": {
    status: 403,
    body: { error: "This authentication method does not have sufficient permissions" }
  },
  "RFC 6750: insufficient_scope": {
    status: 403,
    headers: {
      "www-authenticate": 'Bearer error="insufficient_scope", error_description="no invalid_token, but a scope"'
    }
  },
  "RFC 6750: insufficient_scope with 401": {
    status: 401,
    headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="a"' }
  },
  "RFC 6750: a description that quotes the parameter": {
    status: 403,
    headers: { "www-authenticate": 'Bearer error="x", error_description="error=\\"invalid_token\\""' }
  },
  "a proxy's own page": { status: 403, body: "<html><title>403 Forbidden</title></html>" },
  "too many requests": { status: 429, body: { error: { type: "rate_limit_error" } } }
}

describe("a vendor's answer", () => {
  it.each(Object.entries(refusals))("means that the key was rejected: %s", (_, answer) => {
    assert.isTrue(judged(answer))
  })
  it.each(Object.entries(noRefusals))("does not mean that the key was rejected: %s", (_, answer) => {
    assert.isFalse(judged(answer))
  })
})

describe("refusedWhen", () => {
  const answer: Answer = {
    status: 418,
    headers: { "x-error": "token expired" },
    body: { a: { "b/c": [1, "gone away"] } }
  }
  it.each<readonly [boolean, string, RefusedWhen]>([
    [true, "by its status alone", [{ status: 418 }]],
    [false, "by another status", [{ status: 419 }]],
    [true, "by a header's value", [{ status: 418, header: { name: "X-Error", value: "token expired" } }]],
    [false, "by another value", [{ status: 418, header: { name: "x-error", value: "token" } }]],
    [true, "by a part of a header", [{ status: 418, header: { name: "x-error", contains: "expired" } }]],
    [false, "by a header that is missing", [{ status: 418, header: { name: "x-other", contains: "expired" } }]],
    [true, "by a value at a pointer", [{ status: 418, body: { pointer: "/a/b~1c/0", value: 1 } }]],
    [false, "by a value of another type", [{ status: 418, body: { pointer: "/a/b~1c/0", value: "1" } }]],
    [true, "by a part of the text at a pointer", [{ status: 418, body: { pointer: "/a/b~1c/1", contains: "gone" } }]],
    [false, "by a pointer that leads nowhere", [{ status: 418, body: { pointer: "/a/constructor", contains: "O" } }]],
    [true, "by a part of the body", [{ status: 418, body: { contains: "gone away" } }]],
    [
      false,
      "by a body, if the header does not fit",
      [{ status: 418, header: { name: "x-error", value: "no" }, body: { contains: "gone" } }]
    ],
    [true, "by the second rule", [{ status: 400 }, { status: 418 }]]
  ])("%s %s", (refused, _, rules) => {
    assert.strictEqual(judged(answer, rules), refused)
  })

  it("does not switch off what is known", () => {
    assert.isTrue(judged({ status: 401 }, [{ status: 418 }]))
  })

  it("may say that a permission error is a rejection all the same", () => {
    const denied: Answer = { status: 401, body: { error: { code: "PermissionDenied" } } }
    assert.isTrue(judged(denied, [{ status: 401, body: { pointer: "/error/code", value: "PermissionDenied" } }]))
  })

  it.each<readonly [string, unknown]>([
    ["no list", { status: 403 }],
    ["an empty list", []],
    ["a success", [{ status: 200 }]],
    ["no status", [{ body: { contains: "x" } }]],
    ["a rule with an unknown field", [{ status: 403, path: "/" }]],
    ["a value without a pointer", [{ status: 403, body: { value: "x" } }]],
    ["a pointer alone", [{ status: 403, body: { pointer: "/a" } }]],
    ["a value and a part", [{ status: 403, header: { name: "a", value: "x", contains: "y" } }]],
    ["a path that is no pointer", [{ status: 403, body: { pointer: "error.code", value: "x" } }]],
    ["an empty part", [{ status: 403, body: { contains: "" } }]],
    ["a header's name that is none", [{ status: 403, header: { name: "a b", value: "x" } }]],
    ["too many rules", Array.from({ length: 33 }, () => ({ status: 403 }))]
  ])("is a typed error: %s", (_, rules) => {
    const checked = checkedRefusedWhen(rules)
    assert.strictEqual(Either.isLeft(checked) && checked.left._tag, "ConfigInvalid")
  })
})

const ok: Handler = (_, response) => json(response, 200, { text: "hello" })
const answering =
  ({ body = {}, headers = {}, status }: Answer): Handler =>
  (_, response) =>
    json(response, status, body, headers)

const expiredKey: Answer = { status: 400, body: { error: { type: "expired_key", code: "400" } } }
const custom: Answer = { status: 409, body: { reason: "stale" } }
const rules: RefusedWhen = [{ status: 409, body: { pointer: "/reason", value: "stale" } }]

/** Refuses every key but the last with an answer. */
const gateway = (refusal: Answer) =>
  loopback((request, response, count) =>
    request.headers["authorization"] === "Bearer sk-2"
      ? ok(request, response, count)
      : answering(refusal)(request, response, count)
  )

describe("a known answer and one by refusedWhen renew the key once", () => {
  for (const [name, refusal, own] of [
    ["LiteLLM's expired_key", expiredKey, undefined],
    ["a rule of one's own", custom, rules]
  ] as const) {
    it.scopedLive(`in fetch: ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* gateway(refusal)
        const provider = yield* Testing.provider(["sk-1", "sk-2"])
        const fetch = Fetch.makeWith(provider, { baseUrl: server.origin, refusedWhen: own })
        const response = yield* Effect.promise(() => fetch(server.origin, { method: "POST", body: "text" }))
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          server.seen.map(({ body }) => body),
          ["text", "text"]
        )
      })
    )

    it.scopedLive(`in @effect/platform's client: ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* gateway(refusal)
        const provider = yield* Testing.provider(["sk-1", "sk-2"])
        const client = ApiKeyHttpClient.withApiKey(yield* HttpClient.HttpClient, provider, {
          baseUrl: server.origin,
          refusedWhen: own
        })
        assert.strictEqual((yield* client.get(server.origin)).status, 200)
        assert.strictEqual(server.seen.length, 2)
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )

    it.scopedLive(`by the provider's rules, which every seam goes by: ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* gateway(refusal)
        const provider = { ...(yield* Testing.provider(["sk-1", "sk-2"])), refusedWhen: own }
        const fetch = Fetch.makeWith(provider, { baseUrl: server.origin })
        assert.strictEqual((yield* Effect.promise(() => fetch(server.origin))).status, 200)
      })
    )
  }

  it.scopedLive("and no more than 64 KiB of a body count, of which the caller loses nothing", () =>
    Effect.gen(function* () {
      const late = `${" ".repeat(70_000)}stale`
      const server = yield* loopback((_, response) =>
        response.writeHead(409, { "content-type": "text/plain" }).end(late)
      )
      const provider = yield* Testing.provider(["sk-1", "sk-2"])
      const fetch = Fetch.makeWith(provider, {
        baseUrl: server.origin,
        refusedWhen: [{ status: 409, body: { contains: "stale" } }]
      })
      const response = yield* Effect.promise(() => fetch(server.origin))
      assert.isFalse(response.bodyUsed)
      assert.strictEqual(yield* Effect.promise(() => response.text()), late)
      assert.strictEqual(server.seen.length, 1)
    })
  )

  it.scopedLive("but rules that are none are a typed error, and nothing is sent", () =>
    Effect.gen(function* () {
      const server = yield* loopback(ok)
      const provider = yield* Testing.provider(["sk-1"])
      const wrong: Pick<Fetch.Options, "baseUrl" | "refusedWhen"> = JSON.parse(
        JSON.stringify({ baseUrl: server.origin, refusedWhen: [{ status: 200 }] })
      )
      const error = yield* Effect.promise(() =>
        Fetch.makeWith(
          provider,
          wrong
        )(server.origin).then(
          () => undefined,
          (cause: unknown) => cause
        )
      )
      expect(error).toMatchObject({ _tag: "ConfigInvalid" })
      const client = ApiKeyHttpClient.withApiKey(yield* HttpClient.HttpClient, provider, wrong)
      assert.strictEqual((yield* Effect.flip(client.get(server.origin)))._tag, "ConfigInvalid")
      assert.strictEqual(server.seen.length, 0)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("what a seam tells the provider", () => {
  const noting = Effect.gen(function* () {
    const said: Array<readonly [string, string, string]> = []
    const name = (key: ApiKey.ApiKey): string => key.digest.slice(0, 4)
    const cached = yield* Testing.provider(["sk-1", "sk-2"])
    const provider: ApiKeyProvider.Provider = {
      ...cached,
      reject: (key, at) => {
        said.push(["rejected", name(key), at?.origin ?? ""])
        return cached.reject(key, at)
      },
      accepted: (key, at) => {
        said.push(["accepted", name(key), at.origin])
        cached.accepted?.(key, at)
      }
    }
    return { provider, said, one: name(ApiKey.make({ value: "sk-1" })), two: name(ApiKey.make({ value: "sk-2" })) }
  })

  it.scopedLive("is a key's first success at its origin, and its rejection there", () =>
    Effect.gen(function* () {
      const { provider, said, one, two } = yield* noting
      const server = yield* loopback(ok)
      const { origin } = server
      const fetch = Fetch.makeWith(provider, { baseUrl: `${origin}/v1` })
      const client = ApiKeyHttpClient.withApiKey(yield* HttpClient.HttpClient, provider, { baseUrl: origin })
      for (let times = 0; times < 3; times++) yield* Effect.promise(() => fetch(`${origin}/v1`))
      assert.deepStrictEqual(said, [["accepted", one, origin]])
      for (let times = 0; times < 3; times++) yield* client.get(origin)
      assert.deepStrictEqual(said, [
        ["accepted", one, origin],
        ["accepted", one, origin]
      ])
      said.length = 0
      server.answer = guarded(["sk-2"], ok)
      yield* Effect.promise(() => fetch(`${origin}/v1`))
      yield* client.get(origin)
      assert.deepStrictEqual(said, [
        ["rejected", one, origin],
        ["accepted", two, origin],
        ["accepted", two, origin]
      ])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("is no success where there is none: an error, or another origin to which a redirect led", () =>
    Effect.gen(function* () {
      const { provider, said } = yield* noting
      const other = yield* loopback(ok)
      const server = yield* loopback((request, response) =>
        request.path === "/away" ? json(response, 307, {}, { location: other.origin }) : json(response, 500, {})
      )
      const fetch = Fetch.makeWith(provider, { baseUrl: server.origin })
      for (const path of ["/away", "/error"]) yield* Effect.promise(() => fetch(`${server.origin}${path}`))
      assert.deepStrictEqual(said, [])
    })
  )
})

describe("shared fate", () => {
  it.scopedLive("one refusal takes a key from nobody else, if the helper has no other (C4)", () =>
    Effect.gen(function* () {
      const hostile = yield* loopback((_, response) => json(response, 401, {}))
      const good = yield* loopback(ok)
      const provider = yield* Testing.provider(["sk-good", new EmptyOutput({ command: "op", stderr: "" })])
      const ask = ({ origin }: { readonly origin: string }) =>
        Effect.promise(() =>
          Fetch.makeWith(provider, { baseUrl: origin })(origin).then(
            ({ status }) => status,
            (error: unknown) => (error instanceof EmptyOutput ? error._tag : String(error))
          )
        )
      const seen: Array<unknown> = []
      for (const server of [good, hostile, good, hostile, good]) seen.push(yield* ask(server))
      assert.deepStrictEqual(seen, [200, 401, 200, "EmptyOutput", 200])
      assert.strictEqual((yield* provider.status).runs, 2)
    })
  )

  it.scopedLive("so it is through @effect/platform's client, and through a registry of providers", () =>
    Effect.gen(function* () {
      const hostile = yield* loopback((_, response) => json(response, 401, {}))
      const good = yield* loopback(ok)
      const provider = ApiKeyProvider.fromFirstOf([
        yield* Testing.provider(["sk-good", new EmptyOutput({ command: "op", stderr: "" })])
      ])
      const stock = yield* HttpClient.HttpClient
      const ask = ({ origin }: { readonly origin: string }) =>
        ApiKeyHttpClient.withApiKey(stock, provider, { baseUrl: origin })
          .get(origin)
          .pipe(Effect.match({ onFailure: ({ _tag }): unknown => _tag, onSuccess: ({ status }): unknown => status }))
      const seen: Array<unknown> = []
      for (const server of [good, hostile, good, hostile, good]) seen.push(yield* ask(server))
      assert.deepStrictEqual(seen, [200, 401, 200, "EmptyOutput", 200])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("where the key must not go", () => {
  const sending = Effect.gen(function* () {
    const sent: Array<readonly [string, Headers]> = []
    const provider = yield* Testing.provider(["KEY"])
    const fetch = Fetch.makeWith(provider, {
      baseUrl: "https://good.test",
      fetch: async (input, init) => {
        const request = new Request(input, init)
        sent.push([request.url, request.headers])
        return request.url.startsWith("https://good.test/away")
          ? new Response(null, { status: 307, headers: { location: "https://evil.test/" } })
          : new Response("")
      }
    })
    const leaks = () =>
      sent.filter(
        ([url, headers]) => !url.startsWith("https://good.test/") && JSON.stringify([...headers]).includes("KEY")
      )
    return { fetch, leaks, sent }
  })
  const lying = (property: PropertyDescriptor) =>
    Object.defineProperty(new Request("https://evil.test/steal"), "url", property)
  class Subclass extends Request {
    override get url(): string {
      return "https://good.test/"
    }
  }

  it.each<readonly [string, () => Request]>([
    ["by a field of its own", () => lying({ value: "https://good.test/" })],
    [
      "by a getter that changes its mind",
      () => {
        let asked = 0
        return lying({ get: () => (asked++ === 0 ? "https://good.test/" : "https://evil.test/steal") })
      }
    ],
    ["by its class", () => new Subclass("https://evil.test/steal")],
    [
      "with a body",
      () =>
        Object.defineProperty(new Request("https://evil.test/steal", { method: "POST", body: "text" }), "url", {
          value: "https://good.test/"
        })
    ]
  ])("a Request that lies about its URL, %s (C1)", (_, make) =>
    Effect.gen(function* () {
      const { fetch, leaks } = yield* sending
      yield* Effect.promise(() => fetch(make()).catch(() => undefined))
      assert.deepStrictEqual(leaks(), [])
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it.scopedLive("a blob: URL, whose origin is its page's (C2)", () =>
    Effect.gen(function* () {
      const { fetch, leaks } = yield* sending
      yield* Effect.promise(() => fetch("blob:https://good.test/uuid").catch(() => undefined))
      assert.deepStrictEqual(leaks(), [])
    })
  )

  it.scopedLive("a redirect: only a short list of headers goes to another origin (C3)", () =>
    Effect.gen(function* () {
      const { fetch, sent } = yield* sending
      const own = [
        "ocp-apim-subscription-key",
        "x-vault-token",
        "helicone-auth",
        "private-token",
        "cf-access-client-secret"
      ]
      const headers = Object.fromEntries(own.map((name) => [name, "S"]))
      for (const given of [{ ...headers, "User-Agent": "me" }, new Headers({ ...headers, "User-Agent": "me" })]) {
        yield* Effect.promise(() => fetch("https://good.test/away", { headers: given }))
        const [, [, away] = []] = sent.splice(0)
        assert.deepStrictEqual(Array.from(away?.keys() ?? []), ["user-agent"])
      }
    })
  )
})
