/** The known responses that mean that the server rejected the key, and the known ones that mean that it lacks a permission. */

import type { RefusalRule } from "../model/refusal.js"

/** An internal rule for a header that is there, whatever its value. */
const present = (name: string) => ({ name, contains: "" })

const inBody = (status: number, pointer: string, test: { value: string } | { contains: string }): RefusalRule => ({
  status,
  body: { pointer, ...test }
})

/** AWS names an error in a header, in the field `__type` of JSON, or in the body beside a header that only AWS sends. */
const awsError = (name: string): ReadonlyArray<RefusalRule> => [
  { status: 403, header: { name: "x-amzn-errortype", contains: name } },
  inBody(403, "/__type", { contains: name }),
  { status: 403, header: present("x-amzn-requestid"), body: { contains: name } },
  { status: 403, header: present("x-amz-request-id"), body: { contains: name } }
]

/** Beside 401 and 403 with `invalid_token`. */
export const knownRefusals: ReadonlyArray<RefusalRule> = [
  // Google, under any scheme. A gateway that quotes Google's answer as text speaks of its own key, and there the quotes are escaped.
  { status: 400, body: { contains: '"API_KEY_INVALID"' } },
  // Gemini has blocked the key.
  inBody(403, "/error/message", { contains: "API key was reported as leaked" }),
  // LiteLLM before 1.99.
  inBody(400, "/error/type", { value: "expired_key" }),
  // xAI.
  inBody(400, "/error", { contains: "Incorrect API key provided" }),
  // Databricks, as JSON and as a page.
  inBody(403, "/message", { contains: "Invalid access token" }),
  { status: 403, body: { contains: "Error 403 Invalid access token" } },
  // Hugging Face.
  inBody(400, "/error", { contains: "the token seems invalid" }),
  // AWS: temporary credentials have expired, or there is no such key.
  ...awsError("ExpiredToken"),
  ...awsError("UnrecognizedClientException"),
  // Amazon Bedrock's API keys.
  inBody(403, "/Message", { contains: "make sure your API Key is valid" })
]

/** 401 for a key that is valid. Another key would get the same answer. */
export const knownPermissionErrors: ReadonlyArray<RefusalRule> = [
  // Azure.
  inBody(401, "/error/code", { value: "PermissionDenied" }),
  // LiteLLM: key_model_access_denied, team_model_access_denied, …
  inBody(401, "/error/type", { contains: "_model_access_denied" }),
  // OpenAI: a restricted key.
  inBody(401, "/error/message", { contains: "insufficient permissions for this operation" }),
  inBody(401, "/error", { contains: "insufficient permissions for this operation" })
]
