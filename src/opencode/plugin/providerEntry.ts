/**
 * A provider's entry in opencode's merged configuration: tells whether it has a command, and copies it without the command.
 * opencode loads this file at every start, so it imports only types.
 */
import type { HostConfig, HostProvider } from "./host.js"

const commandKey = "apiKeyCommand"
const refusedWhenKey = "refusedWhen"

/** The same as Effect's `Predicate.isRecord`, without importing Effect. */
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

/** A copy of an entry that may be changed. `options` is `entry.options`. */
export interface EntryCopy extends NamedEntry {
  readonly options: Record<string, unknown>
  /** Whether the command is in a model's options instead of the provider's. */
  readonly isMisplaced: boolean
}

/**
 * Copies an entry without its command. A copy is needed because opencode shares nested configuration between projects: a change
 * in place would give one project's key to another project.
 *
 * The command is removed because its arguments may be secret: `GET /config` shows options, and a model's options are sent in
 * each request's body.
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

/** Puts the entries into the configuration. Other providers stay unchanged. */
export const putInto = (config: HostConfig, entries: ReadonlyArray<NamedEntry>): void => {
  config.provider = { ...config.provider, ...Object.fromEntries(entries.map(({ id, entry }) => [id, entry])) }
}
