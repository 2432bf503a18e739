/** A copy with own properties alone. */

/**
 * What another package put on `Object.prototype` is not in the copy. Options are copied where they come from callers, so that
 * an inherited `program` or `env` changes nothing. Arrays and instances inside are kept as they are.
 */
export const ownProperties = <A extends object>(value: A): A => Object.assign(Object.create(null), value)
