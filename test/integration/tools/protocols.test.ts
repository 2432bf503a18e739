/** What a format says to a helper and understands of it, with real processes that check what they are told. */
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import type * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import { describe, expect } from "vitest"
import { plain } from "../../protocols/support.js"
import { ask, failure, temporaryFolder } from "./support.js"

const folder = temporaryFolder()

/** A helper of a few lines of Node: portable, and it can look at all that it gets. */
const helper = (name: string, body: string): ReadonlyArray<string> => {
  const path = join(folder, `${name}.cjs`)
  writeFileSync(
    path,
    `const input = require("node:fs").readFileSync(0, "utf8")\nconst print = (value) => process.stdout.write(JSON.stringify(value) + "\\n")\n${body}\n`
  )
  chmodSync(path, 0o700)
  return [process.execPath, path]
}

const key = (command: ReadonlyArray<string>, format: CredentialFormat.Format) =>
  Effect.map(ask({ argv: command, format }), Either.map(plain))

describe("what a helper is told", () => {
  it.live("Kubernetes: KUBERNETES_EXEC_INFO, and it answers in that apiVersion", () =>
    Effect.gen(function* () {
      const command = helper(
        "exec",
        `const { apiVersion, kind, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
         print({ apiVersion, kind, status: { token: "for:" + spec.cluster.server + ":" + spec.interactive } })`
      )
      const cluster = { server: "https://k8s.example.com" }
      for (const apiVersion of ["v1", "v1beta1"] as const) {
        expect(yield* key(command, { name: "exec-credential", apiVersion, cluster })).toEqual(
          Either.right({ value: "for:https://k8s.example.com:false" })
        )
      }
    })
  )

  it.live("kubelogin, with no format named: the same, since the catalog says what it speaks", () =>
    Effect.gen(function* () {
      const kubelogin = join(folder, "kubelogin")
      writeFileSync(
        kubelogin,
        `#!/bin/sh
exec "$NODE" -e '
  const { apiVersion, kind, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
  console.log(JSON.stringify({ apiVersion, kind, status: { token: "interactive:" + spec.interactive } }))'
`
      )
      chmodSync(kubelogin, 0o700)
      const env = { NODE: process.execPath }
      for (const format of [undefined, "auto"] as const) {
        const answer = yield* ask({
          argv: [kubelogin, "get-token"],
          env,
          ...(format === undefined ? {} : { format })
        })
        expect(Either.map(answer, plain)).toEqual(Either.right({ value: "interactive:false" }))
      }
    })
  )

  it.live("git-credential-*, with no format named: an answer that says quit is no key", () =>
    Effect.gen(function* () {
      const program = join(folder, "git-credential-quits")
      writeFileSync(program, "#!/bin/sh\necho quit=1\n")
      chmodSync(program, 0o700)
      expect(failure(yield* ask({ argv: [program, "get"] }), [])).toMatchObject({ _tag: "EmptyOutput" })
    })
  )

  it.live("Google: the variables that its libraries set", () =>
    Effect.gen(function* () {
      const command = helper(
        "google",
        `const of = (name) => process.env["GOOGLE_EXTERNAL_ACCOUNT_" + name]
         print({ version: 1, success: true, token_type: of("TOKEN_TYPE"), id_token: [of("AUDIENCE"), of("INTERACTIVE"), of("IMPERSONATED_EMAIL")].join() })`
      )
      const format = { name: "google-executable", audience: "//iam/a", tokenType: "jwt" } as const
      expect(yield* key(command, { ...format, impersonatedEmail: "a@example.com" })).toEqual(
        Either.right({ value: "//iam/a,0,a@example.com" })
      )
    })
  )

  it.live("Bazel: the URI on stdin", () =>
    Effect.gen(function* () {
      const command = helper("bazel", `print({ headers: { Authorization: ["Bearer " + JSON.parse(input).uri] } })`)
      expect(yield* key(command, { name: "bazel", uri: "https://example.com/x" })).toEqual(
        Either.right({
          value: "https://example.com/x",
          headers: { Authorization: "Bearer https://example.com/x" }
        })
      )
    })
  )

  it.live("cargo: one line of JSON, after which stdin ends", () =>
    Effect.gen(function* () {
      const command = helper(
        "cargo",
        `print({ v: [1] })
         const [line, ...rest] = input.split("\\n")
         const { v, kind, operation, registry } = JSON.parse(line)
         const token = [v, kind, operation, registry["index-url"], registry.name, rest.join("").length].join()
         print({ Ok: { kind: "get", token, cache: "session", operation_independent: true } })`
      )
      const format = { name: "cargo", indexUrl: "sparse+https://r/", registry: "mine" } as const
      expect(yield* key(command, format)).toEqual(Either.right({ value: "1,get,read,sparse+https://r/,mine,0" }))
    })
  )

  it.live("a format that says nothing leaves stdin empty", () =>
    Effect.gen(function* () {
      const command = helper("silent", `process.stdout.write("read:" + input.length)`)
      expect(yield* key(command, "text")).toEqual(Either.right({ value: "read:0" }))
    })
  )

  it.live("the caller's own environment goes before the format's", () =>
    Effect.gen(function* () {
      const command = helper("own", `print({ token: process.env.CLAUDE_HELPER_CONTEXT, headers: {} })`)
      expect(yield* key(command, "claude-desktop")).toEqual(Either.right({ value: "background" }))
      const env = { CLAUDE_HELPER_CONTEXT: "scheduled-task" }
      expect(Either.map(yield* ask({ argv: command, format: "claude-desktop", env }), plain)).toEqual(
        Either.right({ value: "scheduled-task" })
      )
    })
  )
})

