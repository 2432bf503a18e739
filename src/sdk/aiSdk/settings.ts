/** The settings of a factory of the AI SDK, without its credentials. */

import { hasProperty } from "effect/Predicate"

export type Credential =
  | "apiKey"
  | "authToken"
  | "tokenProvider"
  | "accessKeyId"
  | "secretAccessKey"
  | "sessionToken"
  | "credentialProvider"

export type Factory = (settings: never) => unknown

export type Settings<F extends Factory> = Omit<NonNullable<Parameters<F>[0]>, Credential>

// --- boundary: credentials are put back into settings that had them removed, which no type can follow

export const call = <F extends Factory>(factory: F, settings: object): ReturnType<F> =>
  factory(settings as never) as ReturnType<F>

export const baseUrlOf = (settings: object): string | undefined =>
  hasProperty(settings, "baseURL") && typeof settings.baseURL === "string" ? settings.baseURL : undefined

export const fetchOf = (settings: object): typeof globalThis.fetch | undefined =>
  hasProperty(settings, "fetch") && typeof settings.fetch === "function"
    ? (settings.fetch as typeof globalThis.fetch)
    : undefined

// --- end of the boundary
