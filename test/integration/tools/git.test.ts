/** git's credential helpers: `store` and `cache`, asked through `git credential fill` and alone. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import { afterAll, beforeAll, expect } from "vitest"
import { plain } from "../../protocols/support.js"
import { ask, describeTool, failure, runTool, setUp, temporaryFolder } from "./support.js"

const secret = "s3cre7=with=equals and spaces"
const folder = temporaryFolder()
const socket = join(folder, "c", "s")
const file = join(folder, "credentials")
const format = { name: "git-credential", url: "https://example.com/some/repository.git" } as const
const fill = ["git", "credential", "fill"]

const homeWith = (name: string, helper: string): Record<string, string> => {
  const home = join(folder, name)
  mkdirSync(home)
  writeFileSync(join(home, ".gitconfig"), `[credential]\n\thelper = ${helper}\n`)
  return { HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" }
}

const approve = (env: Record<string, string>, password = secret): void => {
  setUp(["git", "credential", "approve"], {
    env,
    cwd: folder,
    input: `protocol=https\nhost=example.com\nusername=bob\npassword=${password}\n\n`
  })
}

describeTool("git", ["git"], () => {
  let store: Record<string, string>
  let cache: Record<string, string>
  beforeAll(() => {
    mkdirSync(join(folder, "c"), { mode: 0o700 })
    store = homeWith("h1", `store --file=${file}`)
    cache = homeWith("h2", `cache --socket=${socket}`)
    approve(store)
    approve(cache)
  })
  afterAll(() => {
    setUp(["git", "credential-cache", `--socket=${socket}`, "exit"], { env: cache, cwd: folder })
    // Nobody listens any more: the daemon is gone.
    const { stdout } = runTool(["git", "credential-cache", `--socket=${socket}`, "get"], {
      env: cache,
      cwd: folder,
      input: "protocol=https\nhost=example.com\n\n"
    })
    expect(stdout).toBe("")
  })

  const pair = Either.right({ value: secret, username: "bob" })

  it.live("store: the pair for the URL that the format says on stdin", () =>
    Effect.map(ask({ argv: fill, format, env: store, cwd: folder }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(pair)
    })
  )

  it.live.each(["https://Example.org:443/a", "https://m\u00fcller.de/a"])(
    "store: what git stored for %s is found by the same URL",
    (url) => {
      const own = "0wn"
      setUp(["git", "credential", "approve"], {
        env: store,
        cwd: folder,
        input: `url=${url}\nusername=bob\npassword=${own}\n\n`
      })
      return Effect.map(ask({ argv: fill, format: { ...format, url }, env: store, cwd: folder }), (answer) => {
        expect(Either.map(answer, plain)).toEqual(Either.right({ value: own, username: "bob" }))
      })
    }
  )

  it.live("cache: the pair that its daemon remembers, and the daemon lives on", () =>
    Effect.gen(function* () {
      expect(Either.map(yield* ask({ argv: fill, format, env: cache, cwd: folder }), plain)).toEqual(pair)
      expect(Either.map(yield* ask({ argv: fill, format, env: cache, cwd: folder }), plain)).toEqual(pair)
    })
  )

  it.live("the helper alone answers in the same format", () =>
    Effect.map(
      ask({ argv: ["git", "credential-store", `--file=${file}`, "get"], format, env: store, cwd: folder }),
      (answer) => expect(Either.map(answer, plain)).toEqual(pair)
    )
  )

  it.live("nothing there: git would ask, there is no terminal, and that is LoginRequired", () =>
    Effect.map(
      ask({ argv: fill, format: { ...format, url: "https://nope.example.com" }, env: store, cwd: folder }),
      (answer) => {
        const error = failure(answer, [secret])
        expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 128, reason: "LoginRequired" })
        expect(error.hint).toContain("credential.helper")
      }
    )
  )

  it.live("nothing there, asked of the helper alone: status 0 and nothing on stdout is no key", () =>
    Effect.map(
      ask({
        argv: ["git", "credential-store", `--file=${file}`, "get"],
        format: { ...format, url: "https://nope.example.com" },
        env: store,
        cwd: folder
      }),
      (answer) => expect(failure(answer, [secret])).toMatchObject({ _tag: "EmptyOutput" })
    )
  )

  it.live("told no URL, git refuses, and the hint says what the format needs", () =>
    Effect.map(ask({ argv: fill, format: "git-credential", env: store, cwd: folder }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 128, reason: "NotFound" })
      expect(error.hint).toContain("url")
    })
  )

  it.live("a helper that is not installed says so", () =>
    Effect.map(ask({ argv: fill, format, env: homeWith("h3", "nope-nope"), cwd: folder }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({
        _tag: "NonZeroExit",
        exitCode: 128,
        hint: "That credential helper is not installed."
      })
    })
  )

  it.live("eraseOnReject: true makes git forget the refused key, and only when the server refused it", () =>
    Effect.gen(function* () {
      const own = join(folder, "own")
      const env = homeWith("h4", `store --file=${own}`)
      approve(env, "refused1")
      const provider = yield* ApiKeyProvider.fromCommand({ argv: fill, format, env, cwd: folder, eraseOnReject: true })
      const key = yield* provider.get
      expect(readFileSync(own, "utf8")).toContain("refused1")
      yield* provider.reject(key)
      const error = yield* Effect.flip(provider.get)
      expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "LoginRequired" })
      expect(readFileSync(own, "utf8")).toBe("")
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )

  it.live("without it the helper keeps the key", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.fromCommand({ argv: fill, format, env: store, cwd: folder })
      const key = yield* provider.get
      yield* provider.reject(key)
      expect(plain(yield* provider.get)).toEqual({ value: secret, username: "bob" })
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )

  it.live("eraseOnReject: true for a command that cannot be told is the configuration's fault", () =>
    Effect.map(ask({ argv: ["git", "config", "user.name"], format: "text", eraseOnReject: true }), (answer) => {
      expect(failure(answer, [])).toMatchObject({ _tag: "ConfigInvalid" })
    })
  )
})
