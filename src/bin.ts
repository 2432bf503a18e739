/** The program `effect-apikey`. */

import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import * as Exit from "effect/Exit"
import packageJson from "../package.json" with { type: "json" }
import { interrupted, unexpected } from "./cli/exit.js"
import { run } from "./cli/main.js"

// Exits without a stack trace if stdout is closed (`effect-apikey … | head -0`).
process.stdout.on("error", () => process.exit(unexpected))

NodeRuntime.runMain(run(process.argv, packageJson.version), {
  disableErrorReporting: true,
  // The pretty logger writes to stdout, which carries only the key.
  disablePrettyLogger: true,
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) && typeof exit.value === "number" ? exit.value : interrupted)
})
