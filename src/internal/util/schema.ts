/** Shared parts of the configuration schemas. `meaning` is what an editor and the reference page show of a field. */
import * as Schema from "effect/Schema"

/** A field that may be absent, but not `undefined`, which JSON does not have. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>, meaning: string) =>
  Schema.optionalWith(schema, { exact: true }).annotations({ description: meaning })

export const required = <A, I, R>(schema: Schema.Schema<A, I, R>, meaning: string) =>
  Schema.propertySignature(schema).annotations({ description: meaning })
