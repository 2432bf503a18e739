import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { decodeJwt } from "jose"
import { describe, expect } from "vitest"
import * as GitCredential from "../../examples/demo/GitCredential.js"
import * as IdentityProvider from "../../examples/demo/IdentityProvider.js"
import { sharing } from "../support/sharing.js"

const run = (command: Command.Command) =>
  Effect.scoped(
    Effect.gen(function* () {
      const process = yield* Command.start(command)
      return yield* Effect.all(
        {
          stdout: process.stdout.pipe(Stream.decodeText(), Stream.mkString),
          stderr: process.stderr.pipe(Stream.decodeText(), Stream.mkString),
          exitCode: process.exitCode
        },
        { concurrency: "unbounded" }
      )
    })
  )

const oneLine = /^[^\n]+\n$/

describe("get-token", () => {
  const test = sharing(NodeContext.layer, 30_000)

  const getToken = (secret: string, ...args: ReadonlyArray<string>) =>
    run(Command.make("node", "examples/demo/get-token.mjs", ...args).pipe(Command.env({ CLIENT_SECRET: secret })))

  test("prints a token and nothing else", () =>
    Effect.gen(function* () {
      const identity = yield* IdentityProvider.make({ tokenSeconds: 5 })
      const args = ["--issuer", identity.issuer, "--client-id", identity.clientId]
      const result = yield* getToken(Redacted.value(identity.clientSecret), ...args)
      expect(result).toMatchObject({ exitCode: 0, stderr: "" })
      expect(result.stdout).toMatch(oneLine)
      const claims = decodeJwt(result.stdout.trim())
      expect(claims).toMatchObject({ iss: identity.issuer, aud: identity.audience })
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(5)
    }))

  test("prints the provider's whole answer with --json", () =>
    Effect.gen(function* () {
      const identity = yield* IdentityProvider.make()
      const args = ["--issuer", identity.issuer, "--client-id", identity.clientId, "--json"]
      const result = yield* getToken(Redacted.value(identity.clientSecret), ...args)
      expect(result.exitCode).toBe(0)
      expect(JSON.parse(result.stdout)).toMatchObject({ token_type: "Bearer", expires_in: 3 })
    }))

  test("fails in one line that holds no secret", () =>
    Effect.gen(function* () {
      const identity = yield* IdentityProvider.make()
      const args = ["--issuer", identity.issuer, "--client-id", identity.clientId]
      for (const result of [
        yield* getToken("a-wrong-secret", ...args),
        yield* getToken("a-secret", "--issuer", "nowhere"),
        yield* getToken("a-secret", "--isuer", identity.issuer)
      ]) {
        expect(result).toMatchObject({ exitCode: 1, stdout: "" })
        expect(result.stderr).toMatch(oneLine)
        expect(result.stderr).not.toContain("secret")
      }
    }))

  test("says with 75 that the provider cannot be reached", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { issuer } = yield* IdentityProvider.make().pipe(Scope.extend(scope))
      yield* Scope.close(scope, Exit.void)
      const result = yield* getToken("a-secret", "--issuer", issuer, "--client-id", "any")
      expect(result).toMatchObject({ exitCode: 75, stdout: "" })
      expect(result.stderr).toBe(`get-token: cannot reach ${issuer}: ECONNREFUSED\n`)
    }))
})

describe("git-key", () => {
  const test = sharing(NodeContext.layer, 30_000)

  const key = Redacted.make("sk-kept-by-git")
  const origin = "http://127.0.0.1:8080"

  const helper = ({ argv: [program, ...args], cwd, env }: GitCredential.GitCredential) =>
    run(Command.make(program, ...args).pipe(Command.env(env), Command.workingDirectory(cwd)))

  test("prints the key that git's store keeps", () =>
    Effect.gen(function* () {
      const credential = Option.getOrThrow(yield* GitCredential.make({ origin, key }))
      expect(yield* helper(credential)).toEqual({ stdout: "sk-kept-by-git\n", stderr: "", exitCode: 0 })
    }))

  test("fails in one line, unasked, for a host that git does not know", () =>
    Effect.gen(function* () {
      const { argv, cwd, env, ...rest } = Option.getOrThrow(yield* GitCredential.make({ origin, key }))
      const [program, script] = argv
      const result = yield* helper({
        ...rest,
        argv: [program, script ?? "", "protocol=https", "host=example.com"],
        cwd,
        env
      })
      expect(result).toMatchObject({ exitCode: 1, stdout: "" })
      expect(result.stderr).toMatch(oneLine)
    }))

  test("leaves no home behind", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { cwd } = Option.getOrThrow(yield* Effect.scoped(GitCredential.make({ origin, key })))
      expect(yield* fs.exists(cwd)).toBe(false)
    }))

  test("is none where there is no git", () =>
    Effect.gen(function* () {
      expect(yield* GitCredential.make({ origin, key, git: "no-such-git" })).toEqual(Option.none())
    }))
})
