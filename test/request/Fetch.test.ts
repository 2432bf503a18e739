import { getEventListeners } from "node:events"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import * as ApiKey from "../../src/ApiKey.js"
import { ConfigInvalid, EmptyOutput, isApiKeyError } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import * as Testing from "../../src/testing.js"
import { guarded, type Handler, json, loopback, type Seen } from "../support/loopback.js"
import { observe } from "../support/observe.js"

const ok: Handler = (_, response) => json(response, 200, { ok: true })
const refuse: Handler = (_, response) => json(response, 401, { error: "no" })

const make = (script: Parameters<typeof Testing.provider>[0], handler: Handler, options: Partial<Fetch.Options> = {}) =>
  Effect.gen(function* () {
    const server = yield* loopback(handler)
    const provider = yield* Testing.provider(script)
    const fetch = Fetch.makeWith(provider, { baseUrl: server.origin, ...options })
    return { server, provider, fetch, runs: Effect.map(provider.status, ({ runs }) => runs) }
  })

const promise = <A>(run: () => Promise<A>) => Effect.promise(run)
const failureOf = (run: () => Promise<unknown>) =>
  Effect.promise(() =>
    run().then(
      () => undefined,
      (error: unknown) => error
    )
  )
const bearer = (key: string) => `Bearer ${key}`
const nameOf = (scheme: string | { readonly header: string }): string =>
  typeof scheme === "string" ? scheme : scheme.header
const xApiKey = { header: "x-api-key" }

describe("a request carries the key", () => {
  const schemes: ReadonlyArray<readonly [Fetch.Scheme, string, string]> = [
    ["bearer", "authorization", "Bearer sk-1"],
    [{ header: "x-api-key" }, "x-api-key", "sk-1"],
    [{ header: "x-goog-api-key" }, "x-goog-api-key", "sk-1"],
    [{ header: "Api-Key" }, "api-key", "sk-1"],
    ["basic", "authorization", `Basic ${btoa("me:sk-1")}`],
    ["headers", "x-own", "own-1"],
    [(key) => ({ "X-Signed": `signed by ${ApiKey.isApiKey(key)}` }), "x-signed", "signed by true"]
  ]
  for (const [scheme, name, value] of schemes) {
    it.scopedLive(`by the scheme ${typeof scheme === "function" ? "of a function" : nameOf(scheme)}`, () =>
      Effect.gen(function* () {
        const key = ApiKey.make({
          value: "sk-1",
          username: "me",
          ...(scheme === "headers" ? { headers: { "X-Own": "own-1" } } : {})
        })
        const { server, fetch } = yield* make([key], ok, { scheme })
        yield* promise(() => fetch(`${server.origin}/v1`))
        assert.strictEqual(server.seen[0]?.headers[name], value)
      })
    )
  }

  it.scopedLive("in whichever header held the placeholder, when no scheme is given", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok)
      yield* promise(() => fetch(server.origin, { headers: { "X-Goog-Api-Key": Fetch.placeholder } }))
      yield* promise(() => fetch(server.origin, { headers: { Authorization: bearer(Fetch.placeholder) } }))
      const pair = (key: string) => `key=${key}, again=${key}`
      yield* promise(() => fetch(server.origin, { headers: { "x-pair": pair(Fetch.placeholder) } }))
      assert.strictEqual(server.seen[2]?.headers["x-pair"], pair("sk-1"))
      assert.strictEqual(server.seen[0]?.headers["x-goog-api-key"], "sk-1")
      assert.isUndefined(server.seen[0]?.headers["authorization"])
      assert.strictEqual(server.seen[1]?.headers["authorization"], "Bearer sk-1")
    })
  )

  it.scopedLive("in the scheme's header alone, and the library's own placeholder goes", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok, { scheme: xApiKey })
      yield* promise(() => fetch(server.origin, { headers: { authorization: bearer(Fetch.placeholder) } }))
      assert.isUndefined(server.seen[0]?.headers["authorization"])
      assert.strictEqual(server.seen[0]?.headers["x-api-key"], "sk-1")
    })
  )

  it.scopedLive("in the headers that it brings along", () =>
    Effect.gen(function* () {
      const key = ApiKey.make({ value: "sk-1", headers: { Cookie: "session=1", Authorization: "DPoP x" } })
      const { server, fetch } = yield* make([key], ok)
      yield* promise(() => fetch(server.origin))
      assert.strictEqual(server.seen[0]?.headers["cookie"], "session=1")
      assert.strictEqual(server.seen[0]?.headers["authorization"], "DPoP x")
    })
  )

  const pair = { username: "AKIA1", value: "very-secret", sessionToken: "session" }
  for (const [how, scheme, own] of [
    ["as it is", undefined, {}],
    ["by a scheme that is a header's name", xApiKey, {}],
    ["by the headers that it brings along", undefined, { "x-signed": "1" }],
    ["by a function", () => ({ "x-signed": "1" }), {}],
    ["by basic", "basic", {}]
  ] as const) {
    const refused = how === "as it is" || scheme === xApiKey
    it.scopedLive(`an AWS key pair ${how}: ${refused ? "is not sent" : "is what the caller chose"}`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make([ApiKey.make({ ...pair, headers: own })], ok, { scheme })
        const outcome = yield* promise(() =>
          fetch(server.origin).then(
            ({ status }) => status,
            (error: unknown) => error
          )
        )
        if (refused) assert.propertyVal(outcome, "_tag", "InvalidOutput")
        else assert.strictEqual(outcome, 200)
        assert.strictEqual(server.seen.length, refused ? 0 : 1)
      })
    )
  }

  it.scopedLive("in place of what the caller has by the name of its header, in any case", () =>
    Effect.gen(function* () {
      const key = ApiKey.make({ value: "sk-1", headers: { "X-Own": "own-1" } })
      const { server, fetch } = yield* make([key], ok)
      for (const headers of [{ "x-own": "mine" }, { "X-OWN": "mine" }, new Headers({ "x-own": "mine" })]) {
        yield* promise(() => fetch(server.origin, { headers }))
      }
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["x-own"]),
        ["own-1", "own-1", "own-1"]
      )
    })
  )

  it.scopedLive("never in the URL: a parameter that was to hold it goes", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok, { scheme: { header: "x-goog-api-key" } })
      yield* promise(() => fetch(`${server.origin}/v1?alt=sse&key=${Fetch.placeholder}`))
      assert.strictEqual(server.seen[0]?.path, "/v1?alt=sse")
      assert.strictEqual(server.seen[0]?.headers["x-goog-api-key"], "sk-1")
    })
  )

  it.scopedLive("whatever form the request has", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok)
      const form = new FormData()
      form.set("field", "text")
      const init = { method: "POST", body: "text" }
      yield* promise(() => fetch(server.origin, init))
      yield* promise(() =>
        fetch(new URL(server.origin), { method: "POST", body: new URLSearchParams({ field: "text" }) })
      )
      yield* promise(() => fetch(new Request(server.origin, init)))
      yield* promise(() => fetch(new Request(server.origin, { method: "PUT" }), { body: "text" }))
      yield* promise(() => fetch(server.origin, { method: "POST", body: form }))
      yield* promise(() => fetch(server.origin, { method: "POST", body: new Blob(["text"]) }))
      const stream = new Blob(["text"]).stream()
      const streaming: RequestInit & { duplex: "half" } = { method: "POST", body: stream, duplex: "half" }
      yield* promise(() => fetch(server.origin, streaming))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        Array.from(server.seen, () => "Bearer sk-1")
      )
      assert.deepStrictEqual(
        server.seen.map(({ method }) => method),
        ["POST", "POST", "POST", "PUT", "POST", "POST", "POST"]
      )
      assert.isTrue(server.seen.every(({ body }) => body.includes("text")))
      // @ts-expect-error the caller's init is as it was
      assert.isUndefined(init.headers)
    })
  )
})

