/** One-way digests, so that secrets can be compared and remembered without being kept. */
import { createHash } from "node:crypto"

export const digestOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex")
