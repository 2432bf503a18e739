// The import rule of CONTRIBUTING.md, for dependency-cruiser. Types count as imports.
import { rooms, seam } from "./scripts/rooms.mjs"

/** A regular expression for paths below `src/`: what is in a folder, or one file. */
const anyOf = (paths) => {
  const patterns = paths.map((path) => path.replaceAll(".", "\\.") + (path.endsWith("/") ? "" : "$"))
  return `^src/(${patterns.join("|")})`
}

export default {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every-file-has-a-room",
      severity: "error",
      from: { path: "^src/", pathNot: anyOf(rooms.flatMap(({ files }) => files)) },
      to: {}
    },
    ...rooms.slice(0, -1).map(({ name, files }, at) => ({
      name: `${name}-imports-only-leftwards`,
      severity: "error",
      from: { path: anyOf(files) },
      to: { path: anyOf(rooms.slice(at + 1).flatMap((room) => room.files)) }
    })),
    {
      name: "seams-need-only-the-model",
      severity: "error",
      from: { path: anyOf(seam.files) },
      to: { reachable: true, path: "^src/", pathNot: anyOf(seam.reaches) }
    },
    { name: "every-import-resolves", severity: "error", from: {}, to: { couldNotResolve: true, path: "^\\." } }
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" }
  }
}
