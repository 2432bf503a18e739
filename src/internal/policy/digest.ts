/** What trust in a project's declaration is given to: a digest of its text, its destination and the files that its commands run. */

import { randomUUID } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { expanded, isInside } from "../host/paths.js"
import { fileDigest } from "../host/readChunks.js"
import type { RunOptions } from "../source/schema.js"
import { withSortedKeys } from "../util/canonicalJson.js"
import { digestOf } from "../util/digest.js"
import type { ProjectDeclaration } from "./model.js"

const digestVersion = 2

/** The suffixes that interpreters try if an argument does not name a file: an extension, or a file in the directory. */
const implied: ReadonlyArray<string> = [
  ...[".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".tsx", ".jsx", ".json", ".node"],
  ...[".py", ".rb", ".pl", ".pm", ".lua", ".sh", ".php"],
  ...["package.json", "index.js", "index.mjs", "index.cjs", "index.ts", "index.json", "index.node"].map(
    (each) => `/${each}`
  ),
  ...["__main__.py", "__init__.py", "flake.nix", "mod.ts"].map((each) => `/${each}`)
]

interface Named {
  readonly named: string
  readonly isProgram: boolean
}

/** What separates a path from other text: `file:///x`, `@x`, `--a=b=x`, `a,x`, `. ./x`, `"x"`, `.#x`. */
const separators = /file:\/\/|[\s=:,;@#'"`()<>|&]+/

/**
 * What a text may name: itself, since a path may contain any character, what follows its first `=` or a letter (`-rPATH`), and each
 * part between separators.
 */
export const pathsIn = (text: string): ReadonlyArray<string> =>
  Array.from(
    new Set([
      text,
      text.slice(text.indexOf("=") + 1),
      text.replace(/^-[A-Za-z]/, ""),
      ...text.split(separators).flatMap((part) => [part, part.replace(/^-[A-Za-z]/, "")])
    ])
  ).filter((each) => each !== "")

/** What a command may name: the program's path, parts of an argument or of a variable's value, or a Python module. */
const namesIn = ({ argv, env = {} }: RunOptions): ReadonlyArray<Named> => {
  const [program, ...args] = argv
  const texts = [...args, ...Object.values(env).flatMap((value) => value ?? [])]
  const modules = args.filter((_, index) => argv[index] === "-m").map((each) => each.replaceAll(".", "/"))
  return [
    ...(/[\\/]/.test(program) ? [{ named: program, isProgram: true }] : []),
    ...[...texts.flatMap(pathsIn), ...modules].map((named) => ({ named, isProgram: false }))
  ]
}

/**
 * The files that a project's commands run: the program, if given by a path, and every part of an argument or of `env` that names
 * a file in the project. Also found are names as interpreters use them: without extension, by directory, or by `-m`. Symlinks
 * are followed.
 *
 * @since 0.1.0
 * @category getters
 */
export const scriptsOf = ({
  root,
  commands,
  file
}: ProjectDeclaration): Effect.Effect<ReadonlyArray<string>, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { home } = yield* HostEnvironment
    const found = new Set<string>()
    for (const command of commands) {
      for (const { isProgram, named } of namesIn(command)) {
        // The program and paths relative to the project count wherever they lead.
        const isBrought = isProgram || !(path.isAbsolute(named) || named.startsWith("~"))
        const ends = isProgram ? [""] : ["", ...implied]
        const candidates = [command.cwd ?? home, path.dirname(file)].map((base) =>
          expanded(named, { home, cwd: base }, path)
        )
        for (const place of candidates.flatMap((each) => ends.map((end) => each + end))) {
          const real = yield* Effect.option(fs.realPath(place))
          if (Option.isNone(real)) continue
          const isProjects = [place, real.value].some((each) => isInside(root, each, path))
          if (!isBrought && !isProjects) continue
          const info = yield* Effect.option(fs.stat(real.value))
          if (Option.exists(info, ({ type }) => type === "File")) found.add(real.value)
        }
      }
    }
    return Array.from(found).sort()
  })

/**
 * What stands for trust in a declaration and the origin that the key goes to. It changes with the file's path, with
 * anything that the file says of the provider, with the command that it has a part in, with the origin, and with any file of the project that its commands name.
 *
 * @since 0.1.0
 * @category getters
 */
export const digest = (
  declaration: ProjectDeclaration,
  origin: Option.Option<string>
): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const scripts = yield* scriptsOf(declaration)
    // A file that cannot be read may change unseen, so no digest of it equals another.
    const contents = yield* Effect.forEach(scripts, (script) =>
      Effect.map(Effect.option(fileDigest(script)), (content) => [script, Option.getOrElse(content, randomUUID)])
    )
    const { file, provider, declared, merged } = declaration
    const content = [declared, merged ?? null].map(withSortedKeys)
    return digestOf([digestVersion, file, provider, ...content, Option.getOrNull(origin), contents])
  })