describe("an init that is more than a record is read as fetch reads it", () => {
  const asked = () => new Request("http://other.test", { method: "POST", body: "text", headers: { "x-a": "1" } })
  class Init {
    get method() {
      return "POST"
    }
    get body() {
      return "text"
    }
    get headers() {
      return { "x-a": "1", "x-b": Fetch.placeholder }
    }
  }
  const inits: ReadonlyArray<readonly [string, () => RequestInit]> = [
    ["a Request, as a proxy hands it on", asked],
    ["an object with getters of its class", () => new Init()],
    ["an object that inherits its fields", () => Object.create(new Init())],
    [
      "an object with getters of its own",
      () => ({
        get method() {
          return "POST"
        },
        get body() {
          return "text"
        },
        get headers() {
          return { "x-a": "1", "x-b": Fetch.placeholder }
        }
      })
    ]
  ]
  for (const [name, init] of inits) {
    it.scopedLive(`${name}: nothing of it is lost, also at the second try`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok), { scheme: "bearer" })
        const inputs = [
          server.origin,
          new URL(server.origin),
          new Request(server.origin, { method: "PUT", body: "its own" })
        ]
        for (const input of inputs) assert.strictEqual((yield* promise(() => fetch(input, init()))).status, 200)
        assert.deepStrictEqual(
          server.seen.map(({ body, headers, method }) => [method, body, headers["x-a"], headers["authorization"]]),
          ["sk-1", "sk-2", "sk-2", "sk-2"].map((key) => ["POST", "text", "1", bearer(key)])
        )
        assert.notInclude(JSON.stringify(server.seen), Fetch.placeholder)
      })
    )

    it.scopedLive(`${name}: nor to another origin`, () =>
      Effect.gen(function* () {
        const other = yield* loopback(ok)
        const { fetch } = yield* make(["sk-1"], ok)
        yield* promise(() => fetch(other.origin, init()))
        assert.deepStrictEqual(
          other.seen.map(({ body, headers, method }) => [method, body, headers["x-a"], headers["x-b"]]),
          [["POST", "text", "1", undefined]]
        )
      })
    )
  }

  it.scopedLive("its redirect counts", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], (_, response) => json(response, 302, {}, { location: "/landed" }))
      const init = new Request(server.origin, { redirect: "manual" })
      assert.strictEqual((yield* promise(() => fetch(server.origin, init))).status, 302)
      assert.strictEqual(server.seen.length, 1)
    })
  )

  it.scopedLive("its signal ends what has been sent", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const { server, fetch } = yield* make(["sk-1"], () => Deferred.unsafeDone(arrived, Effect.void))
      const controller = new AbortController()
      const init = new Request(server.origin, { signal: controller.signal })
      const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, init)))
      yield* Deferred.await(arrived)
      const reason = new Error("mine")
      controller.abort(reason)
      assert.strictEqual(yield* Fiber.join(failing), reason)
    })
  )

  it.live("what a fetch below knows beside the standard is handed on", () =>
    Effect.promise(async () => {
      const seen: Array<unknown> = []
      const fetch = Fetch.makeWith(ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) }), {
        baseUrl: "https://api.test",
        fetch: async (input, init) => {
          seen.push([input, { ...init }])
          return new Response()
        }
      })
      await fetch(
        "https://api.test",
        Object.assign(Object.create({ method: "PUT", dispatcher: "mine" }), { agent: "own" })
      )
      const init = { method: "PUT", dispatcher: "mine", agent: "own", redirect: "manual" }
      assert.deepStrictEqual(seen, [["https://api.test/", { ...init, headers: { authorization: "Bearer sk-1" } }]])
    })
  )
})

describe("the caller's own headers", () => {
  const origin = "https://api.example.com"
  const recording = (scheme?: Fetch.Scheme) => {
    const sent: Array<RequestInit["headers"]> = []
    const provider = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) })
    const fetch = Fetch.makeWith(provider, {
      baseUrl: origin,
      scheme,
      fetch: async (input, init) => {
        sent.push(input instanceof Request ? input.headers : init?.headers)
        return new Response()
      }
    })
    return { fetch, sent }
  }
  const listed = (headers: RequestInit["headers"]) => Array.from(new Headers(headers))

  const names = ["authorization", "Authorization", "X-Api-Key", "x-api-key", "x-a", "X-B", "accept"]
  const values = ["one", "two", Fetch.placeholder, `Bearer ${Fetch.placeholder}`, ` ${Fetch.placeholder} `]
  const record = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values)).filter((given) => {
    const lower = Object.keys(given).map((name) => name.toLowerCase())
    return new Set(lower).size === lower.length
  })

  it.live("are sent in the same way, whether they are a record, pairs, Headers or a Request's", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          record,
          fc.constantFrom<Fetch.Scheme | undefined>(undefined, "bearer", xApiKey),
          async (given, scheme) => {
            const { fetch, sent } = recording(scheme)
            const before = { ...given }
            await fetch(origin, { headers: given })
            await fetch(origin, { headers: Object.entries(given) })
            await fetch(origin, { headers: new Headers(given) })
            await fetch(new Request(origin, { headers: given }))
            const [first, ...others] = sent.map(listed)
            for (const other of others) assert.deepStrictEqual(other, first)
            assert.deepStrictEqual(given, before)
            const text = JSON.stringify(first)
            assert.isTrue(text.includes("sk-1"))
            assert.isFalse(text.includes(Fetch.placeholder))
          }
        ),
        { numRuns: 300 }
      )
    )
  )

  it.live("in a list are joined as Headers joins them, where a name stands twice", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.constantFrom(...names, "__proto__"), fc.constantFrom(...values)), { maxLength: 6 }),
          fc.constantFrom<Fetch.Scheme | undefined>(undefined, "bearer", xApiKey),
          async (given, scheme) => {
            const { fetch, sent } = recording(scheme)
            await fetch(origin, { headers: given })
            await fetch(origin, { headers: new Headers(given) })
            const [list, joined] = sent.map(listed)
            assert.deepStrictEqual(list, joined)
          }
        ),
        { numRuns: 300 }
      )
    )
  )

  it.live("in a list that Headers refuses are refused in the same way", () =>
    Effect.promise(async () => {
      const { fetch, sent } = recording()
      for (const headers of [[["x-a"]], [["x-a", "1", "2"]], ["ab"], [["", "1"]]]) {
        // @ts-expect-error what no type has looked at
        const error = await fetch(origin, { headers }).catch((thrown: unknown) => thrown)
        assert.instanceOf(error, TypeError)
      }
      assert.deepStrictEqual(sent, [])
    })
  )

  it.live("keep their kind, so that a fetch below sees what it would see without us", () =>
    Effect.promise(async () => {
      const { fetch, sent } = recording()
      await fetch(origin, { headers: { "X-A": "1", AUTHORIZATION: "mine" } })
      await fetch(origin, { headers: new Headers({ "x-a": "1" }) })
      assert.deepStrictEqual(sent[0], { "X-A": "1", authorization: "Bearer sk-1" })
      assert.instanceOf(sent[1], Headers)
    })
  )

  it.scopedLive("count as they were when the request was made, however long the key takes", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const step = Effect.as(Deferred.await(go), ApiKey.make({ value: "sk-1" }))
      const { server, fetch } = yield* make([step], ok)
      const headers = { "x-a": "before" }
      const asking = yield* Effect.fork(promise(() => fetch(server.origin, { headers })))
      yield* Effect.yieldNow()
      headers["x-a"] = "after"
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(asking)
      assert.strictEqual(server.seen[0]?.headers["x-a"], "before")
    })
  )

  it.scopedLive("and the type of a body that is given beside a Request", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok)
      const body = new URLSearchParams({ field: "text" })
      yield* promise(() => fetch(new Request(server.origin, { method: "POST" }), { body }))
      yield* promise(() => globalThis.fetch(new Request(server.origin, { method: "POST" }), { body }))
      assert.strictEqual(server.seen[0]?.headers["content-type"], server.seen[1]?.headers["content-type"])
      assert.strictEqual(server.seen[0]?.headers["authorization"], "Bearer sk-1")
    })
  )

  it.scopedLive("two URLs in turn go each to its own", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, fetch } = yield* make(["sk-1"], ok)
      for (const url of [`${server.origin}/a`, `${other.origin}/b`, `${server.origin}/a`, `${server.origin}/c`]) {
        yield* promise(() => fetch(url))
      }
      assert.deepStrictEqual(
        server.seen.map(({ path, headers }) => [path, headers["authorization"]]),
        [
          ["/a", "Bearer sk-1"],
          ["/a", "Bearer sk-1"],
          ["/c", "Bearer sk-1"]
        ]
      )
      assert.deepStrictEqual(
        other.seen.map(({ path, headers }) => [path, headers["authorization"]]),
        [["/b", undefined]]
      )
    })
  )
})

