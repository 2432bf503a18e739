/** The origin that a key is for: read from a base URL, with a warning where it is plain http. */

import * as Either from "effect/Either"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"
import type { Authorization } from "./scheme.js"

/** The origin a key is for. A URL that is none is the configuration's fault; `localhost:3000` is one, of another kind. */
export const originOf = (baseUrl: string | URL, name = "baseUrl"): Either.Either<string, ConfigInvalid> => {
  const text = String(baseUrl)
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === "http:" || url?.protocol === "https:"
    ? Either.right(url.origin)
    : Either.left(
        inCode(
          `\`${name}\` is ${text === "" ? "missing" : "not a URL with http: or https:"}`,
          'For example: "https://api.openai.com/v1"'
        )
      )
}

/** JavaScript gives what no type has looked at. No base URL is one that fits no request: the key goes nowhere. */
export const withBaseUrl = <A extends Pick<Authorization, "baseUrl">>(options: A): A => ({
  ...options,
  baseUrl: options?.baseUrl ?? ""
})

const loopbackHost = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/

/** A key sent there can be read on the way. */
const isReadableOnTheWay = (origin: string): boolean => {
  if (!origin.startsWith("http:")) return false
  return !loopbackHost.test(new URL(origin).hostname)
}

const warned = new Set<string>()

/** What to say of an origin, the first time that it is asked about. */
export const warningOnce = (origin: string): string | undefined => {
  if (!isReadableOnTheWay(origin) || warned.has(origin)) return undefined
  warned.add(origin)
  return `${origin} is plain http: whoever is on the way can read the key that is sent there; use https`
}
