/** What the two wire formats of the gateway have in common. */
import * as Schema from "effect/Schema"

/** What makes one answer different from another to the same question. */
export interface Envelope {
  readonly id: string
  /** In seconds, as the API has it. */
  readonly createdAt: number
}

/** One server-sent event. */
export const frame = (data: string, event?: string): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${data}\n\n`

/** Text, or parts of which some hold text. */
export const Content = Schema.Union(
  Schema.String,
  Schema.Array(Schema.Struct({ text: Schema.optionalWith(Schema.String, { nullable: true }) }))
)

export const textOf = (content: typeof Content.Type | undefined): string =>
  content === undefined || typeof content === "string"
    ? (content ?? "")
    : content.map((part) => part.text ?? "").join("")
