/** The sub-commands with their arguments, options and help texts, and the parser that turns an argv into an effect. */

import type { QuitException, Terminal } from "@effect/platform/Terminal"
import { Argument, Command, CommanderError, Option } from "commander"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ApiKeyError } from "../ApiKeyError.js"
import type { Requirements } from "../internal/helper/options.js"
import type { HelperPolicy } from "../internal/policy/model.js"
import { withoutSecrets } from "../internal/redact/redact.js"
import { check } from "./check.js"
import { candidates, completion, hiddenName, type Shell, shells } from "./completion.js"
import { type Reported, UsageError } from "./exit.js"
import { flagOf, formatNames, type ParameterFlag, parameterFlags } from "./formatOptions.js"
import { get } from "./get.js"
import { withHelp } from "./help.js"
import { init } from "./opencode.js"
import { schema } from "./schema.js"
import { trust } from "./trust.js"

/** What a sub-command does. */
export type Action = Effect.Effect<
  void,
  ApiKeyError | QuitException | Reported | UsageError,
  Requirements | HelperPolicy | Terminal
>

/** Called by a sub-command to pass its action to `parse`. */
type Select = (action: Action) => void

interface Context {
  /** The words after `--`. */
  readonly command: ReadonlyArray<string>
  readonly version: string
  readonly select: Select
  /** `select` for sub-commands that accept no command after `--`. */
  readonly selectWithout: Select
}

const configurationOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--config <file>", "Read only this configuration file (default: the project's, then the user's).")
    )
    .addOption(new Option("--opencode", "Read opencode's configuration and auth.json instead."))

const parameterOption = ({ choices, description, formats, isBoolean, name }: ParameterFlag): Option => {
  const option = new Option(
    isBoolean ? flagOf(name) : `${flagOf(name)} <value>`,
    `${formats.join(", ")}: ${description}`
  )
  return (choices.length > 0 ? option.choices([...choices]) : option).helpGroup("Parameters of formats:")
}

const helpCommand = ["help [command]", "Print the help of a command."] as const

const getCommand = ({ command, select }: Context): Command => {
  const self = withHelp(new Command("get"), {
    description: "Print the key of a provider, or the key that a command prints.",
    usage: ["PROVIDER [--config FILE | --opencode]", "[--format NAME] [--timeout TIME] -- COMMAND [ARG...]"],
    examples: [
      { what: "the key of a provider in effect-apikey.jsonc", line: "effect-apikey get openai" },
      { what: "the key that a command prints", line: "effect-apikey get -- pass show openai/api-key" },
      {
        what: "a field of the JSON that a command prints",
        line: "effect-apikey get --format json --field data.api_key -- cat answer.json"
      },
      {
        what: "the password that git stores for a host",
        line: "effect-apikey get --format git-credential --url https://git.example.com -- git credential fill"
      }
    ]
  })
  configurationOptions(self)
    .addArgument(new Argument("[provider...]"))
    .addOption(
      new Option("--format <name>", "What the command prints (default: auto).")
        .choices([...formatNames])
        .argParser(String)
    )
    .addOption(
      new Option(
        "--timeout <time>",
        'How long it may take, for example "10 seconds" (default: 30 seconds; 2 minutes if the command may ask the user).'
      )
    )
  for (const flag of parameterFlags) self.addOption(parameterOption(flag))
  return self.action((ids: ReadonlyArray<string>, options) => select(get(ids, command, options)))
}

const checkCommand = ({ selectWithout }: Context): Command => {
  const self = withHelp(new Command("check"), {
    description: "Show where a provider's key comes from, whether it may run, and whether it works. Never the key.",
    usage: ["[PROVIDER] [--config FILE | --opencode] [--no-run]"],
    examples: [
      { what: "every provider of the configuration", line: "effect-apikey check" },
      { what: "one provider, without running its command", line: "effect-apikey check openai --no-run" },
      { what: "opencode's providers", line: "effect-apikey check --opencode" }
    ]
  })
  return configurationOptions(self)
    .addArgument(new Argument("[provider]"))
    .addOption(new Option("--no-run", "Run no command."))
    .action((id: string | undefined, options) => selectWithout(check(id, options)))
}

