import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { entryOf, environmentFor } from "../../src/internal/helper/environment.js"
import { installDirs } from "../../src/internal/helper/installDirs.js"
import { Found, findProgram, type SearchOptions } from "../../src/internal/helper/searchPath.js"
import { files, info } from "../support/files.js"

let root = ""
const at = (path: string): string => join(root, path)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "path-"))
  for (const folder of ["first", "second", "beyond", "first/folder", "second/folder"]) mkdirSync(at(folder))
  for (const [file, mode] of [
    ["second/tool", 0o755],
    ["first/plain", 0o644],
    ["second/plain", 0o755],
    ["first/only-plain", 0o644],
    ["beyond/far", 0o755],
    ["beyond/tool", 0o755],
    ["here", 0o755]
  ] as const) {
    writeFileSync(at(file), "")
    chmodSync(at(file), mode)
  }
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const find = (program: string, options: Partial<SearchOptions> & { readonly PATH?: string } = {}) =>
  findProgram(program, {
    env: { PATH: options.PATH ?? `${at("first")}:${at("second")}` },
    cwd: Option.none(),
    platform: "linux",
    beyond: [],
    ...options
  }).pipe(Effect.provide(Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)))

const executable = (path: string, beyondPath: Option.Option<string> = Option.none()) =>
  Found.Executable({ path, beyondPath })

describe("a program without a separator", () => {
  it.effect("is the first executable of that name in PATH", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* find("tool"), executable(at("second/tool")))
      assert.deepStrictEqual(yield* find("plain"), executable(at("second/plain")))
    })
  )

  it.effect("that is there but not executable is told apart from one that is not there", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* find("only-plain"),
        Found.NotExecutable({ path: at("first/only-plain"), obstacle: "permission" })
      )
      assert.deepStrictEqual(yield* find("nothing"), Found.Missing({ searched: [at("first"), at("second")] }))
      assert.deepStrictEqual(yield* find("folder"), Found.Missing({ searched: [at("first"), at("second")] }))
    })
  )

  it.effect("is never looked for in an empty or relative entry of PATH, wherever the helper runs", () =>
    Effect.gen(function* () {
      const PATH = `:.:second::${at("first")}`
      assert.deepStrictEqual(
        yield* find("here", { PATH, cwd: Option.some(root) }),
        Found.Missing({ searched: [at("first")] })
      )
    })
  )

  it.effect("is looked for beyond PATH only when PATH does not have it", () =>
    Effect.gen(function* () {
      const beyond = [at("beyond")]
      assert.deepStrictEqual(yield* find("far", { beyond }), executable(at("beyond/far"), Option.some(at("beyond"))))
      assert.deepStrictEqual(yield* find("tool", { beyond }), executable(at("second/tool")))
      assert.deepStrictEqual(
        yield* find("nothing", { beyond }),
        Found.Missing({ searched: [at("first"), at("second"), at("beyond")] })
      )
    })
  )
})

describe("a program with a separator", () => {
  it.effect("is a path, from the helper's working directory", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* find(at("here")), executable(at("here")))
      assert.deepStrictEqual(yield* find("./here", { cwd: Option.some(root) }), executable(at("here")))
      assert.deepStrictEqual(yield* find("second/tool", { cwd: Option.some(root) }), executable(at("second/tool")))
      assert.deepStrictEqual(
        yield* find("./nothing", { cwd: Option.some(root) }),
        Found.Missing({ searched: [at("nothing")] })
      )
    })
  )
})

