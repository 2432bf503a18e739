/**
 * An OpenAI-compatible gateway on loopback, as a company runs in front of its models. `/v1` takes access tokens of an
 * OpenID provider, `/static/v1` one fixed key. Behind both answers a stand-in for a model.
 */

import { createHash, timingSafeEqual } from "node:crypto"
import * as Http from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose"
import * as ChatCompletions from "./gateway/ChatCompletions.js"
import type { Envelope } from "./gateway/Envelope.js"
import * as Responses from "./gateway/Responses.js"
import * as StandInModel from "./gateway/StandInModel.js"

export interface Gateway {
  readonly origin: string
  /** The base URL for access tokens. */
  readonly tokenUrl: string
  /** The base URL for the static key. */
  readonly staticUrl: string
  readonly report: Effect.Effect<GatewayReport>
}

export interface GatewayReport {
  readonly token: RouteReport
  readonly static: RouteReport
}

export interface RouteReport {
  readonly requests: number
  /** Distinct keys that came with a request, good or bad. */
  readonly keys: number
  /** Requests answered with 401. */
  readonly refused: number
}

export class GatewayFailed extends Data.TaggedError("GatewayFailed")<{ readonly cause: unknown }> {
  override get message() {
    return "the gateway could not be started"
  }
}

export interface Options {
  readonly issuer: string
  readonly audience: string
  readonly staticKey: Redacted.Redacted
  /** Simulated time for each fragment of an answer, streamed or not. */
  readonly timePerChunk?: Duration.DurationInput
}

/** Starts the gateway; it ends with the scope. */
export const make = (options: Options): Effect.Effect<Gateway, GatewayFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const jwks = yield* discoverKeys(options.issuer)
    const token = new Route()
    const fixed = new Route()
    const api = modelApi(Duration.decode(options.timePerChunk ?? Duration.zero))

    const server = yield* listen
    yield* server.serve(
      HttpRouter.empty.pipe(
        HttpRouter.mount("/v1", HttpRouter.use(api, guard(token, checkToken(jwks, options)))),
        HttpRouter.mount("/static/v1", HttpRouter.use(api, guard(fixed, checkStaticKey(options.staticKey)))),
        Effect.catchTag("RouteNotFound", () => failure(404, "not_found", "There is no such route."))
      )
    )

    const origin = `http://${loopback}:${server.address._tag === "TcpAddress" ? server.address.port : 0}`
    return {
      origin,
      tokenUrl: `${origin}/v1`,
      staticUrl: `${origin}/static/v1`,
      report: Effect.sync(() => ({ token: token.report(), static: fixed.report() }))
    }
  })

const loopback = "127.0.0.1"

const listen: Effect.Effect<HttpServer.HttpServer, GatewayFailed, Scope.Scope> = Effect.gen(function* () {
  const http = Http.createServer()
  const server = yield* NodeHttpServer.make(() => http, { host: loopback, port: 0 })
  // Who keeps a connection alive must not keep the scope from closing.
  yield* Effect.addFinalizer(() => Effect.sync(() => http.closeAllConnections()))
  return server
}).pipe(Effect.mapError((cause) => new GatewayFailed({ cause })))

// -----------------------------------------------------------------------------
// Who may ask
// -----------------------------------------------------------------------------

/** `Some` says why the key is refused. */
type Check = (key: string) => Effect.Effect<Option.Option<string>, Unverifiable>

/** The key can neither be accepted nor refused: the provider's keys are out of reach. */
class Unverifiable extends Data.TaggedError("Unverifiable")<{ readonly cause: unknown }> {}

class Route {
  requests = 0
  refused = 0
  /** Digests: a gateway has no business keeping keys. */
  readonly keys = new Set<string>()

  report(): RouteReport {
    return { requests: this.requests, keys: this.keys.size, refused: this.refused }
  }
}

