/** Text that cannot be a key, by kind. Each kind says what the text looks like and what to do about it. */

import * as Option from "effect/Option"
import type { RemedyInput } from "../model/remedy.js"

/** A file of variables, a header and a label hold a key beside something else; the other kinds hold none. */
export type Kind =
  | "reference"
  | "placeholder"
  | "masked"
  | "encrypted"
  | "object"
  | "nothing"
  | "quoted"
  | "assignment"
  | "header"
  | "label"

export interface NotAKey {
  readonly kind: Kind
  /** What an error says was expected. */
  readonly expected: string
  readonly remedy: RemedyInput
}

interface Row extends NotAKey {
  /** One of these fits the whole text. Nothing here looks back: a helper may print 64 KiB. */
  readonly patterns: ReadonlyArray<RegExp>
}

/** `sk-`, `sk-ant-api03-` and the first characters of a key, as masks leave them. */
const shownStart = "(?:[A-Za-z0-9]{1,8}[-_]){0,3}[A-Za-z0-9]{0,6}"
const shownEnd = "[A-Za-z0-9_-]{0,8}"
const bullets = String.raw`[\u2022\u25cf\u25cb\u25aa\u25a0\u2588\u2591\u2592\u2593\u2217\u00d7\u00b7\u2026]`
const hiddenWords =
  "redacted|masked|hidden|concealed|sensitive|secret|secure|protected|filtered|private|removed|omitted|censored"

const masked: Row = {
  kind: "masked",
  expected: "a key, not a masked one",
  remedy:
    "The tool hides the value. Use its option that reveals it (--reveal, --show, --raw, --with-decryption), or store the whole key again.",
  patterns: [
    new RegExp(`^${shownStart}(?:\\*{3,}|${bullets}{3,})(?:[-_ ]?(?:\\*|${bullets})+)*${shownEnd}$`, "u"),
    new RegExp(`^(?:[A-Za-z0-9]{1,8}[-_]){1,3}[A-Za-z0-9]{0,6}(?:\\.{3,}|\\u2026)${shownEnd}$`, "u"),
    /^[A-Za-z0-9]{2,4}(?:\.{3,}|\u2026)[A-Za-z0-9]{2,4}$/u,
    new RegExp(
      `^[[(<{*]+ ?(?:${hiddenWords})(?: (?:value|data|by [\\w ]{1,20}))?(?: ?(?::|,)[\\w .-]{0,40})? ?[\\])>}*]+$`,
      "i"
    ),
    /^(?:redacted|concealed)$/i
  ]
}

/** After the placeholders, which have nothing but x. */
const maskedByX: Row = {
  ...masked,
  patterns: [/^(?:[A-Za-z0-9]{2,8}[-_]){1,3}[xX]{4,}[A-Za-z0-9]{1,4}$/]
}

