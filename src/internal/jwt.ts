/** The expiry that a JSON Web Token carries. Nothing is verified: the server does that. */
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { decodeJwt } from "jose/jwt/decode"
import { fromEpochSeconds } from "./instant.js"

const decodeClaims = Option.liftThrowable(decodeJwt)

export const jwtExpiry = (token: string): Option.Option<DateTime.Utc> =>
  token.startsWith("eyJ")
    ? Option.flatMap(decodeClaims(token), ({ exp }) =>
        typeof exp === "number" ? fromEpochSeconds(exp) : Option.none()
      )
    : Option.none()