describe("a key goes nowhere else", () => {
  it.scopedLive("not to another origin, and not the placeholder either", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { fetch, runs } = yield* make(["sk-1"], ok)
      yield* promise(() =>
        fetch(`${other.origin}/a?key=${Fetch.placeholder}&b=1`, {
          headers: { "x-api-key": Fetch.placeholder, "x-b": "2" }
        })
      )
      assert.deepInclude(other.seen[0]?.headers, { "x-b": "2" })
      assert.strictEqual(other.seen[0]?.path, "/a?b=1")
      assert.isFalse(JSON.stringify(other.seen).includes(Fetch.placeholder))
      for (const [path, body] of [
        ["", `{"key":"${Fetch.placeholder}"}`],
        ["", new URLSearchParams({ key: Fetch.placeholder })],
        [`/${Fetch.placeholder}/v1`, "text"],
        [`#${Fetch.placeholder}`, "text"]
      ] as const) {
        const error = yield* failureOf(() => fetch(`${other.origin}${path}`, { method: "POST", body }))
        assert.propertyVal(error, "_tag", "ConfigInvalid")
      }
      assert.strictEqual(other.seen.length, 1)
      assert.strictEqual(yield* runs, 0)
    })
  )

  it.scopedLive("not where the origin only looks alike", () =>
    Effect.gen(function* () {
      const sent: Array<Headers> = []
      const provider = yield* Testing.provider(["sk-1"])
      const fetch = Fetch.makeWith(provider, {
        baseUrl: "https://api.openai.com/v1",
        fetch: async (_, init) => {
          sent.push(new Headers(init?.headers))
          return new Response()
        }
      })
      for (const url of [
        "https://api.openai.com@evil.test/v1",
        "https://api.openai.com.evil.test/v1",
        "https://api.openai.com:8443/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com\\@evil.test/v1"
      ]) {
        if (new URL(url).origin === "https://api.openai.com") continue
        yield* promise(() => fetch(url))
      }
      assert.strictEqual(sent.length, 4)
      assert.isTrue(sent.every((headers) => !headers.has("authorization")))
      yield* promise(() => fetch("https://user@api.openai.com:443/v1"))
      assert.strictEqual(sent[4]?.get("authorization"), "Bearer sk-1")
    })
  )

  const credentials = ["authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "x-own"]
  for (const scheme of [
    "bearer",
    xApiKey,
    { header: "x-goog-api-key" },
    { header: "api-key" },
    "basic",
    "headers"
  ] as const) {
    it.scopedLive(`not after a redirect to another origin, by ${nameOf(scheme)}`, () =>
      Effect.gen(function* () {
        const other = yield* loopback(ok)
        const key = ApiKey.make({ value: "sk-1", ...(scheme === "headers" ? { headers: { "x-own": "sk-1" } } : {}) })
        const { server, fetch } = yield* make(
          [key],
          (_, response) => {
            response.writeHead(307, { location: `${other.origin}/landed` })
            response.end()
          },
          { scheme }
        )
        const init = {
          method: "POST",
          body: "text",
          headers: {
            "x-api-key": "another",
            cookie: "a=b",
            "accept-language": "yes",
            range: "bytes=0-",
            "x-any": "yes"
          }
        }
        const answer = yield* promise(() => fetch(server.origin, init))
        assert.isTrue(JSON.stringify(server.seen).includes("sk-1") || scheme === "basic")
        assert.strictEqual(answer.status, 200)
        assert.isTrue(answer.redirected)
        assert.strictEqual(other.seen[0]?.body, "text")
        const carried = ["accept-language", "range", "x-any"].map((name) => other.seen[0]?.headers[name])
        assert.deepStrictEqual(carried, ["yes", "bytes=0-", undefined])
        assert.deepStrictEqual(
          credentials.filter((name) => name in (other.seen[0]?.headers ?? {})),
          []
        )
      })
    )
  }

  it.scopedLive("not when the other origin sends it back to a path of its choice", () =>
    Effect.gen(function* () {
      const other = yield* loopback((request, response) => {
        response.writeHead(302, { location: request.path.slice(1) })
        response.end()
      })
      const { server, fetch } = yield* make(["sk-1"], (request, response) => {
        if (request.path === "/echo") return ok(request, response, 0)
        response.writeHead(302, { location: `${other.origin}/${server.origin}/echo` })
        response.end()
      })
      yield* promise(() => fetch(`${server.origin}/go`))
      assert.strictEqual(server.seen[0]?.headers["authorization"], "Bearer sk-1")
      assert.isUndefined(server.seen[1]?.headers["authorization"])
    })
  )

  it.scopedLive("and its own origin cannot refuse it, where the other sent the request back without it", () =>
    Effect.gen(function* () {
      const other = yield* loopback((request, response) => json(response, 307, {}, { location: request.path.slice(1) }))
      const { server, fetch, provider } = yield* make(["sk-1", "sk-2"], (request, response, count) => {
        if (request.path === "/end") return refuse(request, response, count)
        const location = request.path === "/back" ? "/end" : `${other.origin}/${server.origin}/back`
        json(response, 307, {}, { location })
      })
      assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 401)
      assert.strictEqual((yield* provider.status).rejections, 0)
    })
  )

  it.live("nor does a Host that the caller gives go along", () =>
    Effect.promise(async () => {
      const hosts: Array<string | null> = []
      const fetch = Fetch.makeWith(ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) }), {
        baseUrl: "https://api.test",
        fetch: async (input, init) => {
          hosts.push(new Headers(init?.headers).get("host"))
          return String(input).startsWith("https://api.test")
            ? new Response(null, { status: 307, headers: { location: "https://other.test" } })
            : new Response()
        }
      })
      await fetch("https://api.test", { headers: { host: "own.test" } })
      assert.deepStrictEqual(hosts, ["own.test", null])
    })
  )

  it.scopedLive("and another origin, where a redirect led, cannot refuse it", () =>
    Effect.gen(function* () {
      const other = yield* loopback(refuse)
      const { server, fetch, provider } = yield* make(["sk-1", "sk-2"], (_, response) => {
        response.writeHead(307, { location: other.origin })
        response.end()
      })
      assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 401)
      assert.strictEqual((yield* provider.status).rejections, 0)
      assert.strictEqual(other.seen.length, 1)
    })
  )

  it.scopedLive("and a base URL that is plain http warns once", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const onWarning = (warning: Error) => warnings.push(warning.message)
      process.on("warning", onWarning)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", onWarning)))
      const provider = yield* Testing.provider(["sk-1"])
      const fetch = Fetch.makeWith(provider, { baseUrl: "http://gateway.test", fetch: async () => new Response() })
      const local = Fetch.makeWith(provider, { baseUrl: "http://127.0.0.1:1", fetch: async () => new Response() })
      yield* promise(() => fetch("http://gateway.test/a"))
      yield* promise(() => fetch("http://gateway.test/b"))
      yield* promise(() => local("http://127.0.0.1:1/b"))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.strictEqual(warnings.filter((text) => text.includes("plain http")).length, 1)
      assert.isTrue(warnings.some((text) => text.includes("http://gateway.test")))
    })
  )
})

