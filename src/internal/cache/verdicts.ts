/** What servers said of one key, by origin. */

/** Changed in place, because a request reports it without an Effect. The last word of an origin counts, but a refusal stays. */
export type Verdicts = Map<string, "accepted" | "refused">

/** A rejection that names no origin counts for all. No origin has this name. */
const everywhere = "*"

/** Further origins are not remembered, so they keep no rejected key. */
const maxOrigins = 256

/** An origin that refused the key once does not accept it later: it refuses a model or a path, and accepts others. */
export const accept = (verdicts: Verdicts, origin: string): void => {
  if (verdicts.has(origin) || verdicts.has(everywhere) || verdicts.size >= maxOrigins) return
  verdicts.set(origin, "accepted")
}

/** Records a refusal. The result says whether the key was accepted there until now. */
export const refuse = (verdicts: Verdicts, origin: string | undefined): boolean => {
  const wasAccepted =
    origin === undefined
      ? verdicts.size > 0 && Array.from(verdicts.values()).every((verdict) => verdict === "accepted")
      : accepts(verdicts, origin)
  if (origin === undefined) verdicts.clear()
  verdicts.set(origin ?? everywhere, "refused")
  return wasAccepted
}

export const accepts = (verdicts: Verdicts, origin: string | undefined): boolean =>
  origin !== undefined && verdicts.get(origin) === "accepted"
