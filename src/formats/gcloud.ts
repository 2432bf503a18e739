/**
 * Google Cloud's command line, `gcloud config config-helper --format=json`, which kubectl's old plugin read as well; where the format
 * is named, also `gcloud auth print-access-token --format=json`, whose `token` alone is no discriminator.
 *
 * Protocol: https://cloud.google.com/sdk/gcloud/reference/config/config-helper
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { Rfc3339 } from "../internal/format/instant.js"
import { anObject, fromJson, jsonOf, maybe, objectOf, Text } from "../internal/format/schema.js"

const Printed = Schema.Struct({ token: Text, token_expiry: maybe(Rfc3339) })

const readPrinted = fromJson(Printed)

const Answer = Schema.Struct({
  credential: Schema.Struct({ access_token: Text, token_expiry: maybe(Rfc3339) }).annotations(anObject)
})

const read = fromJson(Answer)

export const gcloud: CredentialFormat = define({
  name: "gcloud",
  recognizes: ({ object }) =>
    Option.exists(objectOf(object["credential"]), (credential) => "access_token" in credential),
  read: (text) =>
    Option.exists(Option.flatMap(jsonOf(text), objectOf), (object) => "token" in object && !("credential" in object))
      ? Either.flatMap(readPrinted(text), ({ token, token_expiry }) => tokenKey("token", token, token_expiry))
      : Either.flatMap(read(text), ({ credential }) =>
          tokenKey("credential.access_token", credential.access_token, credential.token_expiry)
        ),
  write: (key) =>
    Either.map(onlyValue(key), (access_token) =>
      jsonLine({
        credential: { access_token, ...field("token_expiry", Option.map(key.expiresAt, DateTime.formatIso)) }
      })
    )
})
