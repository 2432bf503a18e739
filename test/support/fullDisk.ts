/** A disk without space, for tests of what a program leaves there: a tmpfs of 64 KiB, which only root can mount. */
import { spawnSync } from "node:child_process"
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { it } from "vitest"

const mount = (folder: string) =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "effect-apikey-test", folder], { encoding: "utf8" })

const unmount = (folder: string): void => {
  const { status, stderr } = spawnSync("umount", [folder], { encoding: "utf8" })
  if (status !== 0) throw new Error(`umount ${folder}: ${stderr}`)
}

/** Why it cannot be mounted here. */
const problem = ((): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "effect-apikey-mount-"))
  const { error, status, stderr } = mount(folder)
  if (status === 0) unmount(folder)
  rmdirSync(folder)
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
})()

/** `it` where a file system can be mounted. */
export const itOnFullDisk: typeof it | typeof it.skip = (() => {
  if (problem === undefined) return it
  if (process.env["REQUIRE_TOOLS"] === "1") throw new Error(`a tmpfs is required: ${problem}`)
  console.warn(`skipped: no tmpfs can be mounted on this machine: ${problem}`)
  return it.skip
})()

/** Takes all but `free` bytes. */
const fill = (folder: string, free: number): void => {
  const filler = openSync(join(folder, "filler"), "w")
  const page = Buffer.alloc(statfsSync(folder).bsize)
  while (statfsSync(folder).bavail * page.length > free) writeSync(filler, page)
  closeSync(filler)
}

/** Mounts a disk at the directory, has it prepared, fills it up to `free` bytes, and removes it after the test. */
export const withFullDisk = async (
  folder: string,
  { free, prepare }: { readonly free: number; readonly prepare: () => Promise<void> | void },
  test: () => Promise<void>
): Promise<void> => {
  mkdirSync(folder, { recursive: true })
  const { status, stderr } = mount(folder)
  if (status !== 0) throw new Error(`mount ${folder}: ${stderr}`)
  try {
    await prepare()
    fill(folder, free)
    await test()
  } finally {
    rmSync(join(folder, "filler"), { force: true })
    unmount(folder)
  }
}
