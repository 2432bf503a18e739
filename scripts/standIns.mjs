// Puts small modules in the place of large ones of which the opencode plugin uses little, or nothing at all.
import { join } from "node:path"
import { root } from "./support.mjs"

const standIn = (name) => join(root, "src/opencode/plugin/standIns", `${name}.ts`)

const packages = {
  "effect/Stream": "streams",
  "effect/Sink": "streams",
  "effect/Channel": "streams",
  "effect/Queue": "queue",
  "@effect/platform-node-shared/NodeStream": "streams",
  "@effect/platform-node-shared/NodeSink": "streams"
}

/** Effect's own modules name each other by their paths. */
const within = [
  [/^\.\.\/Micro\.js$/, "leftOut"],
  [/^\.\/configProvider\.js$/, "configProvider"],
  [/^\.\/blockedRequests\.js$/, "leftOut"],
  [/^\.\/metric(?:\/boundaries)?\.js$/, "metrics"]
]

/** And ours each other. */
const ours = [[/^(?:\.{1,2}\/)+(?:internal\/cache\/|cache\/)?metrics\.js$/, "metrics"]]

const effectModule = /[\\/]node_modules[\\/]effect[\\/]dist[\\/]/
const ourModule = join(root, "src")

export const standIns = {
  name: "stand-ins",
  resolveId: {
    filter: {
      id: [
        ...Object.keys(packages).map((name) => new RegExp(`^${name}$`)),
        ...[...within, ...ours].map(([name]) => name)
      ]
    },
    handler(source, importer = "") {
      const named = effectModule.test(importer) ? within : importer.startsWith(ourModule) ? ours : []
      const name = packages[source] ?? named.find(([pattern]) => pattern.test(source))?.[1]
      return name === undefined ? null : standIn(name)
    }
  },
  // A name that a stand-in does not have would be `undefined` there, and found out by nobody before it is called.
  onLog(_level, { code, message }) {
    if (code !== "IMPORT_IS_UNDEFINED") return
    throw new Error(
      `${message}\nThe opencode plugin has come to use more: add it to that stand-in, or take its line out here.`
    )
  }
}
