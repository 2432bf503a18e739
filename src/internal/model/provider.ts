/** The key of a hit without an Effect runtime, for callers that live in promises. A cache offers it, other providers need not. */
import { hasProperty } from "effect/Predicate"
import type { ApiKey } from "../../ApiKey.js"

export const peekSymbol: unique symbol = Symbol.for("effect-apikey/peek")

/** `nowMillis` is the time of the clock that the provider goes by. */
export type Peek = (nowMillis: number) => ApiKey | undefined

interface Peekable {
  readonly [peekSymbol]: Peek
}

const isPeekable = (provider: object): provider is Peekable =>
  hasProperty(provider, peekSymbol) && typeof provider[peekSymbol] === "function"

const never: Peek = () => undefined

export const peekOf = (provider: object): Peek => (isPeekable(provider) ? provider[peekSymbol] : never)
