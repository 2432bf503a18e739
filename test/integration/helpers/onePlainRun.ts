/**
 * A program as people write it: one run under a plain `runPromise`. It takes the run as JSON, prints the helper's pid when
 * it has one, then the outcome. With EXIT it ends itself in that way once the helper has started.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as CredentialHelper from "../../../src/CredentialHelper.js"
import { recording } from "../../support/runs.js"

const [options, input]: [CredentialHelper.Options, string | undefined] = JSON.parse(process.argv[2] ?? "")

const ways: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(3),
  uncaught: () => {
    throw new Error("uncaught")
  },
  rejection: () => {
    Promise.reject(new Error("unhandled"))
  }
}

const started = (pid: number): void => {
  process.stdout.write(`pid ${pid}\n`)
  const way = ways[process.env["EXIT"] ?? ""]
  if (way !== undefined) process.stdin.once("data", () => setImmediate(way))
}

Effect.runPromise(
  CredentialHelper.run(options, { provider: "plain", reason: "first", background: false, input }).pipe(
    Effect.match({
      onFailure: (error) => `failed ${error._tag}: ${error.hint}`,
      onSuccess: ({ stdout }) => `printed ${Buffer.from(Redacted.value(stdout)).toString("utf8").trim()}`
    }),
    Effect.provide(recording(started))
  )
).then((outcome) => process.stdout.write(`${outcome}\n`))
