import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import {
  executeWatched,
  inScopeOf,
  replaceHeaders,
  stagesOf,
  type Watch
} from "../../src/internal/request/platformInternals.js"

const url = "http://127.0.0.1/models"
const respond = (request: HttpClientRequest.HttpClientRequest) => HttpClientResponse.fromWeb(request, new Response())

/** A client that keeps the headers that it would send. */
const recording = () => {
  const sent: Array<Readonly<Record<string, string>>> = []
  const client = HttpClient.make((request) => {
    sent.push({ ...request.headers })
    return Effect.succeed(respond(request))
  })
  return { client, sent }
}

const watch: Watch = {
  onSend: (request) => replaceHeaders(request, HttpClientRequest.setHeader(request, "x-put-in", "yes").headers),
  guardFetch: (fetch) => fetch
}

describe("what sdk/HttpClient needs of @effect/platform beyond its public API", () => {
  it.effect("a client has its two stages as fields, each of which does its part only", () =>
    Effect.gen(function* () {
      const { client, sent } = recording()
      const mapped = HttpClient.mapRequest(client, HttpClientRequest.setHeader("x-mapped", "yes"))
      assert.property(mapped, "preprocess")
      assert.property(mapped, "postprocess")
      const { postprocess, preprocess } = stagesOf(mapped)
      const request = HttpClientRequest.get(url)
      assert.strictEqual((yield* preprocess(request)).headers["x-mapped"], "yes")
      assert.strictEqual(sent.length, 0)
      yield* postprocess(Effect.succeed(request))
      assert.notProperty(sent[0], "x-mapped")
    })
  )

  for (const traced of [true, false]) {
    it.effect(`a client asks about the very request that it sends, tracing ${traced ? "on" : "off"}`, () =>
      Effect.gen(function* () {
        const { client, sent } = recording()
        for (const each of [client, HttpClient.withTracerDisabledWhen(client, constTrue)]) {
          yield* executeWatched(stagesOf(each).postprocess, HttpClientRequest.get(url), watch)
        }
        assert.deepStrictEqual(
          sent.map((headers) => headers["x-put-in"]),
          ["yes", "yes"]
        )
      }).pipe(Effect.withTracerEnabled(traced))
    )
  }

  it.effect("nothing of the watch stays behind", () =>
    Effect.gen(function* () {
      const { client, sent } = recording()
      yield* executeWatched(stagesOf(client).postprocess, HttpClientRequest.get(url), watch)
      yield* client.get(url)
      assert.notProperty(sent[1], "x-put-in")
      assert.isTrue(Option.isNone(yield* Effect.serviceOption(FetchHttpClient.Fetch)))
      assert.isTrue(Option.isNone(yield* Effect.serviceOption(NodeHttpClient.UndiciRequestOptions)))
    })
  )

  it.effect("withScope knows a request by its identity: a copy is put in its scope", () =>
    Effect.gen(function* () {
      const signals: Array<AbortSignal> = []
      const inner = HttpClient.make((request, _, signal) => {
        signals.push(signal)
        return Effect.succeed(respond(request))
      })
      const outer = HttpClient.transform(inner, (_, request) => {
        const copy = HttpClientRequest.setHeader(request, "x-copy", "yes")
        inScopeOf(request, copy)
        return inner.execute(copy)
      })
      const scope = yield* Scope.make()
      yield* HttpClient.withScope(outer).get(url).pipe(Scope.extend(scope))
      assert.deepStrictEqual(
        signals.map(({ aborted }) => aborted),
        [false]
      )
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.deepStrictEqual(
        signals.map(({ aborted }) => aborted),
        [true]
      )
    })
  )

  it.effect("undici's options are in the context under their key: no dispatcher follows redirects", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const client = HttpClient.make((request) =>
        Effect.map(Effect.serviceOption(NodeHttpClient.UndiciRequestOptions), (options) => {
          seen.push(Option.getOrUndefined(options))
          return respond(request)
        })
      )
      yield* executeWatched(stagesOf(client).postprocess, HttpClientRequest.get(url), watch)
      assert.deepStrictEqual(seen, [{ maxRedirections: 0 }])
    })
  )
})
