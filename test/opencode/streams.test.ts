// What the plugin's bundle has in the place of effect's streams does what those do, where the plugin uses them.
import { PassThrough, Readable, Writable } from "node:stream"
import * as NodeStream from "@effect/platform-node-shared/NodeStream"
import { describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { expect } from "vitest"
import { programs } from "../../scripts/bundle.mjs"
import * as StandIn from "../../src/opencode/plugin/standIns/streams.js"

const failed = (error: unknown): string => `failed: ${error instanceof Error ? error.message : String(error)}`

/** What a readable hands over, one way and the other. */
const readWith = async (way: "effect's" | "the plugin's", readable: Readable) => {
  const bytes: Array<number> = []
  const note = (chunk: Uint8Array) => Effect.sync(() => void bytes.push(...chunk))
  const exit = await Effect.runPromiseExit(
    way === "effect's"
      ? Stream.runForEach(
          NodeStream.fromReadable<string, Uint8Array>(() => readable, failed),
          note
        )
      : StandIn.runForEach(
          StandIn.fromReadable(() => readable, failed),
          note
        )
  )
  return { bytes, exit, isDestroyed: readable.destroyed }
}

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 })

/** Some pieces at once, some later, with an error at the end or not. */
const readableOf = (chunks: ReadonlyArray<Uint8Array>, ends: boolean): Readable =>
  Readable.from(
    (async function* () {
      for (const [index, chunk] of chunks.entries()) {
        if (index % 3 === 0) await new Promise(setImmediate)
        yield Buffer.from(chunk)
      }
      if (!ends) throw new Error("broken")
    })(),
    { objectMode: false }
  )

describe("the streams in the plugin's bundle", () => {
  it("are there because the plugin is bundled with stand-ins, and the command line is not", () => {
    expect([programs.plugin.isLean, programs.bin.isLean]).toEqual([true, false])
  })

  it("hand over what a readable has, to its end or its error, as effect's do", () =>
    fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (chunks, ends) => {
        const expected = await readWith("effect's", readableOf(chunks, ends))
        const actual = await readWith("the plugin's", readableOf(chunks, ends))
        expect(actual.exit).toEqual(Exit.mapBoth(expected.exit, { onFailure: (e) => e, onSuccess: () => undefined }))
        expect(actual.isDestroyed).toBe(true)
        if (ends) expect(actual.bytes).toEqual(expected.bytes)
      }),
      { numRuns: 60 }
    ))

  it("end at once with a readable that has been closed before", async () => {
    const readable = new PassThrough()
    readable.destroy()
    expect((await readWith("the plugin's", readable)).exit).toEqual(Exit.void)
  })

  it.live("stop where they are told to, and let go of the readable", () =>
    Effect.gen(function* () {
      const readable = new PassThrough()
      readable.write("one")
      yield* StandIn.runForEachWhile(
        StandIn.fromReadable(() => readable, failed),
        () => Effect.succeed(false)
      )
      expect(readable.destroyed).toBe(true)
    })
  )

  it.live("let go of the readable when they are interrupted while they wait", () =>
    Effect.gen(function* () {
      const readable = new PassThrough()
      const waiting = yield* Deferred.make<void>()
      readable.write("one")
      const fiber = yield* Effect.fork(
        StandIn.runForEach(
          StandIn.fromReadable(() => readable, failed),
          () => Deferred.succeed(waiting, undefined)
        )
      )
      yield* Deferred.await(waiting)
      yield* Fiber.interrupt(fiber)
      expect(readable.destroyed).toBe(true)
    })
  )

  it("write all bytes, one after the other, and end the writable", () =>
    fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const written: Array<Buffer> = []
        const writable = new Writable({
          highWaterMark: 4,
          write: (chunk: Buffer, _, done) => {
            written.push(chunk)
            setImmediate(done)
          }
        })
        const input = Chunk.fromIterable(chunks)
        await Effect.runPromise(
          StandIn.run(
            StandIn.fromChunk(input),
            StandIn.fromWritable(() => writable, failed)
          )
        )
        expect(Buffer.concat(written)).toEqual(Buffer.concat(chunks))
        expect(writable.writableEnded).toBe(true)
      }),
      { numRuns: 30 }
    ))

  it.live("say so when what they write is not taken", () =>
    Effect.gen(function* () {
      const writable = new Writable({ write: (_, __, done) => done(new Error("EPIPE")) })
      writable.on("error", () => undefined)
      const sink = StandIn.fromWritable(() => writable, failed)
      const exit = yield* Effect.exit(StandIn.run(StandIn.fromChunk([Buffer.from("x")]), sink))
      expect(exit).toEqual(Exit.fail("failed: EPIPE"))
    })
  )
})
