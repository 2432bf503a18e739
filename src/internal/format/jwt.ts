/** The expiry that a JSON Web Token carries. Nothing is verified: the server does that. */
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { decodeJwt } from "jose/jwt/decode"
import { fromEpochSeconds } from "./instant.js"

const decodeClaims = Option.liftThrowable(decodeJwt)

/** base64url of `{`, perhaps with white space behind it, begins so. */
const begins = /^e[wy]/

export const jwtExpiry = (token: string): Option.Option<DateTime.Utc> =>
  begins.test(token)
    ? Option.flatMap(decodeClaims(token), ({ exp }) =>
        typeof exp === "number" ? fromEpochSeconds(exp) : Option.none()
      )
    : Option.none()
