/** The origin that a key is for, from a base URL, and a warning if it is plain http. */

import * as Either from "effect/Either"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"
import { httpOrigin } from "../model/provider.js"
import type { Authorization } from "./scheme.js"

/** The origin, or `ConfigInvalid`. `localhost:3000` parses as a URL with the scheme `localhost:`. */
export const originOf = (baseUrl: string | URL, name = "baseUrl"): Either.Either<string, ConfigInvalid> => {
  const text = String(baseUrl)
  const origin = URL.canParse(text) ? httpOrigin(new URL(text)) : "null"
  return origin !== "null"
    ? Either.right(origin)
    : Either.left(
        inCode(
          `\`${name}\` is ${text === "" ? "missing" : "not a URL with http: or https:"}`,
          'For example: "https://api.openai.com/v1"'
        )
      )
}

/** For options from JavaScript: an absent base URL becomes an empty one, which fails each request. */
export const withBaseUrl = <A extends Pick<Authorization, "baseUrl">>(options: A): A => ({
  ...options,
  baseUrl: options?.baseUrl ?? ""
})

const loopbackHost = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/

/** Whether a key that is sent there can be read in transit. */
const isReadableOnTheWay = (origin: string): boolean => {
  if (!origin.startsWith("http:")) return false
  return !loopbackHost.test(new URL(origin).hostname)
}

const warned = new Set<string>()

/** The warning for an origin, once per process. */
export const warningOnce = (origin: string): string | undefined => {
  if (!isReadableOnTheWay(origin) || warned.has(origin)) return undefined
  warned.add(origin)
  return `${origin} is plain http, so others on the network can read the key; use https`
}
