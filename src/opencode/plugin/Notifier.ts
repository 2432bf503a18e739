/** Messages to the user: everything to opencode's log, failures also as a toast. Never to stdout or stderr, where opencode draws its screen. */

import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Host, LogEntry } from "./host.js"

export interface Notifier {
  readonly log: (level: LogEntry["level"], message: string) => void
  /** Reports that a provider has no key. The same message is shown as a toast once, and again after `recovered`. */
  readonly failed: (provider: string, message: string) => void
  readonly recovered: (provider: string) => void
}

const name = "effect-apikey"

export const make = ({ client }: Host): Notifier => {
  const shown = new Map<string, string>()
  // Not awaited, because opencode may be about to exit. Errors are ignored.
  const quietly = (call: () => Promise<unknown>): void =>
    void Promise.resolve()
      .then(call)
      .catch(() => undefined)
  const log: Notifier["log"] = (level, message) =>
    quietly(() => client.app.log({ body: { service: name, level, message } }))
  return {
    log,
    failed: (provider, message) => {
      log("error", message)
      if (shown.get(provider) === message) return
      shown.set(provider, message)
      quietly(() => client.tui.showToast({ body: { title: name, message, variant: "error" } }))
    },
    recovered: (provider) => {
      shown.delete(provider)
    }
  }
}

const levelOf = (level: LogLevel.LogLevel): LogEntry["level"] => {
  if (LogLevel.greaterThanEqual(level, LogLevel.Error)) return "error"
  if (LogLevel.greaterThanEqual(level, LogLevel.Warning)) return "warn"
  return LogLevel.greaterThanEqual(level, LogLevel.Info) ? "info" : "debug"
}

/** A logger that writes to one of the notifiers: opencode has one log for all projects. */
export const logger = (notifiers: Iterable<Notifier>): Logger.Logger<unknown, void> =>
  Logger.make(({ logLevel, message }) => {
    const text = Array.isArray(message) ? message.join(" ") : String(message)
    const [notifier] = notifiers
    notifier?.log(levelOf(logLevel), text)
  })
