// What is inside a folder, by the path alone.
import { resolve, sep } from "node:path"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { isInside } from "../../src/internal/host/paths.js"

const name = fc
  .tuple(fc.constantFrom("", ".", "..", "...", ".. "), fc.stringMatching(/^[a-z.]{0,4}$/))
  .map((parts) => parts.join(""))
  .filter((each) => each !== "")

const folder = resolve("/some/project")

describe("isInside", () => {
  it.effect(
    "a file is inside a folder when its resolved path begins with the folder's, whatever the names begin with",
    () =>
      Effect.map(Path.Path, (path) => {
        fc.assert(
          fc.property(fc.array(name, { maxLength: 5 }), (names) => {
            const place = resolve(folder, ...names)
            const expected = place === folder || place.startsWith(`${folder}${sep}`)
            assert.strictEqual(isInside(folder, place, path), expected, place)
          })
        )
      }).pipe(Effect.provide(Path.layer))
  )
})
