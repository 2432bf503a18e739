/** Reads our stdin, as the request for a helper that reads one. */

import * as NodeStream from "@effect/platform-node-shared/NodeStream"
import * as Effect from "effect/Effect"
import { UsageError } from "./exit.js"

const maxBytes = 64 * 1024

const patience = "30 seconds"

/** All of stdin. Empty if it is a terminal. */
export const readRequest: Effect.Effect<string, UsageError> = Effect.suspend(() =>
  process.stdin.isTTY === true
    ? Effect.succeed("")
    : NodeStream.toString(() => process.stdin, {
        maxBytes,
        onFailure: () =>
          new UsageError({
            problem: "stdin could not be read",
            hint: "Give the request on stdin, or by a flag such as --url."
          })
      }).pipe(
        Effect.timeoutFail({
          duration: patience,
          onTimeout: () =>
            new UsageError({
              problem: "stdin did not end within 30 s",
              hint: "Close it (< /dev/null), or give the request by a flag such as --url."
            })
        })
      )
)
