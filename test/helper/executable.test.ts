/** What this system can execute itself. A shell would read anything else as a script, and each of these files is one. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { formatRemedy, handles } from "../../src/internal/helper/executable.js"
import { membersOf } from "../support/processes.js"
import { keyOf } from "../support/runs.js"

let root = ""
const at = (name: string): string => join(root, name)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "foreign-"))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const script = (): string => `\necho read >> '${at("a-shell-read-it")}'\necho sk-read-by-a-shell-0123\nexit 0\n`

const program = (name: string, content: string | Buffer): string => {
  writeFileSync(at(name), content)
  chmodSync(at(name), 0o755)
  return at(name)
}

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex")

/** The ELF header of this node, changed at one place, and a script after it. */
const elf = (change: (header: Buffer) => void): Buffer => {
  const header = readFileSync(process.execPath).subarray(0, 1024)
  const copy = Buffer.from(header)
  change(copy)
  return Buffer.concat([copy, Buffer.from(script())])
}

const foreign: ReadonlyArray<readonly [name: string, content: () => string | Buffer, remedy: RegExp]> = [
  ["a 64-bit program of macOS", () => Buffer.concat([bytes("cffaedfe0c000001"), Buffer.from(script())]), /macOS/],
  ["a universal program of macOS", () => Buffer.concat([bytes("cafebabe00000002"), Buffer.from(script())]), /macOS/],
  ["a program of Windows", () => `MZ${script()}`, /Windows/],
  ["a class file of Java", () => Buffer.concat([bytes("cafebabe00000041"), Buffer.from(script())]), /not a program of/],
  ["WebAssembly", () => Buffer.concat([bytes("0061736d01000000"), Buffer.from(script())]), /not a program of/],
  ["an archive", () => Buffer.concat([bytes("1f8b080000000000"), Buffer.from(script())]), /not a program of/],
  ["a script without #!", script, /no #! line/],
  ["a page that was downloaded in place of the program", () => `<!DOCTYPE html>${script()}`, /no #! line/],
  ["a script after a byte order mark", () => `\uFEFF#!/bin/sh${script()}`, /byte order mark/],
  ["a script after an empty line", () => `\n#!/bin/sh${script()}`, /no #! line/],
  ["a script whose #! is all of its line", () => `#!${script()}`, /names no interpreter/],
  ["a script whose #! is followed by spaces", () => `#!  \t ${script()}`, /names no interpreter/],
  ["a script with an interpreter of 300 characters", () => `#!/bin/${"x".repeat(300)}${script()}`, /names no interpr/],
  ["an empty file", () => "", /empty/]
]

const foreignElf: typeof foreign = [
  ["a Linux program for another processor", () => elf((header) => header.writeUInt16LE(8, 18)), /another system/],
  ["an object file", () => elf((header) => header.writeUInt16LE(1, 16)), /another system/],
  ["a program of the other byte order", () => elf((header) => header.writeUInt8(2, 5)), /another system/],
  ["the start of a program", () => elf(() => undefined).subarray(0, 60), /incomplete/],
  ["the first 100 bytes of a program", () => elf(() => undefined).subarray(0, 100), /incomplete/]
]

const cases = process.platform === "linux" ? [...foreign, ...foreignElf] : foreign

describe("no shell reads", () => {
  for (const [index, [name, content, remedy]] of cases.entries()) {
    it(`${name}: it is CommandNotExecutable, which says why`, async () => {
      const started: Array<number> = []
      const file = program(`program-${index}`, content())
      const run = keyOf({ argv: [file] }, (pid) => started.push(pid))
      const error = await Effect.runPromise(Effect.flip(run))
      assert.include(error, { _tag: "CommandNotExecutable", path: file })
      assert.match(error.hint, remedy)
      assert.deepStrictEqual(started, [], "nothing was started")
      assert.isFalse(existsSync(at("a-shell-read-it")))
    })
  }

  it("a script whose interpreter is no program of this system, or has such an interpreter", async () => {
    const interpreter = program("interpreter", Buffer.concat([bytes("cffaedfe0c000001"), Buffer.from("\n")]))
    const first = program("first", `#!${interpreter}${script()}`)
    const second = program("second", `#! ${first} -x${script()}`)
    for (const file of [first, second]) {
      const error = await Effect.runPromise(Effect.flip(keyOf({ argv: [file] })))
      assert.strictEqual(error._tag, "CommandNotExecutable")
      assert.include(error.hint, `Its interpreter ${interpreter} cannot be executed`)
      assert.include(error.hint, "macOS")
    }
    assert.isFalse(existsSync(at("a-shell-read-it")))
  })
})

describe("this system executes", () => {
  const started: Array<number> = []
  const run = (...argv: ReadonlyArray<string>) => Effect.runPromise(keyOf({ argv }, (pid) => started.push(pid)))

  it("a program, a copy of it, a script, and a script whose interpreter is a script", async () => {
    const key = "sk-0123456789-good"
    const copy = at("copied-echo")
    copyFileSync("/bin/echo", copy)
    chmodSync(copy, 0o755)
    const plain = program("plain", `#!/bin/sh\necho ${key}\n`)
    const spaced = program("spaced", `#! \t/bin/sh -e\necho ${key}\n`)
    const outer = program("outer", `#!${plain}\n`)
    for (const argv of [["/bin/echo", key], [copy, key], [plain], [spaced], [outer]]) {
      assert.strictEqual(await run(...argv), key)
    }
    assert.deepStrictEqual(membersOf(started), [])
  })

  it("what cannot be read: a shell could not read it either", async () => {
    const fs = FileSystem.layerNoop({})
    const verdict = await Effect.runPromise(Effect.provide(formatRemedy(at("nowhere")), fs))
    assert.isTrue(Option.isNone(verdict))
  })
})

describe("a handler in binfmt_misc", () => {
  const wsl = "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n"
  const qemu = `enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OCF\noffset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff\n`
  const byName = "enabled\ninterpreter /usr/bin/java-jar\nflags: \nextension .jar\n"

  it("is found by the magic number under its mask, at its offset, or by the extension", () => {
    const arm64 = bytes("7f454c460201010300000000000000000300b70001000000")
    assert.isTrue(handles(wsl, Buffer.from("MZ\u0090"), "/op.exe"))
    assert.isFalse(handles(wsl, Buffer.from("M"), "/op.exe"))
    assert.isTrue(handles(qemu, arm64, "/op"))
    assert.isFalse(handles(qemu, bytes("7f454c460201010000000000000000000300f300"), "/op"))
    assert.isTrue(handles(byName, Buffer.from("PK"), "/tool.jar"))
    assert.isFalse(handles(byName, Buffer.from("PK"), "/tool.jar.bak"))
    assert.isTrue(handles("enabled\ninterpreter /x\nflags: \noffset 2\nmagic 5a\n", Buffer.from("MMZ"), "/x"))
    assert.isFalse(handles(wsl.replace("enabled", "disabled"), Buffer.from("MZ"), "/op.exe"))
    assert.isFalse(handles("enabled\ninterpreter /x\nflags: \n", Buffer.from("MZ"), "/x"))
  })

  const withHandlers = (handlers: Readonly<Record<string, string>>) =>
    Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({
        ...fs,
        readDirectory: () => Effect.succeed(Object.keys(handlers)),
        readFileString: (path: string) => Effect.succeed(handlers[path.split("/").pop() ?? ""] ?? "")
      }))
    ).pipe(Layer.provide(NodeFileSystem.layer))

  it("makes a foreign file a program of this system, while handlers are enabled", async () => {
    const file = program("op.exe", "MZ\n")
    const verdict = (handlers: Readonly<Record<string, string>>) =>
      Effect.runPromise(Effect.provide(formatRemedy(file, "linux"), withHandlers(handlers)))
    assert.isTrue(Option.isNone(await verdict({ status: "enabled\n", register: "", WSLInterop: wsl })))
    assert.isTrue(Option.isSome(await verdict({ status: "disabled\n", register: "", WSLInterop: wsl })))
    assert.isTrue(Option.isSome(await verdict({ status: "enabled\n", register: "", jar: byName })))
    assert.isTrue(Option.isSome(await verdict({ status: "enabled\n" })))
    truncateSync(file)
    assert.isTrue(Option.isSome(await verdict({ status: "enabled\n", register: "", WSLInterop: wsl })))
  })

  it("counts for Linux alone", async () => {
    const file = program("another.exe", "MZ\n")
    const verdict = formatRemedy(file, "freebsd").pipe(Effect.provide(withHandlers({ status: "enabled", x: wsl })))
    assert.isTrue(Option.isSome(await Effect.runPromise(verdict)))
  })
})
