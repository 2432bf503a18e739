/** A real OpenID provider on loopback whose access tokens are JWTs that live a few seconds. */

import { randomBytes, randomUUID } from "node:crypto"
import * as Http from "node:http"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { decodeJwt, exportJWK, generateKeyPair } from "jose"
import { type Adapter, Provider } from "oidc-provider"

export interface IdentityProvider {
  readonly issuer: string
  /** What the tokens are for: the gateway's `aud`. */
  readonly audience: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  readonly report: Effect.Effect<TokenReport>
}

export interface TokenReport {
  readonly issued: number
  /** How many of the issued tokens have passed their `exp`. */
  readonly expired: number
}

export class IdentityProviderFailed extends Data.TaggedError("IdentityProviderFailed")<{ readonly cause: unknown }> {
  override get message() {
    return "the identity provider could not be started"
  }
}

const loopback = "127.0.0.1"
const signing = "ES256"
const defaultTokenSeconds = 3

const TokenResponse = Schema.Struct({ access_token: Schema.String })
const isTokenResponse = Schema.is(TokenResponse)

/** Starts the provider; it ends with the scope. */
export const make = (options?: {
  readonly tokenSeconds?: number
}): Effect.Effect<IdentityProvider, IdentityProviderFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const audience = "urn:demo:gateway"
    const clientId = "demo-agent"
    const clientSecret = Redacted.make(randomUUID())
    const tokenSeconds = options?.tokenSeconds ?? defaultTokenSeconds
    const expiries: Array<number> = []

    const key = yield* attempt(() => generateKeyPair(signing, { extractable: true }))
    const jwk = yield* attempt(() => exportJWK(key.privateKey))
    const server = yield* listen
    const issuer = `http://${loopback}:${server.port}`
    const provider = yield* Effect.try({
      try: () =>
        new Provider(issuer, {
          adapter: () => storesNothing,
          clients: [
            {
              client_id: clientId,
              client_secret: Redacted.value(clientSecret),
              grant_types: ["client_credentials"],
              redirect_uris: [],
              response_types: []
            }
          ],
          clientDefaults: { id_token_signed_response_alg: signing },
          cookies: { keys: [randomBytes(32)] },
          features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            resourceIndicators: {
              enabled: true,
              defaultResource: () => audience,
              useGrantedResource: () => true,
              getResourceServerInfo: () => ({
                scope: "models",
                audience,
                accessTokenFormat: "jwt",
                accessTokenTTL: tokenSeconds,
                jwt: { sign: { alg: signing } }
              })
            }
          },
          jwks: { keys: [{ ...jwk, alg: signing, kid: randomUUID(), use: "sig" }] },
          ttl: { ClientCredentials: tokenSeconds }
        }),
      catch: (cause) => new IdentityProviderFailed({ cause })
    })
    provider.on("grant.success", ({ body }) => {
      if (isTokenResponse(body)) {
        expiries.push(decodeJwt(body.access_token).exp ?? Number.POSITIVE_INFINITY)
      }
    })
    server.http.on("request", provider.callback())

    const report = Effect.map(
      Clock.currentTimeMillis,
      (now): TokenReport => ({
        issued: expiries.length,
        expired: expiries.filter((exp) => exp * 1000 <= now).length
      })
    )
    return { issuer, audience, clientId, clientSecret, report }
  })

const attempt = <A>(evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: evaluate, catch: (cause) => new IdentityProviderFailed({ cause }) })

const listen = Effect.gen(function* () {
  const http = yield* Effect.acquireRelease(
    Effect.sync(() => Http.createServer()),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const port = yield* Effect.async<number, IdentityProviderFailed>((resume) => {
    http.once("error", (cause) => resume(Effect.fail(new IdentityProviderFailed({ cause }))))
    http.listen(0, loopback, () => {
      const address = http.address()
      resume(
        address === null || typeof address === "string"
          ? Effect.fail(new IdentityProviderFailed({ cause: "no TCP address" }))
          : Effect.succeed(address.port)
      )
    })
  })
  return { http, port }
})

/** A JWT stands alone and the only client is configured: there is nothing to keep. */
const storesNothing: Adapter = {
  upsert: async () => undefined,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined
}
