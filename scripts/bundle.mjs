// Makes one self-contained, minified ESM file of a program: for dist/, and for the tests that run such a file.
import { build } from "tsdown"
import { madeLater } from "./madeLater.mjs"
import { pureEffect } from "./pure.mjs"
import { standIns } from "./standIns.mjs"
import { root } from "./support.mjs"
import { withoutDocs } from "./withoutDocs.mjs"

/** Everything inlined, so that they start fast and need nothing that is installed beside them. */
export const programs = {
  bin: { name: "bin", entry: "src/bin.ts", executable: true, isLean: false },
  plugin: {
    name: "opencode-plugin",
    entry: "src/opencode/Plugin.ts",
    executable: false,
    isLean: true,
    later: "src/opencode/plugin/runtime.ts"
  }
}

const built = async ({ name, entry, isLean }, format, plugins) => {
  const [{ chunks }] = await build({
    config: false,
    cwd: root,
    entry: { [name]: entry },
    format,
    platform: "node",
    target: "node20",
    deps: { alwaysBundle: [/.*/], onlyBundle: false },
    // jsonc-parser's `main` loads its parts with a require of its own, which no bundler follows.
    inputOptions: { resolve: { mainFields: ["module", "main"] } },
    outputOptions: { codeSplitting: false },
    plugins: [pureEffect, withoutDocs, ...(isLean ? [standIns] : []), ...plugins],
    // Not looked up module by module: the tests that run these files are what says that nothing needed is left out.
    treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
    minify: true,
    dts: false,
    write: false,
    clean: false,
    report: false,
    logLevel: "warn"
  })
  const [chunk, ...others] = chunks
  if (chunk === undefined || others.length > 0) throw new Error(`${entry} became ${chunks.length} files, not one`)
  return chunk
}

/** The fields of Effect's own primitives, which nobody else reads and no minifier shortens: some hundred times in a bundle. */
const instruction = "effect_instruction_i"

export const bundle = async (program) => {
  const { executable, later } = program
  const kept = later === undefined ? undefined : await built({ ...program, entry: later }, "cjs", [])
  const { code: long, moduleIds } = await built(program, "esm", kept === undefined ? [] : [madeLater(later, kept.code)])
  const code = program.isLean ? long.replaceAll(instruction, "EI_") : long
  return {
    code: executable && !code.startsWith("#!") ? `#!/usr/bin/env node\n${code}` : code,
    moduleIds: [...moduleIds, ...(kept?.moduleIds ?? [])].filter((id) => !id.startsWith("\0"))
  }
}
