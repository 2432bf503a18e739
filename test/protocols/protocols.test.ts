import { readdirSync, readFileSync } from "node:fs"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ApiKey from "effect-apikey/ApiKey"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import type * as Table from "effect-apikey/formats/table"
import * as Lookup from "effect-apikey/internal/format/lookup"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decode, marker, plain, shown } from "./support.js"

describe("what a format says to the helper", () => {
  const input = (format: CredentialFormat.Format) => Lookup.get(format).input

  it.each<[Table.FormatSpec, string | undefined]>([
    ["text", undefined],
    ["git-credential", undefined],
    [
      { name: "git-credential", url: "https://bob@example.com:8443/a/b?c" },
      "capability[]=authtype\nprotocol=https\nhost=example.com:8443\nusername=bob\n\n"
    ],
    [
      { name: "git-credential", url: "https://example.com/a/b", useHttpPath: true },
      "capability[]=authtype\nprotocol=https\nhost=example.com\npath=a/b\n\n"
    ],
    [{ name: "docker-credential", serverUrl: "https://index.docker.io/v1/" }, "https://index.docker.io/v1/\n"],
    [
      { name: "git-credential", url: "https://a%40b@example.com/x%20y", useHttpPath: true },
      "capability[]=authtype\nprotocol=https\nhost=example.com\npath=x y\nusername=a@b\n\n"
    ],
    [{ name: "bazel", uri: "https://api.example.org/rest" }, '{"uri":"https://api.example.org/rest"}\n'],
    // As cargo 1.95.0 asks its own providers, and as the protocol's page has it.
    [
      "cargo",
      '{"v":1,"registry":{"index-url":"https://github.com/rust-lang/crates.io-index","name":"crates-io"},"kind":"get","operation":"read","args":[]}\n'
    ],
    [
      { name: "cargo", indexUrl: "sparse+https://registry-url/index/" },
      '{"v":1,"registry":{"index-url":"sparse+https://registry-url/index/"},"kind":"get","operation":"read","args":[]}\n'
    ],
    [
      { name: "cargo", indexUrl: "sparse+https://registry-url/index/", registry: "my-registry" },
      '{"v":1,"registry":{"index-url":"sparse+https://registry-url/index/","name":"my-registry"},"kind":"get","operation":"read","args":[]}\n'
    ]
  ])("on stdin: %j", (format, expected) => {
    expect(input(format)).toBe(expected)
  })

  it("in the environment: KUBERNETES_EXEC_INFO, Google's variables, Claude Desktop's context", () => {
    const environment = (format: CredentialFormat.Format, interactive: boolean) =>
      Lookup.get(format).environment?.(interactive, "first")
    expect(
      JSON.parse(
        environment({ name: "exec-credential", cluster: { server: "https://k8s" } }, true)?.["KUBERNETES_EXEC_INFO"] ??
          ""
      )
    ).toEqual({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: true, cluster: { server: "https://k8s" } }
    })
    expect(
      environment({ name: "google-executable", audience: "//iam/x", tokenType: "jwt", impersonatedEmail: "a@b" }, false)
    ).toEqual({
      GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: "//iam/x",
      GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:jwt",
      GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL: "a@b",
      GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: "0"
    })
    expect(environment("claude-desktop", false)).toEqual({ CLAUDE_HELPER_CONTEXT: "background" })
    expect(environment("claude-desktop", true)).toEqual({ CLAUDE_HELPER_CONTEXT: "interactive" })
    for (const reason of ["expiry", "rejected"] as const) {
      expect(Lookup.get("claude-desktop").environment?.(false, reason)).toEqual({
        CLAUDE_HELPER_CONTEXT: "mid-session-refresh"
      })
    }
  })

  it("in the environment as docs/reference/formats.md has it", () => {
    const page = readFileSync("docs/reference/formats.md", "utf8")
    for (const [reason, said] of [
      ["first", "`"],
      ["expiry", "` after an expiry or a rejection"]
    ] as const) {
      const context = Lookup.get("claude-desktop").environment?.(false, reason)["CLAUDE_HELPER_CONTEXT"]
      expect(page).toContain(`\`CLAUDE_HELPER_CONTEXT=${context}${said}`)
    }
  })

  const pages = readdirSync("docs", { encoding: "utf8", recursive: true }).filter((page) => page.endsWith(".md"))

  it.each(["README.md", ...pages.map((page) => `docs/${page}`)])("%s names only formats that exist", (page) => {
    const named = Array.from(readFileSync(page, "utf8").matchAll(/\bformat"?: "([^"…]+)"/g), ([, name = ""]) => name)
    expect(named.filter((name) => !new Set<string>(CredentialFormat.names).has(name))).toEqual([])
  })

  it("to forget a key: the counterpart of the command, and the key that is meant", () => {
    const key = ApiKey.make({ value: "s3cre7", username: "bob" })
    const forget = (format: Table.FormatSpec, ...command: ReadonlyArray<string>) =>
      Option.getOrUndefined(Lookup.get(format).forget?.(command, key) ?? Option.none())
    const git: Table.FormatSpec = { name: "git-credential", url: "https://example.com" }
    const attributes = "protocol=https\nhost=example.com\nusername=bob\npassword=s3cre7\n\n"
    expect(forget(git, "git", "credential", "fill")).toEqual({
      command: ["git", "credential", "reject"],
      input: attributes
    })
    expect(forget(git, "git-credential-store", "get")).toEqual({
      command: ["git-credential-store", "erase"],
      input: attributes
    })
    const withUser: Table.FormatSpec = { name: "git-credential", url: "https://eve@example.com" }
    expect(forget(withUser, "git", "credential", "fill")?.input).toBe(attributes)
    expect(forget(git, "sh", "-c", "…")).toBeUndefined()
    // Pre-encoded credentials (git 2.46): a helper compares them as such.
    const header = ApiKey.make({ value: "t0ken", headers: { authorization: "Bearer t0ken" } })
    expect(Lookup.get(git).forget?.(["git", "credential", "fill"], header)).toMatchObject({
      value: { input: "capability[]=authtype\nprotocol=https\nhost=example.com\nauthtype=Bearer\ncredential=t0ken\n\n" }
    })
    expect(forget({ name: "docker-credential", serverUrl: "https://r" }, "docker-credential-pass", "get")).toEqual({
      command: ["docker-credential-pass", "erase"],
      input: "https://r\n"
    })
    expect(forget("docker-credential", "docker-credential-pass", "get")).toBeUndefined()
    expect(forget("text", "op", "read")).toBeUndefined()
  })
})

describe("an answer that tells a failure", () => {
  it("is never shown with the token beside its message", () => {
    fc.assert(
      fc.property(marker, (secret) => {
        const answer = JSON.stringify({
          version: 1,
          success: false,
          code: "403",
          message: `token ${secret} was refused`,
          details: [{ deep: { token: `Bearer ${secret}` } }]
        })
        const error = Either.getOrThrow(Either.flip(decode("google-executable", answer)))
        expect(error).toMatchObject({ _tag: "NonZeroExit", reason: "Denied", exitCode: 0 })
        expect(shown(error)).not.toContain(secret)
        expect(error).toMatchObject({ stderr: "403: token <redacted> was refused" })
      })
    )
  })

  it("with a status other than 0 is explained from stdout", () => {
    const explain = (format: Table.FormatSpec, stdout: string) =>
      Option.getOrUndefined(Lookup.get(format).explain?.({ exitCode: 1, stderr: "", stdout }) ?? Option.none())
    expect(explain("docker-credential", "credentials not found in native keychain\n")).toMatchObject({
      reason: "NotFound"
    })
    expect(explain("docker-credential", "something else")).toBeUndefined()
    expect(explain("bitwarden", '{"success":false,"message":"You are not logged in."}')).toMatchObject({
      reason: "LoginRequired"
    })
    expect(explain("cargo", '{"v":[1]}\n{"Err":{"kind":"not-found"}}')).toMatchObject({ reason: "NotFound" })
    expect(explain("oauth", '{"error":"access_denied"}')).toMatchObject({ reason: "Denied", detail: "access_denied" })
  })
})

describe("a failure told on stdout is the same to auto, whatever the status", () => {
  it.each<[text: string, reason: string, detail?: string]>([
    [
      '{"version":1,"success":false,"code":"403","message":"Caller not authorized."}',
      "Denied",
      "403: Caller not authorized."
    ],
    ['{"v":[1]}\n{"Err":{"kind":"not-found"}}', "NotFound"],
    ['{"error":"invalid_grant","error_description":"expired"}', "LoginRequired", "invalid_grant"],
    ['{"error":"access_denied","access_token":null}', "Denied", "access_denied"],
    ['{"success":false,"message":"Vault is locked."}', "LoginRequired"],
    ['{"success":false,"message":"You are not logged in."}', "LoginRequired"],
    ["credentials not found in native keychain\n", "NotFound"]
  ])("%s", (stdout, reason, detail) => {
    const explained = Lookup.get("auto").explain?.({ exitCode: 1, stderr: "", stdout }) ?? Option.none()
    expect(explained).toMatchObject({ value: { reason, ...(detail === undefined ? {} : { detail }) } })
    expect(Either.flip(decode("auto", stdout))).toMatchObject({ right: { _tag: "NonZeroExit", reason } })
  })

  it.each(['{"error":"sk-1"}', '{"success":false,"message":"sk-1"}', "sk-1", '{"token":"x"}'])(
    "and nobody else's words are a failure: %s",
    (stdout) => {
      expect(Lookup.get("auto").explain?.({ exitCode: 1, stderr: "", stdout })).toEqual(Option.none())
    }
  )
})

describe("git's protocol", () => {
  it.each(["a\nhost=evil.test", "a\rb", "a\0b"])(
    "carries no value with a line end or NUL (CVE-2020-5260): %j",
    (value) => {
      for (const parts of [
        { value, username: "bob" },
        { value: "s3cre7", username: value },
        { value: "s3cre7", headers: { authorization: `Bearer ${value}` } }
      ]) {
        expect(Either.flip(CredentialFormat.encode("git-credential", ApiKey.make(parts)))).toMatchObject({
          right: { _tag: "InvalidOutput", command: "effect-apikey" }
        })
      }
      expect(Either.isLeft(decode("git-credential", "username=bob\npassword=a\0b\n"))).toBe(true)
      expect(Either.isLeft(decode("git-credential", "username=bob\npassword=a\rb\n"))).toBe(true)
    }
  )

  it("ends at a blank line: what follows belongs to somebody else", () => {
    expect(Either.map(decode("git-credential", "username=bob\npassword=one\n\npassword=two\n"), plain)).toEqual(
      Either.right({ value: "one", username: "bob" })
    )
  })

  it.each(["soon", "-5", "1e9"])("has epoch seconds for its expiry, and not %j", (expiry) => {
    expect(Either.flip(decode("git-credential", `password=p\npassword_expiry_utc=${expiry}\n`))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "password_expiry_utc", expected: "epoch seconds before the year 10000" }
    })
  })
})

