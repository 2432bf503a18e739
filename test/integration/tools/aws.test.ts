/** AWS's command line against a loopback Secrets Manager. Its version 1 and 2 differ, so whichever is here says which it is. */
import { createServer, type Server } from "node:http"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { afterAll, beforeAll, expect } from "vitest"
import { plain } from "../../protocols/support.js"
import { ask, describeTool, failure, runTool, temporaryFolder, whichAll } from "./support.js"

const secret = "sk-aws-7f3a9c21d0"
const folder = temporaryFolder()

/** A shim of pyenv's with version 1 may stand before version 2: that is preferred, and else what is there is taken. */
const working = whichAll("aws")
  .map((program) => ({ program, version: runTool([program, "--version"], { env: { HOME: folder } }) }))
  .filter(({ version }) => version.status === 0)
  .map(({ program, version: { stderr, stdout } }) => ({
    program,
    version: `${stdout}${stderr}`.split(" ", 1)[0] ?? ""
  }))
const isVersion2 = ({ version }: { readonly version: string }): boolean => version.startsWith("aws-cli/2")
const chosen = working.find(isVersion2) ?? working[0]
const aws = chosen?.program ?? "aws"
const version1 = working.find((other) => !isVersion2(other))?.program

const credentials = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "wJalrExampleKey" }
/** Nothing of this machine's own configuration, and no question to a metadata service. */
const nobody = {
  HOME: folder,
  AWS_CONFIG_FILE: `${folder}/config`,
  AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials`,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_MAX_ATTEMPTS: "1",
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_PAGER: "",
  NO_PROXY: "127.0.0.1",
  no_proxy: "127.0.0.1"
}
const somebody = { ...nobody, ...credentials, AWS_DEFAULT_REGION: "us-east-1" }

const answers: Readonly<Record<string, readonly [status: number, body: unknown]>> = {
  text: [200, { ARN: "arn:aws:secretsmanager:us-east-1:1:secret:text", Name: "text", SecretString: secret }],
  json: [
    200,
    {
      ARN: "arn:aws:secretsmanager:us-east-1:1:secret:json",
      Name: "json",
      SecretString: JSON.stringify({ user: "david", keys: { openai: secret } })
    }
  ],
  missing: [400, { __type: "ResourceNotFoundException", message: "Secrets Manager can't find the specified secret." }],
  denied: [400, { __type: "AccessDeniedException", Message: "User is not authorized to perform that" }],
  expired: [400, { __type: "ExpiredTokenException", message: "The security token included in the request is expired" }]
}

describeTool(`aws (${chosen?.version})`, ["aws"], () => {
  let server: Server
  let endpoint = ""
  beforeAll(
    () =>
      new Promise<void>((resolve) => {
        server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            const asked: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"))
            const id = typeof asked === "object" && asked !== null && "SecretId" in asked ? String(asked.SecretId) : ""
            const [status, body] = answers[id] ?? [500, {}]
            response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body))
          })
        }).listen(0, "127.0.0.1", () => {
          const address = server.address()
          endpoint = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
          resolve()
        })
      })
  )
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

  const getSecret = (id: string, ...more: ReadonlyArray<string>) => [
    ...[aws, "secretsmanager", "get-secret-value", "--secret-id", id, "--endpoint-url", endpoint, ...more]
  ]
  const asText = ["--query", "SecretString", "--output", "text"]

  if (version1 !== undefined) {
    it.live("configure export-credentials: version 1 has no such command, and the hint says so", () =>
      Effect.map(ask({ argv: [version1, "configure", "export-credentials"], env: somebody }), (answer) => {
        expect(failure(answer, [secret]).hint).toContain("version 2.9")
      })
    )
  }

  it.live("secretsmanager: the secret as text", () =>
    Effect.map(ask({ argv: getSecret("text", ...asText), env: somebody }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(Either.right({ value: secret }))
    })
  )

  it.live("secretsmanager: the whole answer, known by its discriminator", () =>
    Effect.map(ask({ argv: getSecret("text"), env: somebody }), (answer) => {
      expect(Either.map(answer, plain)).toEqual(Either.right({ value: secret }))
    })
  )

  it.live("secretsmanager: a field of the JSON in it", () =>
    Effect.map(
      ask({ argv: getSecret("json"), format: { name: "secrets-manager", field: "keys.openai" }, env: somebody }),
      (answer) => expect(Either.map(answer, plain)).toEqual(Either.right({ value: secret }))
    )
  )

  it.live("secretsmanager: JSON in it and no field named", () =>
    Effect.map(ask({ argv: getSecret("json"), env: somebody }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "InvalidOutput", path: "SecretString" })
      expect(error.hint).toContain("field")
    })
  )

  it.live.each([
    ["missing", "NotFound", "list-secrets"],
    ["denied", "Denied", "permission"],
    ["expired", "LoginRequired", "aws sso login"]
  ] as const)("secretsmanager: %s is %s", ([id, reason, hint]) =>
    Effect.map(ask({ argv: getSecret(id, ...asText), env: somebody }), (answer) => {
      const error = failure(answer, [secret])
      expect(error).toMatchObject({ _tag: "NonZeroExit", reason })
      expect(error.hint).toContain(hint)
    })
  )

  it.live("secretsmanager: nobody is logged in", () =>
    Effect.map(
      ask({ argv: getSecret("text", ...asText), env: { ...nobody, AWS_DEFAULT_REGION: "us-east-1" } }),
      (answer) => expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", reason: "LoginRequired" })
    )
  )

  it.live("secretsmanager: nobody listens there", () =>
    Effect.map(
      ask({
        argv: [aws, "secretsmanager", "get-secret-value", "--secret-id", "x", "--endpoint-url", "http://127.0.0.1:1"],
        env: somebody
      }),
      (answer) => expect(failure(answer, [secret])).toMatchObject({ _tag: "NonZeroExit", reason: "Unavailable" })
    )
  )
})

describeTool(
  "aws configure export-credentials",
  chosen === undefined || isVersion2(chosen) ? ["aws"] : ["aws (version 2)"],
  () => {
    it.live("the pair", () =>
      Effect.map(
        ask({ argv: [aws, "configure", "export-credentials", "--format", "process"], env: somebody }),
        (answer) => {
          expect(Either.map(answer, plain)).toEqual(Either.right({ value: "wJalrExampleKey", username: "AKIAEXAMPLE" }))
        }
      )
    )

    it.live("with a session token", () =>
      Effect.map(
        ask({
          argv: [aws, "configure", "export-credentials"],
          format: "aws-credential-process",
          env: { ...somebody, AWS_SESSION_TOKEN: "FwoGZXIvEXAMPLE" }
        }),
        (answer) => {
          expect(Either.map(answer, plain)).toMatchObject({ right: { sessionToken: "FwoGZXIvEXAMPLE" } })
        }
      )
    )

    it.live("nobody is logged in", () =>
      Effect.map(
        ask({ argv: [aws, "configure", "export-credentials", "--format", "process"], env: nobody }),
        (answer) => {
          const error = failure(answer, [secret])
          expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "LoginRequired" })
          expect(error.hint).toContain("aws sso login")
        }
      )
    )
  }
)