const trustCommand = ({ selectWithout }: Context): Command =>
  withHelp(new Command("trust"), {
    description: "Allow a project's configuration to run its commands, until the file changes.",
    usage: ["[FILE] [--yes [--allow-env NAME] | --revoke]", "--list"],
    examples: [
      { what: "show what the project's file would run, and ask", line: "effect-apikey trust" },
      { what: "trust a file that you have read", line: "effect-apikey trust effect-apikey.jsonc --yes" },
      { what: "withdraw trust", line: "effect-apikey trust effect-apikey.jsonc --revoke" },
      { what: "list what is trusted", line: "effect-apikey trust --list" }
    ]
  })
    .addArgument(new Argument("[file]"))
    .addOption(new Option("--yes", "Do not ask."))
    .addOption(
      new Option("--allow-env <name>", "With --yes: a variable that the project may set (repeatable).").argParser(
        (name: string, before: ReadonlyArray<string> | undefined) => [...(before ?? []), name]
      )
    )
    .addOption(new Option("--revoke", "Withdraw all trust in the file."))
    .addOption(new Option("--list", "List what is trusted."))
    .action((file: string | undefined, options) => selectWithout(trust(file, options)))

const schemaCommand = ({ selectWithout }: Context): Command =>
  withHelp(new Command("schema"), {
    description: "Print the JSON Schema of effect-apikey.jsonc.",
    usage: [""],
    examples: [{ what: "a copy for an editor", line: "effect-apikey schema > effect-apikey.schema.json" }]
  }).action(() => selectWithout(schema))

const initCommand = ({ command, select }: Context): Command =>
  withHelp(new Command("init"), {
    description: "Set up the plugin in opencode's configuration, with a command for one provider's key.",
    usage: ["PROVIDER [--base-url URL] [--npm PACKAGE] [--yes] -- COMMAND [ARG...]"],
    examples: [
      {
        what: "a provider that opencode knows",
        line: "effect-apikey opencode init openai --yes -- pass show openai/api-key"
      },
      {
        what: "a gateway of your own",
        line: "effect-apikey opencode init gateway --npm @ai-sdk/openai-compatible --base-url https://gateway.example.com/v1 --yes -- get-token"
      }
    ]
  })
    .addArgument(new Argument("<provider>"))
    .addArgument(new Argument("[command...]"))
    .addOption(new Option("--base-url <url>", "Send the provider's requests to this URL."))
    .addOption(new Option("--npm <package>", "The provider's package, if opencode does not know the provider."))
    .addOption(new Option("--yes", "Do not ask before the file is changed."))
    .action((provider: string, words: ReadonlyArray<string>, options) =>
      select(init(provider, [...words, ...command], options))
    )

const opencodeCommand = (context: Context): Command =>
  withHelp(new Command("opencode"), {
    description: "Set up the plugin for opencode.",
    usage: ["init PROVIDER -- COMMAND [ARG...]"],
    examples: [
      {
        what: "give a provider a command",
        line: "effect-apikey opencode init openai --yes -- pass show openai/api-key"
      }
    ]
  })
    .helpCommand(...helpCommand)
    .addCommand(initCommand(context))

const completionCommand = ({ selectWithout }: Context): Command =>
  withHelp(new Command("completion"), {
    description: "Print the completion script for a shell.",
    usage: shells.map((shell) => shell),
    examples: [
      { what: "bash: in ~/.bashrc", line: 'eval "$(effect-apikey completion bash)"' },
      { what: "zsh: in ~/.zshrc, after compinit", line: 'eval "$(effect-apikey completion zsh)"' },
      { what: "fish: in ~/.config/fish/config.fish", line: "effect-apikey completion fish | source" }
    ]
  })
    .addArgument(new Argument("<shell>").choices([...shells]))
    .action((shell: Shell) => selectWithout(completion(shell)))

