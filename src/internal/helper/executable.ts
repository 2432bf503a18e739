/**
 * Whether this system can execute a file itself. If it cannot, the C library's `execvp` gives the file to /bin/sh, which reads
 * the bytes of a foreign program as a script.
 */

import { existsSync } from "node:fs"
import { endianness, machine } from "node:os"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { printable } from "../redact/terminal.js"

/** How much of a file the kernel reads to decide: 256 bytes on Linux, 512 on macOS. */
const headBytes = process.platform === "darwin" ? 512 : 256
const maxShown = 80
/** An interpreter may be a script too. Linux follows five. */
const maxInterpreters = 5

interface Head {
  readonly bytes: Buffer
  readonly size: number
}

/** None if the file does not exist or cannot be read. A shell could not read such a file either. */
const readHead = (path: string): Effect.Effect<Option.Option<Head>, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.open(path, { flag: "r" })),
    Effect.flatMap((file) => Effect.all({ head: file.readAlloc(headBytes), info: file.stat })),
    Effect.scoped,
    Effect.map(({ head, info }) => ({
      bytes: Buffer.from(Option.getOrElse(head, () => new Uint8Array())),
      size: Number(info.size)
    })),
    Effect.option
  )

/** Why the system itself would not execute a file, as the remedy. None if it would, or if the file cannot be read. */
export const formatRemedy = (
  path: string,
  platform: NodeJS.Platform = process.platform
): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  platform === "win32" ? Effect.succeedNone : inspect(path, platform, maxInterpreters)

const inspect = (
  path: string,
  platform: NodeJS.Platform,
  depth: number
): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(
    readHead(path),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (head) => {
        const text = head.bytes.toString("latin1")
        if (text.startsWith("#!")) return inspectInterpreter(text, platform, depth)
        if (isNative(head, platform)) return Effect.succeedNone
        return Effect.map(isRegistered(head.bytes, path, platform), (registered) =>
          registered ? Option.none() : Option.some(remedyOf(head.bytes))
        )
      }
    })
  )

/** If this system cannot execute the interpreter, the shell would read the script. */
const inspectInterpreter = (
  text: string,
  platform: NodeJS.Platform,
  depth: number
): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> => {
  const interpreter = interpreterIn(text)
  if (interpreter === undefined) {
    return Effect.succeedSome("Its #! line names no interpreter; make it name one, such as #!/bin/sh.")
  }
  if (depth === 0) return Effect.succeedNone
  return Effect.map(
    inspect(interpreter, platform, depth - 1),
    Option.map((remedy) => `Its interpreter ${shown(interpreter)} cannot be executed. ${remedy}`)
  )
}

/** Undefined if it is missing, or so long that the kernel does not see its end. */
const interpreterIn = (text: string): string | undefined => {
  const found = /^#![ \t]*([^ \t\n\0]+)/.exec(text)
  return found === null || (found[0].length === text.length && text.length === headBytes) ? undefined : found[1]
}

const shown = (path: string): string => printable(path).slice(0, maxShown)

interface ElfFormat {
  readonly machine: number
  /** EI_CLASS: 1 is 32 bit, 2 is 64 bit. */
  readonly bits: number
}

const x64: ElfFormat = { machine: 62, bits: 2 }
const ia32: ElfFormat = { machine: 3, bits: 1 }
const arm64: ElfFormat = { machine: 183, bits: 2 }
const arm: ElfFormat = { machine: 40, bits: 1 }

/** By `process.arch` and by the kernel's name of the machine: a 32-bit process may run on a 64-bit kernel. */
const elfFormats: Readonly<Record<string, ElfFormat>> = {
  x64,
  x86_64: x64,
  ia32,
  i386: ia32,
  i686: ia32,
  arm64,
  aarch64: arm64,
  arm,
  armv7l: arm,
  armv6l: arm,
  ppc64: { machine: 21, bits: 2 },
  ppc64le: { machine: 21, bits: 2 },
  s390x: { machine: 22, bits: 2 },
  riscv64: { machine: 243, bits: 2 },
  loong64: { machine: 258, bits: 2 },
  loongarch64: { machine: 258, bits: 2 }
}

/** What a 64-bit kernel also executes if it has the file. */
const compatible: ReadonlyArray<readonly [kernel: ElfFormat, other: ElfFormat, proof: string]> = [
  [x64, ia32, "/proc/sys/abi/vsyscall32"],
  [arm64, arm, "/proc/sys/abi/cp15_barrier"]
]

const machOMagic: ReadonlyArray<string> = ["feedface", "feedfacf", "cefaedfe", "cffaedfe"]
/** Java's class files have the same magic number, followed by a version that is larger than any number of architectures. */
const universalMagic: ReadonlyArray<string> = ["cafebabe", "cafebabf"]
const maxArchitectures = 40

const isMachO = (bytes: Buffer): boolean => {
  const magic = bytes.toString("hex", 0, 4)
  return (
    machOMagic.includes(magic) ||
    (universalMagic.includes(magic) && bytes.length >= 8 && bytes.readUInt32BE(4) < maxArchitectures)
  )
}

