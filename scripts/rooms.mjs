// The rooms of src, from left to right. A file imports from its own room and from rooms to its left: .dependency-cruiser.mjs
// enforces it, and CONTRIBUTING.md shows this list.

/** `files` are paths below `src/`: a directory, which ends in a slash, or one file. A file belongs to exactly one room. */
export const rooms = [
  {
    name: "util",
    files: ["internal/util/", "internal/redact/"],
    holds: "helpers that know nothing of keys; redaction of secrets"
  },
  {
    name: "model",
    files: ["ApiKey.ts", "ApiKeyError.ts", "internal/model/"],
    holds: "the key, the errors, the provider's interface"
  },
  {
    name: "host",
    files: ["internal/host/"],
    holds: "this machine: environment, home, paths, ownership, secret files"
  },
  {
    name: "protocols",
    files: ["CredentialFormat.ts", "HelperCatalog.ts", "formats/", "internal/format/", "internal/catalog/"],
    holds: "what helpers print, and what their failures mean"
  },
  { name: "process", files: ["HelperExecutor.ts", "internal/process/"], holds: "start and end one process tree" },
  { name: "helper", files: ["CredentialHelper.ts", "internal/helper/"], holds: "from argv to one supervised run" },
  { name: "cache", files: ["internal/cache/"], holds: "keep one key" },
  {
    name: "source",
    files: ["ApiKeySource.ts", "OpencodeAuthJson.ts", "internal/source/"],
    holds: "where a key may come from, as data; reading what is not a command"
  },
  {
    name: "provider",
    files: ["ApiKeyProvider.ts", "internal/provider/"],
    holds: "a provider of a command, a source, or the first of several; sharing"
  },
  { name: "policy", files: ["HelperPolicy.ts", "internal/policy/"], holds: "who may run what; trust" },
  {
    name: "config",
    files: ["ApiKeyProviders.ts", "internal/config/"],
    holds: "from files and environment to providers"
  },
  {
    name: "request",
    files: ["Promise.ts", "testing.ts", "sdk/", "internal/request/"],
    holds: "a key into a request, a 401 into `reject`"
  },
  { name: "opencode", files: ["OpencodeConfig.ts", "opencode/"], holds: "opencode: its configuration and the plugin" },
  { name: "cli", files: ["bin.ts", "cli/"], holds: "the command line" },
  { name: "index", files: ["index.ts"], holds: "the modules of the pipeline as namespaces" }
]

const seams = [
  "internal/request/",
  "sdk/Fetch.ts",
  "sdk/HttpClient.ts",
  "sdk/OpenAi.ts",
  "sdk/openAi/",
  "sdk/AzureOpenAi.ts",
  "sdk/Anthropic.ts",
  "sdk/EffectAi.ts"
]

/** An SDK's seam needs the provider's interface, not what implements it: nothing else can be reached from it. */
export const seam = {
  files: seams,
  reaches: [...seams, ...rooms.filter(({ name }) => name === "util" || name === "model").flatMap(({ files }) => files)]
}