describe("an answer that says less or more than it should", () => {
  const expiry = (format: Table.FormatSpec, answer: string) =>
    Either.map(decode(format, answer), (key) => plain(key).expiresAt)
  const places: Table.FormatSpec = { name: "json", field: "k", expiresAt: "at", expiresIn: "in" }

  it("has no expiry where its place is missing: that is refused, and only null is none", () => {
    expect(Either.flip(decode(places, '{"k":"t","in":5}'))).toMatchObject({ right: { path: "at" } })
    expect(Either.flip(decode(places, '{"k":"t","at":null}'))).toMatchObject({ right: { path: "in" } })
    expect(expiry(places, '{"k":"t","at":null,"in":null}')).toEqual(Either.right(undefined))
  })

  it.each<[Table.FormatSpec, string]>([
    [places, '{"k":"t","at":"2040-01-01T00:00:00Z","in":5}'],
    [places, '{"k":"t","at":"2000-01-01T00:00:05Z","in":500}'],
    ["oauth", '{"access_token":"t","expires_at":"2040-01-01T00:00:00Z","expires_in":5}'],
    ["oauth", '{"access_token":"t","expires_at":"2000-01-01T00:00:05Z","expires_in":500}']
  ])("ends at the earlier of two expiries: %j %s", (format, answer) => {
    expect(expiry(format, answer)).toEqual(Either.right("2000-01-01T00:00:05.000Z"))
  })

  it.each(['{ "alg":"none"}', '{\n"alg":"none"}', '{"alg":"none"}'])(
    "ends with its JWT, whose header is %j",
    (head) => {
      const encode = (part: string) => Buffer.from(part).toString("base64url")
      expect(expiry("text", `${encode(head)}.${encode('{"exp":2000000000}')}.c2ln`)).toEqual(
        Either.right("2033-05-18T03:33:20.000Z")
      )
    }
  )

  it("is gcloud's printed token too, where the format is named", () => {
    const answer = '{"token":"ya29.x","token_expiry":"2036-05-29T00:21:43Z"}'
    expect(Either.map(decode("gcloud", answer), plain)).toEqual(
      Either.right({ value: "ya29.x", expiresAt: "2036-05-29T00:21:43.000Z" })
    )
    expect(Either.map(decode("gcloud", '{"token":"ya29.x"}'), plain)).toEqual(Either.right({ value: "ya29.x" }))
    expect(Either.isLeft(decode("auto", answer))).toBe(true)
  })

  it.each(["null", "undefined", "None", "<nil>"])("is no key where it is a word for nothing: %s", (word) => {
    for (const result of [decode("text", `${word}\n`), decode({ name: "json", field: "k" }, `{"k":"${word}"}`)]) {
      expect(Either.flip(result)).toMatchObject({
        right: { _tag: "InvalidOutput", expected: "a key, not a word for nothing", hint: expect.stringContaining(word) }
      })
    }
    expect(Either.map(decode("text", `${word}-key`), plain)).toEqual(Either.right({ value: `${word}-key` }))
  })

  it.each([
    "ai\n└── openai\n",
    "ai\n├── \u001b[00mopenai\u001b[0m\n└── x\n",
    "ai/\r\n`-- openai\r\n",
    "ai\n|-- a\n`-- b\n"
  ])("is no key where it is the list of a folder: %j", (list) => {
    expect(Either.flip(decode("first-line", list))).toMatchObject({
      right: { _tag: "InvalidOutput", expected: "a key, not a directory listing" }
    })
  })

  it("has notes below it that look like no list", () => {
    expect(Either.map(decode("first-line", "sk-1\n- note\n└── x\n|x|\n"), plain)).toEqual(
      Either.right({ value: "sk-1" })
    )
  })

  it("says of a place without text which parameter to correct", () => {
    expect(Either.flip(decode({ name: "json", field: "a.b" }, '{"a":{}}'))).toMatchObject({
      right: { path: "a.b", expected: "a string", hint: expect.stringContaining("`field`") }
    })
    expect(Either.flip(decode({ name: "json", field: "a", username: "b" }, '{"a":"k","b":1}'))).toMatchObject({
      right: { path: "b", expected: "a string", hint: expect.stringContaining("`username`") }
    })
  })

  it("shows no number of the answer in its message", () => {
    const answer = '{"version":1,"success":false,"code":"401","message":"otp 12345678 refused","otp":12345678}'
    expect(Either.flip(decode("google-executable", answer))).toMatchObject({
      right: { stderr: "401: otp <redacted> refused" }
    })
  })

  it("has expired where its lease is over: a negative lease_duration", () => {
    const answer = '{"lease_id":"a/b","lease_duration":-5,"data":{"token":"t"}}'
    expect(Either.flip(decode("vault", answer))).toMatchObject({ right: { _tag: "ExpiredOnArrival" } })
  })

  it.each<[Table.FormatSpec, string, string]>([
    ["cargo", '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"expires"}}', "Ok.expiration"],
    ["git-credential", "authtype=Bea rer\ncredential=t\n", "authtype"]
  ])("is refused where a part that counts is missing or none: %j %s", (format, answer, path) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path } })
  })

  it.each<[Table.FormatSpec, string, object]>([
    ["cargo", '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"session","expiration":946684801}}', { value: "t" }],
    [
      "claude-desktop",
      '{"token":"t","headers":{"Authorization":"Basic x"}}',
      { value: "t", headers: { Authorization: "Basic x" } }
    ],
    ["oauth", '{"access_token":"t","error":"access_denied"}', { value: "t" }]
  ])("is a key all the same where its other part says nothing: %j %s", (format, answer, key) => {
    expect(Either.map(decode(format, answer), plain)).toEqual(Either.right(key))
  })

  it("is deleted only where Vault says null", () => {
    const hint = (data: unknown) =>
      Either.getOrThrow(Either.flip(decode("vault", JSON.stringify({ data: { data, metadata: {} } })))).hint
    expect(hint(null)).toContain("undelete")
    expect(hint("x")).not.toContain("undelete")
  })

  it.each<[Table.FormatSpec, string, string]>([
    [{ name: "secrets-manager", field: "/a~1b/key" }, '{"ARN":"","SecretString":"{}"}', "SecretString/a~1b/key"],
    [{ name: "secrets-manager", field: "a.key" }, '{"ARN":"","SecretString":"{}"}', "SecretString.a.key"],
    ["bitwarden", '{"object":"item","type":2,"fields":[]}', "login.password"],
    ["bitwarden", '{"success":true,"data":5}', "data"]
  ])("is refused by the place that was looked at: %j %s", (format, answer, path) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path } })
  })
})