describe("on Windows", () => {
  const there = ["C:\\tools\\az.CMD", "C:\\tools\\op.EXE", "C:\\Program Files\\x\\script", "D:\\npm\\tool.cmd"]
  const findOnWindows = (program: string, env: Record<string, string>, beyond: ReadonlyArray<string> = []) =>
    findProgram(program, { env, cwd: Option.some("C:\\work"), platform: "win32", beyond }).pipe(
      Effect.provide(
        Layer.mergeAll(
          files((path) =>
            there.some((each) => each.toLowerCase() === path.toLowerCase()) ? info("File", 0) : undefined
          ),
          NodePath.layerWin32
        )
      )
    )
  const env = { Path: 'C:\\tools;.;"C:\\Program Files\\x"', PATHEXT: ".EXE;.CMD" }

  it.effect("PATHEXT gives the extension, and names of variables know no case", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* findOnWindows("az", env), executable("C:\\tools\\az.CMD"))
      assert.deepStrictEqual(yield* findOnWindows("op.exe", env), executable("C:\\tools\\op.exe"))
      assert.deepStrictEqual(yield* findOnWindows("script", env), executable("C:\\Program Files\\x\\script"))
      assert.deepStrictEqual(
        yield* findOnWindows("nothing", env),
        Found.Missing({ searched: ["C:\\tools", "C:\\Program Files\\x"] })
      )
    })
  )

  it.effect("a path may have a drive, and the usual folders come last", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* findOnWindows("C:\\tools\\az", env),
        executable("C:\\tools\\az.EXE".replace("EXE", "CMD"))
      )
      assert.deepStrictEqual(
        yield* findOnWindows("tool", env, ["D:\\npm"]),
        executable("D:\\npm\\tool.CMD", Option.some("D:\\npm"))
      )
    })
  )

  it("people install programs in folders that their variables name", () => {
    const folders = installDirs({ LocalAppData: "C:\\U\\Local", APPDATA: "C:\\U\\Roaming" }, "win32")
    assert.includeMembers([...folders], ["C:\\U\\Local\\Microsoft\\WinGet\\Links", "C:\\U\\Roaming\\npm"])
  })

  it("a variable is set, unset and allowed whatever its case", () => {
    assert.deepStrictEqual(entryOf({ Path: undefined }, "PATH", "win32"), ["Path", undefined])
    assert.isUndefined(entryOf({ Path: "/bin" }, "PATH", "linux"))
    const ours = { Path: "C:\\tools", SystemRoot: "C:\\Windows", SECRET: "x" }
    const result = environmentFor(ours, {
      env: { PATH: "D:\\" },
      inheritEnv: false,
      protocolEnv: {},
      platform: "win32"
    })
    assert.deepInclude(result, { PATH: "D:\\", SystemRoot: "C:\\Windows" })
    assert.isFalse("Path" in result || "SECRET" in result)
  })
})

describe("where people install programs", () => {
  it("covers Homebrew, ~/.local/bin, mise, asdf, npm, snap and Nix", () => {
    assert.includeMembers(
      [...installDirs({ HOME: "/people/me", USER: "me", NPM_CONFIG_PREFIX: "/people/me/npm" }, "linux")],
      [
        "/opt/homebrew/bin",
        "/usr/local/bin",
        "/home/linuxbrew/.linuxbrew/bin",
        "/people/me/.local/bin",
        "/people/me/.local/share/mise/shims",
        "/people/me/.asdf/shims",
        "/people/me/npm/bin",
        "/snap/bin",
        "/people/me/.nix-profile/bin"
      ]
    )
  })
})

describe("where people install programs, by their own variables", () => {
  it("is where mise's, asdf's and npm's data are, and beside the node that runs us", () => {
    const env = { MISE_DATA_DIR: "/data/mise", ASDF_DATA_DIR: "/data/asdf", XDG_DATA_HOME: "/data" }
    const node = "/people/me/.nvm/versions/node/v22.1.0/bin/node"
    const folders = installDirs(env, "linux", node)
    assert.includeMembers(
      [...folders],
      ["/data/mise/shims", "/data/asdf/shims", "/people/me/.nvm/versions/node/v22.1.0/bin"]
    )
    assert.includeMembers([...installDirs({}, "win32", "C:\\nvm\\v22\\node.exe")], ["C:\\nvm\\v22"])
  })

  it("is absolute and never a folder of nobody, whatever is not set", () => {
    for (const folder of installDirs({ HOME: ".", MISE_DATA_DIR: "here" }, "linux", "/usr/bin/node")) {
      assert.match(folder, /^\/[a-z]/)
      assert.notInclude(folder, "undefined")
    }
    const root = { HOME: "", MISE_DATA_DIR: "" }
    assert.notInclude(installDirs(root, "linux", "/usr/bin/node").join(":"), "/shims")
  })
})

