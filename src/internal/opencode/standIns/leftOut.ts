/** The end of a way that the plugin does not go: a defect, should it ever. */
export const leftOut = (): never => {
  throw new Error("effect-apikey: left out of the opencode plugin")
}
