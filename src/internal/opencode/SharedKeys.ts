/** One cache for equal commands, whichever project asks: a key that one project has fetched is not asked for by the next. */
import * as Context from "effect/Context"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import { type CommandOptions, fromCommand, type Provider } from "../../ApiKeyProvider.js"
import { identityOf } from "../commandIdentity.js"

/** A command by all that shapes its runs. */
export class SharedCommand implements Equal.Equal {
  readonly identity: string
  constructor(readonly options: CommandOptions) {
    this.identity = identityOf(options)
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof SharedCommand && that.identity === this.identity
  }
  [Hash.symbol](): number {
    return Hash.string(this.identity)
  }
}

export class SharedKeys extends Context.Tag("effect-apikey/opencode/SharedKeys")<
  SharedKeys,
  RcMap.RcMap<SharedCommand, Provider>
>() {
  /** A provider lives while somebody's scope holds it. */
  static readonly layer = Layer.scoped(
    SharedKeys,
    RcMap.make({ lookup: ({ options }: SharedCommand) => fromCommand(options) })
  )
}
