/** A provider whose key a helper command prints: its options, its cache, and the erase command before a run after a rejection. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ApiKey from "../../ApiKey.js"
import * as ApiKeyCache from "../../ApiKeyCache.js"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import * as CredentialFormat from "../../CredentialFormat.js"
import * as CredentialHelper from "../../CredentialHelper.js"
import * as HelperCatalog from "../../HelperCatalog.js"
import type { LifeOptions } from "../cache/options.js"
import type { Output } from "../format/format.js"
import type { Options, Requirements } from "../helper/options.js"
import type { Request } from "../helper/request.js"
import { inCode } from "../model/configInvalid.js"
import { defaultProvider, type Provider } from "../model/provider.js"
import { programName } from "../redact/programName.js"

/**
 * Everything that shapes a command's runs, the format of its answer, and the life of its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions extends Options, LifeOptions {
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string | undefined
  /** The protocol that the command's stdout speaks. Default `"auto"`. */
  readonly format?: CredentialFormat.Format | undefined
  /**
   * What becomes of a key that the server refused. `"forget"` (default): we forget it. `"erase"`: before the next run the helper
   * is told to forget it too, within the same budget; only `git-credential` with a `url` and `docker-credential` with a
   * `serverUrl` can say that, of a command that ends in `get` or `fill`.
   */
  readonly onReject?: "forget" | "erase" | undefined
}

/**
 * A provider whose key a helper command prints, as a value; it lives as long as the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromCommand = (options: CommandOptions): Effect.Effect<Provider, never, Requirements | Scope.Scope> =>
  fromGuardedCommand(options, Effect.succeed({}), () => undefined)

/**
 * Asked before each run: may it be, and with which of its options changed.
 *
 * @internal
 */
export type Guard = Effect.Effect<Partial<Options>, ApiKeyError, FileSystem.FileSystem | Path.Path>

/**
 * @internal
 */
export const fromGuardedCommand = (
  options: CommandOptions,
  guard: Guard,
  observe: (output: Output) => void
): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const provider = options.provider ?? defaultProvider
  const program = programName(options.command, options.cwd)
  const entry = HelperCatalog.find(program)
  const resolved = CredentialFormat.resolve(options.format ?? "auto", program)
  const mayPrompt = Option.exists(entry, (known) => known.mayPrompt)
  const timeToLive =
    options.timeToLive ?? Option.getOrUndefined(Option.flatMapNullable(entry, (known) => known.timeToLive))
  /** Kept only to be erased, and no longer than the scope. */
  let last: Option.Option<ApiKey.ApiKey> = Option.none()
  return ApiKeyCache.make({
    ...options,
    provider,
    program,
    format: Either.match(resolved, { onLeft: () => "invalid", onRight: ({ name }) => name }),
    mayPrompt: mayPrompt || (options.interactive ?? "never") !== "never",
    timeToLive,
    fetch: (request) =>
      Effect.gen(function* () {
        const speaking = yield* resolved
        const allowed = { ...options, ...(yield* guard) }
        yield* checkErase(allowed, speaking)
        const { environment, explain, input } = speaking
        const asked = { ...request, provider, environment }
        const before = request.reason === "rejected" ? erase(allowed, speaking, last, asked) : undefined
        // Once: what stands there afterwards is another key, which somebody has just stored.
        if (before !== undefined) last = Option.none()
        const output = yield* CredentialHelper.run(allowed, { ...asked, input, explain, before })
        observe(output)
        const now = yield* DateTime.now
        const key = yield* CredentialFormat.decode(speaking, output, now)
        if (options.onReject === "erase") last = Option.some(key)
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
  { command, onReject = "forget" }: CommandOptions,
  { forget, name }: CredentialFormat.CredentialFormat
): Effect.Effect<void, ConfigInvalid> =>
  onReject === "forget" || Option.isSome(forget?.(command, ApiKey.make({ value: "any" })) ?? Option.none())
    ? Effect.void
    : Effect.fail(
        inCode(
          `\`onReject: "erase"\` cannot be said to this command in the format "${name}"`,
          'It needs format { name: "git-credential", url } or { name: "docker-credential", serverUrl }, and a command that ends in get or fill.'
        )
      )

const eraseLimit = Duration.seconds(5)

/** A helper that cannot forget is no reason not to ask it again. */
const erase = (
  options: CommandOptions,
  { forget }: CredentialFormat.CredentialFormat,
  refused: Option.Option<ApiKey.ApiKey>,
  request: Request
): Effect.Effect<void, never, Requirements> =>
  Option.match(
    Option.flatMap(refused, (key) => forget?.(options.command, key) ?? Option.none()),
    {
      onNone: () => Effect.void,
      onSome: ({ command, input }) =>
        CredentialHelper.run(
          { ...options, command, timeout: eraseLimit, interactive: "never" },
          { ...request, input }
        ).pipe(
          Effect.catchAll(({ message }) => Effect.logWarning(`the refused key was not erased: ${message}`)),
          Effect.asVoid
        )
    }
  )

/**
 * From a command to its provider.
 *
 * @internal
 */
export type Open = (options: CommandOptions, guard: Guard) => Effect.Effect<Provider, never, Requirements | Scope.Scope>
