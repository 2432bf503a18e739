/** Finds what a text shares with others: each run of eight characters or more, in time linear in all of them. */

import { meaningsOf, type View } from "./views.js"

/** A shorter run may be shared by chance. */
export const minRun = 8

/** Every run of `minRun` characters of the views, with its places. */
export interface Index {
  readonly views: ReadonlyArray<View>
  readonly has: (run: string) => boolean
  /** Marks each run that the text shares with a view. */
  readonly mark: (text: string) => void
  /** The marks by view: 1 for each character that is marked. */
  readonly marks: () => ReadonlyArray<Uint8Array>
}

/** The hash of a run is a polynomial. Its base is random, so that no helper can make many runs with the same hash. */
const base = (Math.floor(Math.random() * 0x3fff_ffff) << 1) | 1
const leading = Array.from({ length: minRun }).reduce<number>((power) => Math.imul(power, base), 1)
const goldenRatio = 0x9e37_79b1

/** Calls with the place of each run of a text and its hash, from left to right. */
const forEachRun = (text: string, use: (at: number, hash: number) => void): void => {
  let hash = 0
  for (let end = 0; end < text.length; end++) {
    hash = (Math.imul(hash, base) + text.charCodeAt(end)) | 0
    if (end >= minRun) hash = (hash - Math.imul(leading, text.charCodeAt(end - minRun))) | 0
    if (end >= minRun - 1) use(end - minRun + 1, hash)
  }
}

export const indexOf = (views: ReadonlyArray<View>): Index => {
  const all = views.map(({ text }) => text).join("")
  const bits = Math.max(1, Math.ceil(Math.log2(all.length * 2 + 1)))
  const mask = 2 ** bits - 1
  // An open hash table of places, plus one. The places of one run are a list: `next` leads from each to the one before it.
  const table = new Int32Array(mask + 1)
  const next = new Int32Array(all.length)
  const marked = new Uint8Array(mask + 1)
  const starts = new Uint8Array(all.length)

  const isSame = (text: string, at: number, place: number): boolean => {
    for (let i = 0; i < minRun; i++) {
      if (text.charCodeAt(at + i) !== all.charCodeAt(place + i)) return false
    }
    return true
  }
  /** The slot of a run: its own, or an empty one. */
  const slotOf = (text: string, at: number, hash: number): number => {
    let slot = Math.imul(hash, goldenRatio) >>> (32 - bits)
    while (table[slot] !== 0 && !isSame(text, at, (table[slot] ?? 0) - 1)) slot = (slot + 1) & mask
    return slot
  }
  let offset = 0
  for (const { text } of views) {
    forEachRun(text, (at, hash) => {
      const slot = slotOf(text, at, hash)
      next[offset + at] = table[slot] ?? 0
      table[slot] = offset + at + 1
    })
    offset += text.length
  }
  return {
    views,
    has: (run) => {
      let found = false
      forEachRun(run, (at, hash) => {
        found = table[slotOf(run, at, hash)] !== 0
      })
      return found
    },
    mark: (text) =>
      forEachRun(text, (at, hash) => {
        const slot = slotOf(text, at, hash)
        // The places of a run are walked once, however often the texts have it.
        if (marked[slot] === 1) return
        marked[slot] = 1
        for (let place = table[slot] ?? 0; place > 0; place = next[place - 1] ?? 0) starts[place - 1] = 1
      }),
    marks: () => {
      let from = 0
      return views.map(({ text }) => {
        const own = starts.subarray(from, from + text.length)
        from += text.length
        return extended(own)
      })
    }
  }
}

/** From the starts of runs to all their characters. */
const extended = (starts: Uint8Array): Uint8Array => {
  const marks = new Uint8Array(starts.length)
  let left = 0
  for (let at = 0; at < starts.length; at++) {
    if (starts[at] === 1) left = minRun
    if (left > 0) {
      marks[at] = 1
      left--
    }
  }
  return marks
}

/**
 * Marks what a source shares with the text, where either is decoded once. Both decoded as bytes are not compared: of an
 * ordinary word that makes the same meaningless bytes in both.
 */
export const markShared = (plain: Index, bytes: Index, source: string): void => {
  const meanings = meaningsOf(source)
  for (const meaning of meanings.text) {
    plain.mark(meaning)
    bytes.mark(meaning)
  }
  for (const meaning of meanings.bytes) plain.mark(meaning)
}