describe("Azure's expires_on", () => {
  it("that cannot be read is passed over where the answer says otherwise when it ends", () => {
    const answer = { access_token: "abcdefgh", expires_in: "3599", expires_on: "09/14/2017 00:00:00 PM +00:00" }
    expect(Either.map(decode("oauth", JSON.stringify(answer)), plain)).toMatchObject({ right: { value: "abcdefgh" } })
    const { expires_in: _, ...rest } = answer
    expect(Either.flip(decode("oauth", JSON.stringify(rest)))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "expires_on" }
    })
  })
})

describe("git's own rules", () => {
  it("a name with a blank before it is another name", () => {
    expect(Either.flip(decode("git-credential", "username=bob\n password=p\n"))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "password" }
    })
  })

  it.each(["", "0", "00", " ", "18446744073709551615", "9".repeat(400)])("an expiry of %j is none", (expiry) => {
    expect(Either.map(decode("git-credential", `password=p\npassword_expiry_utc=${expiry}\n`), plain)).toEqual(
      Either.right({ value: "p" })
    )
  })

  it("authtype without credential says only which scheme is wanted", () => {
    expect(Either.map(decode("git-credential", "authtype=Basic\nusername=bob\npassword=p\n"), plain)).toEqual(
      Either.right({ value: "p", username: "bob" })
    )
    expect(Either.flip(decode("git-credential", "authtype=Basic\n"))).toMatchObject({ right: { path: "credential" } })
  })

  it.each(["authorization", "Authorization"])(
    "the capability stands first, and a header goes whatever the case of %s",
    (name) => {
      const key = ApiKey.make({ value: "t", headers: { [name]: "Bearer t" } })
      expect(CredentialFormat.encode({ name: "git-credential", url: "https://h/a" }, key)).toEqual(
        Either.right("capability[]=authtype\nprotocol=https\nhost=h\nauthtype=Bearer\ncredential=t\n")
      )
    }
  )

  it.each([
    ["https://example.com:443/a", "example.com:443"],
    ["https://GitLab.Example.com/a", "GitLab.Example.com"],
    ["https://m\u00fcller.de/a", "m\u00fcller.de"],
    ["https://bob:p4ss@Example.com:80?a", "Example.com:80"],
    ["https://[::1]:8443/a", "[::1]:8443"]
  ])("the host of %s is asked for as it is written: helpers compare it so", (url, host) => {
    const { input = "" } = Lookup.get({ name: "git-credential", url })
    expect(/^host=(.*)$/m.exec(input)?.[1]).toBe(host)
  })

  it.each(["https:example.com", "https://", "https:///a", "//example.com/a", "https://exa%0ample.com"])(
    "what git takes for no URL with a host is none: %s",
    (url) => {
      expect(Either.isLeft(Lookup.resolve({ name: "git-credential", url }))).toBe(true)
    }
  )

  it.each([
    ["https://h//a", "a"],
    ["https://h/a/../b", "a/../b"],
    ["https://h/a/b/", "a/b"],
    ["https://h/a//", "a"],
    ["https://h//", undefined]
  ])("the path of %s ends before its slashes, as git has it", (url, path) => {
    const { input = "" } = Lookup.get({ name: "git-credential", url, useHttpPath: true })
    expect(/^path=(.*)$/m.exec(input)?.[1]).toBe(path)
  })

  it.each([
    ["1", true],
    ["2", true],
    ["-1", true],
    ["yes", true],
    ["0", false],
    ["no", false]
  ])("quit=%s counts as git's configuration has it", (word, isQuit) => {
    const result = decode("git-credential", `quit=${word}\npassword=p\n`)
    expect(Either.match(result, { onLeft: ({ _tag }) => _tag, onRight: () => "key" })).toBe(
      isQuit ? "EmptyOutput" : "key"
    )
  })

  it.each(["username=bob\npassword=p\n", "authtype=Bearer\ncredential=p\n"])(
    "quit beside a whole credential changes nothing, as `git credential fill` takes it: %j",
    (whole) => {
      for (const answer of [`quit=1\n${whole}`, `${whole}quit=1\n`])
        expect(Either.map(decode("git-credential", answer), (key) => plain(key).value)).toEqual(Either.right("p"))
    }
  )
})

