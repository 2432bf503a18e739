/** The atomic replacement of a file: all of the new text or all of the old one, on a full disk too. */
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { replaceFile } from "../../src/internal/host/replaceFile.js"
import { codeOf } from "../../src/internal/util/platformError.js"
import { itOnFullDisk, withFullDisk } from "../support/fullDisk.js"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-apikey-replace-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>) =>
  Effect.runPromise(Effect.either(Effect.provide(effect, NodeFileSystem.layer)))

const modeOf = (file: string): number => statSync(file).mode & 0o7777

describe("replaceFile", () => {
  it("makes a file that only the user can read", async () => {
    const file = join(folder, "new")
    expect(await run(replaceFile(file, "text"))).toEqual(Either.right(undefined))
    expect(readFileSync(file, "utf8")).toBe("text")
    expect(modeOf(file)).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["new"])
  })

  it("replaces a file as a whole: an open descriptor still reads the old text", async () => {
    const file = join(folder, "file")
    writeFileSync(file, "old")
    const descriptor = openSync(file, "r")
    expect(await run(replaceFile(file, "new"))).toEqual(Either.right(undefined))
    expect(readFileSync(descriptor, "utf8")).toBe("old")
    closeSync(descriptor)
    expect(readFileSync(file, "utf8")).toBe("new")
  })

  it.each([0o640, 0o444, 0o666])("gives the new file the mode of another: %o", async (mode) => {
    const file = join(folder, "file")
    writeFileSync(file, "old")
    chmodSync(file, mode)
    const replaced = Effect.flatMap(FileSystem.FileSystem, (fs) =>
      Effect.flatMap(fs.stat(file), (like) => replaceFile(file, "new", like))
    )
    expect(await run(replaced)).toEqual(Either.right(undefined))
    expect(readFileSync(file, "utf8")).toBe("new")
    expect(modeOf(file)).toBe(mode)
  })

  it.skipIf(process.getuid?.() !== 0)("gives the new file the owner of another, if it may", async () => {
    const file = join(folder, "file")
    writeFileSync(file, "old")
    chownSync(file, 65_534, 65_534)
    const replaced = Effect.flatMap(FileSystem.FileSystem, (fs) =>
      Effect.flatMap(fs.stat(file), (like) => replaceFile(file, "new", like))
    )
    expect(await run(replaced)).toEqual(Either.right(undefined))
    expect(statSync(file)).toMatchObject({ uid: 65_534, gid: 65_534 })
  })

  it("replaces a symlink itself, not its target", async () => {
    const [target, link] = [join(folder, "target"), join(folder, "link")]
    writeFileSync(target, "theirs")
    symlinkSync(target, link)
    expect(await run(replaceFile(link, "ours"))).toEqual(Either.right(undefined))
    expect(lstatSync(link).isSymbolicLink()).toBe(false)
    expect(readFileSync(target, "utf8")).toBe("theirs")
  })

  it("leaves nothing behind where it cannot put the file", async () => {
    const file = join(folder, "directory")
    mkdirSync(join(file, "inner"), { recursive: true })
    expect(Either.mapLeft(await run(replaceFile(file, "text")), codeOf)).toEqual(Either.left("EISDIR"))
    expect(readdirSync(folder)).toEqual(["directory"])
  })

  // A page that is free takes the start of the text: the first write is short, only the next one fails.
  itOnFullDisk.each([0, 4096, 8192])("keeps the old text on a full disk with %i bytes left", async (free) => {
    const disk = join(folder, "disk")
    const file = join(disk, "file")
    const old = "old ".repeat(3000)
    await withFullDisk(disk, { free, prepare: () => writeFileSync(file, old) }, async () => {
      expect(Either.mapLeft(await run(replaceFile(file, "new ".repeat(3000))), codeOf)).toEqual(Either.left("ENOSPC"))
      expect(readFileSync(file, "utf8")).toBe(old)
      expect(readdirSync(disk).sort()).toEqual(["file", "filler"])
    })
  })
})
