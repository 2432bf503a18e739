/**
 * Kubernetes' ExecCredential: what client-go's credential plugins print. The request goes over in KUBERNETES_EXEC_INFO, and
 * the answer has to come in its apiVersion, as client-go wants it. Client certificates are no key and are refused.
 *
 * Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { Rfc3339 } from "../internal/format/instant.js"
import { AnyText, anObject, fromJson, maybe, mismatch } from "../internal/format/schema.js"

const group = "client.authentication.k8s.io"
const versions = ["v1", "v1beta1"] as const
const apiVersions = versions.map((version) => `${group}/${version}` as const)

/** As client-go hands it over with provideClusterInfo; `config` is left out, it is the plugin's own. */
const Cluster = Schema.Struct({
  server: Schema.String,
  "tls-server-name": Schema.optional(Schema.String),
  "insecure-skip-tls-verify": Schema.optional(Schema.Boolean),
  "certificate-authority-data": Schema.optional(Schema.String),
  "proxy-url": Schema.optional(Schema.String)
})

const encodeCluster = Schema.encodeOption(Cluster)

export const Spec = Schema.Struct({
  name: Schema.Literal("exec-credential"),
  apiVersion: Schema.optional(
    Schema.Literal(...versions).annotations({
      description: "The version of client.authentication.k8s.io, requested and expected in the output. Default: v1."
    })
  ),
  cluster: Schema.optional(
    Cluster.annotations({
      description: "spec.cluster in KUBERNETES_EXEC_INFO, as with provideClusterInfo: { server: … }"
    })
  )
})

const Answer = Schema.Struct({
  kind: Schema.Literal("ExecCredential").annotations({ description: "the word ExecCredential" }),
  apiVersion: Schema.Literal(...apiVersions).annotations({ description: apiVersions.join(" or ") }),
  status: Schema.Struct({
    token: maybe(AnyText),
    clientCertificateData: maybe(AnyText),
    clientKeyData: maybe(AnyText),
    expirationTimestamp: maybe(Rfc3339)
  }).annotations(anObject)
})

const read = fromJson(Answer)

const isFilled = (text: string): boolean => text !== ""

export const execCredential = (spec: typeof Spec.Type): CredentialFormat => speaking(spec, true)

const speaking = ({ apiVersion = "v1", cluster }: typeof Spec.Type, isAsked: boolean): CredentialFormat => {
  const version = `${group}/${apiVersion}`
  return define({
    name: "exec-credential",
    environment: (interactive) => ({
      KUBERNETES_EXEC_INFO: JSON.stringify({
        kind: "ExecCredential",
        apiVersion: version,
        spec: { interactive, ...field("cluster", Option.flatMap(Option.fromNullable(cluster), encodeCluster)) }
      })
    }),
    recognizes: ({ object }) => object["kind"] === "ExecCredential",
    read: (text) =>
      Either.flatMap(read(text), (answer) => {
        const { clientCertificateData, clientKeyData, expirationTimestamp, token } = answer.status
        if (isAsked && answer.apiVersion !== version) {
          return mismatch("apiVersion", version, {
            text: "The answer has another version than the request. Ask for the other version",
            option: "format",
            example: { name: "exec-credential", apiVersion: versions.find((other) => other !== apiVersion) ?? "" }
          })
        }
        // Go writes an empty string for what is not set.
        if (Option.exists(clientCertificateData, isFilled) || Option.exists(clientKeyData, isFilled)) {
          return mismatch(
            "status.clientCertificateData",
            "a token and no client certificate",
            "A client certificate cannot be sent in a header; make the plugin print a token."
          )
        }
        return tokenKey(
          "status.token",
          Option.getOrElse(token, () => ""),
          expirationTimestamp
        )
      }),
    write: (key) =>
      Either.map(onlyValue(key), (token) =>
        jsonLine({
          kind: "ExecCredential",
          apiVersion: version,
          status: { token, ...field("expirationTimestamp", Option.map(key.expiresAt, DateTime.formatIso)) }
        })
      )
  })
}

/** Requests v1 and accepts both versions. For `auto`, which has no configured version. */
export const anyVersion: CredentialFormat = speaking({ name: "exec-credential" }, false)
