// What must not stand in the repository: the host of a package registry, a path of somebody's machine.
// Names are put together from their parts here, so that this file passes its own test.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { repositoryFiles, root } from "./support.mjs"

const REGISTRIES = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["deb", "debian", "org"],
  ["security", "debian", "org"],
  ["archive", "ubuntu", "com"],
  ["pypi", "org"],
  ["files", "pythonhosted", "org"],
  ["proxy", "golang", "org"],
  ["static", "crates", "io"]
]
// Allowed home directories: the one that Homebrew documents for Linux, and those of examples.
const HOMES = [["work"], ["root"], ["home", "(?!linuxbrew\\b|me\\b|someone\\b)\\w+"], ["Users", "(?!me\\b)\\w+"]]

const rules = [
  {
    what: "host of a registry",
    pattern: new RegExp(`\\b(${REGISTRIES.map((parts) => parts.join("\\.")).join("|")})\\b`)
  },
  {
    what: "path of a machine",
    pattern: new RegExp(
      `(?<![\\w.~$})*-])/(${HOMES.map((parts) => parts.join("/")).join("|")})(/|\\b(?=["'\`\\s,;:)]|$))`
    )
  }
]

const findings = (await repositoryFiles()).flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8")
  if (text.includes("\0")) return []
  return text
    .split("\n")
    .flatMap((line, index) =>
      rules
        .filter(({ pattern }) => pattern.test(line))
        .map(({ what }) => `${file}:${index + 1} ${what}: ${line.trim().slice(0, 120)}`)
    )
})

for (const finding of findings) console.log(finding)
process.exitCode = findings.length === 0 ? 0 : 1