describe("redirects are followed as fetch follows them", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "head", "post", "put", "Post"]) {
      it.scopedLive(`${status} after ${method}`, () =>
        Effect.gen(function* () {
          const handler: Handler = (request, response) => {
            if (request.path === "/landed") return ok(request, response, 0)
            response.writeHead(status, { location: "/landed" })
            response.end()
          }
          const { server, fetch } = yield* make(["sk-1"], handler)
          const body = /get|head/i.test(method) ? {} : { body: "text" }
          const init: RequestInit = { method, ...body, headers: { "content-type": "text/plain", "x-kept": "yes" } }
          const stock = yield* promise(() => globalThis.fetch(`${server.origin}/go`, init))
          const ours = yield* promise(() => fetch(`${server.origin}/go#part`, init))
          const [, expected, , actual] = server.seen
          assert.deepStrictEqual(
            [actual?.method, actual?.body, actual?.headers["content-type"], actual?.headers["x-kept"]],
            [expected?.method, expected?.body, expected?.headers["content-type"], expected?.headers["x-kept"]]
          )
          assert.strictEqual(actual?.headers["authorization"], "Bearer sk-1")
          assert.deepStrictEqual([ours.status, ours.redirected, ours.url], [stock.status, stock.redirected, stock.url])
        })
      )
    }
  }

  // A header holds bytes.
  const locations = ["/café", "/日本?q=é#ü", "/caf%C3%A9", "/caf\u00E9 x"].map((text) =>
    Buffer.from(text).toString("latin1")
  )
  for (const location of [...locations, "/\u00E9", "/\u00C3("]) {
    it.scopedLive(`to a Location of the bytes ${JSON.stringify(location)}`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(["sk-1"], (request, response) => {
          if (request.path !== "/go") return ok(request, response, 0)
          response.writeHead(302, { location })
          response.end()
        })
        const stock = yield* promise(() => globalThis.fetch(`${server.origin}/go`))
        const ours = yield* promise(() => fetch(`${server.origin}/go`))
        assert.deepStrictEqual([ours.url, server.seen[3]?.path], [stock.url, server.seen[1]?.path])
      })
    )
  }

  it.scopedLive("a Request keeps its body", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], (request, response) => {
        if (request.path === "/landed") return ok(request, response, 0)
        response.writeHead(308, { location: "/landed" })
        response.end()
      })
      yield* promise(() => fetch(new Request(`${server.origin}/go`, { method: "POST", body: "text" })))
      assert.strictEqual(server.seen[1]?.body, "text")
    })
  )

  it.live("not with a body that is gone: a network error, as fetch makes of it", () =>
    Effect.promise(async () => {
      const bodies: Array<string> = []
      const fetch = Fetch.makeWith(ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) }), {
        baseUrl: "https://api.test",
        fetch: async (_, init) => {
          bodies.push(Array.from(init?.body as unknown as Iterable<string>).join(""))
          return new Response(null, { status: 307, headers: { location: "/on" } })
        }
      })
      const body = ["a", "b"].values() as unknown as BodyInit
      const error = await fetch("https://api.test", { method: "POST", body }).catch((thrown: unknown) => thrown)
      assert.instanceOf(error, TypeError)
      assert.deepStrictEqual(bodies, ["ab"])
    })
  )

  it.scopedLive("not for ever, not to another kind of URL, and not where the caller wants none", () =>
    Effect.gen(function* () {
      let location = "/again"
      const { server, fetch } = yield* make(["sk-1"], (_, response) => {
        response.writeHead(302, { location })
        response.end()
      })
      const endless = yield* failureOf(() => fetch(server.origin))
      assert.instanceOf(endless, TypeError)
      assert.strictEqual(server.seen.length, 21)
      location = "file:///etc/passwd"
      assert.instanceOf(yield* failureOf(() => fetch(server.origin)), TypeError)
      location = "http://["
      assert.instanceOf(yield* failureOf(() => fetch(server.origin)), TypeError)
      assert.strictEqual((yield* promise(() => fetch(server.origin, { redirect: "manual" }))).status, 302)
      assert.instanceOf(yield* failureOf(() => fetch(server.origin, { redirect: "error" })), TypeError)
    })
  )
})

