import { Stream as OldStream, Readable } from "node:stream"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ApiKey from "../../src/ApiKey.js"
import { type ApiKeyError, EmptyOutput } from "../../src/ApiKeyError.js"
import { placeholder } from "../../src/sdk/Fetch.js"
import * as ApiKeyHttpClient from "../../src/sdk/HttpClient.js"
import * as Testing from "../../src/testing.js"
import { guarded, type Handler, json, loopback } from "../support/loopback.js"
import { everything, observe, shown } from "../support/observe.js"

const secret = "sk-1-very-secret-0123456789"
const fresh = "sk-2-very-secret-0123456789"
const ok: Handler = (_, response) => json(response, 200, { ok: true })
const refuse: Handler = (_, response) => json(response, 401, { error: "no" })

const nameOf = (scheme: string | { readonly header: string }): string =>
  typeof scheme === "string" ? scheme : scheme.header
const xApiKey = { header: "x-api-key" }

const make = (
  script: Parameters<typeof Testing.provider>[0],
  handler: Handler,
  options: Partial<ApiKeyHttpClient.Options> = {}
) =>
  Effect.gen(function* () {
    const server = yield* loopback(handler)
    const provider = yield* Testing.provider(script)
    const stock = yield* HttpClient.HttpClient
    const authorize = ApiKeyHttpClient.withApiKey(provider, { baseUrl: server.origin, ...options })
    return { server, provider, stock, authorize, client: authorize(stock) }
  })

const clients = {
  "the fetch client": FetchHttpClient.layer,
  "Node's client": NodeHttpClient.layer,
  undici: NodeHttpClient.layerUndici
}

