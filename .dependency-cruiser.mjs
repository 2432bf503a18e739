// The import rule of CONTRIBUTING.md, for dependency-cruiser. Types count as imports.
import { rooms, seam } from "./scripts/rooms.mjs"

const inside = (path) => `^src/(${path})`

export default {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every-file-has-a-room",
      severity: "error",
      from: { path: "^src/", pathNot: rooms.map(({ path }) => inside(path)) },
      to: {}
    },
    ...rooms.slice(0, -1).map(({ name, path }, at) => ({
      name: `${name}-imports-only-leftwards`,
      severity: "error",
      from: { path: inside(path) },
      to: { path: rooms.slice(at + 1).map((room) => inside(room.path)) }
    })),
    {
      name: "seams-need-only-the-model",
      severity: "error",
      from: { path: seam.from },
      to: { reachable: true, path: "^src/", pathNot: seam.reaches }
    },
    { name: "every-import-resolves", severity: "error", from: {}, to: { couldNotResolve: true, path: "^\\." } }
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" }
  }
}