describe("a refused key", () => {
  it.scopedLive("is rejected, and the request sent once more with another", () =>
    Effect.gen(function* () {
      const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok))
      const answer = yield* promise(() => fetch(server.origin, { method: "POST", body: "text" }))
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        ["Bearer sk-1", "Bearer sk-2"]
      )
      assert.deepStrictEqual(
        server.seen.map(({ body }) => body),
        ["text", "text"]
      )
      assert.strictEqual(yield* runs, 2)
    })
  )

  const rules: ReadonlyArray<readonly [string, Partial<Fetch.Options>, Handler, boolean]> = [
    ["401", {}, refuse, true],
    [
      "403 with invalid_token",
      {},
      (_, response) => json(response, 403, {}, { "www-authenticate": 'Bearer error="invalid_token"' }),
      true
    ],
    ["403 alone", {}, (_, response) => json(response, 403, {}), false],
    [
      "403 with insufficient_scope",
      {},
      (_, response) => json(response, 403, {}, { "www-authenticate": 'Bearer error="insufficient_scope"' }),
      false
    ],
    [
      "400 API_KEY_INVALID, by Google's header",
      { scheme: { header: "x-goog-api-key" } },
      (_, response) => json(response, 400, { error: { code: 400, details: [{ reason: "API_KEY_INVALID" }] } }),
      true
    ],
    [
      "400 of another reason, by Google's header",
      { scheme: { header: "x-goog-api-key" } },
      (_, response) => json(response, 400, { error: { code: 400, details: [{ reason: "FIELD" }] } }),
      false
    ],
    [
      "400 API_KEY_INVALID, by another header",
      {},
      (_, response) => json(response, 400, { error: { details: [{ reason: "API_KEY_INVALID" }] } }),
      true
    ],
    [
      "403 ExpiredTokenException in a header, from AWS",
      {},
      (_, response) => json(response, 403, {}, { "x-amzn-errortype": "ExpiredTokenException:http://x" }),
      true
    ],
    [
      "403 ExpiredToken in the body, from AWS",
      {},
      (_, response) => json(response, 403, { Code: "ExpiredToken" }, { "x-amz-request-id": "1" }),
      true
    ],
    [
      "403 ExpiredToken in the body, from Bedrock",
      {},
      (_, response) => json(response, 403, { Code: "ExpiredTokenException" }, { "x-amzn-requestid": "1" }),
      true
    ],
    [
      "403 ExpiredToken in the body, from another",
      {},
      (_, response) => json(response, 403, { Code: "ExpiredToken" }),
      false
    ],
    [
      "400 ExpiredToken in the body, from Bedrock",
      {},
      (_, response) => json(response, 400, { Code: "ExpiredToken" }, { "x-amzn-requestid": "1" }),
      false
    ],
    [
      "403 AccessDenied, from AWS",
      {},
      (_, response) => json(response, 403, { Code: "AccessDenied" }, { "x-amz-request-id": "1" }),
      false
    ],
    ["500", {}, (_, response) => json(response, 500, {}), false],
    [
      "418, by isRejection",
      { isRejection: ({ status }) => status === 418 },
      (_, response) => json(response, 418, {}),
      true
    ],
    ["401, by isRejection not", { isRejection: () => false }, refuse, false]
  ]
  for (const [name, options, answer, refused] of rules) {
    it.scopedLive(`${refused ? "is" : "is not"} what ${name} means`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(
          ["sk-1", "sk-2"],
          (request, response, count) => (count === 1 ? answer(request, response, count) : ok(request, response, count)),
          options
        )
        const given = yield* promise(() => fetch(server.origin))
        assert.strictEqual(server.seen.length, refused ? 2 : 1)
        // Unread, also where the rule had to look into the body.
        assert.isFalse(given.bodyUsed)
        assert.isDefined(yield* promise(() => given.json()))
      })
    )
  }

  it.scopedLive("that the helper repeats: the answer as it came, unread, and no second request", () =>
    Effect.gen(function* () {
      const { server, fetch, runs } = yield* make(["sk-1"], refuse)
      const answer = yield* promise(() => fetch(server.origin))
      assert.strictEqual(answer.status, 401)
      assert.deepStrictEqual(yield* promise(() => answer.json()), { error: "no" })
      assert.strictEqual(server.seen.length, 1)
      yield* promise(() => fetch(server.origin))
      assert.strictEqual(server.seen.length, 2)
      assert.strictEqual(yield* runs, 2)
    })
  )

  it.scopedLive("for which there is no other: the answer as it came, not the provider's error", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", new EmptyOutput({ command: "op", stderr: "" })], refuse)
      const answer = yield* promise(() => fetch(server.origin))
      assert.strictEqual(answer.status, 401)
      assert.deepStrictEqual(yield* promise(() => answer.json()), { error: "no" })
      assert.strictEqual(server.seen.length, 1)
    })
  )

  it.scopedLive("always another one: two requests, never a third, and one run a back-off", () =>
    Effect.gen(function* () {
      const { server, fetch, provider, runs } = yield* make(["sk-1", "sk-2", "sk-3"], refuse)
      assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 401)
      assert.strictEqual(server.seen.length, 2)
      assert.strictEqual((yield* provider.status).state, "rejected")
      yield* promise(() => fetch(server.origin))
      yield* promise(() => fetch(server.origin))
      assert.strictEqual(yield* runs, 2)
    })
  )

  for (const [what, status] of [
    ["", 401],
    [" after a redirect", 307]
  ] as const) {
    it.scopedLive(`whose answer nobody reads${what}: its transfer is ended`, () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const { server, fetch } = yield* make(["sk-1", "sk-2"], (request, response, count) => {
          if (count > 1) return ok(request, response, count)
          response.on("close", () => Effect.runFork(Deferred.succeed(closed, undefined)))
          response.writeHead(status, { location: "/again" })
          response.write("endless")
        })
        assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 200)
        yield* Deferred.await(closed)
      })
    )
  }

  /** Sends on what it gets at `/`, and knows one key elsewhere. */
  const sendingOn =
    (status: number, then: Handler = guarded(["sk-2"], ok)): Handler =>
    (request, response, count) =>
      request.path === "/" ? json(response, status, {}, { location: "/on" }) : then(request, response, count)
  const shownAs = ({ body, headers, method, path }: Seen) =>
    [method, path, body, headers["content-type"] ?? "", headers["x-kept"], headers["authorization"]].join(" ")

  const accepted = ["POST / text text/x yes Bearer sk-1", "GET /on   yes Bearer sk-1", "GET /on   yes Bearer sk-2"]
  for (const [what, method, status, seen] of [
    ["a POST that 303 has accepted is not made twice", "POST", 303, accepted],
    ["a POST that 302 has accepted is not made twice", "POST", 302, accepted],
    [
      "a POST that 307 has not accepted is made anew",
      "POST",
      307,
      ["sk-1", "sk-2"].flatMap((key) => ["/", "/on"].map((path) => `POST ${path} text text/x yes Bearer ${key}`))
    ],
    [
      "a GET, which may be made as often, is made anew",
      "GET",
      302,
      ["sk-1", "sk-2"].flatMap((key) => ["/", "/on"].map((path) => `GET ${path}  text/x yes Bearer ${key}`))
    ]
  ] as const) {
    for (const form of ["an init", "a Request"]) {
      it.scopedLive(`where a redirect led: ${what}, as ${form}`, () =>
        Effect.gen(function* () {
          const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], sendingOn(status))
          const headers = { "content-type": "text/x", "x-kept": "yes" }
          const init = { method, headers, ...(method === "POST" ? { body: "text" } : {}) }
          const answer = yield* promise(() =>
            form === "an init" ? fetch(server.origin, init) : fetch(new Request(server.origin, init))
          )
          assert.deepStrictEqual([answer.status, answer.redirected, answer.url], [200, true, `${server.origin}/on`])
          assert.deepStrictEqual(server.seen.map(shownAs), seen)
          assert.strictEqual(yield* runs, 2)
        })
      )
    }
  }

  it.scopedLive("where redirects led: what they made of an accepted POST goes by them again, in one number", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(
        ["sk-1", "sk-2"],
        sendingOn(303, ({ headers, path }, response) =>
          path !== "/end"
            ? json(response, 302, {}, { location: headers["authorization"] === bearer("sk-1") ? "/end" : "/more" })
            : json(response, 401, {})
        )
      )
      assert.instanceOf(yield* failureOf(() => fetch(server.origin, { method: "POST", body: "text" })), TypeError)
      assert.deepStrictEqual(
        server.seen.map(({ method, path }) => `${method} ${path}`),
        ["POST /", "GET /on", "GET /end", "GET /on", ...Array.from({ length: 19 }, () => "GET /more")]
      )
    })
  )

  it.scopedLive("where a redirect led, without the stream that was sent before it: is sent once more", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", "sk-2"], sendingOn(303))
      const body = new Blob(["text"]).stream()
      const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" }
      assert.strictEqual((yield* promise(() => fetch(server.origin, init))).status, 200)
      assert.deepStrictEqual(
        server.seen.map(({ body, method }) => method + body),
        ["POSTtext", "GET", "GET"]
      )
    })
  )

  it.scopedLive("by an isRejection that clones the answer and leaves the copy unread, does not hang", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok), {
        isRejection: (answer) => answer.clone().status === 401
      })
      assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 200)
    })
  )

  for (const how of ["stalls", "is cut"]) {
    it.scopedLive(`is not seen in a body that ${how}: the answer as it came`, () =>
      Effect.gen(function* () {
        const handler: Handler = (_, response) => {
          response.writeHead(400, { "content-length": "1000" })
          response.write("{")
          setImmediate(() => (how === "is cut" ? response.destroy() : undefined))
        }
        const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], handler, { scheme: { header: "x-goog-api-key" } })
        const answer = yield* promise(() => fetch(server.origin))
        assert.strictEqual(answer.status, 400)
        assert.strictEqual(yield* runs, 1)
        if (how === "is cut") assert.instanceOf(yield* failureOf(() => answer.text()), Error)
        else yield* promise(() => answer.body?.cancel() ?? Promise.resolve())
      })
    )
  }

  it.scopedLive("with a body that is a stream: the answer as it came, and the next request has the fresh key", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok))
      const init: RequestInit & { duplex: "half" } = {
        method: "POST",
        body: new Blob(["text"]).stream(),
        duplex: "half"
      }
      const answer = yield* promise(() => fetch(server.origin, init))
      assert.strictEqual(answer.status, 401)
      assert.strictEqual(server.seen.length, 1)
      assert.isTrue((yield* promise(() => fetch(server.origin))).ok)
      assert.strictEqual(server.seen.length, 2)
    })
  )

  it.scopedLive("for which there is only one that no header can carry: the answer as it came, unread", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", "sk-2\nx"], refuse)
      const answer = yield* promise(() => fetch(server.origin))
      assert.strictEqual(answer.status, 401)
      assert.deepStrictEqual(yield* promise(() => answer.json()), { error: "no" })
      assert.strictEqual(server.seen.length, 1)
    })
  )

  it.live("with a body that is an iterator, which undici takes: sent once", () =>
    Effect.gen(function* () {
      const bodies: Array<string> = []
      const stub: typeof globalThis.fetch = async (_, init) => {
        bodies.push(Array.from(init?.body as unknown as Iterable<string>).join(""))
        return new Response("no", { status: 401 })
      }
      const provider = yield* Testing.provider(["sk-1", "sk-2"])
      const fetch = Fetch.makeWith(provider, { baseUrl: "https://api.test", fetch: stub })
      const body = ["a", "b"].values() as unknown as BodyInit
      const answer = yield* promise(() => fetch("https://api.test", { method: "POST", body }))
      assert.strictEqual(yield* promise(() => answer.text()), "no")
      assert.deepStrictEqual(bodies, ["ab"])
    }).pipe(Effect.scoped)
  )

  it.scopedLive("with a Request: its body is sent again", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok))
      const answer = yield* promise(() => fetch(new Request(server.origin, { method: "POST", body: "text" })))
      assert.isTrue(answer.ok)
      assert.deepStrictEqual(
        server.seen.map(({ body }) => body),
        ["text", "text"]
      )
    })
  )

  it.scopedLive("with a Request: it is used up, as fetch uses it up", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok)
      for (const send of [globalThis.fetch, fetch]) {
        const request = new Request(server.origin, { method: "POST", body: "text" })
        yield* promise(() => send(request))
        assert.isTrue(request.bodyUsed)
        assert.instanceOf(yield* failureOf(() => send(request)), TypeError)
      }
    })
  )

  it.scopedLive("in 50 requests at once: one run", () =>
    Effect.gen(function* () {
      const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], guarded(["sk-2"], ok))
      const answers = yield* promise(() => Promise.all(Array.from({ length: 50 }, () => fetch(server.origin))))
      assert.isTrue(answers.every((answer) => answer.ok))
      assert.strictEqual(yield* runs, 2)
    })
  )
})

