/** The program `effect-apikey`. */

import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import * as Exit from "effect/Exit"
import packageJson from "../package.json" with { type: "json" }
import { interrupted, unexpected } from "./cli/exit.js"
import { run } from "./cli/main.js"

// A closed stdout (`effect-apikey … | head -0`) does not deserve a stack trace.
process.stdout.on("error", () => process.exit(unexpected))

NodeRuntime.runMain(run(process.argv, packageJson.version), {
  disableErrorReporting: true,
  // It writes to stdout, which is the key's.
  disablePrettyLogger: true,
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) && typeof exit.value === "number" ? exit.value : interrupted)
})