describe("an exec credential", () => {
  const answer = (version: string, more: object = {}) =>
    JSON.stringify({
      kind: "ExecCredential",
      apiVersion: `client.authentication.k8s.io/${version}`,
      status: { token: "t", ...more }
    })
  const kubelogin = Either.getOrThrow(Lookup.resolve("auto", "kubelogin"))

  it.each(["v1", "v1beta1"])(
    "of a known plugin whose version nobody has named is taken in %s, and asked for",
    (version) => {
      expect(Either.map(decode(kubelogin, answer(version)), plain)).toEqual(Either.right({ value: "t" }))
      expect(kubelogin.environment?.(false, "first")["KUBERNETES_EXEC_INFO"]).toContain(
        'client.authentication.k8s.io/v1"'
      )
    }
  )

  it("that is named has to come in the version that was asked for", () => {
    expect(Either.flip(decode("exec-credential", answer("v1beta1")))).toMatchObject({ right: { path: "apiVersion" } })
  })

  it("has no certificate where the certificate's fields are empty", () => {
    const empty = { clientCertificateData: "", clientKeyData: "" }
    expect(Either.map(decode("exec-credential", answer("v1", empty)), plain)).toEqual(Either.right({ value: "t" }))
    expect(Either.flip(decode("exec-credential", answer("v1", { ...empty, clientKeyData: "k" })))).toMatchObject({
      right: { path: "status.clientCertificateData" }
    })
  })
})

