/** The configuration that `--config` and `--opencode` choose. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { KeyNotConfigured } from "../ApiKeyError.js"
import type { Configuration } from "../internal/config/model.js"
import { load } from "../internal/config/resolve.js"
import { isKey } from "../internal/redact/programName.js"
import { nearest } from "../internal/source/problem.js"
import { loadAll } from "../opencode/config/load.js"
import { UsageError } from "./exit.js"

export interface ConfigurationOptions {
  readonly config?: string
  readonly opencode?: boolean
}

export const configurationFor = ({
  config,
  opencode
}: ConfigurationOptions): Effect.Effect<Configuration, UsageError, FileSystem.FileSystem | Path.Path> => {
  if (opencode !== true) return load({ config })
  return config === undefined
    ? loadAll
    : new UsageError({
        problem: "--config and --opencode exclude each other",
        hint: "opencode finds its files itself; OPENCODE_CONFIG names another."
      })
}

/** Fails for a key that was typed in the place of an id: no message may repeat it. */
export const refuseKey = (id: string, { ids }: Configuration): Effect.Effect<void, UsageError> =>
  isKey(id) && !ids.includes(id)
    ? new UsageError({
        problem: "a key was given in the place of a provider",
        hint: "Give the provider's id: effect-apikey get openai. Others can read a command line: replace that key."
      })
    : Effect.void

/** Adds the name that was probably meant to the error of a provider that the configuration does not have. */
export const suggestId =
  (id: string, { ids }: Configuration) =>
  <E>(error: E): E | KeyNotConfigured =>
    error instanceof KeyNotConfigured && !ids.includes(id)
      ? Option.match(nearest(id, ids), {
          onNone: () => error,
          onSome: (meant) => new KeyNotConfigured({ ...error, remedy: `Did you mean ${meant}?` })
        })
      : error
