/** Valid HTTP header names: a token of RFC 9110. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export const isHeaderName = (name: string): boolean => token.test(name)