describe("a key for one request only", () => {
  it("is refused: cargo's cache never", () => {
    const answer = '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"never","operation_independent":false}}\n'
    expect(Either.flip(decode("cargo", answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "Ok.cache" } })
  })

  it("cargo's failure counts only after a greeting that we understand, and nothing may follow the answer", () => {
    for (const answer of [
      '{"v":[2]}\n{"Err":{"kind":"not-found"}}',
      '{"v":[1]}\n{"Ok":{"kind":"get","token":"t","cache":"session"}}\n{}'
    ]) {
      expect(Either.flip(decode("cargo", answer))).toMatchObject({ right: { _tag: "InvalidOutput" } })
    }
  })
})

describe("environment files", () => {
  it.each([
    ["A=`abc123`", "abc123"],
    ['A="a\\"b" # comment', 'a"b'],
    ["A='a#b'#c", undefined],
    ['A="abc', undefined],
    ["A=`abc", undefined],
    ["A=abc#def", "abc#def"],
    ["A=abc #def", "abc"],
    ["A='abc' def", undefined],
    // As dotenvx 2.38.2, Node's util.parseEnv and sh read them.
    ['A="p4ss\\word"', "p4ss\\word"],
    ['A="a\\tb"', "a\\tb"],
    ['A="a\\\\b\\$c\\`d"', "a\\b$c`d"],
    ["A='p4ss\\word'", "p4ss\\word"]
  ])("%s", (answer, value) => {
    const result = decode("env", answer)
    if (value !== undefined) expect(Either.map(result, plain)).toEqual(Either.right({ value }))
    else expect(Either.flip(result)).toMatchObject({ right: { _tag: "InvalidOutput", path: "" } })
  })
})

