/** Shared parts of the configuration schemas. */
import * as Schema from "effect/Schema"

/** A field that may be absent, but not `undefined`, which JSON does not have. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { exact: true })
