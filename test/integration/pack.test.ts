// The package as a user gets it: packed, installed into an empty folder, imported, type-checked, run.
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { packed } from "../support/artifacts.js"

const root = resolve(import.meta.dirname, "../..")

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Record<string, unknown>
  readonly devDependencies: Record<string, string>
  readonly overrides: Record<string, Record<string, string>>
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>
}

const execute = promisify(execFile)
// What npm tells its children about this repository must not reach the npm of the other folder.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  execute(command, args, { cwd, env: environment, shell: process.platform === "win32" })
const npmInstall = (cwd: string, ...packages: ReadonlyArray<string>) =>
  run(cwd, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", ...packages)

/** As docs/guides/effect-layers.md tells users: two packages of @effect/ai name older peers, so these are pinned to what is installed. */
const consumerOverrides = ({ overrides, devDependencies }: Manifest): Record<string, Record<string, string>> =>
  Object.fromEntries(
    Object.entries(overrides).map(([name, peers]) => [
      name,
      Object.fromEntries(Object.keys(peers).map((peer) => [peer, devDependencies[peer] ?? "*"]))
    ])
  )

const imports = (specifiers: ReadonlyArray<string>) =>
  specifiers
    .map((specifier, index) => `import * as m${index} from ${JSON.stringify(specifier)}\nvoid m${index}\n`)
    .join("")

/**
 * Compiles these files of the consumer, and what is wrong in them and in our declarations. The declarations of other packages are
 * theirs to keep right, and checking them takes most of a compiler's time.
 */
const typeErrors = (folder: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const roots = names.map((name) => join(folder, name))
  const program = ts.createProgram(roots, {
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, types: ["node"] },
    typeRoots: [join(folder, "node_modules", "@types")]
  })
  const consumers = roots.flatMap((file) => program.getSourceFile(file) ?? [])
  const declarations = program.getSourceFiles().filter(({ fileName }) => /node_modules\/effect-apikey\//.test(fileName))
  expect(consumers).toHaveLength(names.length)
  expect(declarations.length).toBeGreaterThan(0)
  const checked = [...consumers, ...declarations].flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file)
  ])
  for (const file of consumers) program.emit(file)
  return [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...checked].map(
    ({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
  )
}

const consumer = `
import { type ApiKeyError, ApiKeyProvider, HelperExecutor } from "effect-apikey"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const key: Effect.Effect<string, ApiKeyError.ApiKeyError, ApiKeyProvider.ApiKeyProvider> =
  ApiKeyProvider.ApiKeyProvider.pipe(
    Effect.flatMap((provider) => provider.get),
    Effect.map((key) => Redacted.value(key.value))
  )

const live: Layer.Layer<ApiKeyProvider.ApiKeyProvider> = ApiKeyProvider.layerCommand({
  argv: ["echo", "sk-123"],
  timeout: "10 seconds"
}).pipe(Layer.provide(HelperExecutor.layer))

console.log(await Effect.runPromise(Effect.provide(key, live)))
`

describe("the packed package", { timeout: 300_000 }, () => {
  let manifest: Manifest
  let folder: string
  let specifiers: ReadonlyArray<string>

  const isSdk = (specifier: string) => specifier.startsWith(`${manifest.name}/sdk/`)

  beforeAll(async () => {
    manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
    specifiers = Object.keys(manifest.exports)
      .filter((subpath) => typeof manifest.exports[subpath] === "object")
      .map((subpath) => subpath.replace(/^\./, manifest.name))
    folder = await mkdtemp(join(tmpdir(), "effect-apikey-consumer-"))
    const { tarball } = await packed()
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({ private: true, type: "module", overrides: consumerOverrides(manifest) })
    )
    await npmInstall(folder, tarball)
  }, 300_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it("runs its program", async () => {
    const version = await run(folder, "npx", "--no-install", "effect-apikey", "--version")
    expect(version.stdout.trim()).toBe(manifest.version)
    const key = await run(folder, "npx", "--no-install", "effect-apikey", "get", "--", "echo", "sk-123")
    expect(key.stdout.trim()).toBe("sk-123")
  })

  it("is imported without any SDK", async () => {
    await writeFile(join(folder, "core.mjs"), imports(specifiers.filter((specifier) => !isSdk(specifier))))
    await run(folder, process.execPath, "core.mjs")
  })

  it("is imported, type-checked and used beside the SDKs", async () => {
    const peers = Object.keys(manifest.peerDependenciesMeta).map((name) => `${name}@${manifest.devDependencies[name]}`)
    await npmInstall(folder, ...peers, `@types/node@${manifest.devDependencies["@types/node"]}`)
    await writeFile(join(folder, "all.ts"), imports(specifiers))
    await writeFile(join(folder, "consumer.ts"), consumer)
    expect(typeErrors(folder, ["all.ts", "consumer.ts"])).toEqual([])

    await run(folder, process.execPath, "all.js")
    const used = await run(folder, process.execPath, "consumer.js")
    expect(used.stdout).toBe("sk-123\n")
  })
})
