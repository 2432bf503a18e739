/**
 * What the plugin uses of effect's streams: a child's output read to its end, bytes written to its stdin. Its bundle holds
 * this in the place of `effect/Stream` and its like, which are a tenth of it (scripts/standIns.mjs).
 */
import type { Readable, Writable } from "node:stream"
import * as Effect from "effect/Effect"
import { leftOut } from "./leftOut.js"

export interface Stream<A, E> {
  /** Hands over one after the other, as long as `f` says so. */
  readonly each: <E2, R>(f: (value: A) => Effect.Effect<boolean, E2, R>) => Effect.Effect<void, E | E2, R>
}

const forEachWhile = <A, E, R>(values: Iterable<A>, f: (value: A) => Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    for (const value of values) if (!(yield* f(value))) return
  })

export const empty: Stream<never, never> = { each: () => Effect.void }

export const fromChunk = <A>(values: Iterable<A>): Stream<A, never> => ({ each: (f) => forEachWhile(values, f) })

/** What has happened since it was last looked at is kept here: an event between two looks must not be missed. */
interface Reading<E> {
  readonly readable: Readable
  state: "open" | "ended" | { readonly failed: E }
  wake: () => void
}

const openReading = <E>(readable: Readable, onError: (error: unknown) => E): Reading<E> => {
  const reading: Reading<E> = { readable, state: "open", wake: () => undefined }
  const become = (state: Reading<E>["state"]): void => {
    if (reading.state === "open") reading.state = state
    reading.wake()
  }
  readable.on("readable", () => reading.wake())
  readable.on("end", () => become("ended"))
  readable.on("close", () => become("ended"))
  // It stays for as long as the stream lives: an error that nobody hears is an uncaught exception.
  readable.on("error", (error) => become({ failed: onError(error) }))
  if (readable.readableEnded || readable.destroyed) become("ended")
  return reading
}

/** `null` at its end. */
const next = <E>(reading: Reading<E>): Effect.Effect<Uint8Array | null, E> =>
  Effect.async<Uint8Array | null, E>((resume) => {
    const look = (): void => {
      const bytes: Uint8Array | null = reading.readable.read()
      if (bytes === null && reading.state === "open") return
      reading.wake = () => undefined
      if (bytes !== null || reading.state === "ended") resume(Effect.succeed(bytes))
      else if (reading.state !== "open") resume(Effect.fail(reading.state.failed))
    }
    reading.wake = look
    look()
    return Effect.sync(() => {
      reading.wake = () => undefined
    })
  })

export const fromReadable = <E>(readable: () => Readable, onError: (error: unknown) => E): Stream<Uint8Array, E> => ({
  each: (f) =>
    Effect.acquireUseRelease(
      Effect.sync(() => openReading(readable(), onError)),
      (reading) =>
        Effect.gen(function* () {
          for (let bytes = yield* next(reading); bytes !== null; bytes = yield* next(reading)) {
            if (!(yield* f(bytes))) return
          }
        }),
      (reading) => Effect.sync(() => void reading.readable.destroy())
    )
})

export const runForEachWhile = <A, E, E2, R>(stream: Stream<A, E>, f: (value: A) => Effect.Effect<boolean, E2, R>) =>
  stream.each(f)

export const runForEach = <A, E, E2, R>(stream: Stream<A, E>, f: (value: A) => Effect.Effect<unknown, E2, R>) =>
  stream.each((value) => Effect.as(f(value), true))

export const runDrain = <A, E>(stream: Stream<A, E>): Effect.Effect<void, E> => stream.each(() => Effect.succeed(true))

export interface Sink<E> {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, E>
  readonly end: Effect.Effect<void>
}

export const fromWritable = <E>(writable: () => Writable, onError: (error: unknown) => E): Sink<E> => ({
  write: (bytes) =>
    Effect.async<void, E>((resume) => {
      writable().write(bytes, (error) => resume(error ? Effect.fail(onError(error)) : Effect.void))
    }),
  end: Effect.sync(() => void writable().end())
})

export const run = <E, E2>(stream: Stream<Uint8Array, E>, sink: Sink<E2>): Effect.Effect<void, E | E2> =>
  Effect.ensuring(
    runForEach(stream, (bytes) => sink.write(bytes)),
    sink.end
  )

// What is built when a provider or an executor is, and never run: a provider's `changes`, the whole output of a command.

const unused: Stream<never, never> = { each: () => leftOut() }

export const drain = unused
export const foldLeftChunks = () => unused
export const fromEffect = () => unused
export const make = () => unused
export const map = () => unused
export const mapEffect = () => unused
export const mergeAll = () => unused
export const unwrapScoped = () => unused

export {
  leftOut as asyncScoped,
  leftOut as bufferChunks,
  leftOut as concat,
  leftOut as fail,
  leftOut as flatMap,
  leftOut as forEach,
  leftOut as fromChannel,
  leftOut as fromQueue,
  leftOut as mapChunks,
  leftOut as runCollect,
  leftOut as splitLines,
  leftOut as transduce,
  leftOut as unwrap,
  leftOut as void,
  leftOut as write
}
