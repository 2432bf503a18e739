/** The origin of a URL that a request can go to. */

/** `"null"` for any other scheme: a `blob:` URL has the origin of its page, but no server gets it. */
export const httpOrigin = ({ origin, protocol }: URL): string =>
  protocol === "http:" || protocol === "https:" ? origin : "null"
