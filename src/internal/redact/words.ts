/** The words that stay readable although a source of secrets has them too. A fixed list: no word is judged by its look. */

/** Whether people need to read a word, or several that are joined by punctuation. */
export type IsKnownWord = (unit: string) => boolean

/** What messages of errors are made of, and the commands and options of programs that keep secrets. */
const general = `
 able abort aborted about above absent accept accepted access account accounts active add address after again all allow allowed
 already also an and another any api app application applications apps are argument arguments as ask at attempt auth authenticate
 authenticated authentication authorization authorize authorized available aws az azure backend bad be because been before below
 body browser but by bytes call called can cancel cancelled cannot cause caused certificate change check choose client cli clients
 close closed cloud code codes command commands config configuration configure configured connect connected connecting connection
 contains content context could couldn create created credential credentials current currently data database date debug decode
 decrypt decrypted decryption default defaults delete denied deny describe desktop detail details did didn directory disabled do
 docker does doesn domain don done empty enabled encode encrypted end endpoint ended enter entries entry env environment error errors
 exceeded exception exec exist exists exit exited expected expire expired expires expiry export external fail failed fails failure
 false fatal fetch field fields file files fill find first flag folder for forbidden force form format found from gateway get getting
 git given go gpg grant granted group had has hasn have header headers help helper hint host hosts http https id identity if in info
 init input install installed instead interactive interactivity internal invalid is isn issue it item items its json key keychain
 keyring keys keyvault kind known label latest level limit line list load loading local locked log logged login logout lookup machine
 make malformed manager many may message method missing mode module more mount must name named names need needed needs network new no
 none not nothing null number oauth object of off ok old on once one only op open option options or org organization other out output
 page parameter parameters parse parsing pass passphrase passwd password passwords path permission permissions permitted persist place
 please policy port preferred print process profile profiles program project projects prompt prompts protocol provide provided
 provider proxy public query rate raw read reading reason received record refresh refused refusing region register registry reject
 rejected remote remove renew request requests require required requires reset resolve resource response result results retry return
 returned revoked role root run running same save scope scopes search secret secrets section secretsmanager see select send server
 servers service services session sessions set settings setup short should show sign signature signed signin since size some source
 specified specify ssh ssl sso sso start started state status stderr stdin stdout stop store stored string string sts such supported
 sync system tag take target tenant terminal text than that the them there this time timed timeout timestamp to token tokens too
 transport true try type unable unauthorized unavailable unexpected unit unknown unlock unset unsupported until update uri url usage
 use used user username users using valid validation value values variable vault verify version versions wait warning was wasn were
 when where which while who will with within without working would write writing written wrong yes yet you your zone
 400 401 403 404 407 408 409 410 429 500 501 502 503 504`

const words: ReadonlySet<string> = new Set(general.split(/\s+/).filter((word) => word !== ""))

const partsOf = (unit: string): ReadonlyArray<string> => unit.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== "")

/** As it is listed, at the start of a sentence, or in capitals. A mixture of both is not a word. */
const spellings = /^(?:\p{Ll}+|\p{Lu}\p{Ll}*|\p{Lu}+|\d+)$/u

const trimmed = (unit: string): string => unit.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")

/** The general words, those of a program, and names that count as a whole. */
export const knownWords =
  (own: ReadonlySet<string>, names: ReadonlySet<string> = new Set()): IsKnownWord =>
  (unit) => {
    if (names.has(trimmed(unit))) return true
    const parts = partsOf(unit)
    return (
      parts.length > 0 &&
      parts.every((part) => {
        const lower = part.toLowerCase()
        return own.has(part) || (spellings.test(part) && (words.has(lower) || own.has(lower)))
      })
    )
  }

export const isKnown: IsKnownWord = knownWords(new Set())

/** The words of a text, for `knownWords`, as they are written and in lower case. One letter is no word. */
export const wordsOf = (text: string): ReadonlyArray<string> =>
  partsOf(text)
    .filter((part) => part.length > 1)
    .flatMap((part) => [part, part.toLowerCase()])

/** What belongs to the text around it: a colon, a dash, an arrow. */
const punctuation = /^[^\p{L}\p{N}]{1,2}$/u

/** What of a text is not known: from an index to one behind it. Units are what white space sets apart; what is between two is included. */
export const unitsOf = (text: string, isKnownWord: IsKnownWord): ReadonlyArray<readonly [from: number, to: number]> => {
  const found: Array<[from: number, to: number]> = []
  let last: [from: number, to: number] | undefined
  for (const { 0: unit, index } of text.matchAll(/\S+/g)) {
    if (punctuation.test(unit)) continue
    if (isKnownWord(unit)) {
      last = undefined
      continue
    }
    const to = index + unit.length
    if (last === undefined) {
      last = [index, to]
      found.push(last)
    } else last[1] = to
  }
  return found
}
