// The public modules: the one list from which `exports` in package.json and `paths` in tsconfig.json are written (scripts/exports.mjs).

/** `file` is where the module is in src/, without `.ts`, and in dist/, without `.js`; `bundle` is what runs instead of that in dist/. */
const modules = [
  { subpath: ".", file: "index" },

  // The nine of the root, in the order of the way of a key.
  { subpath: "./ApiKey", file: "ApiKey" },
  { subpath: "./ApiKeyError", file: "ApiKeyError" },
  { subpath: "./ApiKeySource", file: "ApiKeySource" },
  { subpath: "./HelperPolicy", file: "HelperPolicy" },
  { subpath: "./CredentialHelper", file: "CredentialHelper" },
  { subpath: "./HelperExecutor", file: "HelperExecutor" },
  { subpath: "./CredentialFormat", file: "CredentialFormat" },
  { subpath: "./ApiKeyProvider", file: "ApiKeyProvider" },
  { subpath: "./ApiKeyProviders", file: "ApiKeyProviders" },

  { subpath: "./HelperCatalog", file: "HelperCatalog" },
  { subpath: "./promise", file: "Promise" },
  { subpath: "./testing", file: "testing" },

  { subpath: "./sdk/Fetch", file: "sdk/Fetch" },
  { subpath: "./sdk/HttpClient", file: "sdk/HttpClient" },
  { subpath: "./sdk/EffectAi", file: "sdk/EffectAi" },
  { subpath: "./sdk/AiSdk", file: "sdk/AiSdk" },
  { subpath: "./sdk/AmazonBedrock", file: "sdk/AmazonBedrock" },
  { subpath: "./sdk/OpenAi", file: "sdk/OpenAi" },
  { subpath: "./sdk/AzureOpenAi", file: "sdk/AzureOpenAi" },
  { subpath: "./sdk/Anthropic", file: "sdk/Anthropic" },

  { subpath: "./opencode/AuthJson", file: "OpencodeAuthJson" },
  { subpath: "./opencode/Config", file: "OpencodeConfig" },
  { subpath: "./server", file: "opencode/Plugin", bundle: "opencode-plugin" }
]

const name = "effect-apikey"

/** Each name that a user may import, with its source module. */
export const publicModules = modules.map(({ subpath, file }) => ({
  specifier: subpath.replace(/^\./, name),
  source: `src/${file}.ts`
}))

/** What package.json says. */
export const exports = {
  ...Object.fromEntries(
    modules.map(({ subpath, file, bundle = file }) => [
      subpath,
      { types: `./dist/${file}.d.ts`, default: `./dist/${bundle}.js` }
    ])
  ),
  "./schema": "./schema/effect-apikey.schema.json",
  "./package.json": "./package.json"
}

/** What tsconfig.json says: names that are not their file's, then a pattern, which tests also use for private modules. */
export const paths = {
  ...Object.fromEntries(
    modules
      .filter(({ subpath, file }) => subpath !== `./${file}`)
      .map(({ subpath, file }) => [subpath.replace(/^\./, name), [`./src/${file}.ts`]])
  ),
  [`${name}/*`]: ["./src/*.ts"]
}
