// What the scripts share: where the repository is, how to run an installed program.
import { spawn } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..")

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))

export const packageJson = readJson(join(root, "package.json"))

export const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** The file of a program that a package in node_modules brings: to be run with node itself, without npx or a shell. */
export const bin = (packageName, program = packageName) => {
  const folder = join(root, "node_modules", packageName)
  if (!isFile(join(folder, "package.json"))) throw new Error(`${packageName} is not installed: run npm install`)
  const { bin } = readJson(join(folder, "package.json"))
  return join(folder, typeof bin === "string" ? bin : bin[program])
}

/** Runs a program to its end; what it printed, on either stream, in one string. */
export const run = (command, args, { cwd = root, env = {} } = {}) =>
  new Promise((done) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] })
    const chunks = []
    child.stdout.on("data", (chunk) => chunks.push(chunk))
    child.stderr.on("data", (chunk) => chunks.push(chunk))
    child.on("error", (error) => done({ ok: false, output: error.message }))
    child.on("close", (code) => done({ ok: code === 0, output: Buffer.concat(chunks).toString("utf8") }))
  })

/** Runs a program that a package brings, with this very node. */
export const runBin = (packageName, program, args) => run(process.execPath, [bin(packageName, program), ...args])

/** The names of the files under version control or about to be; with `pattern`, those that this glob or directory matches. */
export const repositoryFiles = async (pattern = "**") => {
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
  const { ok, output } = await run("git", [...listing, "--", `:(glob)${pattern}`])
  if (!ok) throw new Error(`git ls-files failed: ${output}`)
  return output.split("\0").filter((file) => file !== "" && isFile(join(root, file)))
}
