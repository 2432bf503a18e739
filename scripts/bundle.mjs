// Makes one self-contained, minified ESM file of a program: for dist/, and for the tests that run such a file.
import { build } from "tsdown"
import { pureEffect } from "./pure.mjs"
import { root } from "./support.mjs"
import { withoutAbout } from "./withoutAbout.mjs"

export const bundle = async ({ name, entry, executable }) => {
  const [built] = await build({
    config: false,
    cwd: root,
    entry: { [name]: entry },
    format: "esm",
    platform: "node",
    target: "node20",
    deps: { alwaysBundle: [/.*/], onlyBundle: false },
    // jsonc-parser's `main` loads its parts with a require of its own, which no bundler follows.
    inputOptions: { resolve: { mainFields: ["module", "main"] } },
    outputOptions: { codeSplitting: false },
    plugins: [pureEffect, withoutAbout],
    // Not looked up module by module: the tests that run these files are what says that nothing needed is left out.
    treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
    minify: true,
    dts: false,
    write: false,
    clean: false,
    report: false,
    logLevel: "warn"
  })
  const [chunk, ...others] = built.chunks
  if (chunk === undefined || others.length > 0) throw new Error(`${entry} became ${built.chunks.length} files, not one`)
  const code = executable && !chunk.code.startsWith("#!") ? `#!/usr/bin/env node\n${chunk.code}` : chunk.code
  return { code, moduleIds: chunk.moduleIds }
}
