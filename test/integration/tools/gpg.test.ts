/** gpg, pass and docker-credential-pass, with two keys: one that opens at once and one that is locked. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { afterAll, beforeAll, expect, vi } from "vitest"
import { plain } from "../../protocols/support.js"
import { ask, describeTool, failure, isAlive, runTool, setUp, temporaryFolder } from "./support.js"

const secret = "sk-gpg-7f3a9c21d0"
const dockerSecret = "dckr correct horse"
const serverUrl = "https://registry.example.com/v1/"
/** Making a key takes entropy, and a loaded machine its time. */
const slow = 120_000

const folder = temporaryFolder()
const home = join(folder, "g")
const emptyHome = join(folder, "e")
const store = join(folder, "s")
const env = { GNUPGHOME: home, PASSWORD_STORE_DIR: store, HOME: folder, GPG_TTY: "" }
const withoutKeys = { ...env, GNUPGHOME: emptyHome }

const agentPids = (): ReadonlyArray<number> =>
  [home, emptyHome].flatMap((GNUPGHOME) => {
    const { stdout } = runTool(["gpg-connect-agent", "--no-autostart", "getinfo pid", "/bye"], { env: { GNUPGHOME } })
    const pid = /^D (\d+)/m.exec(stdout)?.[1]
    return pid === undefined ? [] : [Number(pid)]
  })

const endAgents = (): void => {
  for (const GNUPGHOME of [home, emptyHome]) runTool(["gpgconf", "--kill", "all"], { env: { GNUPGHOME } })
}

const generate = (user: string, passphrase: string): string =>
  setUp(
    [
      ...["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase],
      ...["--quick-generate-key", user, "default", "default", "never"]
    ],
    { env }
  )

describeTool("gpg, pass and docker-credential-pass", ["gpg", "pass", "docker-credential-pass"], () => {
  beforeAll(() => {
    for (const path of [home, emptyHome]) {
      mkdirSync(path)
      chmodSync(path, 0o700)
      // There is nobody to ask: a pinentry that is there, as on a desktop, and finds no screen.
      writeFileSync(join(path, "gpg-agent.conf"), "pinentry-program /bin/false\n")
    }
    generate("open@example.com", "")
    generate("locked@example.com", "a passphrase")
    const encrypt = (user: string, file: string): string =>
      setUp(["gpg", "--batch", "--trust-model", "always", "-r", user, "-o", join(folder, file), "-e"], {
        env,
        input: `${secret}\n`
      })
    encrypt("open@example.com", "open.gpg")
    encrypt("locked@example.com", "locked.gpg")
    setUp(["pass", "init", "open@example.com"], { env })
    setUp(["pass", "insert", "-m", "ai/openai"], { env, input: `${secret}\nlogin: ops@example.com\n` })
    setUp(["docker-credential-pass", "store"], {
      env,
      input: JSON.stringify({ ServerURL: serverUrl, Username: "david", Secret: dockerSecret })
    })
    // The agent remembers the passphrase of a key that it has just made.
    endAgents()
  }, slow)

  afterAll(async () => {
    const pids = agentPids()
    endAgents()
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: slow })
  }, slow)

  const gpg = (file: string) => ["gpg", "--quiet", "--batch", "-d", join(folder, file)]

  it.live("gpg: the key in an encrypted file", () =>
    Effect.map(ask({ argv: gpg("open.gpg"), env }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(Either.right({ value: secret }))
    })
  )

  it.live("gpg: no such file is NotFound", () =>
    Effect.map(ask({ argv: gpg("nope.gpg"), env }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 2, reason: "NotFound" })
    })
  )

  it.live("gpg: a locked key that nobody can unlock is LoginRequired, and says how", () =>
    Effect.map(ask({ argv: gpg("locked.gpg"), env }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 2, reason: "LoginRequired" })
      expect(error.hint).toMatch(/^gpg: unlock/)
    })
  )

  it.live("gpg: another's key is LoginRequired", () =>
    Effect.map(ask({ argv: gpg("open.gpg"), env: withoutKeys }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 2, reason: "LoginRequired" })
    })
  )

  it.live("gpg: a file that is not encrypted tells nothing of what is in it", () =>
    Effect.gen(function* () {
      writeFileSync(join(folder, "plain.txt"), `${secret}\n`)
      const answer = yield* ask({ argv: gpg("plain.txt"), env })
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", reason: "Unknown" })
    })
  )

  it.live("pass: the first line is the key, the notes below it are not, and no format need be named", () =>
    Effect.map(ask({ argv: ["pass", "show", "ai/openai"], env }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(Either.right({ value: secret }))
    })
  )

  it.live("pass: a name that is not there is NotFound, and says how to look", () =>
    Effect.map(ask({ argv: ["pass", "show", "ai/nope"], env }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
      expect(error.hint).toContain("pass ls")
    })
  )

  it.live("pass: the list of a folder, with status 0, is no key", () =>
    Effect.map(ask({ argv: ["pass", "show", "ai"], env }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "InvalidOutput", expected: "a key, not a directory listing" })
      expect(error.hint).toContain("folder")
    })
  )
  it.live("pass: without the secret key it is LoginRequired", () =>
    Effect.map(ask({ argv: ["pass", "show", "ai/openai"], env: withoutKeys }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "LoginRequired" })
      expect(error.hint).toMatch(/^gpg: unlock/)
    })
  )

  const docker = { name: "docker-credential", serverUrl } as const

  it.live("docker-credential-pass: the pair for the server that the format says on stdin", () =>
    Effect.map(ask({ argv: ["docker-credential-pass", "get"], format: docker, env }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(Either.right({ value: dockerSecret, username: "david" }))
    })
  )

  it.live("docker-credential-pass: status 0 and an empty Secret is no key", () =>
    Effect.map(
      ask({
        argv: ["docker-credential-pass", "get"],
        format: { name: "docker-credential", serverUrl: "https://nope.example.com" },
        env
      }),
      (answer) => {
        const error = failure(answer, [dockerSecret])
        expect(error).toMatchObject({ _tag: "InvalidOutput", path: "Secret", expected: "a string that is not empty" })
        expect(error.hint).toContain("docker login")
      }
    )
  )

  it.live("docker-credential-pass: without the secret key gpg's words come on stdout, and are understood there", () =>
    Effect.map(ask({ argv: ["docker-credential-pass", "get"], format: docker, env: withoutKeys }), (answer) => {
      const error = failure(answer, [dockerSecret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "LoginRequired" })
      expect(error.hint).toMatch(/^gpg: unlock/)
    })
  )

  it.live("docker-credential-pass: told no server, it fails on stdout, and that is understood", () =>
    Effect.map(ask({ argv: ["docker-credential-pass", "get"], env }), (answer) => {
      const error = failure(answer, [dockerSecret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
      expect(error.hint).toContain("serverUrl")
    })
  )

  it.live("docker-credential-pass: without a password store it says status 0 and an empty Secret as well", () =>
    Effect.map(
      ask({
        argv: ["docker-credential-pass", "get"],
        format: docker,
        env: { ...env, PASSWORD_STORE_DIR: join(folder, "none") }
      }),
      (answer) => {
        expect(failure(answer, [dockerSecret])).toMatchObject({ _tag: "InvalidOutput", path: "Secret" })
      }
    )
  )
})