for (const [name, layer] of Object.entries(clients)) {
  describe(`with ${name}`, () => {
    it.scopedLive("a refused key is rejected, and the request sent once more with another", () =>
      Effect.gen(function* () {
        const { server, client, provider } = yield* make([secret, fresh], guarded([fresh], ok))
        const response = yield* client.post(server.origin, { body: HttpBody.text("text") })
        assert.deepStrictEqual(yield* response.json, { ok: true })
        assert.deepStrictEqual(
          server.seen.map(({ headers }) => headers["authorization"]),
          [`Bearer ${secret}`, `Bearer ${fresh}`]
        )
        assert.deepStrictEqual(
          server.seen.map(({ body }) => body),
          ["text", "text"]
        )
        assert.strictEqual((yield* provider.status).runs, 2)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a key that is refused and repeated: the answer as it came", () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret], refuse)
        const response = yield* client.get(server.origin)
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(yield* response.json, { error: "no" })
        assert.strictEqual(server.seen.length, 1)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a key that is refused, and another that no header can carry: the answer as it came", () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret, `${fresh}\n`], refuse)
        const response = yield* client.get(server.origin)
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(yield* response.json, { error: "no" })
        assert.strictEqual(server.seen.length, 1)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a refusal that filterStatusOk below makes an error of is judged all the same", () =>
      Effect.gen(function* () {
        const { server, authorize, stock, provider } = yield* make([secret, fresh, "sk-3"], guarded([fresh], ok))
        const client = authorize(HttpClient.filterStatusOk(stock))
        assert.strictEqual((yield* client.get(server.origin)).status, 200)
        assert.strictEqual(server.seen.length, 2)
        server.answer = refuse
        const error = yield* Effect.flip(client.get(server.origin))
        assert.deepInclude(error, { _tag: "ResponseError", reason: "StatusCode" })
        assert.isFalse(shown(error).includes(fresh))
        server.answer = (_, response) => json(response, 500, { error: "no" })
        assert.deepInclude(yield* Effect.flip(client.get(server.origin)), { reason: "StatusCode" })
        // The second key was accepted, so its refusal causes a run at once.
        assert.strictEqual((yield* provider.status).runs, 3)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("Google's 400 that filterStatusOk below makes an error of is renewed, and stays readable", () =>
      Effect.gen(function* () {
        const invalid = { error: { details: [{ reason: "API_KEY_INVALID" }] } }
        const answer: Handler = (_, response) => json(response, 400, invalid)
        const { server, authorize, stock } = yield* make([secret, fresh], answer, {
          scheme: { header: "x-goog-api-key" }
        })
        const error = yield* Effect.flip(authorize(HttpClient.filterStatusOk(stock)).get(server.origin))
        assert.strictEqual(server.seen.length, 2)
        assert.strictEqual(error._tag, "ResponseError")
        if (error._tag === "ResponseError") assert.deepStrictEqual(yield* error.response.json, invalid)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a server that refuses each: two requests, never a third, and one run a back-off", () =>
      Effect.gen(function* () {
        const { server, client, provider } = yield* make([secret, fresh, "sk-3"], refuse)
        assert.strictEqual((yield* client.get(server.origin)).status, 401)
        assert.strictEqual(server.seen.length, 2)
        assert.deepInclude(yield* provider.status, { state: "rejected", rejections: 2 })
        yield* client.get(server.origin)
        assert.strictEqual((yield* provider.status).runs, 2)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a body that is a stream is sent once", () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret, fresh], guarded([fresh], ok))
        const body = HttpBody.stream(Stream.encodeText(Stream.make("a", "b")))
        const response = yield* client.post(server.origin, { body })
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(
          server.seen.map((seen) => seen.body),
          ["ab"]
        )
        assert.strictEqual((yield* client.get(server.origin)).status, 200)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("Google's 400 is looked into, and stays readable in every way", () =>
      Effect.gen(function* () {
        const invalid = { error: { details: [{ reason: "API_KEY_INVALID" }] } }
        const answer: Handler = (_, response) => json(response, 400, invalid)
        const { server, client } = yield* make([secret], answer, { scheme: { header: "x-goog-api-key" } })
        assert.deepStrictEqual(yield* (yield* client.get(server.origin)).json, invalid)
        const streamed = yield* Stream.mkString(Stream.decodeText((yield* client.get(server.origin)).stream))
        assert.deepStrictEqual(JSON.parse(streamed), invalid)
      }).pipe(Effect.provide(layer))
    )

    for (const how of ["stalls", "is cut"]) {
      it.scopedLive(`a body that ${how} is no refusal: the answer as it came`, () =>
        Effect.gen(function* () {
          const handler: Handler = (_, response) => {
            response.writeHead(400, { "content-length": "1000" })
            response.write("{")
            setTimeout(() => (how === "is cut" ? response.destroy() : undefined), 50)
          }
          const { server, client, provider } = yield* make([secret, fresh], handler, {
            scheme: { header: "x-goog-api-key" }
          })
          const response = yield* client.get(server.origin)
          assert.strictEqual(response.status, 400)
          assert.strictEqual((yield* provider.status).runs, 1)
          if (how === "is cut") assert.strictEqual((yield* Effect.flip(response.text))._tag, "ResponseError")
        }).pipe(Effect.provide(layer))
      )
    }

    it.scopedLive("interrupted while the beginning of a refusal is looked at, the transfer ends", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const answered = yield* Deferred.make<void>()
        const handler: Handler = (_, response) => {
          response.writeHead(400, { "content-length": "1000" })
          response.write("{")
          response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
        }
        const { server, stock, authorize } = yield* make([secret, fresh], handler, {
          scheme: { header: "x-goog-api-key" }
        })
        const client = authorize(HttpClient.tap(stock, () => Deferred.succeed(answered, undefined)))
        const fiber = yield* Effect.fork(client.get(server.origin))
        yield* Deferred.await(answered)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a refusal that nobody reads: its transfer is ended", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const { server, client } = yield* make([secret, fresh], (request, response, count) => {
          if (count > 1) return ok(request, response, count)
          response.on("close", () => Effect.runFork(Deferred.succeed(closed, undefined)))
          response.writeHead(401)
          response.write("endless")
        })
        assert.strictEqual((yield* client.get(server.origin)).status, 200)
        yield* Deferred.await(closed)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("tracing that is off stays off after a request", () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret], ok)
        yield* client.get(server.origin).pipe(
          Effect.zipRight(FiberRef.get(FiberRef.currentTracerEnabled)),
          Effect.map((isTraced) => assert.isFalse(isTraced)),
          Effect.withTracerEnabled(false)
        )
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("under withScope, the refused try's transfer ends before the scope does", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const handler: Handler = (_, response, count) => {
          if (count > 1) return json(response, 200, { ok: true })
          response.writeHead(401)
          response.write("endless")
          response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
        }
        const { server, client } = yield* make([secret, fresh], handler)
        const response = yield* HttpClient.withScope(client).get(server.origin)
        yield* Deferred.await(closed)
        assert.deepStrictEqual(yield* response.json, { ok: true })
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a parameter of the URL that was to hold the key goes", () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret], ok, { scheme: { header: "x-goog-api-key" } })
        yield* client.get(`${server.origin}/v1?alt=sse&key=${placeholder}`)
        yield* client.get(`${server.origin}/v1`, { urlParams: { alt: "sse", key: placeholder } })
        assert.deepStrictEqual(
          server.seen.map(({ headers, path }) => [path, headers["x-goog-api-key"]]),
          [
            ["/v1?alt=sse", secret],
            ["/v1?alt=sse", secret]
          ]
        )
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("another origin gets no key and no placeholder", () =>
      Effect.gen(function* () {
        const other = yield* loopback(ok)
        const { client, provider } = yield* make([secret], ok)
        yield* client.get(other.origin, { headers: { "x-api-key": placeholder, "x-kept": "yes" } })
        assert.isFalse(JSON.stringify(other.seen).includes(placeholder))
        assert.strictEqual(other.seen[0]?.headers["x-kept"], "yes")
        const body = HttpBody.unsafeJson({ key: placeholder })
        assert.strictEqual((yield* Effect.flip(client.post(other.origin, { body })))._tag, "ConfigInvalid")
        assert.strictEqual(other.seen.length, 1)
        assert.strictEqual((yield* provider.status).runs, 0)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("a redirect to another origin, followed by HttpClient.followRedirects, carries no key", () =>
      Effect.gen(function* () {
        const other = yield* loopback(ok)
        const { server, client } = yield* make(
          [secret],
          (_, response) => {
            response.writeHead(302, { location: `${other.origin}/landed` })
            response.end()
          },
          { scheme: xApiKey }
        )
        assert.strictEqual((yield* HttpClient.followRedirects(client).get(server.origin)).status, 200)
        assert.strictEqual(server.seen[0]?.headers["x-api-key"], secret)
        assert.isFalse(JSON.stringify(other.seen).includes(secret))
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("HttpClient.withScope aborts what is read when its scope closes", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const { server, client } = yield* make([secret], (_, response) => {
          response.writeHead(200)
          response.write("begin")
          response.on("close", () => Effect.runFork(Deferred.succeed(closed, undefined)))
        })
        const scope = yield* Scope.make()
        yield* HttpClient.withScope(client).get(server.origin).pipe(Scope.extend(scope))
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        yield* Deferred.await(closed)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("an interruption while the key is fetched stops the run", () =>
      Effect.gen(function* () {
        const started = yield* Deferred.make<void>()
        const stopped = yield* Deferred.make<void>()
        const step = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        )
        const { server, client } = yield* make([step], ok)
        const fiber = yield* Effect.fork(client.get(server.origin))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(stopped)
        assert.strictEqual(server.seen.length, 0)
      }).pipe(Effect.provide(layer))
    )

    it.scopedLive("nothing that a caller sees holds the key: answers, errors, spans, logs", () =>
      Effect.gen(function* () {
        const observed = observe()
        const answers: Record<string, Handler> = {
          "/refuse": refuse,
          "/text": (_, response) => {
            response.writeHead(500, { "content-type": "text/plain" })
            response.end("text")
          },
          "/cut": (_, response) => {
            response.destroy()
          },
          "/half": (_, response) => {
            response.writeHead(200, { "content-type": "application/json", "content-length": "100" })
            response.write("{")
            setImmediate(() => response.destroy())
          }
        }
        for (const scheme of ["bearer", xApiKey, "headers"] as const) {
          const key = ApiKey.make({ value: secret, ...(scheme === "headers" ? { headers: { "X-Own": secret } } : {}) })
          const { server, client, provider } = yield* make(
            [key],
            (request, response, count) => answers[request.path]?.(request, response, count),
            { scheme }
          )
          const seen: Array<unknown> = [client, provider]
          for (const path of Object.keys(answers)) {
            const url = `${server.origin}${path}`
            const response = yield* Effect.either(client.get(url)).pipe(
              Effect.withSpan("caller"),
              Effect.provide(observed.layer)
            )
            seen.push(response, yield* Effect.either(HttpClient.filterStatusOk(client).get(url)))
            const read = [
              (from: HttpClientResponse.HttpClientResponse) => from.json,
              (from: HttpClientResponse.HttpClientResponse) => from.text,
              (from: HttpClientResponse.HttpClientResponse) => from.arrayBuffer,
              (from: HttpClientResponse.HttpClientResponse) => from.urlParamsBody,
              (from: HttpClientResponse.HttpClientResponse) => Stream.runDrain(from.stream)
            ]
            for (const body of read) {
              const another = yield* Effect.either(client.get(url))
              if (another._tag === "Left") seen.push(another.left)
              if (another._tag === "Right") seen.push(yield* Effect.exit(body(another.right)), another)
            }
          }
          assert.isTrue(server.seen.every(({ headers }) => JSON.stringify(headers).includes(secret)))
          for (const value of seen)
            assert.isFalse(shown(value).includes(secret), `by ${nameOf(scheme)}: ${shown(value).slice(0, 300)}`)
        }
        const said = yield* everything(observed)
        assert.isTrue(said.includes("http.request.header.x-own"))
        assert.isFalse(
          said.includes(secret),
          said.slice(Math.max(0, said.indexOf(secret) - 3000), said.indexOf(secret) + 300)
        )
      }).pipe(Effect.provide(layer))
    )
  })
}

describe("with the fetch client", () => {
  for (const scheme of ["bearer", xApiKey, { header: "api-key" }] as const) {
    it.scopedLive(`a redirect to another origin carries no key in any header, by ${nameOf(scheme)}`, () =>
      Effect.gen(function* () {
        const other = yield* loopback(ok)
        const { server, client, authorize, stock } = yield* make(
          [secret],
          (_, response) => {
            response.writeHead(307, { location: `${other.origin}/landed` })
            response.end()
          },
          { scheme }
        )
        const inner = authorize(HttpClient.followRedirects(stock))
        for (const each of [client, inner]) {
          const response = yield* each.post(server.origin, {
            body: HttpBody.text("text"),
            headers: { "x-api-key": "another" }
          })
          assert.strictEqual(response.status, 200)
        }
        assert.isTrue(JSON.stringify(server.seen).includes(secret))
        assert.deepStrictEqual(
          other.seen.map(({ body }) => body),
          ["text", "text"]
        )
        assert.isFalse(JSON.stringify(other.seen).includes(secret))
        assert.isTrue(other.seen.every(({ headers }) => headers["x-api-key"] === undefined))
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  }

  it.scopedLive("another origin, where a redirect led, cannot refuse the key", () =>
    Effect.gen(function* () {
      const other = yield* loopback(refuse)
      const { server, client, provider } = yield* make([secret, fresh], (_, response) => {
        response.writeHead(307, { location: other.origin })
        response.end()
      })
      assert.strictEqual((yield* client.get(server.origin)).status, 401)
      assert.strictEqual((yield* provider.status).rejections, 0)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("a POST that a redirect has made a GET of is not made twice: that GET is", () =>
    Effect.gen(function* () {
      const key = (own: string, value: string) => ApiKey.make({ value, headers: { [own]: value } })
      const { server, client } = yield* make(
        [key("x-first", secret), key("x-second", fresh)],
        (request, response, count) =>
          request.method === "POST"
            ? json(response, 303, {}, { location: "/on" })
            : guarded([fresh], ok)(request, response, count)
      )
      const body = HttpBody.text("text")
      for (const keys of [["x-first", "x-second"], ["x-second"]]) {
        server.seen.length = 0
        const response = yield* client.post(server.origin, { body, headers: { "x-kept": "yes" } })
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          server.seen.map(({ body, headers, method, path }) => [
            method,
            path,
            body,
            headers["content-type"],
            headers["x-kept"],
            Object.keys(headers).filter((name) => name === "x-first" || name === "x-second")
          ]),
          [
            ["POST", "/", "text", "text/plain", "yes", [keys[0]]],
            ...keys.map((name) => ["GET", "/on", "", undefined, "yes", [name]])
          ]
        )
      }
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("the Fetch and the RequestInit of its layer, and of the caller, are kept", () =>
    Effect.gen(function* () {
      const calls: Array<string> = []
      const named =
        (name: string): typeof globalThis.fetch =>
        (input, init) => {
          calls.push(`${name} ${init?.credentials}`)
          return globalThis.fetch(input, init)
        }
      const layer = FetchHttpClient.layer.pipe(
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, named("layer"))),
        Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { credentials: "include" }))
      )
      const { server, client } = yield* make([secret], ok).pipe(Effect.provide(layer))
      yield* client.get(server.origin)
      yield* client.get(server.origin).pipe(Effect.provideService(FetchHttpClient.Fetch, named("caller")))
      assert.deepStrictEqual(calls, ["layer include", "caller include"])
      // What is set for a request does not stay behind.
      assert.isTrue((yield* Effect.serviceOption(FetchHttpClient.Fetch))._tag === "None")
    })
  )
})

/** Every way to follow redirects with a client, the key's transform outside or inside of it. */
const following = {
  "followRedirects inside": (stock: HttpClient.HttpClient, authorize: Authorize) =>
    authorize(HttpClient.followRedirects(stock)),
  "followRedirects outside": (stock: HttpClient.HttpClient, authorize: Authorize) =>
    HttpClient.followRedirects(authorize(stock)),
  "followRedirects inside, under a withTracerDisabledWhen": (stock: HttpClient.HttpClient, authorize: Authorize) =>
    authorize(HttpClient.withTracerDisabledWhen(HttpClient.followRedirects(stock), constTrue)),
  "followRedirects inside, under a tracing that is off": (stock: HttpClient.HttpClient, authorize: Authorize) =>
    authorize(HttpClient.transformResponse(HttpClient.followRedirects(stock), Effect.withTracerEnabled(false))),
  "followRedirects on both sides": (stock: HttpClient.HttpClient, authorize: Authorize) =>
    HttpClient.followRedirects(authorize(HttpClient.followRedirects(stock)))
}
type Authorize = <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E | ApiKeyError, R>

const sending = {
  "as it is": (stock: HttpClient.HttpClient) => stock,
  "in a copy that a transform makes": (stock: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
      Effect.flatMap((request) => stock.execute(HttpClientRequest.setHeader(request, "x-copy", "yes"))),
      Effect.succeed
    )
}

for (const [name, layer] of Object.entries(clients)) {
  for (const [how, follow] of Object.entries(following)) {
    for (const scheme of ["bearer", xApiKey, "headers"] as const) {
      it.scopedLive(`a redirect to another origin carries no key: ${name}, ${how}, by ${nameOf(scheme)}`, () =>
        Effect.gen(function* () {
          const other = yield* loopback(ok)
          const key = ApiKey.make({ value: secret, ...(scheme === "headers" ? { headers: { "x-own": secret } } : {}) })
          const { server, authorize, stock, provider } = yield* make(
            [key, fresh],
            (request, response) => {
              // First within the origin, then away.
              response.writeHead(307, { location: request.path === "/" ? "/within" : `${other.origin}/landed` })
              response.end()
            },
            { scheme }
          )
          const client = follow(stock, authorize)
          for (const traced of [true, false]) {
            const response = yield* client
              .post(server.origin, { body: HttpBody.text("text"), headers: { "accept-language": "kept" } })
              .pipe(Effect.withTracerEnabled(traced))
            assert.strictEqual(response.status, 200)
          }
          assert.deepStrictEqual(
            server.seen.map(({ headers, path }) => [path, JSON.stringify(headers).includes(secret)]),
            [
              ["/", true],
              ["/within", true],
              ["/", true],
              ["/within", true]
            ]
          )
          assert.deepStrictEqual(
            other.seen.map(({ body, headers }) => [body, headers["accept-language"]]),
            [
              ["text", "kept"],
              ["text", "kept"]
            ]
          )
          assert.isFalse(JSON.stringify(other.seen).includes(secret))
          other.answer = refuse
          assert.strictEqual((yield* client.get(server.origin)).status, 401)
          // The other origin has not seen the key and cannot refuse it.
          assert.strictEqual((yield* provider.status).rejections, 0)
        }).pipe(Effect.provide(layer))
      )
    }
  }

  for (const [how, below] of Object.entries(sending)) {
    it.scopedLive(`a key that has left does not come back to a path of the other's choice: ${name}, ${how}`, () =>
      Effect.gen(function* () {
        const away: Handler = (_, response) => {
          response.writeHead(307, { location: `${home}/chosen` })
          response.end()
        }
        let home = ""
        const other = yield* loopback(away)
        const { server, authorize, stock } = yield* make([secret], (request, response, count) => {
          if (request.path === "/chosen") return ok(request, response, count)
          response.writeHead(307, { location: other.origin })
          response.end()
        })
        home = server.origin
        const response = yield* authorize(HttpClient.followRedirects(below(stock))).get(`${server.origin}/asked`)
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          server.seen.map(({ headers, path }) => [path, headers["authorization"]]),
          [
            ["/asked", `Bearer ${secret}`],
            ["/chosen", undefined]
          ]
        )
      }).pipe(Effect.provide(layer))
    )
  }

  it.scopedLive(`nor do the caller's own credentials leave with a redirect: ${name}`, () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, authorize, stock } = yield* make([secret], (_, response) => {
        response.writeHead(307, { location: other.origin })
        response.end()
      })
      const own = [
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-goog-api-key",
        "api-key",
        "x-amz-security-token",
        "private-token",
        "x-a"
      ]
      const headers = Object.fromEntries(own.map((name) => [name, "mine"]))
      yield* authorize(HttpClient.followRedirects(stock)).get(server.origin, {
        headers: { ...headers, "accept-language": "kept" }
      })
      const watched = ["authorization", ...own, "accept-language"]
      assert.deepStrictEqual(
        [server, other].map(({ seen }) => watched.filter((name) => name in (seen[0]?.headers ?? {}))),
        [watched, ["accept-language"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive(`a request that a transform below makes for itself keeps what it carries: ${name}`, () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, authorize, stock, provider } = yield* make([secret, fresh], guarded([fresh], ok))
      const own = { headers: { authorization: "Bearer of its own" } }
      const below = HttpClient.transform(stock, (sent) => Effect.zipRight(stock.get(other.origin, own), sent))
      assert.strictEqual((yield* authorize(below).get(server.origin)).status, 200)
      assert.deepStrictEqual(
        other.seen.map(({ headers }) => headers["authorization"]),
        ["Bearer of its own", "Bearer of its own"]
      )
      assert.strictEqual((yield* provider.status).rejections, 1)
    }).pipe(Effect.provide(layer))
  )
}

describe("a client whose requests go out unseen, because a transform below followRedirects hides them", () => {
  for (const [name, layer] of Object.entries({ "Node's client": NodeHttpClient.layer, undici: clients.undici })) {
    for (const [how, hide] of Object.entries({
      withTracerDisabledWhen: HttpClient.withTracerDisabledWhen(constTrue),
      withTracerEnabled: HttpClient.transformResponse(Effect.withTracerEnabled(false))
    })) {
      it.scopedLive(`is told of where the server wants a key, and no key leaves at all: ${name}, ${how}`, () =>
        Effect.gen(function* () {
          const other = yield* loopback(ok)
          const { server, authorize, stock, provider } = yield* make([secret, fresh], (_, response) => {
            response.writeHead(307, { location: other.origin })
            response.end()
          })
          const client = authorize(HttpClient.followRedirects(hide(stock)))
          assert.strictEqual((yield* client.get(server.origin)).status, 200)
          server.answer = refuse
          const refused = yield* Effect.flip(client.get(server.origin))
          assert.strictEqual(refused._tag, "ConfigInvalid")
          assert.strictEqual((yield* provider.status).rejections, 0)
          assert.strictEqual(server.seen.length, 2)
          assert.isFalse(JSON.stringify([server.seen, other.seen]).includes(secret))
        }).pipe(Effect.provide(layer))
      )
    }
  }

  it.scopedLive("an answer that a client below gives by itself is the answer: a cache, a fake", () =>
    Effect.gen(function* () {
      const { server, authorize } = yield* make([secret], ok)
      const request = HttpClientRequest.get(server.origin)
      const cached = HttpClientResponse.fromWeb(request, new Response("cached"))
      const stock = yield* HttpClient.HttpClient
      for (const below of [
        HttpClient.transform(stock, () => Effect.succeed(cached)),
        HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
          () => Effect.succeed(cached),
          Effect.succeed
        )
      ]) {
        const answer = yield* authorize(below).execute(request)
        assert.strictEqual(yield* answer.text, "cached")
      }
      assert.strictEqual(server.seen.length, 0)
    }).pipe(Effect.provide(clients["the fetch client"]))
  )

  it.scopedLive("nor does a transform below that sends it elsewhere take the key, or the placeholder, along", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, authorize, stock } = yield* make([secret], ok)
      for (const below of [stock, HttpClient.withTracerDisabledWhen(stock, constTrue)]) {
        const elsewhere = HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
          Effect.flatMap((request) => below.execute(HttpClientRequest.setUrl(request, other.origin))),
          Effect.succeed
        )
        const headers = { "x-api-key": placeholder, "x-a": "kept" }
        assert.strictEqual((yield* authorize(elsewhere).get(server.origin, { headers })).status, 200)
      }
      assert.deepStrictEqual(
        other.seen.map(({ headers }) => [headers["x-a"], headers["authorization"], headers["x-api-key"]]),
        [
          ["kept", undefined, undefined],
          ["kept", undefined, undefined]
        ]
      )
    }).pipe(Effect.provide(clients["the fetch client"]))
  )

  it.scopedLive("is none where fetch sends them: that is looked at, too", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, authorize, stock } = yield* make([secret], (_, response) => {
        response.writeHead(307, { location: other.origin })
        response.end()
      })
      const client = authorize(HttpClient.followRedirects(HttpClient.withTracerDisabledWhen(stock, constTrue)))
      assert.strictEqual((yield* client.get(server.origin)).status, 200)
      assert.strictEqual(server.seen[0]?.headers["authorization"], `Bearer ${secret}`)
      assert.strictEqual(other.seen[0]?.headers["authorization"], undefined)
    }).pipe(Effect.provide(clients["the fetch client"]))
  )
})

describe("an undici dispatcher that follows redirects", () => {
  it.scopedLive("does not take the key along, because it follows none of a request that carries it", () =>
    Effect.gen(function* () {
      const other = yield* loopback(ok)
      const { server, client, stock } = yield* make(
        [secret],
        (_, response) => {
          response.writeHead(307, { location: other.origin })
          response.end()
        },
        { scheme: xApiKey }
      )
      assert.strictEqual((yield* stock.get(server.origin)).status, 200)
      assert.strictEqual((yield* client.get(server.origin)).status, 307)
      assert.strictEqual(other.seen.length, 1)
      assert.isFalse(JSON.stringify(other.seen).includes(secret))
    }).pipe(
      Effect.provide(
        NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
          Layer.provide(
            Layer.scoped(
              NodeHttpClient.Dispatcher,
              Effect.acquireRelease(
                Effect.sync(() => new Undici.Agent().compose(Undici.interceptors.redirect({ maxRedirections: 5 }))),
                (dispatcher) => Effect.promise(() => dispatcher.destroy())
              )
            )
          )
        )
      )
    )
  )
})

describe("errors", () => {
  it.scopedLive("of the helper keep their type", () =>
    Effect.gen(function* () {
      const { server, client } = yield* make([new EmptyOutput({ command: "op", stderr: "" })], ok)
      const error = yield* Effect.flip(client.get(server.origin))
      assert.instanceOf(error, EmptyOutput)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("of the helper become the cause of a RequestError that is not Transport, where only that will do", () =>
    Effect.gen(function* () {
      const server = yield* loopback(ok)
      const provider = yield* Testing.provider([new EmptyOutput({ command: "op", stderr: "" })])
      const stock = yield* HttpClient.HttpClient
      const client = ApiKeyHttpClient.withApiKeyAsRequestError(provider, { baseUrl: server.origin })(stock)
      const error = yield* Effect.flip(HttpClient.retryTransient(client, { times: 3 }).get(server.origin))
      assert.deepInclude(error, { _tag: "RequestError", reason: "Encode" })
      assert.instanceOf(error.cause, EmptyOutput)
      assert.strictEqual((yield* provider.status).runs, 1)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  const throwing = (): never => {
    throw new Error(secret)
  }
  for (const [name, options] of [
    ["scheme", { scheme: throwing }],
    ["scheme", { scheme: async () => throwing() }],
    ["isRejection", { scheme: undefined, isRejection: throwing }]
  ] as const) {
    const how = options.scheme === undefined || options.scheme === throwing ? "throws" : "rejects"
    it.scopedLive(`of a function given as \`${name}\` that ${how} is typed and quotes nothing`, () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret], ok, options)
        const error = yield* Effect.flip(client.get(server.origin))
        assert.strictEqual(error._tag, "ConfigInvalid")
        assert.include(error.message, name)
        assert.isFalse(shown(error).includes(secret))
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  }

  it.scopedLive("of a key that no header can carry, and of a base URL that is none, are typed and quote nothing", () =>
    Effect.gen(function* () {
      const bad = `${secret}\n`
      const { server, client, authorize, stock } = yield* make([bad], ok)
      const error = yield* Effect.flip(client.get(server.origin))
      assert.strictEqual(error._tag, "InvalidOutput")
      assert.isFalse(shown(error).includes(secret))
      assert.isFunction(authorize(stock).execute)
      const nowhere = ApiKeyHttpClient.withApiKey(yield* Testing.provider([secret]), { baseUrl: "nowhere" })(stock)
      assert.strictEqual((yield* Effect.flip(nowhere.get(server.origin)))._tag, "ConfigInvalid")
      const unbound = ApiKeyHttpClient.withApiKey(
        yield* Testing.provider([secret]),
        undefined as unknown as ApiKeyHttpClient.Options
      )(stock)
      assert.include(String(yield* Effect.flip(unbound.get(server.origin))), "`baseUrl` is missing")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("data-first", () => {
  it.scopedLive("the client may come first, too", () =>
    Effect.gen(function* () {
      const { server, stock } = yield* make([secret], guarded([secret], ok))
      const options = { baseUrl: server.origin }
      const provider = yield* Testing.provider([secret])
      const plain = ApiKeyHttpClient.withApiKey(stock, provider, options)
      assert.strictEqual((yield* plain.get(server.origin)).status, 200)
      const asRequestError = ApiKeyHttpClient.withApiKeyAsRequestError(stock, provider, options)
      assert.strictEqual((yield* asRequestError.get(server.origin)).status, 200)
      const failing = yield* Testing.provider([new EmptyOutput({ command: "op", stderr: "" })])
      const error = yield* Effect.flip(
        ApiKeyHttpClient.withApiKeyAsRequestError(stock, failing, options).get(server.origin)
      )
      assert.instanceOf(error.cause, EmptyOutput)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("a signer", () => {
  for (const [name, layer] of Object.entries(clients)) {
    it.scopedLive(`sees the request, again for the second try, with ${name}`, () =>
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const { server, client } = yield* make([secret, fresh], guarded([`signed with ${fresh}`], ok), {
          scheme: async (key, { body, headers, method, url }) => {
            const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body
            seen.push([`${url.pathname}${url.search}`, method, headers.get("x-own"), text])
            return { "X-Signature": `signed with ${Redacted.value(key.value)}` }
          }
        })
        const response = yield* client.post(`${server.origin}/v1`, {
          urlParams: { a: "1" },
          headers: { "x-own": "2" },
          body: HttpBody.text("text")
        })
        assert.strictEqual(response.status, 200)
        yield* client.get(server.origin)
        const posted = ["/v1?a=1", "POST", "2", "text"]
        assert.deepStrictEqual(seen, [posted, posted, ["/", "GET", null, undefined]])
        assert.deepStrictEqual(
          server.seen.map(({ headers }) => headers["x-signature"]),
          [`signed with ${secret}`, `signed with ${fresh}`, `signed with ${fresh}`]
        )
      }).pipe(Effect.provide(layer))
    )
  }
})

describe("a body that undici reads itself", () => {
  const gone: Readonly<Record<string, () => unknown>> = {
    "Node's stream": () => Readable.from(["contents"]),
    // As the package `form-data` is one.
    "a stream of the old kind": () => {
      const stream = new OldStream()
      const resume = () =>
        setImmediate(() => {
          stream.emit("data", Buffer.from("contents"))
          stream.emit("end")
        })
      return Object.assign(stream, { readable: true, resume })
    },
    "a web stream": () => new Blob(["contents"]).stream(),
    "a generator": function* () {
      yield Buffer.from("contents")
    },
    "an asynchronous generator": async function* () {
      yield Buffer.from("contents")
    }
  }
  for (const [name, body] of Object.entries(gone)) {
    it.scopedLive(`is gone once it is sent: ${name}`, () =>
      Effect.gen(function* () {
        const { server, client, provider } = yield* make([secret, fresh], guarded([fresh], ok))
        const response = yield* client.post(server.origin, { body: HttpBody.raw(body()) })
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(
          server.seen.map((seen) => seen.body),
          ["contents"]
        )
        assert.strictEqual((yield* provider.status).rejections, 1)
        assert.strictEqual((yield* client.get(server.origin)).status, 200)
      }).pipe(Effect.provide(NodeHttpClient.layerUndici))
    )
  }

  const kept: Readonly<Record<string, unknown>> = {
    text: "contents",
    bytes: new TextEncoder().encode("contents"),
    "a file": new Blob(["contents"]),
    "a list of chunks": [Buffer.from("con"), Buffer.from("tents")]
  }
  for (const [name, body] of Object.entries(kept)) {
    it.scopedLive(`is sent again with another key: ${name}`, () =>
      Effect.gen(function* () {
        const { server, client } = yield* make([secret, fresh], guarded([fresh], ok))
        assert.strictEqual((yield* client.post(server.origin, { body: HttpBody.raw(body) })).status, 200)
        assert.deepStrictEqual(
          server.seen.map((seen) => seen.body),
          ["contents", "contents"]
        )
      }).pipe(Effect.provide(NodeHttpClient.layerUndici))
    )
  }
})

describe("a base URL that is plain http", () => {
  it.scoped("warns once, in the log", () =>
    Effect.gen(function* () {
      const observed = observe()
      const provider = yield* Testing.provider([secret])
      const stock = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response())))
      const client = ApiKeyHttpClient.withApiKey(provider, { baseUrl: "http://plain.test" })(stock)
      yield* client.get("http://plain.test/a").pipe(Effect.provide(observed.layer))
      yield* client.get("http://plain.test/b").pipe(Effect.provide(observed.layer))
      assert.strictEqual(observed.logs.filter(({ text }) => text.includes("plain http")).length, 1)
    })
  )

  it.scoped("and it prepends no URL twice: what is before the transform is done once", () =>
    Effect.gen(function* () {
      const urls: Array<string> = []
      const provider = yield* Testing.provider([secret])
      const stock = HttpClient.make((request) => {
        urls.push(request.url)
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
      })
      const client = stock.pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.test/v1")),
        ApiKeyHttpClient.withApiKey(provider, { baseUrl: "https://api.test" })
      )
      yield* client.get("/models")
      assert.deepStrictEqual(urls, ["https://api.test/v1/models"])
    })
  )
})
