// Builds the static site into .tmp/site: the pages of docs/ and the reference of each public module, made from its docstrings.
// `node scripts/site.mjs --serve` serves it with live reload instead.
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Application } from "typedoc"
import { publicModules } from "./publicModules.mjs"
import { root } from "./support.mjs"

const reference = join(root, "docs", "api")

/** One Markdown page a module, in a directory that git ignores. */
const writeReference = async () => {
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    tsconfig: join(root, "tsconfig.json"),
    entryPoints: publicModules.map(({ source }) => join(root, source)).filter((source) => !source.endsWith("index.ts")),
    out: reference,
    readme: "none",
    name: "API reference",
    excludeInternal: true,
    excludePrivate: true,
    // What an error class has from Schema and Error is not ours.
    excludeExternals: true,
    sanitizeComments: true,
    disableSources: true,
    logLevel: "Error",
    // Set by the plugin.
    router: "module",
    entryFileName: "index",
    useCodeBlocks: true,
    parametersFormat: "list",
    hideBreadcrumbs: true,
    hidePageHeader: true
  })
  const project = await app.convert()
  if (project === undefined) throw new Error("typedoc could not read the public modules")
  await app.generateOutputs(project)
}

await rm(reference, { recursive: true, force: true })
await writeReference()
const { build, createServer } = await import("vitepress")
const docs = join(root, "docs")
if (process.argv.includes("--serve")) {
  const server = await createServer(docs)
  await server.listen()
  server.printUrls()
} else {
  await build(docs)
}
