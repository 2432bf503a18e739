/** What trust in a project's declaration is given to: a digest of its text, its destination and the files that its commands run. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { expanded, isInside } from "../host/paths.js"
import { fileDigest } from "../host/readChunks.js"
import { withSortedKeys } from "../util/canonicalJson.js"
import { digestOf } from "../util/digest.js"
import type { ProjectDeclaration } from "./model.js"

const digestVersion = 2

/** The suffixes that Node and Python try if an argument does not name a file: an extension, or a file in the directory. */
const implied: ReadonlyArray<string> = [
  ...[".js", ".json", ".node", ".py"],
  ...["package.json", "index.js", "index.json", "index.node", "__main__.py", "__init__.py"].map((each) => `/${each}`)
]

interface Named {
  readonly named: string
  readonly isProgram: boolean
}

/** Parts of an argv that may name a file: the program's path, an argument or its value after `=`, or a Python module. */
const namesIn = (argv: ReadonlyArray<string>): ReadonlyArray<Named> =>
  argv.flatMap((argument, index): ReadonlyArray<Named> => {
    if (index === 0) return /[\\/]/.test(argument) ? [{ named: argument, isProgram: true }] : []
    // A path may contain `=`.
    const values = new Set([argument, argument.slice(argument.indexOf("=") + 1)])
    const isModule = argv[index - 1] === "-m"
    return Array.from(values, (value) => ({ named: isModule ? value.replaceAll(".", "/") : value, isProgram: false }))
  })

/**
 * The files that a project's commands run: the program, if given by a path, and every argument that names a file in the
 * project. Also found are names as Node and Python use them: without extension, by directory, or by `-m`. Symlinks are
 * followed.
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
    for (const { argv, cwd } of commands) {
      for (const { isProgram, named } of namesIn(argv)) {
        // The program and paths relative to the project count wherever they lead.
        const isBrought = isProgram || !(path.isAbsolute(named) || named.startsWith("~"))
        const ends = isProgram ? [""] : ["", ...implied]
        const candidates = [cwd ?? home, path.dirname(file)].map((base) => expanded(named, { home, cwd: base }, path))
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
    const contents = yield* Effect.forEach(scripts, (script) =>
      Effect.map(Effect.option(fileDigest(script)), (content) => [script, Option.getOrNull(content)])
    )
    const { file, provider, declared, merged } = declaration
    const content = [declared, merged ?? null].map(withSortedKeys)
    return digestOf([digestVersion, file, provider, ...content, Option.getOrNull(origin), contents])
  })
