/** Signatures (Version 4) of requests to Amazon Bedrock: which requests are AWS's, and each signed with the key of the moment. */

import { AwsV4Signer } from "aws4fetch"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import { unsendable } from "../../internal/request/errors.js"
import type { SignableRequest } from "../../internal/request/fetch.js"
import { isForAHeader, notForAHeader } from "../../internal/request/scheme.js"

/** `Credential=ID/20260101/us-east-1/bedrock/aws4_request`: what the SDK signed says where the request goes. */
const credentialScope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\/aws4_request/
const signatureHeaders: ReadonlyArray<string> = [
  "authorization",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token"
]

/** Chat, embeddings and reranking have hosts of their own in one region. By partition, as the SDK makes them. */
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
/** They name the endpoint where the settings do not. */
const endpointVariables: ReadonlyArray<string> = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
  "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"
]

/** Whether this request is one that the SDK made for AWS. */
export const isAws = (url: URL, headers: Headers): boolean => {
  const region = credentialScope.exec(headers.get("authorization") ?? "")?.[1]
  if (region === undefined) return false
  const isEndpoint = endpointVariables.some((name) => {
    const endpoint = process.env[name]
    return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).origin === url.origin
  })
  const isHost = awsSuffixes.some((suffix) => url.hostname.endsWith(`.${region}.${suffix}`))
  return isEndpoint || (isHost && url.protocol === "https:")
}

/** Signs a request with the key that it is sent with. */
export const sign = async (key: ApiKey, { url, method, headers, body }: SignableRequest): Promise<Headers> => {
  const [, region, service] = credentialScope.exec(headers.get("authorization") ?? "") ?? []
  if (region === undefined || service === undefined) return headers
  if (Option.isNone(key.username)) {
    throw unsendable("an AWS key pair", 'Amazon Bedrock needs a key pair: format "aws-credential-process".')
  }
  const sent = [
    key.username.value,
    Redacted.value(key.value),
    ...Option.toArray(Option.map(key.sessionToken, Redacted.value))
  ]
  // `Headers` would quote it.
  if (!sent.every(isForAHeader)) throw notForAHeader()
  for (const name of signatureHeaders) headers.delete(name)
  const signed = await new AwsV4Signer({
    url: url.href,
    method,
    headers,
    body: typeof body === "string" ? body : null,
    region,
    service,
    accessKeyId: key.username.value,
    secretAccessKey: Redacted.value(key.value),
    ...Option.match(key.sessionToken, {
      onNone: () => ({}),
      onSome: (token) => ({ sessionToken: Redacted.value(token) })
    })
  }).sign()
  signed.headers.forEach((value, name) => {
    headers.set(name, value)
  })
  return headers
}
