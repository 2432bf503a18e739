// The rooms of src, from left to right. A file imports from its own room and from rooms to its left: .dependency-cruiser.mjs
// enforces it, and CONTRIBUTING.md shows this list.

/** `path` is a regular expression below `src/`; a file belongs to exactly one room. */
export const rooms = [
  { name: "util", path: "internal/(util|redact)/", holds: "helpers that know nothing of keys; redaction of secrets" },
  {
    name: "model",
    path: "ApiKey(Error)?\\.ts|internal/model/",
    holds: "the key, the errors, the provider's interface"
  },
  { name: "host", path: "internal/host/", holds: "this machine: environment, home, paths, ownership, secret files" },
  {
    name: "protocols",
    path: "formats/|internal/(format|catalog)/|(CredentialFormat|HelperCatalog)\\.ts",
    holds: "what helpers print, and what their failures mean"
  },
  { name: "process", path: "internal/process/|HelperExecutor\\.ts", holds: "start and end one process tree" },
  { name: "helper", path: "internal/helper/|CredentialHelper\\.ts", holds: "from argv to one supervised run" },
  { name: "cache", path: "internal/cache/|ApiKeyCache\\.ts", holds: "keep one key" },
  {
    name: "source",
    path: "internal/source/|(ApiKeySource|OpencodeAuthJson)\\.ts",
    holds: "where a key may come from, as data; reading what is not a command"
  },
  {
    name: "provider",
    path: "internal/provider/|ApiKeyProvider\\.ts",
    holds: "a provider of a command, a source, or the first of several; sharing"
  },
  { name: "policy", path: "internal/policy/|HelperPolicy\\.ts", holds: "who may run what; trust" },
  { name: "config", path: "internal/config/|ApiKeyProviders\\.ts", holds: "from files and environment to providers" },
  {
    name: "request",
    path: "internal/request/|sdk/|(Promise|testing)\\.ts",
    holds: "a key into a request, a 401 into `reject`"
  },
  { name: "opencode", path: "opencode/|OpencodeConfig\\.ts", holds: "opencode: its configuration and the plugin" },
  { name: "cli", path: "cli/|bin\\.ts", holds: "the command line" },
  { name: "index", path: "index\\.ts", holds: "the modules of the pipeline as namespaces" }
]

/** What a request needs of the rooms to its left: an SDK's seam takes the provider's interface, not what implements it. */
export const seam = {
  from: "^src/(internal/request/|sdk/(Fetch|HttpClient|OpenAi|Anthropic|EffectAi)\\.ts)",
  reaches:
    "^src/(internal/(util|redact|model|request)/|ApiKey(Error)?\\.ts|sdk/(Fetch|HttpClient|OpenAi|Anthropic|EffectAi)\\.ts)"
}