describe("an environment file", () => {
  it("may have a value of several lines beside the key", () => {
    const file = "A=x1\nPEM=\"-----BEGIN\nB=no\n-----END\" # its end\nC='one\r\ntwo'\n# D=\nE=x2\n"
    const read = (variable: string) => Either.map(decode({ name: "env", variable }, file), plain)
    expect([read("A"), read("E")]).toEqual([Either.right({ value: "x1" }), Either.right({ value: "x2" })])
    expect(Either.isLeft(read("B"))).toBe(true)
    expect(Either.flip(read("PEM"))).toMatchObject({ right: { _tag: "InvalidOutput", path: "PEM" } })
  })

  it.each([
    ["p4ss\\word", "API_KEY='p4ss\\word'\n"],
    ['a"b', "API_KEY='a\"b'\n"],
    ["a'b$c", 'API_KEY="a\'b\\$c"\n']
  ])("is written so that dotenv, Node and a shell read the same: %s", (value, written) => {
    expect(CredentialFormat.encode("env", ApiKey.make({ value }))).toEqual(Either.right(written))
  })

  it.each([
    ['GITHUB_PAT="sk-1"', "sk-1"],
    ['FOO="sk-1"', "sk-1"],
    ["foo='sk-1'", "sk-1"],
    ["api_key=sk-1", "sk-1"],
    ["GITHUB_PAT=sk-1", "sk-1"],
    ["ANTHROPIC_AUTH=sk-1", "sk-1"],
    ["DB_PASSWD=sk-1", "sk-1"],
    ["FOO=abc", "FOO=abc"],
    ["PATH=abc", "PATH=abc"],
    ["c2VjcmV0a2V5==", "c2VjcmV0a2V5=="],
    ["c2Vjcm_KEYk=", "c2Vjcm_KEYk="],
    ["SharedAccessKeyName=a;SharedAccessKey=b=", "SharedAccessKeyName=a;SharedAccessKey=b="]
  ])("is known to auto by its quotes or its variable's name, and no bare key is taken for one: %s", (answer, value) => {
    expect(Either.map(decode("auto", answer), plain)).toEqual(Either.right({ value }))
  })
})

