import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { CommandNotTrusted, InsecurePermissions } from "../../src/ApiKeyError.js"
import { describe as describeInsecurePath } from "../../src/internal/host/ownership.js"
import { shellWord } from "../../src/internal/util/shell.js"
import { itWith } from "../support/tools.js"

describe("a path in a command that is to be pasted", () => {
  it("stays as it is where a shell reads it so", () => {
    assert.strictEqual(shellWord("/home/me/a-b_c.d/effect-apikey.jsonc"), "/home/me/a-b_c.d/effect-apikey.jsonc")
  })

  itWith("sh")("is one word to a shell, and that very path, whatever is in it", () => {
    const words = fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }).map((text) => text.replace(/[\0\uD800-\uDFFF]/g, "")),
        fc.constantFrom("a;touch pwned;b c", "$(id)", "`id`", "it's", "!x", "~/x", "a\nb", "\\", '"')
      ),
      { minLength: 1 }
    )
    fc.assert(
      fc.property(words, (paths) => {
        const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${paths.map(shellWord).join(" ")}`], {
          encoding: "utf8"
        })
        assert.deepStrictEqual(printed.split("\0").slice(0, -1), paths)
      }),
      { numRuns: 30 }
    )
  })

  it("is quoted in each remedy that names one", () => {
    const path = "/p/a;touch $HOME/pwned;b c/x"
    const quoted = `'${path}'`
    const remedies = [
      new CommandNotTrusted({ command: "op", file: path }).hint,
      new InsecurePermissions({ path, mode: "0644" }).hint,
      describeInsecurePath({ place: path, reason: "writable" }, "").remedy,
      describeInsecurePath({ place: path, reason: "owner" }, "").remedy
    ]
    for (const remedy of remedies) assert.isTrue(remedy.endsWith(` ${quoted}`), remedy)
  })
})
