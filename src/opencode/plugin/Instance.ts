/** One open project of opencode: puts our `fetch` into the options of each provider whose key comes from a command. */

import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as ApiKeyProvider from "../../ApiKeyProvider.js"
import type { Resolved } from "../../internal/config/model.js"
import { HostEnvironment, type Needs } from "../../internal/host/HostEnvironment.js"
import type { Provider } from "../../internal/model/provider.js"
import type { HelperPolicy } from "../../internal/policy/model.js"
import { commandOptions } from "../../internal/provider/source.js"
import { placeholder } from "../../internal/request/placeholder.js"
import { type Loaded, loadAll } from "../config/load.js"
import * as Fetch from "./fetch.js"
import * as GuardedProvider from "./GuardedProvider.js"
import type { Host, HostProvider } from "./host.js"
import { type Command, choose } from "./keyChoice.js"
import { plainMessage } from "./message.js"
import type { Notifier } from "./Notifier.js"
import type { EntryCopy } from "./providerEntry.js"
import type { SharedKeys } from "./SharedKeys.js"

export interface Instance {
  /** Changes the entries' options in place. */
  readonly configure: (entries: ReadonlyArray<EntryCopy>) => Effect.Effect<void>
  readonly onUserMessage: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (
  host: Host,
  notifier: Notifier
): Effect.fn.Return<Instance, never, HelperPolicy | SharedKeys | Needs | Scope.Scope> {
  const context = yield* Effect.context<HelperPolicy | SharedKeys | Needs | Scope.Scope>()
  const runtime = yield* Effect.runtime<never>()
  const guarded: Array<GuardedProvider.GuardedProvider> = []

  const configure = Effect.fnUntraced(function* (entries: ReadonlyArray<EntryCopy>) {
    const { env, home } = yield* HostEnvironment
    const here = { env, home, cwd: host.directory }
    const loaded = yield* Effect.provideService(loadAll, HostEnvironment, here)
    yield* Effect.forEach(entries, (entry) => configureEntry(entry, loaded, env), { discard: true })
  }, Effect.provide(context))

  const configureEntry = Effect.fnUntraced(function* (
    copy: EntryCopy,
    loaded: Loaded,
    env: Readonly<Record<string, string | undefined>>
  ) {
    const { id } = copy
    const resolved = yield* loaded.resolve(id)
    const choice = yield* choose(copy, resolved, loaded.written(id), env)
    switch (choice._tag) {
      case "OpencodesOwn":
        return notifier.log("info", `${id}: ${choice.reason}, so its command is not run`)
      case "Unsupported":
        return notifier.failed(id, `${id}: ${choice.reason}`)
      case "Failed":
        return install(copy, ApiKeyProvider.make({ provider: id, get: Effect.fail(choice.error) }))
      case "Command":
        return install(copy, yield* guard(id, resolved, choice))
    }
  })

  const guard = Effect.fnUntraced(function* (id: string, resolved: Resolved, { provenance, command }: Command) {
    const request = {
      provider: id,
      source: { _tag: "Command", command } as const,
      provenance,
      destination: resolved.destination,
      declarations: resolved.declarations
    }
    const options = {
      // opencode may be started from a desktop, without the PATH that the user's login shell sets.
      search: "login-shell",
      ...commandOptions(command),
      provider: id
    } as const
    const self = yield* GuardedProvider.make(id, request, options, resolved.refusedWhen)
    guarded.push(self)
    return self.provider
  })

  const install = ({ id, entry, options }: EntryCopy, provider: Provider): void => {
    const { fetch } = options
    options["apiKey"] = placeholder
    options["fetch"] = Fetch.make({
      id,
      provider,
      origins: [...ownOrigins(entry, options), ...originsOfModels(entry)],
      isOpen: ownOrigins(entry, options).length === 0,
      inner: isFetch(fetch) ? fetch : undefined,
      runtime,
      onFailure: (error) => notifier.failed(id, plainMessage(id, error)),
      onSuccess: () => notifier.recovered(id)
    })
  }

  return {
    configure,
    onUserMessage: Effect.sync(() => {
      for (const each of guarded) each.onUserMessage()
    })
  }
})

const isFetch = (u: unknown): u is typeof globalThis.fetch => typeof u === "function"

/** The origin of a URL, if it is known. It is not known if opencode fills in a variable (`https://${NAME}.example`). */
const originIn = (url: unknown): ReadonlyArray<string> =>
  typeof url === "string" && URL.canParse(url) ? [new URL(url).origin].filter((origin) => !origin.includes("${")) : []

/** The origins of the provider itself: opencode reads its base URL from either field. */
const ownOrigins = (entry: HostProvider, { baseURL }: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  [baseURL, entry.api].flatMap(originIn)

const originsOfModels = (entry: HostProvider): ReadonlyArray<string> =>
  Object.values(entry.models ?? {}).flatMap((model) =>
    isRecord(model) && isRecord(model["provider"]) ? originIn(model["provider"]["api"]) : []
  )