const guard =
  (route: Route, check: Check) =>
  <E, R>(api: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.gen(function* () {
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      route.requests += 1
      const key = /^Bearer +(\S+) *$/i.exec(headers["authorization"] ?? "")?.[1]
      if (key !== undefined) {
        route.keys.add(digest(key).toString("hex"))
      }
      const refusal = key === undefined ? Option.some("no bearer token") : yield* check(key)
      if (Option.isNone(refusal)) return yield* api
      route.refused += 1
      return yield* failure(401, "invalid_api_key", `Incorrect API key provided: ${refusal.value}.`).pipe(
        Effect.map(
          HttpServerResponse.setHeader(
            "www-authenticate",
            `Bearer error="invalid_token", error_description="${refusal.value}"`
          )
        )
      )
    }).pipe(
      Effect.catchTag("Unverifiable", () =>
        failure(503, "service_unavailable", "The identity provider cannot be reached.")
      )
    )

const digest = (text: string) => createHash("sha256").update(text).digest()

const checkStaticKey = (expected: Redacted.Redacted): Check => {
  const wanted = digest(Redacted.value(expected))
  return (key) => Effect.succeed(timingSafeEqual(digest(key), wanted) ? Option.none() : Option.some("unknown key"))
}

const checkToken =
  (jwks: JWTVerifyGetKey, options: { readonly issuer: string; readonly audience: string }): Check =>
  (token) =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) =>
        Effect.tryPromise({
          try: () =>
            jwtVerify(token, jwks, {
              issuer: options.issuer,
              audience: options.audience,
              typ: "at+jwt",
              requiredClaims: ["exp"],
              clockTolerance: 0,
              currentDate: new Date(now)
            }),
          catch: (cause) => new Unverifiable({ cause })
        })
      ),
      Effect.as(Option.none<string>()),
      Effect.catchAll((error) => {
        const reason = refusalReason(error.cause)
        return Option.isSome(reason) ? Effect.succeed(reason) : Effect.fail(error)
      })
    )

/** What is wrong with a token, unless the fault is not the token's. */
const refusalReason = (cause: unknown): Option.Option<string> => {
  if (cause instanceof errors.JWTExpired) return Option.some("the token has expired")
  if (cause instanceof errors.JWTClaimValidationFailed) return Option.some(`the claim ${cause.claim} does not fit`)
  if (cause instanceof errors.JWSSignatureVerificationFailed) return Option.some("the signature does not fit")
  if (cause instanceof errors.JWKSNoMatchingKey) return Option.some("signed with an unknown key")
  return cause instanceof errors.JWSInvalid ||
    cause instanceof errors.JWTInvalid ||
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JOSENotSupported
    ? Option.some("not an access token")
    : Option.none()
}

const decodeMetadata = Schema.decodeUnknown(Schema.Struct({ jwks_uri: Schema.String }))

const discoverKeys = (issuer: string): Effect.Effect<JWTVerifyGetKey, GatewayFailed> =>
  Effect.tryPromise((signal) =>
    fetch(`${issuer}/.well-known/openid-configuration`, { signal }).then((response) => response.json())
  ).pipe(
    Effect.flatMap(decodeMetadata),
    Effect.map(({ jwks_uri }) => createRemoteJWKSet(new URL(jwks_uri))),
    Effect.mapError((cause) => new GatewayFailed({ cause }))
  )

// -----------------------------------------------------------------------------
// What is answered
// -----------------------------------------------------------------------------

interface WireFormat<Request extends { readonly stream: boolean }, I> {
  readonly Request: Schema.Schema<Request, I>
  readonly conversation: (request: Request) => StandInModel.Conversation
  readonly whole: (request: Request, answer: StandInModel.Answer, envelope: Envelope) => unknown
  readonly frames: (request: Request, answer: StandInModel.Answer, envelope: Envelope) => ReadonlyArray<string>
}

const modelApi = (timePerChunk: Duration.Duration) => {
  let answers = 0
  const respond = <Request extends { readonly stream: boolean }, I>(wire: WireFormat<Request, I>) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.schemaBodyJson(wire.Request)
      const answer = StandInModel.answer(wire.conversation(request))
      const now = yield* Clock.currentTimeMillis
      const envelope: Envelope = { id: String(++answers), createdAt: Math.floor(now / 1000) }
      if (!request.stream) {
        yield* Effect.sleep(Duration.times(timePerChunk, answer.fragments.length))
        return HttpServerResponse.unsafeJson(wire.whole(request, answer, envelope))
      }
      return HttpServerResponse.stream(
        Stream.fromIterable(wire.frames(request, answer, envelope)).pipe(
          Stream.rechunk(1),
          Stream.tap(() => Effect.sleep(timePerChunk)),
          Stream.encodeText
        ),
        { contentType: "text/event-stream", headers: { "cache-control": "no-cache" } }
      )
    }).pipe(
      Effect.catchTags({
        ParseError: () => failure(400, "invalid_request", "The body is not what this route takes."),
        RequestError: () => failure(400, "invalid_request", "The body is not JSON.")
      })
    )
  return HttpRouter.empty.pipe(
    HttpRouter.post("/chat/completions", respond(ChatCompletions)),
    HttpRouter.post("/responses", respond(Responses))
  )
}

/** An error as OpenAI shapes it. */
const failure = (status: number, code: string, message: string) =>
  Effect.succeed(
    HttpServerResponse.unsafeJson(
      { error: { message, type: status < 500 ? "invalid_request_error" : "server_error", param: null, code } },
      { status }
    )
  )