describe("an abort", () => {
  const hanging = Effect.gen(function* () {
    const started = yield* Deferred.make<void>()
    const stopped = yield* Deferred.make<void>()
    const step = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
      Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
    )
    return { started, stopped, step }
  })

  const making = Fetch.make({ baseUrl: "https://api.test", fetch: async () => new Response() })

  it.scopedLive("before: no run, no request, its own reason", () =>
    Effect.gen(function* () {
      const { server, fetch, runs } = yield* make(["sk-1"], ok)
      const reason = new Error("mine")
      assert.strictEqual(yield* failureOf(() => fetch(server.origin, { signal: AbortSignal.abort(reason) })), reason)
      assert.strictEqual(
        yield* failureOf(() => fetch(new Request(server.origin, { signal: AbortSignal.abort(reason) }))),
        reason
      )
      assert.strictEqual(yield* runs, 0)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("while the key is fetched: its own reason at once, and the run stops", () =>
    Effect.gen(function* () {
      const { started, stopped, step } = yield* hanging
      const { server, fetch } = yield* make([step], ok)
      const controller = new AbortController()
      const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, { signal: controller.signal })))
      yield* Deferred.await(started)
      const reason = new Error("mine")
      controller.abort(reason)
      assert.strictEqual(yield* Fiber.join(failing), reason)
      yield* Deferred.await(stopped)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  for (const [how, made] of [
    ["acquired as a resource", (fetch: typeof making) => Effect.acquireRelease(fetch, () => Effect.void)],
    ["made where nothing is to be interrupted", (fetch: typeof making) => Effect.uninterruptible(fetch)]
  ] as const) {
    it.scopedLive(`while the key is fetched stops the run, though the fetch was ${how}`, () =>
      Effect.gen(function* () {
        const { started, stopped, step } = yield* hanging
        const provider = yield* Testing.provider([step])
        const fetch = yield* made(making).pipe(Effect.provideService(ApiKeyProvider.ApiKeyProvider, provider))
        const controller = new AbortController()
        const failing = yield* Effect.fork(failureOf(() => fetch("https://api.test", { signal: controller.signal })))
        yield* Deferred.await(started)
        controller.abort()
        assert.propertyVal(yield* Fiber.join(failing), "name", "AbortError")
        yield* Deferred.await(stopped)
      })
    )
  }

  it.scopedLive("of one of two: the run goes on for the other", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const step = Effect.zipRight(Deferred.succeed(started, undefined), Deferred.await(go)).pipe(
        Effect.as(ApiKey.make({ value: "sk-1" }))
      )
      const { server, fetch, runs } = yield* make([step], ok)
      const controller = new AbortController()
      const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, { signal: controller.signal })))
      yield* Deferred.await(started)
      const answering = yield* Effect.fork(promise(() => fetch(server.origin)))
      yield* Effect.yieldNow()
      controller.abort()
      assert.propertyVal(yield* Fiber.join(failing), "name", "AbortError")
      yield* Deferred.succeed(go, undefined)
      assert.isTrue((yield* Fiber.join(answering)).ok)
      assert.strictEqual(yield* runs, 1)
    })
  )

  it.scopedLive("while the second key is fetched is an abort, not the old answer", () =>
    Effect.gen(function* () {
      const { started, stopped, step } = yield* hanging
      const { server, fetch } = yield* make(["sk-1", step], refuse)
      const controller = new AbortController()
      const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, { signal: controller.signal })))
      yield* Deferred.await(started)
      controller.abort()
      assert.propertyVal(yield* Fiber.join(failing), "name", "AbortError")
      yield* Deferred.await(stopped)
    })
  )

  for (const below of ["fetch", "one that looks at no signal"]) {
    it.scopedLive(`while the beginning of a refusal is looked into is an abort, over ${below}`, () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const handler: Handler = (_, response) => {
          response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
          response.writeHead(400, { "content-length": "1000" })
          response.write("{")
        }
        const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], handler, {
          scheme: { header: "x-goog-api-key" },
          fetch: async (input, init) => {
            const answer = await globalThis.fetch(input, below === "fetch" ? init : { ...init, signal: null })
            const clone = answer.clone.bind(answer)
            return Object.assign(answer, {
              clone: () => {
                Deferred.unsafeDone(asked, Effect.void)
                return clone()
              }
            })
          }
        })
        const controller = new AbortController()
        const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, { signal: controller.signal })))
        yield* Deferred.await(asked)
        const reason = new Error("mine")
        controller.abort(reason)
        assert.strictEqual(yield* Fiber.join(failing), reason)
        yield* Deferred.await(closed)
        assert.strictEqual(yield* runs, 1)
        assert.strictEqual(getEventListeners(controller.signal, "abort").length, 0)
      })
    )
  }

  it.scopedLive("leaves nothing behind in a signal that lives on, where a refusal was looked into", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], (_, response) => json(response, 400, {}), {
        scheme: { header: "x-goog-api-key" },
        fetch: (input, init) => globalThis.fetch(input, { ...init, signal: null })
      })
      const { signal } = new AbortController()
      yield* promise(async () => (await fetch(server.origin, { signal })).text())
      assert.strictEqual(getEventListeners(signal, "abort").length, 0)
    })
  )

  it.scopedLive("while `isRejection` reads is an abort with its own reason, not the fault of `isRejection`", () =>
    Effect.gen(function* () {
      const reading = yield* Deferred.make<void>()
      const { server, fetch } = yield* make(["sk-1"], (_, response) => response.writeHead(400).write("endless"), {
        isRejection: (answer) => {
          Deferred.unsafeDone(reading, Effect.void)
          return answer
            .clone()
            .text()
            .then((text) => text !== "")
        }
      })
      const controller = new AbortController()
      const failing = yield* Effect.fork(failureOf(() => fetch(server.origin, { signal: controller.signal })))
      yield* Deferred.await(reading)
      const reason = new Error("mine")
      controller.abort(reason)
      assert.strictEqual(yield* Fiber.join(failing), reason)
    })
  )

  for (const status of [303, 307]) {
    it.scopedLive(`after a redirect by ${status} ends what a Request has become`, () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>()
        const { server, fetch } = yield* make(["sk-1"], ({ path }, response) => {
          if (path === "/on") return Deferred.unsafeDone(arrived, Effect.void)
          json(response, status, {}, { location: "/on" })
        })
        const controller = new AbortController()
        const request = new Request(server.origin, { method: "POST", body: "text", signal: controller.signal })
        const failing = yield* Effect.fork(failureOf(() => fetch(request)))
        yield* Deferred.await(arrived)
        controller.abort()
        assert.propertyVal(yield* Fiber.join(failing), "name", "AbortError")
      })
    )
  }

  it.scopedLive("while the answer is read ends the reading", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], (_, response) => {
        response.writeHead(200)
        response.write("begin")
      })
      const controller = new AbortController()
      const answer = yield* promise(() => fetch(server.origin, { signal: controller.signal }))
      const failing = yield* Effect.fork(failureOf(() => answer.text()))
      yield* Effect.yieldNow()
      controller.abort()
      assert.propertyVal(yield* Fiber.join(failing), "name", "AbortError")
    })
  )
})

describe("a stream", () => {
  it.scopedLive("that has begun is not cut by a renewal", () =>
    Effect.gen(function* () {
      let finish = (): void => undefined
      const { server, fetch, provider } = yield* make(["sk-1", "sk-2"], (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: 1\n\n")
        finish = () => response.end("data: 2\n\n")
      })
      const answer = yield* promise(() => fetch(server.origin))
      const reader = answer.body?.getReader()
      assert.isDefined(yield* promise(async () => reader?.read()))
      const key = yield* provider.get
      yield* provider.reject(key)
      yield* provider.get
      finish()
      const last = yield* promise(async () => reader?.read())
      assert.strictEqual(new TextDecoder().decode(last?.value), "data: 2\n\n")
    })
  )
})

