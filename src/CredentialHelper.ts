/**
 * Runs one helper command under supervision, without a shell. One timeout covers everything; when it passes, the whole process
 * group is stopped. The output is limited, and every failure is a typed error.
 *
 * @since 0.1.0
 */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type { ApiKeyError } from "./ApiKeyError.js"
import type * as HelperExecutor from "./HelperExecutor.js"
import type { Output } from "./internal/format/format.js"
import { knownCommand } from "./internal/helper/knownCommand.js"
import type { Options } from "./internal/helper/options.js"
import type { Request } from "./internal/helper/request.js"
import * as Run from "./internal/helper/run.js"
import { ownProperties } from "./internal/util/ownProperties.js"

export type { Output, RunReason } from "./internal/format/format.js"
export type { Options } from "./internal/helper/options.js"
export type { Request } from "./internal/helper/request.js"
export type { Interactive, Search } from "./internal/model/options.js"

/**
 * Runs a helper command and returns its output, or fails when its timeout passes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (
  options: Options,
  request: Request
): Effect.Effect<Output, ApiKeyError, HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path> =>
  Effect.suspend(() => {
    const own = ownProperties(options)
    return Run.run(knownCommand(own.argv, own.cwd), own, request)
  })
