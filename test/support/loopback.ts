/** A server on loopback that writes down what it was sent and answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Loopback {
  readonly origin: string
  /** In the order in which they came. */
  readonly seen: Array<Seen>
  /** What the next requests get. */
  answer: Handler
}

export type Handler = (request: Seen, response: ServerResponse, count: number) => void

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

const flat = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

export const loopback = (answer: Handler): Effect.Effect<Loopback, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: ReturnType<typeof createServer>; readonly loopback: Loopback }>((resume) => {
      const state: Loopback = { origin: "", seen: [], answer }
      const server = createServer((request, response) => {
        read(request).then(
          (body) => {
            const seen: Seen = {
              method: request.method ?? "",
              path: request.url ?? "",
              headers: flat(request.headers),
              body
            }
            state.seen.push(seen)
            state.answer(seen, response, state.seen.length)
          },
          () => response.destroy()
        )
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ server, loopback: Object.assign(state, { origin: `http://127.0.0.1:${port}` }) }))
      })
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map(({ loopback }) => loopback))

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

/** 401 unless one of the headers holds one of the keys. */
export const guarded =
  (accepted: ReadonlyArray<string>, then: Handler): Handler =>
  (request, response, count) => {
    const values = Object.values(request.headers)
    if (accepted.some((key) => values.some((value) => value === key || value === `Bearer ${key}`))) {
      return then(request, response, count)
    }
    json(response, 401, {
      error: { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" }
    })
  }