describe("a variable that is empty", () => {
  it.each(["API_KEY=\n", "api_key=", "TOKEN=", "DB_PASSWORD= ", "export GITHUB_TOKEN=", "API_KEY= # unset\n"])(
    "is no key: %j",
    (answer) => {
      for (const format of ["auto", "env"] as const) {
        expect(Either.flip(decode(format, answer))).toMatchObject({
          right: { _tag: "InvalidOutput", path: "*", expected: "a key that is not empty" }
        })
      }
    }
  )
})

describe("an expiry that stands in the answer", () => {
  // The first is what ASP.NET Core Identity's bearer endpoint answers.
  it.each([
    '{"tokenType":"Bearer","accessToken":"CfDJ8x","expiresIn":3600,"refreshToken":"r"}',
    '{"tokenType":"Bearer","accessToken":"CfDJ8x","expires_on":null}'
  ])("of no known place is not overlooked: auto refuses %s", (answer) => {
    expect(Either.flip(decode("auto", answer))).toMatchObject({ right: { _tag: "InvalidOutput", format: "auto" } })
  })

  // As Azure App Service's managed identity answers.
  it.each([
    ['{"access_token":"opaque","expires_on":"1586984735","token_type":"Bearer"}', "2020-04-15T21:05:35.000Z"],
    ['{"access_token":"opaque","expires_on":"1586984735","expires_in":5}', "2000-01-01T00:00:05.000Z"]
  ])("is an OAuth answer's expires_on: %s", (answer, expiresAt) => {
    for (const format of ["oauth", "auto"] as const) {
      expect(Either.map(decode(format, answer), plain)).toEqual(Either.right({ value: "opaque", expiresAt }))
    }
  })

  it("is one that an answer of az always has: a key without is not written as one", () => {
    expect(Either.flip(CredentialFormat.encode("az", ApiKey.make({ value: "t" })))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "expiresAt" }
    })
  })
})

