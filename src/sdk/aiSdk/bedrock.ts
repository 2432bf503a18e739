/** Signatures (AWS Signature Version 4) of requests to Amazon Bedrock, and which requests to sign. */

import { AwsV4Signer } from "aws4fetch"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import type { InvalidOutput } from "../../ApiKeyError.js"
import { make, type Provider } from "../../internal/model/provider.js"
import { unsendable } from "../../internal/request/headers.js"
import { isForAHeader, notForAHeader, type Signer } from "../../internal/request/scheme.js"

/** `Credential=ID/20260101/us-east-1/bedrock/aws4_request`: the package's own signature names the region and the service. */
const credentialScope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\/aws4_request/

/** The headers of a signature, which replace those of the package's own. */
const signatureHeaders: ReadonlyArray<string> = ["authorization", "x-amz-date", "x-amz-security-token"]

/** The domains of AWS's hosts, by partition. Chat, embeddings and reranking have different hosts in a region. */
const awsSuffixes: ReadonlyArray<string> = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "api.aws",
  "amazonaws.eu",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov"
]
/** Variables from which the package reads its endpoint if the settings have none. */
const endpointVariables: ReadonlyArray<string> = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
  "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"
]

const scopeIn = (headers: Headers): RegExpExecArray | null => credentialScope.exec(headers.get("authorization") ?? "")

/** Whether the package has signed this request, with the placeholder. */
export const isSigned = (_: URL, headers: Headers): boolean => scopeIn(headers) !== null

/** Whether the package has signed this request, and it goes to AWS. */
export const isAws = (url: URL, headers: Headers): boolean => {
  const region = scopeIn(headers)?.[1]
  if (region === undefined) return false
  const isEndpoint = endpointVariables.some((name) => {
    const endpoint = process.env[name]
    return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).origin === url.origin
  })
  const isHost = awsSuffixes.some((suffix) => url.hostname.endsWith(`.${region}.${suffix}`))
  return isEndpoint || (isHost && url.protocol === "https:")
}

/** The provider, if its key is a key pair that headers can carry. Otherwise `Headers` would quote it in an error. */
export const ofKeyPairs = (provider: Provider): Provider =>
  make({ ...provider, get: Effect.tap(provider.get, requireKeyPair) })

const requireKeyPair = ({ sessionToken, username, value }: ApiKey): Effect.Effect<void, InvalidOutput> => {
  if (Option.isNone(username)) {
    return Effect.fail(
      unsendable("an AWS key pair", 'Amazon Bedrock needs a key pair: format "aws-credential-process".')
    )
  }
  const sent = [username.value, Redacted.value(value), ...Option.toArray(Option.map(sessionToken, Redacted.value))]
  return sent.every(isForAHeader) ? Effect.void : Effect.fail(notForAHeader())
}

/** Signs a request, for the region and the service in the package's own signature. */
export const sign: Signer = ({ sessionToken, username, value }, { body, headers, method, url }) => {
  const [, region = "", service = ""] = scopeIn(headers) ?? []
  for (const name of signatureHeaders) headers.delete(name)
  const signer = new AwsV4Signer({
    url: url.href,
    method,
    headers,
    body: typeof body === "string" ? body : null,
    region,
    service,
    accessKeyId: Option.getOrElse(username, () => ""),
    secretAccessKey: Redacted.value(value),
    ...Option.match(sessionToken, {
      onNone: () => ({}),
      onSome: (token) => ({ sessionToken: Redacted.value(token) })
    })
  })
  return signer.sign().then((signed) =>
    Object.fromEntries(
      signatureHeaders.flatMap((name) => {
        const header = signed.headers.get(name)
        return header === null ? [] : [[name, header]]
      })
    )
  )
}