const hiddenBy1Password: Row = {
  kind: "masked",
  expected: "a key, not what stands for a hidden one",
  remedy: "1Password hides that field's value: add --reveal to op item get, or use op read.",
  patterns: [/^\[use 'op item get/]
}

const inPowerShell = "In PowerShell 7, print its text: ConvertFrom-SecureString -AsPlainText"

const objects: ReadonlyArray<Row> = [
  {
    kind: "object",
    expected: "a key, not a printed SecureString",
    remedy: inPowerShell,
    patterns: [/^System\.Security\.SecureString$/]
  },
  {
    kind: "object",
    expected: "a key, not a printed object",
    remedy:
      "The tool printed the object that holds the key. Make it print the object's text: a field, .toString(), .decode().",
    patterns: [
      /^\[object [A-Z]\w*\]$/,
      /^(?:System|Microsoft)\.[A-Z][\w.+]*[A-Za-z](?:`\d+)?(?:\[[\w.,[\] ]*\])*$/,
      /^<Buffer(?: [0-9a-f]{2})*(?: \.{3} \d+ more bytes?)?>$/,
      /^(?:Uint8Array|Buffer|ArrayBuffer)(?:\(\d+\))? ?[[{]/,
      /^\d{1,3}(?:, ?\d{1,3}){7,}$/,
      /^\[\d{1,3}(?:,? \d{1,3}){7,}\]$/,
      /^b(?:'[^']*'|"[^"]*")$/,
      /^Promise \{/,
      /^\[(?:Async|Generator|AsyncGenerator)?Function(?:: [\w$]+)?\]$/,
      /^(?:async )?function\b[\w$ ]*\(/,
      /^<(?:function|bound method|class|module|generator object|coroutine object) /,
      /^<[\w.]+ (?:object )?at 0x[0-9a-f]+>$/i,
      /^#<[A-Z]/,
      /^(?:SecretStr|SecretBytes|SecretString|SecretBox|Secret|Redacted|Some|Ok|Just|Right|Option|Optional)(?:\(.*\)|\[.*\])$/,
      /^(?:\[[A-Z]|(?:[a-z]\w*\.)+[A-Z][\w$]*)@[0-9a-f]{1,8}$/,
      /^&?map\[.*\]$/,
      /^&\{.*\}$/,
      /^\(?0xc[0-9a-f]{9}\)?$/,
      /^@\{\w+=.*\}$/
    ]
  },
  {
    kind: "object",
    expected: "a key, not JSON",
    remedy: {
      text: "Store or print the key alone, or have a command print the JSON and name the field that holds the key",
      option: "format",
      example: { name: "json", field: "…" }
    },
    patterns: [/^\{\s*"[^"]*"\s*:.*\}$/s, /^\[\s*[{"].*\]$/s]
  }
]

const nothing: Row = {
  kind: "nothing",
  expected: "a key, not a word for nothing",
  remedy:
    "Tools print null, undefined, None or <nil> where there is nothing; check the field's name in the command (jq -e fails instead).",
  patterns: [
    /^(?:null|NULL|undefined|None|NaN|nil)$/,
    /^[<([](?:nil|null|none|no value|unset|not set|empty|missing|undefined)[>)\]]$/i,
    /^%!\w\((?:<nil>|MISSING|[\w.*]+=.*)\)$/
  ]
}

const decrypt = "The value was not decrypted; give the command its private key."

const encrypted: ReadonlyArray<Row> = [
  {
    kind: "encrypted",
    expected: "a decrypted key",
    remedy: inPowerShell,
    // What ConvertFrom-SecureString prints: with the Data Protection API, with a key, and on Linux UTF-16 in hexadecimal.
    patterns: [
      /^01000000d08c9ddf0115d1118c7a00c04fc297eb[0-9a-f]*$/i,
      /^76492d1116743f0423413b16050a5345/i,
      /^(?:[2-7][0-9a-f]00){8,}$/i
    ]
  },
  {
    kind: "encrypted",
    expected: "a decrypted key",
    remedy: decrypt,
    patterns: [
      /^encrypted:/,
      /^ENC\[.*\]$/,
      /^ENC\(.*\)$/,
      /^\{cipher\}/,
      /^\$ANSIBLE_VAULT;/,
      /^vault:v\d+:/,
      /^age-encryption\.org\//,
      /^-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)-----/
    ]
  }
]

const stores = [
  "1password|onepassword|akeyless|akv|aws-secretsmanager|aws-sm|awsps|awssecrets|awssm|awsssm|azkv|azurekeyvault|bao|bitwarden|bw|bws",
  "chamber|conjur|cred|credential|credentials|credstash|dashlane|dl|doppler|gcp-sm|gcpsecretmanager|gcpsecrets|gcpsm|gopass|gsm|infisical",
  "k8s|keepass|keepassxc|keychain|keyring|keyvault|kms|kubernetes|lastpass|lpass|openbao|pass|proton-pass|protonpass",
  "secret|secret-ref|secretref|secrets|secretsmanager|sm|sops|ssm|vals|vault|wincred"
].join("|")

const references: ReadonlyArray<Row> = [
  {
    kind: "reference",
    expected: "a key, not a reference to 1Password (op://…)",
    remedy:
      "Run op read with the reference as the helper command, or start the program with op run --, which resolves it.",
    patterns: [/^op:\/\//]
  },
  {
    kind: "reference",
    expected: "a key, not a reference to a secret store",
    remedy:
      "Nothing resolves it here. Run the store's own tool as the helper command, such as op read, vault kv get or aws secretsmanager.",
    patterns: [
      new RegExp(`^(?:${stores})://\\S`, "i"),
      /^(?:akv|awssm|bws|cred|credential|gcpsm|keychain|keyring|secret-?ref|secretsmanager|ssm|vault):[\w./@-]/i,
      /^ref\+\w+:\/\//,
      /^arn:aws[\w-]*:(?:secretsmanager|ssm|kms):/,
      /^projects\/[^/]+\/secrets\/[^/]+(?:\/versions\/[^/]+)?$/,
      /^https:\/\/[\w-]+\.vault\.(?:azure\.(?:net|cn)|usgovcloudapi\.net)\/secrets\//,
      /^@Microsoft\.KeyVault\(/,
      /^<path:[^<>]+>$/,
      /^!(?:secret|vault|env|include|Ref|GetAtt|Sub)\b/,
      /^\{\{ ?(?:resolve|op):.*\}\}$/
    ]
  },
  {
    kind: "reference",
    expected: "a key, not a variable or a command that nothing has replaced",
    remedy:
      "Write the key itself, or name where it is as a source: env for a variable, file for a file, command for a command.",
    patterns: [
      /^\{[A-Za-z][\w.-]*:[^{}"]*\}$/,
      /^\$\{[^{}]*\}$/,
      /^\$?\{\{.*\}\}$/,
      /^\$\(.*\)$/,
      /^\$[A-Z][A-Z0-9_]{3,}$/,
      /^\$env:\w+$/i,
      /^%[A-Za-z_]\w{3,}%$/,
      /^#\{[^{}]*\}#?$/,
      /^(?:process\.env|import\.meta\.env|Deno\.env|Bun\.env|os\.environ|os\.getenv|System\.getenv|ENV)[./([].*$/,
      /^(?:env|exec|cmd|shell|file):(?:\/\/)?[\w./~$-]/i,
      /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_API_(?:KEY|TOKEN)$/
    ]
  }
]

const purpose = "(?:api[-_ ]?)?(?:key|token|secret|password|pat|credentials?)"

const placeholder: Row = {
  kind: "placeholder",
  expected: "a key, not a placeholder for one",
  remedy: "Put the real key there, or remove the setting so that the next source is used.",
  patterns: [
    /^<[A-Za-z][\w .'/-]*>$/,
    /^\[(?:your|insert|enter|paste|api|my)[\w -]*\]$/i,
    new RegExp(
      `^(?:[a-z0-9]{2,8}[-_]){0,2}your[-_ ]?(?:[a-z0-9]{1,20}[-_ ]?){0,5}(?:${purpose}|here)(?:[-_ ]?(?:goes[-_ ]?)?here)?$`,
      "i"
    ),
    new RegExp(
      `^(?:[a-z0-9]{2,8}[-_]){0,2}(?:insert|enter|paste|put|add|type|replace|set|fill)[-_ ](?:[a-z]{1,20}[-_ ]){0,6}(?:${purpose}|here|in|me|this)$`,
      "i"
    ),
    /^(?:[a-z0-9]{2,8}[-_]){0,2}(?:change|replace)[-_ ]?(?:me|this|it)(?:[-_ ]?(?:now|please|!))?$/i,
    new RegExp(`^(?:todo|fixme|tbd|placeholder|${purpose}[-_ ](?:placeholder|goes[-_ ]here|here))$`, "i"),
    /^(?:[A-Za-z0-9]{1,8}[-_.]){0,3}[A-Za-z]{0,4}[xX]{4}(?:[-_.]?[xX]+)*$/
  ]
}

const quoted: Row = {
  kind: "quoted",
  expected: "a key without quotes",
  remedy:
    "The quotes come from the tool or the file. Make the tool print raw text (jq -r, --raw, --output text, VAULT_FORMAT=table), or remove them.",
  patterns: [
    /^"[^"]*"$/,
    /^'[^']*'$/,
    /^`[^`]*`$/,
    /^[\u201c\u201d\u201e].*[\u201c\u201d]$/,
    /^[\u2018\u2019\u201a].*[\u2018\u2019]$/
  ]
}

const header: Row = {
  kind: "header",
  expected: "a key, not a header",
  remedy: {
    text: 'Leave out the name and the scheme ("Bearer"), or have a command print the headers as a JSON object and set its format',
    option: "format",
    example: "headers"
  },
  patterns: [
    /^(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Negotiate|Digest|DPoP)\s+\S/i,
    /^(?:proxy-)?authorization\s*:/i,
    /^(?:x-(?:goog-)?api-key|api-key|private-token|x-auth-token|cookie)\s*:\s*\S/i
  ]
}

/** Names of variables that say that they hold a secret. */
export const saysSecret = /KEY|TOKEN|SECRET|PASSWO?R?D|CREDENTIAL|(?:^|[_.-])(?:AUTH|PAT)(?:$|[_.-])/i

/** Variables are written so. base64 that "=" pads has both capitals and small letters. */
export const isOfOneCase = (name: string): boolean => name === name.toUpperCase() || name === name.toLowerCase()

const assignment: NotAKey = {
  kind: "assignment",
  expected: "a key, not NAME=value",
  remedy: {
    text: "Leave out the name, so that only the key remains, or have a command print the lines and set its format",
    option: "format",
    example: { name: "env", variable: "…" }
  }
}

const isAssignment = (text: string): boolean => {
  const [, name = "", value = ""] = /^(?:export\s+|set\s+)?([A-Za-z_]\w*)\s*=\s*(.+)$/s.exec(text) ?? []
  return name !== "" && isOfOneCase(name) && saysSecret.test(name) && !/^=|[;&]\w+=/.test(value)
}

const label: Row = {
  kind: "label",
  expected: "a key, not a name and a value",
  remedy:
    "Make the command print the value alone. Pass and gopass: gopass show -o NAME prints the password, gopass show NAME FIELD a field.",
  patterns: [/^[A-Za-z][\w -]{0,40}:\s+\S/]
}

/** In this order: what is more special goes first. */
const rows: ReadonlyArray<Row> = [
  hiddenBy1Password,
  ...objects,
  nothing,
  masked,
  ...encrypted,
  placeholder,
  maskedByX,
  ...references,
  quoted,
  header
]

/** Passwords are people's own words: these kinds cannot be one, the others can. */
const inPasswords: ReadonlySet<Kind> = new Set(["reference", "masked", "encrypted", "object"])

const longestShape = 4096

const find = (text: string, among: ReadonlyArray<Row>): Option.Option<NotAKey> =>
  text.length > longestShape
    ? Option.none()
    : Option.fromNullable(among.find(({ patterns }) => patterns.some((pattern) => pattern.test(text))))

/** What a text is, where it cannot be a token. */
export const notAToken = (text: string): Option.Option<NotAKey> =>
  Option.firstSomeOf([
    find(text, rows),
    isAssignment(text) ? Option.some(assignment) : Option.none(),
    find(text, [label])
  ])

/** What a text is, where it cannot be a password. */
export const notAPassword = (text: string): Option.Option<NotAKey> =>
  find(
    text,
    rows.filter(({ kind }) => inPasswords.has(kind))
  )

/** Whether a text only marks where a key should be. As a setting, it counts as not set. */
export const isUnresolved = (text: string): boolean =>
  Option.exists(notAToken(text.trim()), ({ kind }) => kind === "reference" || kind === "placeholder")