const isElf = (bytes: Buffer): boolean => bytes.toString("latin1", 0, 4) === "\u007FELF"

const isNative = (head: Head, platform: NodeJS.Platform): boolean =>
  platform === "darwin" ? isMachO(head.bytes) : isElf(head.bytes) && (platform !== "linux" || isLinuxElf(head))

/** As the kernel judges an ELF header: class, byte order, type, machine, and program headers that are all there. */
const isLinuxElf = ({ bytes, size }: Head): boolean => {
  const bits = bytes[4]
  if (bytes.length < (bits === 2 ? 64 : 52)) return false
  const isLittle = bytes[5] === 1
  if (isLittle !== (endianness() === "LE")) return false
  const short = (at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const long = (at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const isProgram = [2, 3].includes(short(16))
  // Offsets in a 64-bit file have 8 bytes; program headers stand in its first 4 GiB.
  const [start, entrySize, count] =
    bits === 2 ? [long(isLittle ? 32 : 36), short(54), short(56)] : [long(28), short(42), short(44)]
  const isWhole = entrySize === (bits === 2 ? 56 : 32) && count > 0 && start + entrySize * count <= size
  return isProgram && isWhole && runsHere({ machine: short(18), bits: bits ?? 0 })
}

const runsHere = (format: ElfFormat): boolean => {
  const is = (other: ElfFormat | undefined): boolean => other?.machine === format.machine && other.bits === format.bits
  const native = [elfFormats[process.arch], elfFormats[machine()]]
  // An unknown machine: the kernel judges.
  if (native.every((each) => each === undefined)) return true
  return (
    native.some(is) ||
    compatible.some(([kernel, other, proof]) => native.includes(kernel) && is(other) && existsSync(proof))
  )
}

const handlersDirectory = "/proc/sys/fs/binfmt_misc"

/** Whether a handler for the file is registered in binfmt_misc: WSL runs `op.exe` so, and qemu runs foreign programs. */
const isRegistered = (
  head: Buffer,
  path: string,
  platform: NodeJS.Platform
): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  platform !== "linux"
    ? Effect.succeed(false)
    : Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const read = (name: string) => fs.readFileString(`${handlersDirectory}/${name}`)
        if ((yield* read("status")).trim() !== "enabled") return false
        const names = (yield* fs.readDirectory(handlersDirectory)).filter(
          (name) => name !== "status" && name !== "register"
        )
        const handlers = yield* Effect.forEach(names, read)
        return handlers.some((handler) => handles(handler, head, path))
      }).pipe(Effect.orElseSucceed(() => false))

/** One file of binfmt_misc: `enabled`, then `extension .x`, or `offset`, `magic` and `mask` in hexadecimal. */
export const handles = (handler: string, head: Buffer, path: string): boolean => {
  const lines = handler.split("\n")
  if (lines[0] !== "enabled") return false
  const value = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1)
  const extension = value("extension")
  if (extension !== undefined) return path.endsWith(extension)
  const magic = Buffer.from(value("magic") ?? "", "hex")
  const mask = Buffer.from(value("mask") ?? "ff".repeat(magic.length), "hex")
  const found = head.subarray(Number(value("offset") ?? 0)).subarray(0, magic.length)
  return (
    magic.length > 0 &&
    found.length === magic.length &&
    magic.every((byte, at) => (((found[at] ?? 0) ^ byte) & (mask[at] ?? 0)) === 0)
  )
}

const thisSystem = `${process.platform} ${process.arch}`

const remedyOf = (head: Buffer): string => {
  const install = `install the one for ${thisSystem}.`
  if (head.length === 0) return "It is empty; install it again."
  if (isElf(head)) return `It was built for another system or processor, or is incomplete; ${install}`
  if (isMachO(head)) return `It was built for another system (macOS); ${install}`
  if (head.toString("latin1", 0, 2) === "MZ") return `It was built for another system (Windows); ${install}`
  if (head.toString("utf8").startsWith("\uFEFF#!")) {
    return "It starts with a byte order mark, so its #! line does not count; save it without."
  }
  return head.includes(0)
    ? `It is not a program of this system; ${install}`
    : "It has no #! line; make its first line name the interpreter, such as #!/bin/sh."
}

/** Explains "no such file" for an existing program, from its first bytes: its interpreter is missing. */
export const interpreterRemedy = (path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  Effect.map(
    readHead(path),
    Option.flatMapNullable(({ bytes }) => missingInterpreter(bytes))
  )

const missingInterpreter = (head: Buffer): string | undefined => {
  if (isElf(head)) return "Its loader is missing: it was built for another system or another C library."
  const [line = ""] = head.toString("latin1").split("\n", 1)
  const interpreter = interpreterIn(line)
  if (interpreter === undefined) return undefined
  return line.endsWith("\r")
    ? "Its lines end as on Windows (CR LF), so its interpreter is not found; save it with LF alone."
    : `Its interpreter ${shown(interpreter)} does not exist; install it or correct the first line.`
}
