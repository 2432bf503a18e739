/** The parts that every `Process` of a `CommandExecutor` shares: its prototype, and its error for a process that a signal killed. */

import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as Inspectable from "effect/Inspectable"
import { programName } from "../redact/programName.js"

const ProcessProto = {
  [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
  ...Inspectable.BaseProto,
  toJSON(this: CommandExecutor.Process) {
    return { _id: "@effect/platform/CommandExecutor/Process", pid: this.pid }
  }
}

/** Makes a `Process`. The parameter leaves out the members that the prototype has. */
export const executorProcess = (
  members: Pick<CommandExecutor.Process, "pid" | "exitCode" | "isRunning" | "kill" | "stdin" | "stdout" | "stderr">
): CommandExecutor.Process => Object.assign(Object.create(ProcessProto), members)

export const signalError = (command: Command.StandardCommand, signal: string): PlatformError =>
  new SystemError({
    reason: "Unknown",
    module: "Command",
    method: "exitCode",
    pathOrDescriptor: programName([command.command]),
    description: `Process interrupted due to receipt of signal: ${signal}`
  })
