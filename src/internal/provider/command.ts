/** Makes a provider from a helper command: its cache, and the erase command before a run that a rejection caused. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ApiKey from "../../ApiKey.js"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import * as CredentialFormat from "../../CredentialFormat.js"
import * as CredentialHelper from "../../CredentialHelper.js"
import * as ApiKeyCache from "../cache/ApiKeyCache.js"
import type { Output } from "../format/format.js"
import { knownCommand } from "../helper/knownCommand.js"
import type { Options, Requirements } from "../helper/options.js"
import type { Request } from "../helper/request.js"
import { run } from "../helper/run.js"
import { inCode } from "../model/options.js"
import { defaultProvider, type Provider } from "../model/provider.js"
import { type CommandOptions, type ResolvedCommand, resolveCommand } from "./resolvedCommand.js"

/**
 * Makes a provider whose key a helper command prints. It lives as long as its scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromCommand = (options: CommandOptions): Effect.Effect<Provider, never, Requirements | Scope.Scope> =>
  fromResolvedCommand(resolveCommand(options))

/**
 * Runs before each run. It fails to deny the run, or succeeds with options to change.
 *
 * @internal
 */
export type Guard = Effect.Effect<Partial<Options>, ApiKeyError, FileSystem.FileSystem | Path.Path>

/**
 * What a provider adds to its command.
 *
 * @internal
 */
export interface ProviderOptions {
  /** Replaces the provider's name in the command's options. */
  readonly provider?: string | undefined
  readonly guard?: Guard | undefined
  /** Called with the output of each run. */
  readonly observe?: ((output: Output) => void) | undefined
}

/**
 * @internal
 */
export const fromResolvedCommand = (
  resolved: ResolvedCommand,
  own: ProviderOptions = {}
): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const { cwd, format, mayPrompt, name, options, timeToLive } = resolved
  const provider = own.provider ?? options.provider ?? defaultProvider
  /** The last key, kept only to erase it, and dropped when the scope closes. */
  let last: Option.Option<ApiKey.ApiKey> = Option.none()
  return ApiKeyCache.make({
    ...options,
    provider,
    program: name,
    format: Either.match(format, { onLeft: () => "invalid", onRight: (known) => known.name }),
    mayPrompt,
    timeToLive,
    fetch: Effect.fnUntraced(function* (request) {
      const speaking = yield* format
      const allowed = { ...options, ...(yield* own.guard ?? Effect.succeed({})) }
      const known =
        allowed.argv === options.argv && allowed.cwd === cwd ? resolved : knownCommand(allowed.argv, allowed.cwd)
      yield* checkErase(allowed, speaking)
      const { environment, explain, input } = speaking
      const asked = { ...request, provider, environment }
      const before = request.reason === "rejected" ? erase(allowed, speaking, last, asked) : undefined
      // Only once: afterwards the store may hold a new key that the user has just stored.
      if (before !== undefined) last = Option.none()
      const output = yield* run(known, allowed, { ...asked, input, explain, before })
      own.observe?.(output)
      const now = yield* DateTime.now
      const key = yield* CredentialFormat.decode(speaking, output, now)
      if (options.eraseOnReject === true) last = Option.some(key)
      return key
    })
  }).pipe(
    Effect.zipLeft(
      Effect.addFinalizer(() =>
        Effect.sync(() => {
          last = Option.none()
        })
      )
    )
  )
}

const checkErase = (
  { argv, eraseOnReject = false }: CommandOptions,
  { forget, name }: CredentialFormat.CredentialFormat
): Effect.Effect<void, ConfigInvalid> =>
  !eraseOnReject || Option.isSome(forget?.(argv, ApiKey.make({ value: "any" })) ?? Option.none())
    ? Effect.void
    : Effect.fail(
        inCode(
          `\`eraseOnReject\` is not possible for this command in the format "${name}"`,
          'Use the format { name: "git-credential", url } or { name: "docker-credential", serverUrl }, with a command that ends in get or fill.'
        )
      )

const eraseLimit = Duration.seconds(5)

/** Erasing is best effort: a failed erase is logged, and the run continues. */
const erase = (
  options: CommandOptions,
  { forget }: CredentialFormat.CredentialFormat,
  refused: Option.Option<ApiKey.ApiKey>,
  request: Request
): Effect.Effect<void, never, Requirements> =>
  Option.match(
    Option.flatMap(refused, (key) => forget?.(options.argv, key) ?? Option.none()),
    {
      onNone: () => Effect.void,
      onSome: ({ command, input }) =>
        CredentialHelper.run(
          { ...options, argv: command, timeout: eraseLimit, interactive: "never" },
          { ...request, input }
        ).pipe(
          Effect.catchAll(({ message }) => Effect.logWarning(`the rejected key was not erased: ${message}`)),
          Effect.asVoid
        )
    }
  )

/**
 * Makes the provider of a command.
 *
 * @internal
 */
export type Open = (options: CommandOptions, guard: Guard) => Effect.Effect<Provider, never, Requirements | Scope.Scope>
