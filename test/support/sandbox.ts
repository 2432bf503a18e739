/** A home, a project in a repository, and the environment of a process in them, all in a folder that is removed. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { HostEnvironment } from "../../src/internal/host/HostEnvironment.js"

export interface Sandbox {
  readonly root: string
  readonly home: string
  /** Has a `.git`. */
  readonly project: string
  /** Where the administrator's policy is. */
  readonly systemFile: string
  readonly userFile: string
  readonly projectFile: string
  readonly trustFile: string
  readonly authFile: string
  /** Its variables; a test may add some. */
  readonly env: Record<string, string>
  /** Writes a file by its path from the root; what is no text is written as JSON. */
  readonly write: (file: string, content: unknown, mode?: number) => string
  readonly link: (from: string, to: string) => void
  /** A program that leaves a mark when it runs, and prints a key. */
  readonly program: (file: string, key: string) => string
  /** Where programs leave their marks. */
  readonly marks: string
}

export const sandbox: Effect.Effect<Sandbox, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "effect-apikey-")))
    const home = join(root, "home")
    const project = join(root, "project")
    const marks = join(root, "marks")
    for (const folder of [home, join(project, ".git"), marks]) mkdirSync(folder, { recursive: true })
    const write = (file: string, content: unknown, mode = 0o600): string => {
      const place = join(root, file)
      mkdirSync(dirname(place), { recursive: true })
      writeFileSync(place, typeof content === "string" ? content : JSON.stringify(content, undefined, 2))
      chmodSync(place, mode)
      return place
    }
    return {
      root,
      home,
      project,
      marks,
      systemFile: join(root, "etc", "policy.jsonc"),
      userFile: join(home, ".config", "effect-apikey", "effect-apikey.jsonc"),
      projectFile: join(project, "effect-apikey.jsonc"),
      trustFile: join(home, ".local", "share", "effect-apikey", "trust.json"),
      authFile: join(home, ".local", "share", "opencode", "auth.json"),
      env: { PATH: process.env["PATH"] ?? "" },
      write,
      link: (from: string, to: string) => {
        mkdirSync(dirname(join(root, from)), { recursive: true })
        symlinkSync(to, join(root, from))
      },
      program: (file: string, key: string) => write(file, `#!/bin/sh\n: > '${marks}/ran-${key}'\necho ${key}\n`, 0o755)
    }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

type Provided =
  | HelperExecutor.HelperExecutor
  | FileSystem.FileSystem
  | Path.Path
  | HelperPolicy.HelperPolicy
  | HostEnvironment

/** Runs as a process would that stands in the project (or elsewhere), with real files and helpers. */
export const within =
  (self: Sandbox, options: { readonly cwd?: string } = {}) =>
  <A, E>(effect: Effect.Effect<A, E, Provided | Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
    effect.pipe(
      Effect.provide(HelperPolicy.layerWith({ systemFile: self.systemFile })),
      Effect.provide(HelperExecutor.layer),
      Effect.provideService(HostEnvironment, { env: self.env, home: self.home, cwd: options.cwd ?? self.project }),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(self.env))))
    )
