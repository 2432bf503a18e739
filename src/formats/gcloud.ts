/**
 * Google Cloud's command line, `gcloud config config-helper --format=json`, which kubectl's old plugin read as well; where the format
 * is named, also `gcloud auth print-access-token --format=json`, whose `token` alone is no discriminator.
 *
 * Protocol: https://cloud.google.com/sdk/gcloud/reference/config/config-helper
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { define, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import { expiryIn, rfc3339 } from "../internal/format/expiry.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { fromJson, jsonOf, objectOf, open, Text } from "../internal/format/schema.js"

const readPrinted = fromJson(open({ token: Text }))

const read = fromJson(open({ credential: open({ access_token: Text }) }))

const own = { token_expiry: Option.some(rfc3339) }

export const gcloud: CredentialFormat = define({
  name: "gcloud",
  recognizes: ({ object }) =>
    Option.exists(objectOf(object["credential"]), (credential) => "access_token" in credential),
  read: (text, { startedAt }) =>
    Option.exists(Option.flatMap(jsonOf(text), objectOf), (object) => "token" in object && !("credential" in object))
      ? Either.flatMap(readPrinted(text), (object) =>
          Either.flatMap(expiryIn([{ path: "", object }], { startedAt, own }), (expiresAt) =>
            tokenKey("token", object.token, expiresAt)
          )
        )
      : Either.flatMap(read(text), (object) => {
          const { credential } = object
          const places = [
            { path: "", object },
            { path: "credential", object: credential }
          ]
          return Either.flatMap(expiryIn(places, { startedAt, own }), (expiresAt) =>
            tokenKey("credential.access_token", credential.access_token, expiresAt)
          )
        }),
  write: (key) =>
    Either.map(onlyValue(key), (access_token) =>
      jsonLine({
        credential: { access_token, ...field("token_expiry", Option.map(key.expiresAt, DateTime.formatIso)) }
      })
    )
})