describe("what goes wrong", () => {
  it.scopedLive("with the helper is the typed error itself", () =>
    Effect.gen(function* () {
      const error = new EmptyOutput({ command: "op", stderr: "" })
      const { server, fetch } = yield* make([error], ok)
      const failure = yield* failureOf(() => fetch(server.origin))
      assert.instanceOf(failure, EmptyOutput)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  for (const baseUrl of ["localhost:3000", "api.openai.com:443/v1", "data:,x"]) {
    it.scopedLive(`with a base URL that is not for http (${baseUrl}) is a typed error, and nothing is sent`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(["sk-1"], ok, { baseUrl })
        const error = yield* failureOf(() => fetch(server.origin))
        assert.propertyVal(error, "_tag", "ConfigInvalid")
        assert.strictEqual(server.seen.length, 0)
      })
    )
  }

  // JavaScript gives what no type has looked at; SDKs call it `baseURL`.
  for (const options of [undefined, {}, { baseUrl: undefined }, { baseUrl: null }, { baseURL: "https://api.test" }]) {
    it.effect(`without a base URL (${inspect(options)}) is a typed error, and nothing is sent`, () =>
      Effect.gen(function* () {
        let sent = 0
        const fetch = async () => {
          sent++
          return new Response()
        }
        const given = (options === undefined ? undefined : { ...options, fetch }) as unknown as Fetch.Options
        const provider = yield* Testing.provider(["sk-1"])
        const headers = { authorization: `Bearer ${Fetch.placeholder}` }
        for (const made of [Fetch.makeWith(provider, given), yield* Fetch.make(given)]) {
          for (const init of [{ headers }, {}]) {
            const error = yield* failureOf(() => made("https://evil.test", init))
            assert.propertyVal(error, "_tag", "ConfigInvalid")
            assert.include(String(error), "`baseUrl` is missing")
          }
        }
        const told = yield* Effect.flip(Fetch.headersWith(provider, "https://evil.test", given))
        assert.include(String(told), "`baseUrl` is missing")
        assert.strictEqual(sent, 0)
      }).pipe(Effect.provide(Testing.layer(["sk-1"])), Effect.scoped)
    )
  }

  it.live("with a base URL that is none is a typed error", () =>
    Effect.gen(function* () {
      const provider = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) })
      const fetch = Fetch.makeWith(provider, { baseUrl: "api.openai.com" })
      assert.propertyVal(yield* failureOf(() => fetch("https://api.openai.com")), "_tag", "ConfigInvalid")
    })
  )

  it.live("with a key that no header can carry never reaches fetch, whose error would quote it", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.fullUnicodeString({ minLength: 8, maxLength: 40 }).filter((text) => /[^\x20-\x7E]/.test(text)),
          fc.constantFrom<Fetch.Scheme>("bearer", xApiKey, (key) => ({ "x-own": Redacted.value(key.value) })),
          async (value, scheme) => {
            const provider = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value })) })
            let sent = 0
            const fetch = Fetch.makeWith(provider, {
              baseUrl: "https://api.openai.com",
              scheme,
              fetch: async () => {
                sent++
                return new Response()
              }
            })
            const error = await fetch("https://api.openai.com").catch((failure: unknown) => failure)
            assert.propertyVal(error, "_tag", "InvalidOutput")
            assert.strictEqual(sent, 0)
            assert.isFalse(inspect(error, { depth: 9, showHidden: true }).includes(value))
          }
        ),
        { numRuns: 100 }
      )
    )
  )
})

describe("a key that does not fit its scheme", () => {
  it.scopedLive("is a typed error that says so, and what to do", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok, { scheme: "headers" })
      const error = yield* failureOf(() => fetch(server.origin))
      assert.propertyVal(error, "_tag", "InvalidOutput")
      assert.strictEqual(String(error), "InvalidOutput: the key cannot be sent: expected a key with headers of its own")
      assert.propertyVal(error, "hint", 'Choose a `scheme` that makes the header, for example "bearer".')
      assert.strictEqual(server.seen.length, 0)
    })
  )
})

describe("a function that is given", () => {
  const throwing = (key: ApiKey.ApiKey): never => {
    throw new Error(Redacted.value(key.value))
  }

  const quoting = ({ value }: ApiKey.ApiKey) =>
    new ConfigInvalid({ file: "code", line: 0, column: 0, problem: Redacted.value(value), remedy: "" })
  for (const [how, scheme] of [
    ["throws", throwing],
    ["rejects", async (key) => throwing(key)],
    ["rejects with an error of ours", (key) => Promise.reject(quoting(key))]
  ] as ReadonlyArray<readonly [how: string, scheme: Fetch.Signer]>) {
    it.scopedLive(`as \`scheme\` and ${how} is a typed error that quotes nothing, and nothing is sent`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(["sk-very-secret"], ok, { scheme })
        const provider = yield* Testing.provider(["sk-very-secret"])
        const at = { baseUrl: server.origin, scheme }
        for (const error of [
          yield* failureOf(() => fetch(server.origin)),
          yield* Effect.flip(Fetch.headersWith(provider, server.origin, at))
        ]) {
          assert.propertyVal(error, "_tag", "ConfigInvalid")
          assert.include(String(error), "the function `scheme` threw an error")
          assert.notInclude(inspect(error, { depth: null, showHidden: true }), "very-secret")
        }
        assert.strictEqual(server.seen.length, 0)
      })
    )
  }

  for (const [how, isRejection] of [
    ["throws", () => throwing(ApiKey.make({ value: "sk-1" }))],
    ["rejects", () => Promise.reject(new Error("no"))]
  ] as const) {
    it.scopedLive(`as \`isRejection\` and ${how} is a typed error`, () =>
      Effect.gen(function* () {
        const { server, fetch, runs } = yield* make(["sk-1", "sk-2"], ok, { isRejection })
        const error = yield* failureOf(() => fetch(server.origin))
        assert.propertyVal(error, "_tag", "ConfigInvalid")
        assert.include(String(error), "the function `isRejection` threw an error")
        assert.strictEqual(yield* runs, 1)
      })
    )
  }

  it.scopedLive("as `isRejection` and throws: the transfer of the answer that nobody gets is ended", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const endless: Handler = (_, response) => {
        response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
        response.writeHead(200).write("endless")
      }
      const { server, fetch } = yield* make(["sk-1"], endless, { isRejection: () => Promise.reject(new Error("no")) })
      assert.propertyVal(yield* failureOf(() => fetch(server.origin)), "_tag", "ConfigInvalid")
      yield* Deferred.await(closed)
    })
  )

  it.scopedLive("as `scheme` makes the headers of each request anew", () =>
    Effect.gen(function* () {
      let count = 0
      const { server, fetch } = yield* make(["sk-1"], ok, { scheme: () => ({ "x-nonce": `n${++count}` }) })
      yield* promise(() => fetch(server.origin))
      yield* promise(() => fetch(server.origin))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["x-nonce"]),
        ["n1", "n2"]
      )
    })
  )

  it.scopedLive(
    "as `scheme` and gives no header, and a scheme that is none, are typed errors, and nothing is sent",
    () =>
      Effect.gen(function* () {
        const schemes = [
          () => ({ "x-own": 1 }),
          () => ({ "x-own": "" }),
          () => ({ "x own": "1" }),
          () => ({ "": "1" }),
          () => ({}),
          () => undefined,
          async () => ({ "x-own": "1\n" }),
          async () => ({}),
          async () => undefined,
          "zzz",
          7,
          null,
          {},
          { header: "" },
          { header: "x own" },
          { header: "x-own\r\nx-other" },
          { header: 7 },
          ["x-own"]
        ]
        for (const scheme of schemes as ReadonlyArray<unknown> as ReadonlyArray<Fetch.Scheme>) {
          const { server, fetch } = yield* make(["sk-very-secret"], ok, { scheme })
          const error = yield* failureOf(() => fetch(server.origin))
          assert.isTrue(isApiKeyError(error), String(error))
          assert.strictEqual(server.seen.length, 0)
          const told = yield* Effect.flip(
            Fetch.headersWith(yield* Testing.provider(["sk-1"]), "https://api.test", {
              baseUrl: "https://api.test",
              scheme
            })
          )
          assert.isTrue(isApiKeyError(told))
        }
      })
  )
})