describe("the environment a helper gets", () => {
  const ours = { HOME: "/people/me", PATH: "/bin", AWS_PROFILE: "work", SECRET: "x" }
  const given = (env: Record<string, string | undefined>, inheritEnv: boolean | ReadonlyArray<string>) =>
    environmentFor(ours, { env, inheritEnv, protocolEnv: { TOLD: "1" }, platform: "linux" })

  it("is all of ours, with variables added and unset", () => {
    const result = given({ ADDED: "1", SECRET: undefined }, true)
    assert.deepInclude(result, { HOME: "/people/me", AWS_PROFILE: "work", ADDED: "1", TOLD: "1" })
    assert.isFalse("SECRET" in result)
  })

  it("but for Bitwarden's that make every status 0 and put failures on stdout, unless they are named", () => {
    const bitwarden = { BW_CLEANEXIT: "true", BW_RESPONSE: "true", BW_SESSION: "s" }
    const options = { env: {}, protocolEnv: {}, platform: "linux" } as const
    const plain = environmentFor(bitwarden, { ...options, inheritEnv: true })
    assert.isFalse("BW_CLEANEXIT" in plain || "BW_RESPONSE" in plain)
    assert.deepInclude(plain, { BW_SESSION: "s" })
    assert.deepInclude(environmentFor(bitwarden, { ...options, inheritEnv: ["BW_RESPONSE"] }), { BW_RESPONSE: "true" })
    assert.deepInclude(environmentFor(bitwarden, { ...options, inheritEnv: true, env: { BW_CLEANEXIT: "true" } }), {
      BW_CLEANEXIT: "true"
    })
  })

  it("or those of a list, and those that helpers cannot do without", () => {
    assert.deepStrictEqual(Object.keys(given({}, ["AWS_PROFILE"])).sort(), [
      "AWS_PROFILE",
      "HOME",
      "LC_MESSAGES",
      "NO_COLOR",
      "PAGER",
      "PATH",
      "TOLD"
    ])
    assert.isFalse("AWS_PROFILE" in given({}, false))
  })

  it("has no variable that forces colours or a terminal, unless it is named, and no pager of ours", () => {
    const forced = {
      CLICOLOR_FORCE: "1",
      FORCE_COLOR: "3",
      PY_COLORS: "1",
      GH_FORCE_TTY: "100%",
      PAGER: "less",
      NO_COLOR: ""
    }
    const options = { env: {}, protocolEnv: {}, platform: "linux" } as const
    assert.deepStrictEqual(environmentFor(forced, { ...options, inheritEnv: true }), {
      NO_COLOR: "1",
      LC_MESSAGES: "C",
      PAGER: "cat"
    })
    assert.deepInclude(environmentFor(forced, { ...options, inheritEnv: ["FORCE_COLOR", "PAGER"] }), {
      FORCE_COLOR: "3",
      PAGER: "less"
    })
    assert.deepInclude(environmentFor(forced, { ...options, inheritEnv: true, env: { FORCE_COLOR: "1" } }), {
      FORCE_COLOR: "1"
    })
  })

  it("has what the catalog sets and unsets, before what is inherited and after what the caller names", () => {
    const vault = { VAULT_FORMAT: "json", VAULT_ADDR: "https://vault.test" }
    const options = {
      env: {},
      protocolEnv: {},
      catalogEnv: { VAULT_FORMAT: undefined, SET: "1" },
      platform: "linux"
    } as const
    const plain = environmentFor(vault, { ...options, inheritEnv: true })
    assert.isFalse("VAULT_FORMAT" in plain)
    assert.deepInclude(plain, { SET: "1", VAULT_ADDR: "https://vault.test" })
    const named = environmentFor(vault, { ...options, inheritEnv: ["VAULT_FORMAT"] })
    assert.deepInclude(named, { VAULT_FORMAT: "json", SET: "1" })
    const given = environmentFor(vault, { ...options, inheritEnv: true, env: { VAULT_FORMAT: "yaml", SET: undefined } })
    assert.deepInclude(given, { VAULT_FORMAT: "yaml" })
    assert.isFalse("SET" in given)
  })

  it("asks for plain messages, unless somebody chose otherwise", () => {
    assert.deepInclude(given({}, true), { NO_COLOR: "1", LC_MESSAGES: "C" })
    const german = environmentFor(
      { LC_ALL: "de_DE.UTF-8" },
      { env: {}, inheritEnv: true, protocolEnv: {}, platform: "linux" }
    )
    assert.isFalse("LC_MESSAGES" in german)
    assert.deepInclude(given({ NO_COLOR: undefined }, true), { LC_MESSAGES: "C" })
  })
})