describe("a failure that a helper tells on stdout", () => {
  it.live("with status 1 becomes Google's code and message, without the token beside it", () =>
    Effect.gen(function* () {
      const command = helper(
        "google-fails",
        `print({ version: 1, success: false, code: "403", message: "no access for s3cret-token-1", id_token: "s3cret-token-1" })
         process.exitCode = 1`
      )
      const error = failure(yield* ask({ argv: command, format: "google-executable" }), ["s3cret-token-1"])
      expect(error).toMatchObject({
        _tag: "NonZeroExit",
        exitCode: 1,
        reason: "Denied",
        stderr: "403: no access for <redacted>"
      })
    })
  )

  it.live("with status 0 as well", () =>
    Effect.gen(function* () {
      const command = helper(
        "google-fails-0",
        `print({ version: 1, success: false, code: "401", message: "Caller not authorized" })`
      )
      const error = failure(yield* ask({ argv: command, format: "google-executable" }), [])
      expect(error).toMatchObject({
        _tag: "NonZeroExit",
        exitCode: 0,
        reason: "LoginRequired",
        stderr: "401: Caller not authorized"
      })
      expect(error.message).toContain("answered with a failure")
    })
  )

  it.live("cargo's error kinds say what to do next", () =>
    Effect.gen(function* () {
      const command = helper(
        "cargo-fails",
        `print({ v: [1] }); print({ Err: { kind: "not-found", message: "s3cret" } })`
      )
      const error = failure(yield* ask({ argv: command, format: "cargo" }), ["s3cret"])
      expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "NotFound" })
      expect(error.hint).toContain("cargo login")
    })
  )

  it.live("docker's exact texts, of a program that no catalog knows", () =>
    Effect.gen(function* () {
      const command = helper(
        "docker-fails",
        `process.stdout.write("credentials not found in native keychain\\n"); process.exitCode = 1`
      )
      const error = failure(
        yield* ask({ argv: command, format: { name: "docker-credential", serverUrl: "https://r" } }),
        []
      )
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
})

describe("eraseOnReject: true", () => {
  it.live("tells a docker helper to forget before it is asked again, once a refused key", () =>
    Effect.gen(function* () {
      const log = join(folder, "erase.log")
      const command = helper(
        "docker",
        `const fs = require("node:fs")
         const log = ${JSON.stringify(log)}
         const erased = fs.existsSync(log) ? fs.readFileSync(log, "utf8").split("\\n").filter((line) => line === "erase https://r").length : 0
         fs.appendFileSync(log, process.argv[2] + " " + input)
         if (process.argv[2] === "get") print({ ServerURL: input.trim(), Username: "u", Secret: "secret-" + erased })`
      )
      const provider = yield* ApiKeyProvider.fromCommand({
        argv: [...command, "get"],
        format: { name: "docker-credential", serverUrl: "https://r" },
        eraseOnReject: true
      })
      const first = yield* provider.get
      expect(plain(first).value).toBe("secret-0")
      yield* provider.refresh
      yield* provider.reject(yield* provider.get)
      expect(plain(yield* provider.get).value).toBe("secret-1")
      expect(plain(yield* provider.get).value).toBe("secret-1")
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )

  it.live("erases what was refused, and not what somebody stores after it", () =>
    Effect.gen(function* () {
      const store = join(folder, "login")
      const command = helper(
        "relogin",
        `const fs = require("node:fs")
         const store = ${JSON.stringify(store)}
         if (process.argv[2] === "erase") fs.rmSync(store)
         else if (fs.existsSync(store)) print({ ServerURL: "r", Username: "u", Secret: fs.readFileSync(store, "utf8") })
         else { process.stdout.write("credentials not found in native keychain"); process.exitCode = 1 }`
      )
      writeFileSync(store, "secret-old")
      const provider = yield* ApiKeyProvider.fromCommand({
        argv: [...command, "get"],
        format: { name: "docker-credential", serverUrl: "https://r" },
        eraseOnReject: true
      })
      yield* provider.reject(yield* provider.get)
      expect(yield* Effect.flip(provider.get)).toMatchObject({ _tag: "NonZeroExit", reason: "NotFound" })
      writeFileSync(store, "secret-new")
      expect(plain(yield* provider.refresh).value).toBe("secret-new")
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )

  it.live("a helper that cannot forget is asked all the same", () =>
    Effect.gen(function* () {
      const command = helper(
        "stubborn",
        `if (process.argv[2] === "erase") process.exit(1)
         print({ ServerURL: "r", Username: "u", Secret: "secret-" + process.pid })`
      )
      const provider = yield* ApiKeyProvider.fromCommand({
        argv: [...command, "get"],
        format: { name: "docker-credential", serverUrl: "https://r" },
        eraseOnReject: true
      })
      const first = yield* provider.get
      yield* provider.reject(first)
      expect(plain(yield* provider.get).value).not.toBe(plain(first).value)
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )
})
