/**
 * A provider's entry in opencode's merged configuration: whether it has a command, and a copy of it without the command.
 * This file is loaded at every start of opencode, so it imports nothing but types.
 */
import type { HostConfig, HostProvider } from "./host.js"

const commandKey = "apiKeyCommand"
const refusedWhenKey = "refusedWhen"

/** As Effect's `Predicate.isRecord`, which would bring all of Effect along. */
const isRecord = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

const modelsOf = ({ models }: HostProvider): ReadonlyArray<readonly [string, unknown]> => Object.entries(models ?? {})

const holdsCommand = (options: unknown): boolean => isRecord(options) && commandKey in options

const hasCommand = (entry: HostProvider): boolean =>
  holdsCommand(entry.options) || modelsOf(entry).some(([, model]) => isRecord(model) && holdsCommand(model["options"]))

export interface NamedEntry {
  readonly id: string
  readonly entry: HostProvider
}

export const entriesWithCommand = ({ provider }: HostConfig): ReadonlyArray<NamedEntry> =>
  Object.entries(provider ?? {}).flatMap(([id, entry]) =>
    entry !== undefined && hasCommand(entry) ? [{ id, entry }] : []
  )

/** A copy that may be changed: `options` are the entry's own. */
export interface EntryCopy extends NamedEntry {
  readonly options: Record<string, unknown>
  /** Only a model has the command. */
  readonly isMisplaced: boolean
}

/**
 * opencode shares what stands below the top of a configuration between all its projects: what is changed there would give
 * one project's key to the next, whatever that one may do. The command itself goes: its arguments may hold secrets, and
 * `GET /config` (for a model's options: each request's body) shows them all.
 */
export const copyOf = ({ id, entry }: NamedEntry): EntryCopy => {
  const { [refusedWhenKey]: _, ...options } = withoutCommand(entry.options ?? {})
  const models = modelsOf(entry).map(([name, model]): [string, unknown] => [
    name,
    isRecord(model) && isRecord(model["options"]) ? { ...model, options: withoutCommand(model["options"]) } : model
  ])
  const copied: HostProvider = {
    ...entry,
    options,
    ...(entry.models === undefined ? {} : { models: Object.fromEntries(models) })
  }
  return { id, entry: copied, options, isMisplaced: !holdsCommand(entry.options) }
}

const withoutCommand = ({ [commandKey]: _, ...others }: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  others

/** Puts the entries into the configuration, beside those of other providers. */
export const putInto = (config: HostConfig, entries: ReadonlyArray<NamedEntry>): void => {
  config.provider = { ...config.provider, ...Object.fromEntries(entries.map(({ id, entry }) => [id, entry])) }
}
