// docs/reference/known-helpers.md: the catalog of helpers, and what docs/data says of each row.
import * as helpers from "../../docs/data/helpers.ts"
import { inJsonWords, toRemedy } from "../../src/internal/model/remedy.ts"
import { code, list, page, plain } from "./markdown.mjs"

const conditionOf = ({ exitCode, stderr, stdout }) =>
  [
    ...(exitCode === undefined ? [] : [`status ${exitCode}`]),
    ...(stderr === undefined
      ? []
      : [String(stderr) === "/^\\s*$/" ? "nothing on stderr" : `stderr has ${code(stderr.source)}`]),
    ...(stdout === undefined ? [] : [`stdout has ${code(stdout.source)}`])
  ].join(", ")

const remedyOf = ({ remedy }) => (remedy === undefined ? "" : `. ${plain(inJsonWords(toRemedy(remedy)))}`)

const failureOf = (failure, evidence) =>
  `${conditionOf(failure)}: ${code(failure.reason)}${remedyOf(failure)}${failure.evidence === evidence ? "" : ` (${failure.evidence})`}`

/** Names of variables, and their values if they are set: `undefined` unsets one. */
const variables = (when, env = {}) => {
  const set = Object.entries(env).filter(([, value]) => value !== undefined)
  const unset = Object.entries(env).filter(([, value]) => value === undefined)
  return [
    ...(set.length === 0
      ? []
      : [`Set for ${when}: ${set.map(([name, value]) => code(`${name}=${value}`)).join(", ")}`]),
    ...(unset.length === 0 ? [] : [`Unset for ${when}: ${unset.map(([name]) => code(name)).join(", ")}`])
  ]
}

const section = ({ evidence, failures, format, install, mayPrompt, name, source, speaks, ...entry }) => [
  `## ${name}`,
  list([
    `Install: ${plain(install)}`,
    `Prints: ${speaks.map(code).join(", ")}`,
    ...(format === undefined ? [] : [`\`auto\` reads it as ${code(format)}`]),
    ...Object.entries(entry.subcommandFormats ?? {}).map(
      ([subcommand, each]) => `\`auto\` reads ${code(subcommand)} as ${code(each)}`
    ),
    ...(mayPrompt ? ["May prompt the user without a terminal"] : []),
    ...(entry.timeToLive === undefined ? [] : [`A key without an expiry is used for ${entry.timeToLive}`]),
    ...variables("a run", entry.env),
    ...variables("a run without a terminal", entry.envWithoutTerminal),
    `Known from (${evidence}): ${plain(source)}`
  ]),
  "Failures:",
  list(failures.map((failure) => failureOf(failure, evidence)))
]

export const problems = () => helpers.problems

export const make = () =>
  page(
    "Known helpers",
    "src/internal/catalog and docs/data/helpers.ts",
    "What effect-apikey knows of well-known programs. Any other program works too: only these hints are missing. [Keys from your tools](../tools/README.md) shows how to configure them.",
    list([
      "**Format**: how `auto` reads the output. If none is given, the output decides. See [formats](formats.md).",
      "**Prompts**: a program that may prompt has 2 minutes and no background refresh. Its run continues when the last caller leaves.",
      "**Failures**: what a failure means, and what to do. The first that matches counts. Status 75 is `Unavailable` for every program.",
      "**Variables**: what is set or unset, so that the program neither prompts nor answers in another form. A command's `env` wins.",
      "**Life**: a key without an expiry is used for 5 minutes, if nothing else is given."
    ]),
    "*measured* was seen with the real program in the given version. *manual* is from its manual or source. A failure with another evidence than its program says so.",
    helpers.documented.flatMap(section)
  )
