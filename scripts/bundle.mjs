// Makes self-contained, minified ESM of a program: for dist/, and for the tests that run what is shipped.
import { build } from "tsdown"
import { root } from "./support.mjs"

/** Everything is inlined, so that they start fast and need nothing that is installed beside them. */
export const programs = {
  bin: { name: "bin", entry: "src/bin.ts", executable: true },
  plugin: { name: "opencode-plugin", entry: "src/opencode/Plugin.ts", executable: false }
}

/** The program's own file comes first; what it imports dynamically is in files beside it (`<name>-<module>.js`). */
export const bundle = async ({ name, entry, executable }) => {
  const [{ chunks }] = await build({
    config: false,
    cwd: root,
    entry: { [name]: entry },
    format: "esm",
    platform: "node",
    target: "node20",
    deps: { alwaysBundle: [/.*/], onlyBundle: false },
    // jsonc-parser's `main` loads its parts with a require of its own, which no bundler follows.
    inputOptions: { resolve: { mainFields: ["module", "main"] } },
    outputOptions: { entryFileNames: "[name].js", chunkFileNames: `${name}-[name].js` },
    // Not looked up module by module: the tests that run these files are what says that nothing needed is left out.
    treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
    minify: true,
    dts: false,
    write: false,
    clean: false,
    report: false,
    logLevel: "warn"
  })
  const files = chunks
    .toSorted((a, b) => Number(b.isEntry) - Number(a.isEntry))
    .map(({ code, fileName, isEntry }) => ({
      name: fileName,
      code: executable && isEntry && !code.startsWith("#!") ? `#!/usr/bin/env node\n${code}` : code,
      executable: executable && isEntry
    }))
  return { files, moduleIds: chunks.flatMap(({ moduleIds }) => moduleIds).filter((id) => !id.startsWith("\0")) }
}
