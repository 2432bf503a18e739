/** Tools that read a file: age, openssl, jq and dotenvx, with what each does when the file or the key is another. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { beforeAll, describe, expect } from "vitest"
import { plain } from "../../protocols/support.js"
import { ask, describeTool, failure, setUp, temporaryFolder } from "./support.js"

const secret = "sk-file-7f3a9c21d0"
const folder = temporaryFolder()
const at = (name: string): string => join(folder, name)
const key = Either.right({ value: secret })

describeTool("age", ["age", "age-keygen"], () => {
  beforeAll(() => {
    for (const name of ["mine", "others"]) setUp(["age-keygen", "-o", at(name)])
    setUp(["age", "-e", "-i", at("mine"), "-o", at("key.age")], { input: `${secret}\n` })
  })
  const age = (identity: string, file: string) => ["age", "-d", "-i", at(identity), at(file)]

  it.live("gives the key", () =>
    Effect.map(ask({ argv: age("mine", "key.age") }), (answer) => expect(Either.map(answer, plain)).toEqual(key))
  )
  it.live("a file that is not there is NotFound", () =>
    Effect.map(ask({ argv: age("mine", "nope.age") }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
  it.live("an identity that is not there is NotFound", () =>
    Effect.map(ask({ argv: age("nope", "key.age") }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
  it.live("another's identity is Denied, and says what to give", () =>
    Effect.map(ask({ argv: age("others", "key.age") }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "Denied" })
      expect(error.hint).toContain("-i")
    })
  )
})

describeTool("openssl", ["openssl"], () => {
  const cipher = ["-aes-256-cbc", "-pbkdf2", "-iter", "1000"]
  beforeAll(() => {
    setUp(["openssl", "enc", "-e", ...cipher, "-pass", "pass:good", "-out", at("key.enc")], { input: `${secret}\n` })
  })
  const openssl = (password: string, file: string) => [
    ...["openssl", "enc", "-d", ...cipher, "-pass", `pass:${password}`, "-in", at(file)]
  ]

  it.live("gives the key", () =>
    Effect.map(ask({ argv: openssl("good", "key.enc") }), (answer) => expect(Either.map(answer, plain)).toEqual(key))
  )
  it.live("a wrong password is a failure, and its rubbish on stdout is thrown away", () =>
    Effect.map(ask({ argv: openssl("not-the-password", "key.enc") }), (answer) => {
      const error = failure(answer, [secret, "not-the-password"])
      // Once in 256 the padding fits by chance: then the rubbish itself is refused.
      if (error._tag === "NonZeroExit") expect(error).toMatchObject({ exitCode: 1, reason: "Denied" })
      else expect(error._tag).toBe("InvalidOutput")
    })
  )
  it.live("no password and nobody to ask is LoginRequired", () =>
    Effect.map(ask({ argv: ["openssl", "enc", "-d", ...cipher, "-in", at("key.enc")] }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "LoginRequired" })
      expect(error.hint).toContain("-pass file:FILE")
    })
  )
  it.live("a file that is not there is NotFound", () =>
    Effect.map(ask({ argv: openssl("good", "nope.enc") }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
})

describeTool("rubbish on stdout with status 1", ["sh"], () => {
  it.live("is never shown, whatever the tool", () =>
    Effect.map(ask({ argv: ["sh", "-c", `printf '${secret}\\377\\376half'; exit 1`] }), (answer) => {
      expect(failure(answer, [secret, "half"])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "Unknown" })
    })
  )
  it.live("and with status 0 it is no text", () =>
    Effect.map(ask({ argv: ["sh", "-c", `printf '${secret}\\377\\376half'`] }), (answer) => {
      expect(failure(answer, [secret, "half"])).toMatchObject({ _tag: "InvalidOutput", expected: "UTF-8 text" })
    })
  )
})

describeTool("jq", ["jq"], () => {
  beforeAll(() => writeFileSync(at("keys.json"), JSON.stringify({ openai: secret, nested: { a: { k: secret } } })))
  const jq = (...args: ReadonlyArray<string>) => ["jq", ...args, at("keys.json")]

  it.live("gives the key", () =>
    Effect.map(ask({ argv: jq("-r", ".openai") }), (answer) => expect(Either.map(answer, plain)).toEqual(key))
  )
  it.live("status 0 and the word null is no key", () =>
    Effect.map(ask({ argv: jq("-r", ".nope") }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "InvalidOutput", expected: "a key, not a word for nothing" })
      expect(error.hint).toContain("jq -e")
    })
  )
  it.live("with -e the same is NotFound", () =>
    Effect.map(ask({ argv: jq("-er", ".nope") }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
  it.live("without -r the quotes are refused, and the hint says so", () =>
    Effect.map(ask({ argv: jq(".openai") }), (answer) => {
      expect(failure(answer, [secret]).hint).toContain("jq -r")
    })
  )
  it.live("a filter that does not fit the file is NotFound", () =>
    Effect.map(ask({ argv: jq("-r", ".openai.key") }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 5, reason: "NotFound" })
    })
  )
  it.live("a file that is not there is NotFound", () =>
    Effect.map(ask({ argv: ["jq", "-r", ".openai", at("nope.json")] }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 2, reason: "NotFound" })
    })
  )
  it.live("JSON that is printed whole is read by the place of its field", () =>
    Effect.map(ask({ argv: jq("."), format: { name: "json", field: "/nested/a/k" } }), (answer) =>
      expect(Either.map(answer, plain)).toEqual(key)
    )
  )
  it.live("JSON of no known format is refused with the list of formats", () =>
    Effect.map(ask({ argv: jq(".") }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "InvalidOutput", format: "auto" })
      expect(error.hint).toContain("json (with a field)")
    })
  )
})

describe("dotenvx", () => {
  const dotenvx = fileURLToPath(new URL("../../../node_modules/.bin/dotenvx", import.meta.url))
  const env = { HOME: folder, DOTENV_PRIVATE_KEY: undefined }
  const get = (name: string, file: string) => [dotenvx, "get", name, "-f", at(file)]
  beforeAll(() => {
    writeFileSync(at(".env"), `API_KEY=${secret}\n`)
    setUp([dotenvx, "encrypt", "-f", at(".env")], { cwd: folder, env: { HOME: folder } })
  })

  it.live("gives the key", () =>
    Effect.map(ask({ argv: get("API_KEY", ".env"), env, cwd: folder }), (answer) =>
      expect(Either.map(answer, plain)).toEqual(key)
    )
  )
  it.live("a name that is not there is NotFound", () =>
    Effect.map(ask({ argv: get("NOPE", ".env"), env, cwd: folder }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
      expect(error.hint).toContain("dotenvx ls")
    })
  )
  it.live("a file that is not there is NotFound", () =>
    Effect.map(ask({ argv: get("API_KEY", "nope.env"), env, cwd: folder }), (answer) => {
      expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "NotFound" })
    })
  )
  it.live("without its private key it prints the encrypted value, which is never taken for a key", () =>
    Effect.gen(function* () {
      const other = temporaryFolderFor("locked")
      const answer = yield* ask({ argv: [dotenvx, "get", "API_KEY", "-f", other], env, cwd: folder })
      const error = failure(answer, [secret, "encrypted:"])
      expect(error).toMatchObject({ _tag: "NonZeroExit", exitCode: 1, reason: "LoginRequired" })
      expect(error.hint).toContain("DOTENV_PRIVATE_KEY")
    })
  )
  it.live("nor where something else prints that value with status 0", () =>
    Effect.map(ask({ argv: ["sh", "-c", "printf encrypted:BDqDBibm4wsYqMpCjTQ6"] }), (answer) => {
      expect(failure(answer, ["encrypted:B"])).toMatchObject({ _tag: "InvalidOutput", expected: "a decrypted key" })
    })
  )
})

/** The encrypted file where its key is not beside it. */
const temporaryFolderFor = (name: string): string => {
  const path = join(folder, name)
  setUp(["mkdir", "-p", path])
  setUp(["cp", at(".env"), join(path, ".env")])
  return join(path, ".env")
}
