/** The provider and the runtime of an Effect's context, for clients that work with promises. */

import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import { ApiKeyProvider, type Provider } from "../model/provider.js"

/** `make` of an SDK module from its `makeWith`: waiting for a key uses the clock, logger and tracer of the context. */
export const fromContext = <A>(
  makeWith: (provider: Provider, runtime: Runtime.Runtime<never>) => A
): Effect.Effect<A, never, ApiKeyProvider> => Effect.zipWith(ApiKeyProvider, Effect.runtime<never>(), makeWith)
