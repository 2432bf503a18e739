/** `effect-apikey opencode init`: puts the plugin and a provider's command into the user's opencode.jsonc. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { isNonEmptyReadonlyArray } from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SourceUnreadable } from "../ApiKeyError.js"
import * as HelperExecutor from "../HelperExecutor.js"
import { readText } from "../internal/config/document.js"
import { realPathOf } from "../internal/config/owned.js"
import { Surroundings, xdg } from "../internal/config/Surroundings.js"
import { escaped } from "../internal/escape.js"
import { changeFor, problemWith } from "../internal/opencode/init.js"
import { codeOf } from "../internal/platformError.js"
import { withoutSecrets } from "../internal/scrub.js"
import { Forwarded } from "./Forwarded.js"
import { UsageError } from "./UsageError.js"

const provider = Args.text({ name: "provider" }).pipe(
  Args.withDescription("The provider's id in opencode, e.g. openai.")
)
const words = Args.text({ name: "command" }).pipe(
  Args.withDescription("The program and its arguments, best after --."),
  Args.repeated
)
const baseUrl = Options.text("base-url").pipe(
  Options.withDescription("Where its requests go, for a gateway of your own."),
  Options.optional
)
const npm = Options.text("npm").pipe(
  Options.withDescription(
    'The provider\'s package, for one that opencode does not know ("@ai-sdk/openai-compatible").'
  ),
  Options.optional
)
const yes = Options.boolean("yes").pipe(Options.withDescription("Do not ask before the file is changed."))

const example = "For example: effect-apikey opencode init openai -- op read op://Private/OpenAI/api-key"

/** The one that is there, in opencode's own order; else the first. */
const configFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(xdg(yield* Surroundings, "XDG_CONFIG_HOME", path.join), "opencode")
  const [first, ...others] = ["opencode.jsonc", "opencode.json", "config.json"].map((name) => path.join(folder, name))
  for (const file of [first, ...others]) {
    if (file !== undefined && (yield* Effect.orElseSucceed(fs.exists(file), () => true))) return { file, isThere: true }
  }
  return { file: path.join(folder, "opencode.jsonc"), isThere: false }
})

const onlyUser = 0o600

/** Written beside its place and moved there, links followed, its permissions kept. */
const write = (file: string, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const place = yield* realPathOf(file)
    yield* fs.makeDirectory(path.dirname(place), { recursive: true })
    const mode = yield* Effect.orElseSucceed(
      Effect.map(fs.stat(place), (info) => info.mode & 0o777),
      () => onlyUser
    )
    const temporary = `${place}.${process.pid}.tmp`
    yield* fs.writeFileString(temporary, text, { mode, flag: "wx" })
    yield* Effect.tapError(fs.rename(temporary, place), () => Effect.ignore(fs.remove(temporary)))
  }).pipe(
    Effect.mapError(
      (error) =>
        new SourceUnreadable({
          source: "opencode's configuration",
          path: file,
          code: codeOf(error),
          remedy: "Nothing was changed. Correct the permissions of the file and its folder."
        })
    )
  )

const init = Command.make("init", { provider, baseUrl, npm, yes, words }, (options) =>
  Effect.gen(function* () {
    const command = [...options.words, ...(yield* Forwarded)]
    if (!isNonEmptyReadonlyArray(command))
      return yield* new UsageError({ problem: "no command was given", hint: example })
    const wish = {
      provider: options.provider,
      command: [command[0], ...command.slice(1)],
      baseUrl: Option.getOrUndefined(options.baseUrl),
      npm: Option.getOrUndefined(options.npm)
    } as const
    const problem = problemWith(wish)
    if (Option.isSome(problem)) return yield* new UsageError({ problem: problem.value, hint: example })
    const { file, isThere } = yield* configFile
    const before = isThere ? yield* readText(file) : ""
    const change = yield* changeFor(file, before, wish)
    const said = change.notes.map((note) => `effect-apikey: ${note}`)
    if (change.text === before) {
      return yield* Console.error(["effect-apikey: it is all there already", ...said].join("\n"))
    }
    const lines = change.shown.map((line) => escaped(withoutSecrets(line, [])))
    yield* Console.error([escaped(file), ...lines, ...said].join("\n"))
    if (!options.yes) {
      if (!(yield* HelperExecutor.make[HelperExecutor.TypeId].hasTerminal)) {
        return yield* new UsageError({
          problem: "nothing was changed: there is no terminal to ask on",
          hint: "Say --yes to make this change."
        })
      }
      const answer = yield* Prompt.run(Prompt.confirm({ message: "Make this change?", initial: true }))
      if (!answer) return yield* Console.error("effect-apikey: nothing was changed")
    }
    yield* write(file, change.text)
    yield* Console.error(`effect-apikey: ${escaped(file)} is changed; start opencode anew`)
  })
).pipe(Command.withDescription("Give one of opencode's providers a command for its key."))

export const opencode = Command.make("opencode").pipe(
  Command.withDescription("Set up the plugin for opencode."),
  Command.withSubcommands([init])
)
