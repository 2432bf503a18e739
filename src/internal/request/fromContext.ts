/** The provider and the runtime of an Effect's context, for clients that live in promises. */

import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import { ApiKeyProvider, type Provider } from "../model/provider.js"

/** The client's waits for a key go by the clock, the logger and the tracer of the context. */
export const fromContext = <A>(
  make: (provider: Provider, runtime: Runtime.Runtime<never>) => A
): Effect.Effect<A, never, ApiKeyProvider> => Effect.zipWith(ApiKeyProvider, Effect.runtime<never>(), make)