describe("a signer", () => {
  it.scopedLive(
    "sees the request: URL, method, the library's own headers and the body; its headers may be a promise",
    () =>
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const { server, fetch } = yield* make(["sk-1", "sk-2"], guarded(["signed with sk-2"], ok), {
          scheme: async (key, { body, headers, method, url }) => {
            seen.push([url.pathname, method, Object.fromEntries(headers), body])
            return { "X-Signature": `signed with ${Redacted.value(key.value)}` }
          }
        })
        const headers = { "x-own": "1", authorization: bearer(Fetch.placeholder) }
        const response = yield* promise(() => fetch(`${server.origin}/v1`, { method: "POST", body: "text", headers }))
        assert.strictEqual(response.status, 200)
        // The second time, too: not the headers of the first key.
        assert.deepStrictEqual(seen, [
          ["/v1", "POST", headers, "text"],
          ["/v1", "POST", headers, "text"]
        ])
        assert.deepStrictEqual(
          server.seen.map(({ headers }) => [headers["x-signature"], headers["authorization"]]),
          [
            ["signed with sk-1", undefined],
            ["signed with sk-2", undefined]
          ]
        )
      })
  )

  it.scopedLive("changes neither the request's URL nor its headers", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok, {
        scheme: (_, { headers, url }) => {
          url.hostname = "evil.test"
          headers.set("x-own", "2")
          return { "x-signature": "1" }
        }
      })
      yield* promise(() => fetch(server.origin, { headers: { "x-own": "1" } }))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["x-own"]),
        ["1"]
      )
    })
  )

  it.scopedLive("that never ends does not outlast an abort", () =>
    Effect.gen(function* () {
      const { server, fetch } = yield* make(["sk-1"], ok, { scheme: () => new Promise<never>(() => undefined) })
      const reason = new Error("enough")
      const error = yield* failureOf(() => {
        const controller = new AbortController()
        setImmediate(() => controller.abort(reason))
        return fetch(server.origin, { signal: controller.signal })
      })
      assert.strictEqual(error, reason)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("signs no request to another origin, and none of its headers follows a redirect there", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const away: Handler = (_, response) => json(response, 307, {}, { location: `${other.origin}/stolen` })
      let calls = 0
      const { server, fetch } = yield* make(["sk-1"], away, {
        scheme: () => ({ "x-signature": String(++calls), "x-date": "now" })
      })
      yield* promise(() => fetch(other.origin))
      yield* promise(() => fetch(server.origin))
      assert.strictEqual(calls, 1)
      assert.strictEqual(server.seen[0]?.headers["x-signature"], "1")
      assert.deepStrictEqual(
        other.seen.map(({ headers }) => [headers["x-signature"], headers["x-date"]]),
        [
          [undefined, undefined],
          [undefined, undefined]
        ]
      )
    })
  )

  it.effect("makes the headers of a connection, too", () =>
    Effect.gen(function* () {
      const headers = yield* Fetch.headers("wss://api.test/v1", {
        baseUrl: "https://api.test",
        scheme: async (_, { body, method, url }) => ({ "X-Signature": `${method} ${url.pathname} ${body}` })
      })
      assert.deepStrictEqual(headers, { "x-signature": "GET /v1 undefined" })
    }).pipe(Effect.provide(Testing.layer(["sk-1"])))
  )
})

describe("a scheme of the wrong spelling", () => {
  for (const name of ["x-api-key", "x-goog-api-key", "api-key"]) {
    it.scopedLive(`is a typed error that names the right one: ${name}`, () =>
      Effect.gen(function* () {
        const { server, fetch } = yield* make(["sk-1"], ok, { scheme: name as "bearer" })
        const error = yield* failureOf(() => fetch(server.origin))
        assert.propertyVal(error, "_tag", "ConfigInvalid")
        assert.propertyVal(error, "hint", `Write it as an object: \`scheme: { header: "${name}" }\``)
        assert.strictEqual(server.seen.length, 0)
      })
    )
  }
})

describe("the fetch of the context", () => {
  it.scopedLive("carries the key of the context's provider, and renews it", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["sk-2"], ok))
      const fetch = yield* Fetch.make({ baseUrl: server.origin })
      assert.strictEqual((yield* promise(() => fetch(server.origin))).status, 200)
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        [bearer("sk-1"), bearer("sk-2")]
      )
    }).pipe(Effect.provide(Testing.layer(["sk-1", "sk-2"])))
  )

  it.effect("asks for a key by the clock of the context", () =>
    Effect.gen(function* () {
      const sent: Array<string | null> = []
      const fetch = yield* Fetch.make({
        baseUrl: "https://api.openai.com",
        fetch: async (_, init) => {
          sent.push(new Headers(init?.headers).get("authorization"))
          return new Response()
        }
      })
      yield* TestClock.adjust("1 minute")
      yield* promise(() => fetch("https://api.openai.com"))
      assert.deepStrictEqual(sent, [bearer("sk-60000")])
    }).pipe(
      Effect.provideService(
        ApiKeyProvider.ApiKeyProvider,
        ApiKeyProvider.make({
          get: Effect.map(Clock.currentTimeMillis, (now) => ApiKey.make({ value: `sk-${now}` }))
        })
      )
    )
  )
})

describe("headers for what is no fetch", () => {
  it.live("are the key's for its origin, by ws and wss as well, and none for another", () =>
    Effect.gen(function* () {
      const provider = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-1" })) })
      const at = { baseUrl: "https://api.openai.com/v1" }
      const carried = { authorization: "Bearer sk-1" }
      assert.deepStrictEqual(
        yield* Fetch.headersWith(provider, "wss://api.openai.com/v1/realtime?model=x", at),
        carried
      )
      assert.deepStrictEqual(yield* Fetch.headersWith(provider, new URL("https://api.openai.com"), at), carried)
      assert.deepStrictEqual(yield* Fetch.headersWith(provider, "ws://api.openai.com", at), {})
      assert.deepStrictEqual(yield* Fetch.headersWith(provider, "wss://api.openai.com@evil.test", at), {})
      assert.deepStrictEqual(yield* Fetch.headersWith(provider, "ftp://api.openai.com", at), {})
      assert.deepStrictEqual(yield* Fetch.headersWith(provider, "blob:https://api.openai.com/1", at), {})
      const error = yield* Effect.flip(Fetch.headersWith(provider, "nonsense", at))
      assert.strictEqual(error._tag, "ConfigInvalid")
      assert.include(String(error), "`url` is not a URL")
      const wrong = yield* Effect.flip(Fetch.headersWith(provider, "wss://api.openai.com", { baseUrl: "nonsense" }))
      assert.include(String(wrong), "`baseUrl` is not a URL")
    })
  )

  it.scoped("warn once, in the log, when the origin is plain http and not loopback", () =>
    Effect.gen(function* () {
      const observed = observe()
      const provider = yield* Testing.provider(["sk-1"])
      const loopbacks = ["127.0.0.1:1", "127.1.2.3:1", "localhost:1", "a.b.localhost", "[::1]:1"]
      const hosts = ["headers.test", "headers.test", ...loopbacks].map((host) => `://${host}`)
      for (const at of ["s://secure.test", ...hosts, "://127.0.0.1.test"]) {
        const [baseUrl, url] = [`http${at}`, `ws${at}/realtime`]
        assert.deepStrictEqual(
          yield* Fetch.headersWith(provider, url, { baseUrl }).pipe(Effect.provide(observed.layer)),
          {
            authorization: "Bearer sk-1"
          }
        )
      }
      const warnings = observed.logs.filter(({ text }) => text.includes("plain http"))
      assert.strictEqual(warnings.length, 2)
      assert.include(warnings[0]?.text, "http://headers.test")
      assert.include(warnings[1]?.text, "http://127.0.0.1.test")
    })
  )
})
