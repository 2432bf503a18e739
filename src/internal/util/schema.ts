/** What the schemas of configuration files share. */
import * as Schema from "effect/Schema"

/** A field that may be absent, but not `undefined`: JSON has none. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { exact: true })
