/** `effect-apikey opencode init`: adds the plugin and a provider's command to the user's opencode.jsonc. */

import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { isNonEmptyReadonlyArray } from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ApiKeyError, ConfigInvalid } from "../ApiKeyError.js"
import * as HelperExecutor from "../HelperExecutor.js"
import { HostEnvironment, xdg } from "../internal/host/HostEnvironment.js"
import { mayExist, realPathOf } from "../internal/host/paths.js"
import { isFull, replaceFile } from "../internal/host/replaceFile.js"
import { withoutSecrets } from "../internal/redact/redact.js"
import { escaped } from "../internal/redact/terminal.js"
import { readText } from "../internal/source/jsonc.js"
import { codeOf } from "../internal/util/platformError.js"
import { shellWord } from "../internal/util/shell.js"
import { changeFor, otherOf, problemWith } from "../opencode/init.js"
import { confirm } from "./confirm.js"
import { UsageError } from "./exit.js"

export interface InitOptions {
  readonly baseUrl?: string
  readonly npm?: string
  readonly yes?: boolean
}

const example = "For example: effect-apikey opencode init openai -- op read op://Private/OpenAI/api-key"

const names = ["opencode.jsonc", "opencode.json", "config.json"] as const

/** The existing file that wins in opencode, else the name of a new file. `others` are the other existing files. */
const configFiles = Effect.gen(function* () {
  const path = yield* Path.Path
  const folder = path.join(xdg(yield* HostEnvironment, "XDG_CONFIG_HOME", path.join), "opencode")
  const named = names.map((name) => path.join(folder, name))
  const [file, ...others] = yield* Effect.filter(named, mayExist)
  return { file: file ?? path.join(folder, names[0]), isThere: file !== undefined, others }
})

/** A note for a symlinked file. opencode follows the link, but a file in another directory needs the user's trust. */
const noteOnLink = Effect.fnUntraced(function* (file: string) {
  const path = yield* Path.Path
  const { home } = yield* HostEnvironment
  const real = yield* realPathOf(file)
  const own = yield* Effect.forEach([path.dirname(file), path.join(home, ".opencode")], realPathOf)
  return own.includes(path.dirname(real))
    ? []
    : [
        `the file is a symlink to ${real}, in another directory, so its commands need your trust: after each change run ` +
          `effect-apikey trust ${shellWord(real)}, or make the directory the symlink instead of the file`
      ]
})

const noteOnUnread = ({ message }: ApiKeyError): string =>
  `${message}; it was not looked at: put plugins that it lists into this file's list, too`

const unwritable = (file: string, folder: string) => (error: PlatformError) => {
  const code = codeOf(error)
  return new ConfigInvalid({
    file,
    line: 0,
    column: 0,
    problem: `it cannot be written (${code})`,
    remedy: `Nothing was changed. ${
      isFull(code) ? `Free some space on the disk of ${folder}.` : "Correct the permissions of the file and its folder."
    }`
  })
}

/** Symlinks are followed. An existing file keeps its permissions and owner. */
const write = Effect.fnUntraced(function* (file: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const target = yield* realPathOf(file)
  const folder = path.dirname(target)
  yield* Effect.gen(function* () {
    yield* fs.makeDirectory(folder, { recursive: true })
    const before = (yield* fs.exists(target)) ? yield* fs.stat(target) : undefined
    yield* replaceFile(target, text, before)
  }).pipe(Effect.mapError(unwritable(file, folder)))
})

export const init = Effect.fnUntraced(function* (
  provider: string,
  command: ReadonlyArray<string>,
  { baseUrl, npm, yes }: InitOptions
) {
  if (!isNonEmptyReadonlyArray(command)) {
    return yield* new UsageError({ problem: "no command was given", hint: example })
  }
  const wish = { provider, command: [command[0], ...command.slice(1)], baseUrl, npm } as const
  const problem = problemWith(wish)
  if (Option.isSome(problem)) return yield* new UsageError({ problem: problem.value, hint: example })
  const { file, isThere, others } = yield* configFiles
  const before = isThere ? yield* readText(file) : ""
  // An invalid file does not fail the command, because only `file` is changed.
  const [unread, beside] = yield* Effect.partition(others, (other) =>
    Effect.flatMap(readText(other), (text) => otherOf(other, text))
  )
  const change = yield* changeFor(file, before, wish, beside)
  const notes = [...unread.map(noteOnUnread), ...change.notes, ...(yield* noteOnLink(file))].map(
    (note) => `effect-apikey: ${escaped(note)}`
  )
  if (change.text === before) {
    return yield* Console.error(["effect-apikey: nothing to change: it is set up already", ...notes].join("\n"))
  }
  const lines = change.shown.map((line) => escaped(withoutSecrets(line, []).replaceAll("\t", "  ")))
  yield* Console.error([escaped(file), ...lines, ...notes].join("\n"))
  if (yes !== true) {
    if (!(yield* HelperExecutor.node.hasTerminal)) {
      return yield* new UsageError({
        problem: "nothing was changed: there is no terminal to ask on",
        hint: "Say --yes to make this change."
      })
    }
    if (!(yield* confirm("Make this change?", true))) {
      return yield* Console.error("effect-apikey: nothing was changed")
    }
  }
  yield* write(file, change.text)
  yield* Console.error(`effect-apikey: ${escaped(file)} is changed; restart opencode`)
})
