/** Arbitrary secrets and keys. Secrets are long enough that they do not occur in a text by chance. */
import * as Option from "effect/Option"
import * as fc from "fast-check"
import * as ApiKey from "../../src/ApiKey.js"
import { notAToken } from "../../src/internal/format/notAKey.js"

const visible = Array.from({ length: 0x7e - 0x21 + 1 }, (_, i) => String.fromCharCode(0x21 + i))

/** Twelve or more visible ASCII characters, as a key is. No `{`, `[` or `"` in front: that would be JSON. */
export const arbitrarySecret: fc.Arbitrary<string> = fc
  .stringOf(fc.constantFrom(...visible), { minLength: 12, maxLength: 80 })
  .filter((secret) => !/^[{["]/.test(secret) && Option.isNone(notAToken(secret)) && !/^(.)\1*$/.test(secret))

export const arbitraryKey = fc
  .record({
    value: arbitrarySecret,
    username: fc.option(arbitrarySecret, { nil: undefined }),
    sessionToken: fc.option(arbitrarySecret, { nil: undefined }),
    headers: fc.dictionary(fc.constantFrom("authorization", "x-api-key", "cookie"), arbitrarySecret)
  })
  .map((fields) => ({
    key: ApiKey.make(fields),
    secrets: [fields.value, fields.username, fields.sessionToken, ...Object.values(fields.headers)].filter(
      (secret) => secret !== undefined
    )
  }))
