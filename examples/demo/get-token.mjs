#!/usr/bin/env node
// A credential helper: logs in at an OpenID provider by client credentials and prints an access token.
//   CLIENT_SECRET=… get-token.mjs --issuer URL --client-id ID [--json]
// It ends with 75 where the provider cannot be reached (try again later) and with 1 otherwise.
import { appendFileSync } from "node:fs"
import { parseArgs } from "node:util"

// Each start leaves a dot, so that the demo counts processes, not what the provider says of itself.
if (process.env["RUN_LOG"]) appendFileSync(process.env["RUN_LOG"], ".")

const temporaryFailure = 75
const requestTimeout = 10_000

class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        issuer: { type: "string" },
        "client-id": { type: "string" },
        json: { type: "boolean", default: false }
      }
    })
    const issuer = values.issuer ?? process.env["ISSUER"]
    const clientId = values["client-id"] ?? process.env["CLIENT_ID"]
    const clientSecret = process.env["CLIENT_SECRET"]
    if (!URL.canParse(issuer ?? "")) throw new Failure("--issuer is not a URL")
    if (!clientId) throw new Failure("no --client-id")
    if (!clientSecret) throw new Failure("CLIENT_SECRET is not set")
    return { issuer, clientId, clientSecret, json: values.json }
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(error.message)
  }
}

const requestJson = async (url, init) => {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeout) }).catch((error) => {
    throw new Failure(`cannot reach ${new URL(url).origin}: ${error.cause?.code ?? error.name}`, temporaryFailure)
  })
  const body = await response.json().catch(() => ({}))
  if (response.ok) return body
  const reason = [body.error, body.error_description].filter((part) => typeof part === "string").join(": ")
  throw new Failure(
    `${new URL(url).origin} answered ${response.status}${reason && ` ${reason}`}`,
    response.status >= 500 || response.status === 429 ? temporaryFailure : 1
  )
}

const logIn = async ({ issuer, clientId, clientSecret }) => {
  const metadata = await requestJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
  if (!URL.canParse(metadata.token_endpoint ?? "")) throw new Failure("the provider names no token endpoint")
  const pair = [clientId, clientSecret].map(encodeURIComponent).join(":")
  const answer = await requestJson(metadata.token_endpoint, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" })
  })
  if (typeof answer.access_token !== "string") throw new Failure("the provider's answer holds no access token")
  return answer
}

try {
  const options = readOptions()
  const answer = await logIn(options)
  process.stdout.write(`${options.json ? JSON.stringify(answer) : answer.access_token}\n`)
} catch (error) {
  process.stderr.write(`get-token: ${error.message.replace(/\s+/g, " ")}\n`)
  process.exitCode = error.exitCode ?? 1
}
