/** What a helper that answers for several providers is told in `EFFECT_APIKEY_PROVIDER`. */

/** An environment variable has its limits. */
const maxIdsTold = 100

export const toldIds = (ids: ReadonlyArray<string>): string =>
  ids.length > maxIdsTold ? `${ids.slice(0, maxIdsTold).join(",")},…` : ids.join(",")
