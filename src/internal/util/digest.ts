/** One-way digests, so that secrets can be compared without being stored. */
import { createHash } from "node:crypto"

export const digestOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex")
