/** The import rule of CONTRIBUTING.md over the module graph, how much of the package a seam loads, and that a wrong import is found. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cruise, type ICruiseResult } from "dependency-cruiser"
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options"

const root = join(import.meta.dirname, "..")

/** The graph of `folder/src`, judged by the rules that `npm run check -- layers` applies. */
const graphOf = async (folder: string): Promise<ICruiseResult> => {
  const options = await extractDepcruiseOptions(join(root, ".dependency-cruiser.mjs"))
  const { output } = await cruise(["src"], { ...options, baseDir: folder })
  if (typeof output === "string") throw new Error("dependency-cruiser gave a report instead of the graph")
  return output
}

const violationsOf = ({ summary }: ICruiseResult): ReadonlyArray<string> =>
  summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort()

/** Our files that importing `entry` loads at once: neither types, which leave no import, nor `import()`. */
const loadedBy = (entry: string, { modules }: ICruiseResult): ReadonlyArray<string> => {
  const importsOf = new Map(modules.map(({ source, dependencies }) => [source, dependencies]))
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file) || !file.startsWith("src/")) return
    loaded.add(file)
    for (const { resolved, dependencyTypes, dynamic } of importsOf.get(file) ?? []) {
      if (!dynamic && !dependencyTypes.includes("type-only")) load(resolved)
    }
  }
  load(entry)
  return [...loaded].sort()
}

describe("src", () => {
  let graph: ICruiseResult
  beforeAll(async () => {
    graph = await graphOf(root)
  })

  it("has no circle, no import against the direction, and no file without a room", () => {
    assert.deepStrictEqual(violationsOf(graph), [])
    assert.isAbove(graph.modules.filter(({ source }) => source.startsWith("src/")).length, 100)
  })

  it.each([
    ["src/sdk/Fetch.ts", 20],
    ["src/testing.ts", 40]
  ])("%s loads at most %i files of ours", (entry, most) => {
    const loaded = loadedBy(entry, graph)
    assert.isAbove(loaded.length, 1, `${entry} is not in the graph`)
    assert.isAtMost(loaded.length, most, `${entry} loads ${loaded.length}:\n${loaded.join("\n")}`)
  })
})

describe("a wrong import", () => {
  const folder = mkdtempSync(join(tmpdir(), "effect-apikey-layers-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const tree = {
    "ApiKey.ts": "export const key = 1",
    "internal/cache/state.ts": `export { key } from "../../ApiKey.js"`,
    // Against the direction, and only by a type.
    "internal/util/digest.ts": `export type { key } from "../cache/state.js"`,
    "internal/policy/model.ts": `export type { rules } from "./rules.js"\nexport const model = 1`,
    "internal/policy/rules.ts": `import { model } from "./model.js"\nexport const rules = model`,
    "strays/lost.ts": `export { key } from "../ApiKey.js"`,
    "sdk/Fetch.ts": `export { fetch } from "../internal/request/fetch.js"`,
    "internal/request/fetch.ts": `export { get } from "../provider/command.js"\nexport const fetch = 1`,
    "internal/provider/command.ts": `export { key as get } from "../../ApiKey.js"`,
    "bin.ts": `import "./cli/gone.js"`
  }

  it("is reported under the name of the rule that it breaks, and nothing else is", async () => {
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, "src", path)), { recursive: true })
      writeFileSync(join(folder, "src", path), `${text}\n`)
    }
    assert.deepStrictEqual(violationsOf(await graphOf(folder)), [
      "every-file-has-a-room: src/strays/lost.ts → src/ApiKey.ts",
      "every-import-resolves: src/bin.ts → ./cli/gone.js",
      "no-circle: src/internal/policy/model.ts → src/internal/policy/rules.ts",
      "seams-need-only-the-model: src/internal/request/fetch.ts → src/internal/provider/command.ts",
      "seams-need-only-the-model: src/sdk/Fetch.ts → src/internal/provider/command.ts",
      "util-imports-only-leftwards: src/internal/util/digest.ts → src/internal/cache/state.ts"
    ])
  })
})
