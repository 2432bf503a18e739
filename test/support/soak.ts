/** Load and repetition in two sizes: the short one runs in `npm test`, the full one in `npm run test:soak`. */

const isFull = process.env["SOAK"] === "1"

export const size = ({ short, full }: { readonly short: number; readonly full: number }): number =>
  isFull ? full : short
