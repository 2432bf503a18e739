/** What several test files need built: the packed package and our test programs, built once for a state of the sources. */
import { createHash } from "node:crypto"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { basename, join, resolve } from "node:path"
import { eventually, runProgram } from "./processes.js"

const root = resolve(import.meta.dirname, "../..")
const store = join(root, ".tmp", "artifacts")

const filesIn = (path: string): ReadonlyArray<string> =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesIn(join(path, name)))
    : [path]

const digestOf = (sources: ReadonlyArray<string>): string => {
  const hash = createHash("sha256").update(process.version)
  for (const file of sources.flatMap((source) => filesIn(join(root, source)))) {
    hash.update(`${file}\0`).update(readFileSync(file)).update("\0")
  }
  return hash.digest("hex").slice(0, 16)
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

const isHeld = (lock: string): boolean => {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0)
    return true
  } catch {
    return false
  }
}

const patienceMillis = 300_000

/**
 * A folder that `make` fills, once for a state of the sources. Test files run in several processes at once: the first one holds
 * the lock and builds, the others wait for it. A holder that was killed leaves a lock that counts no more.
 */
const artifact = async (
  name: string,
  sources: ReadonlyArray<string>,
  make: (folder: string) => Promise<void>
): Promise<string> => {
  mkdirSync(store, { recursive: true })
  const made = join(store, `${name}-${digestOf(sources)}`)
  const lock = `${made}.lock`
  while (!exists(made)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" })
    } catch {
      await eventually(() => exists(made) || !isHeld(lock), patienceMillis)
      if (!exists(made)) rmSync(lock, { force: true })
      continue
    }
    try {
      for (const old of readdirSync(store)) {
        if (old.startsWith(`${name}-`) && old !== basename(lock)) rmSync(join(store, old), { recursive: true })
      }
      const folder = mkdtempSync(join(store, `${name}-making-`))
      await make(folder)
      if (!exists(made)) renameSync(folder, made)
    } finally {
      rmSync(lock, { force: true })
    }
  }
  return made
}

const succeeds = async (...[command, args, options]: Parameters<typeof runProgram>): Promise<void> => {
  const { status, stderr, stdout } = await runProgram(command, args, options)
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: status ${status}\n${stdout}\n${stderr}`)
}

interface Packed {
  readonly tarball: string
  /** What is in it. */
  readonly folder: string
  /** The program as it is shipped. */
  readonly bin: string
  readonly plugin: string
}

/** The package as npm publishes it; packing builds it first. */
export const packed = async (): Promise<Packed> => {
  const made = await artifact(
    "package",
    ["src", "schema", "scripts", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"],
    async (folder) => {
      // What npm tells its children about this repository must not reach the npm that packs.
      const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
      await succeeds("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root, env })
      const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? ""
      renameSync(join(folder, tarball), join(folder, "package.tgz"))
      await succeeds("tar", ["-xzf", join(folder, "package.tgz"), "-C", folder])
    }
  )
  const folder = join(made, "package")
  return {
    tarball: join(made, "package.tgz"),
    folder,
    bin: join(folder, "dist", "bin.js"),
    plugin: join(folder, "dist", "opencode-plugin.js")
  }
}

/**
 * A TypeScript program that tests start, as JavaScript: a process that compiles its modules itself needs seconds for its start. The
 * compiler runs in a process of its own, because it leaves listeners behind.
 */
export const compiled = async (
  name: "onePlainRun" | "inAWorker" | "manyRuns" | "agent/main" | "demo/main"
): Promise<string> => {
  const made = await artifact(
    "programs",
    ["src", "scripts", "test/support", "test/integration/helpers", "examples", "package-lock.json"],
    async (folder) => {
      await succeeds(process.execPath, [join(root, "scripts", "compile-test-programs.mjs"), folder], { cwd: root })
      // The examples' helpers are programs of their own, found beside them.
      for (const helper of readdirSync(join(root, "examples/demo")).filter((file) => file.endsWith(".mjs"))) {
        copyFileSync(join(root, "examples/demo", helper), join(folder, "demo", helper))
      }
    }
  )
  return join(made, `${name}.mjs`)
}
