/** The way to a field inside JSON: a JSON Pointer (RFC 6901, `/data/key`) or a dot path (`data.key`). */
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"

/** The names on the way; a dot path cannot name a field that has a dot in it, a pointer can. */
const segmentsOf = (path: string): ReadonlyArray<string> =>
  path.startsWith("/")
    ? path
        .slice(1)
        .split("/")
        .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
    : path.split(".")

/** What stands there; only a value's own fields count. */
export const lookUp = (value: unknown, path: string): Option.Option<unknown> =>
  segmentsOf(path).reduce(
    (at, segment) =>
      Option.flatMap(at, (parent) =>
        typeof parent === "object" && Object.hasOwn(parent ?? {}, segment) && hasProperty(parent, segment)
          ? Option.some(parent[segment])
          : Option.none()
      ),
    Option.some(value)
  )

/** An object with these values at these paths; none where one path lies inside another. */
export const build = (
  fields: ReadonlyArray<readonly [path: string, value: unknown]>
): Option.Option<Record<string, unknown>> => {
  const root = new Map<string, unknown>()
  for (const [path, value] of fields) {
    const segments = segmentsOf(path)
    let node = root
    for (const [index, segment] of segments.entries()) {
      const next = node.get(segment)
      if (index === segments.length - 1) {
        if (next !== undefined) return Option.none()
        node.set(segment, value)
      } else if (next instanceof Map) node = next
      else if (next !== undefined) return Option.none()
      else {
        const child = new Map<string, unknown>()
        node.set(segment, child)
        node = child
      }
    }
  }
  return Option.some(plain(root))
}

const plain = (node: ReadonlyMap<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Array.from(node, ([key, value]) => [key, value instanceof Map ? plain(value) : value]))
