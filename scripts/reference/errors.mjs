// docs/reference/errors.md: what each error means (its docstring), what it prints (an instance of docs/data), and its exit status.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { errors } from "../../docs/data/errors.ts"
import { ApiKeyError } from "../../src/ApiKeyError.ts"
import { exitStatusOf, interrupted, unexpected, usage } from "../../src/cli/exit.ts"
import { root } from "../support.mjs"
import { code, fenced, list, page, table } from "./markdown.mjs"

const file = "src/ApiKeyError.ts"
const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true)
const docstrings = Object.fromEntries(
  source.statements.filter(ts.isClassDeclaration).map((declaration) => [
    declaration.name.text,
    ts
      .getJSDocCommentsAndTags(declaration)
      .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "")
      .join(" ")
      .replace(/\s*\n\s*/g, " ")
  ])
)

/** Fields that every error has. */
const common = ["_tag", "remedy", "retryAt"]

const classes = new Map(ApiKeyError.members.map((member) => [member._tag, member]))

const fieldsOf = (tag) => Object.keys(classes.get(tag).fields).filter((name) => !common.includes(name))

/** What the instances that have something in common are called: `LoginRequired`, `Denied`. */
const namesBy = (instances, property) => {
  const groups = new Map()
  for (const [name, error] of Object.entries(instances)) {
    const value = property(error)
    groups.set(value, [...(groups.get(value) ?? []), name])
  }
  return [...groups]
}

const perInstance = (instances, property) => {
  const groups = namesBy(instances, property)
  const isOne = groups.length === 1
  return groups.map(([value, names]) => (isOne ? `${value}` : `${value} (${names.map(code).join(", ")})`)).join(", ")
}

/** As the command line prints it. Equal ones are shown once. */
const printed = (instances) =>
  [...new Set(Object.values(instances).map(({ hint, message }) => `${message}\n  ${hint}`))].join("\n\n")

const section = ([tag, instances]) => [
  `## ${tag}`,
  docstrings[tag],
  list([
    `Fields: ${fieldsOf(tag).map(code).join(", ")}`,
    `Exit status: ${perInstance(instances, exitStatusOf)}`,
    `Retried: ${perInstance(instances, ({ isTransient }) => (isTransient ? "yes" : "no"))}`
  ]),
  fenced(printed(instances))
]

const others = [
  [0, "success"],
  [usage, "wrong arguments; nothing was run"],
  [unexpected, "a fault of effect-apikey; please report it"],
  [interrupted, "interrupted, for example by Ctrl-C"]
]

const statuses = () => {
  const byStatus = new Map(others.map(([status, meaning]) => [status, [meaning]]))
  for (const [tag, instances] of Object.entries(errors)) {
    const groups = namesBy(instances, exitStatusOf)
    for (const [status, names] of groups) {
      const which = groups.length === 1 ? "" : `: ${names.map(code).join(", ")}`
      byStatus.set(status, [...(byStatus.get(status) ?? []), `[${tag}](#${tag.toLowerCase()})${which}`])
    }
  }
  return [...byStatus].sort(([a], [b]) => a - b).map(([status, meanings]) => [`${status}`, meanings.join("<br>")])
}

export const problems = () =>
  Object.keys(errors)
    .filter((tag) => docstrings[tag] === undefined || docstrings[tag] === "")
    .map((tag) => `${file}: ${tag} has no docstring`)

export const make = () =>
  page(
    "Errors",
    "src/ApiKeyError.ts, src/cli/exit.ts and docs/data/errors.ts",
    "Every way in which getting a key can fail. [Troubleshooting](../troubleshooting.md) starts from the message.",
    "Each error has, besides its own fields:",
    list([
      "`_tag`: its name, as in the headings of this page",
      "`message`: what happened, in one line",
      "`hint`: what to do, in one line; `remedy` has the same as data",
      "`isTransient`: whether a retry may help",
      "`retryAt`: set during a back-off; no run starts before this instant"
    ]),
    "`command` is the program's name only. Arguments and output can hold secrets, so no error contains them.",
    "A known helper's failure has a remedy of its own, with the helper's commands. See [known helpers](known-helpers.md).",
    "Without Effect, `effect-apikey/promise` throws an `ApiKeyFailure` with the same `_tag`, `message` and `hint`.",
    "## Exit statuses",
    "The statuses of the command line. `check` exits with that of the first provider that has no key.",
    table(["status", "meaning"], statuses()),
    Object.entries(errors).flatMap(section)
  )
