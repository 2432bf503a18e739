/** What a hit costs through promises: ours beside Smithy's `memoize`, which AWS's SDK keeps its credentials in. */
import { pathToFileURL } from "node:url"
import { memoize } from "@smithy/property-provider"
import { Bench } from "tinybench"
import { createApiKeyProvider } from "../src/Promise.js"

export const main = async (): Promise<void> => {
  await using provider = createApiKeyProvider({ argv: ["echo", "sk-1"], timeToLive: "1 hour" })
  await provider.get()
  const expiration = Date.now() + 3_600_000
  const smithy = memoize(
    async () => ({ token: "sk-1", expiration }),
    (token) => token.expiration - Date.now() < 300_000,
    (token) => token.expiration !== undefined
  )
  await smithy()

  const bench = new Bench({ time: 400, warmupTime: 100 })
  bench.add("Smithy's memoize", () => smithy()).add("createApiKeyProvider get", () => provider.get())
  await bench.run()

  const nanos = (name: string): number => {
    const result = bench.getTask(name)?.result
    return result !== undefined && "latency" in result ? result.latency.mean * 1e6 : Number.NaN
  }
  const [theirs, ours] = [nanos("Smithy's memoize"), nanos("createApiKeyProvider get")]
  console.log(`Smithy's memoize          ${theirs.toFixed(0).padStart(6)} ns a hit`)
  console.log(
    `createApiKeyProvider get  ${ours.toFixed(0).padStart(6)} ns a hit, ${(ours / theirs).toFixed(2)} × Smithy's`
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