const programOf = (context: Context): Command => {
  const self = withHelp(new Command("effect-apikey"), {
    description: "Turn a credential helper command into an API key.",
    usage: ["COMMAND [OPTIONS]"],
    examples: [
      { what: "the key that a command prints", line: "effect-apikey get -- pass show openai/api-key" },
      { what: "why a provider has no key", line: "effect-apikey check openai" }
    ]
  })
    .version(context.version, "-V, --version", "Print the version.")
    .helpCommand(...helpCommand)
  const commands = [getCommand, checkCommand, trustCommand, schemaCommand, opencodeCommand, completionCommand]
  for (const make of commands) self.addCommand(make(context))
  self.addCommand(
    withHelp(new Command("version"), {
      description: "Print the version.",
      usage: [""],
      examples: [{ what: "for a bug report", line: "effect-apikey version" }]
    }).action(() => context.selectWithout(Console.log(context.version)))
  )
  return self.addCommand(
    new Command(hiddenName).action(() => context.select(candidates(self, context.command))),
    { hidden: true }
  )
}

/** The program and all its sub-commands, the program first. */
const allOf = (command: Command): ReadonlyArray<Command> => [command, ...command.commands.flatMap(allOf)]

const wordsOf = (command: Command): ReadonlyArray<string> =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()]

/** The words that select each command, for the reference page: none for the program, `["opencode", "init"]` for that one. */
export const commandNames = (): ReadonlyArray<ReadonlyArray<string>> => {
  const nothing = { command: [], version: "", select: () => {}, selectWithout: () => {} }
  return allOf(programOf(nothing))
    .filter((command) => command.name() !== hiddenName)
    .map(wordsOf)
}

const misplacedCommand = new UsageError({
  problem: "nothing may follow -- here",
  hint: "Only `effect-apikey get` and `effect-apikey opencode init` take a command after --."
})

const helpHint = "effect-apikey --help lists the commands; add --help to one for its options."

const noSubcommand = new UsageError({ problem: "no sub-command was given", hint: helpHint })

/** Values joined to a flag, as in `--header=VALUE` and `-HVALUE`. If the user forgot `--`, they may be a helper's secrets. */
const joinedValues = (argv: ReadonlyArray<string>): ReadonlyArray<string> =>
  argv.flatMap((word) => /^--[^=]+=(.+)$/s.exec(word)?.[1] ?? /^-[^-](.+)$/s.exec(word)?.[1] ?? [])

/** Splits Commander's "error: unknown option '--x'\n(Did you mean --y?)" into problem and hint. Its message quotes the argv. */
const usageErrorOf = (message: string, argv: ReadonlyArray<string>): UsageError => {
  const [problem = "", suggestion] = message.replace(/^error: /, "").split("\n(Did you mean ")
  return new UsageError({
    problem: withoutSecrets(problem, joinedValues(argv)),
    hint: suggestion === undefined ? helpHint : `Did you mean ${suggestion.replace(/\)$/, "")}`
  })
}

// --- boundary: Commander calls back, prints and throws

/** Turns an argv into an effect: a sub-command's action, a text to print, or a usage error. */
export const parse = (
  argv: ReadonlyArray<string>,
  command: ReadonlyArray<string>,
  version: string
): Either.Either<Action, UsageError> => {
  let action: Action | undefined
  let help = ""
  const select: Select = (selected) => {
    action = selected
  }
  const program = programOf({
    command,
    version,
    select,
    selectWithout: (selected) => select(command.length === 0 ? selected : misplacedCommand)
  })
  for (const each of allOf(program)) {
    each
      .exitOverride()
      .showSuggestionAfterError(true)
      .configureOutput({
        writeOut: (text) => {
          help += text
        },
        // Commander also throws an error with the same text.
        writeErr: () => {}
      })
  }
  return Either.try({
    try: () => program.parse([...argv], { from: "user" }),
    catch: (error) => error
  }).pipe(
    Either.map(() => action ?? Effect.void),
    Either.orElse((error) => {
      if (!(error instanceof CommanderError)) throw error
      if (error.code === "commander.help" && error.exitCode !== 0) return Either.left(noSubcommand)
      return error.exitCode === 0
        ? Either.right(Console.log(help.trimEnd()))
        : Either.left(usageErrorOf(error.message, argv))
    })
  )
}