describe("1Password's words for a field that it hides", () => {
  const answer = "[use 'op item get nbjylrsqk4yb2rkfzwzyz2cyhm --reveal' to reveal]\n"

  it.each(["auto", "text", { name: "json", field: "k" }] as const)("get a remedy of their own: %j", (format) => {
    const printed = typeof format === "string" ? answer : JSON.stringify({ k: answer })
    const error = Either.getOrThrow(Either.flip(decode(format, printed)))
    expect(error).toMatchObject({ _tag: "InvalidOutput", hint: expect.stringContaining("--reveal") })
    expect(shown(error)).not.toContain("nbjylrsqk4yb2rkfzwzyz2cyhm")
  })
})

describe("headers", () => {
  it("with more than one value for the secret are refused", () => {
    const answer = '{"headers":{"Authorization":["Bearer a","Bearer b"]}}'
    expect(Either.flip(decode("bazel", answer))).toMatchObject({
      right: { _tag: "InvalidOutput", path: "headers.Authorization", expected: "one value" }
    })
    expect(Either.map(decode("bazel", '{"headers":{"Authorization":["Bearer a"],"Accept":["b","c"]}}'), plain)).toEqual(
      Either.right({ value: "a", headers: { Authorization: "Bearer a", Accept: "b, c" } })
    )
  })

  it.each([
    ["bazel", '{"headers":{"X-Key":["a"],"x-key":["b"]}}'],
    ["claude-desktop", '{"token":"t","headers":{"X-Key":"a","x-key":"b"}}']
  ] as const)("that are the same but for the case of a letter are refused (%s)", (format, answer) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "headers" } })
  })

  it.each([
    ["bazel", '{"headers":{"X-Key":["a\\r\\nX-Evil: b"]}}'],
    ["claude-desktop", '{"token":"t","headers":{"X-Key":"a\\r\\nX-Evil: b"}}']
  ] as const)("that would begin another header are refused (%s)", (format, answer) => {
    expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput", path: "headers.*" } })
  })
})

describe("bearer tokens for clients that want headers", () => {
  it("a bare key goes to bazel as a bearer token", () => {
    const key = ApiKey.make({ value: "sk-1" })
    const text = Either.right('{"headers":{"Authorization":["Bearer sk-1"]}}\n')
    expect(CredentialFormat.encode("bazel", key)).toEqual(text)
    expect(Lookup.get("bazel").encode(key)).toEqual(text)
    const own: CredentialFormat.CredentialFormat = { ...Lookup.get("text"), name: "bazel" }
    expect(CredentialFormat.encode(own, key)).toEqual(Either.right("sk-1\n"))
  })

  it.each([
    ["text", "t\n"],
    ["oauth", '{"access_token":"t","token_type":"Bearer"}\n'],
    ["cargo", undefined],
    ["exec-credential", undefined]
  ] as const)("what bazel gives as a bearer token goes to %s, and no other header does", (format, text) => {
    const key = Either.getOrThrow(decode("bazel", '{"headers":{"Authorization":["Bearer t"]}}'))
    const written = CredentialFormat.encode(format, key)
    if (text !== undefined) expect(written).toEqual(Either.right(text))
    expect(
      Either.map(
        Either.flatMap(written, (answer) => decode(format, answer)),
        plain
      )
    ).toEqual(Either.right({ value: "t" }))
    for (const headers of [
      { Authorization: ["Basic t"] },
      { "X-Key": ["t"] },
      { Authorization: ["Bearer t"], A: ["b"] }
    ]) {
      const other = Either.getOrThrow(decode("bazel", JSON.stringify({ headers })))
      expect(Either.flip(CredentialFormat.encode(format, other))).toMatchObject({ right: { path: "headers" } })
    }
  })
})
