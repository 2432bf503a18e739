/** Messages to the user: opencode's log for everything, a toast for what the user must do. Never stdout or stderr, which are the screen. */

import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Host, LogEntry } from "./host.js"

export interface Notifier {
  readonly log: (level: LogEntry["level"], message: string) => void
  /** No key for a provider: a toast the first time that it is said, until one was there again. */
  readonly failed: (provider: string, message: string) => void
  readonly recovered: (provider: string) => void
}

const name = "effect-apikey"

export const make = ({ client }: Host): Notifier => {
  const shown = new Map<string, string>()
  // Not awaited: opencode answers these itself, and may be about to exit.
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

/** What the library logs, reported by one of those who are there: opencode keeps one log for all its projects. */
export const logger = (notifiers: Iterable<Notifier>): Logger.Logger<unknown, void> =>
  Logger.make(({ logLevel, message }) => {
    const text = Array.isArray(message) ? message.join(" ") : String(message)
    const [notifier] = notifiers
    notifier?.log(levelOf(logLevel), text)
  })
