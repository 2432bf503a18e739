import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import { fromEpochSeconds, parseNumber, parseRfc3339 } from "../../src/internal/format/instant.js"
import { decode, plain } from "./support.js"

const iso = (at: Option.Option<DateTime.Utc>): string | undefined =>
  Option.getOrUndefined(Option.map(at, DateTime.formatIso))

describe("an RFC 3339 time", () => {
  it.each([
    ["with Z", "2026-05-29T00:21:43Z", "2026-05-29T00:21:43.000Z"],
    ["with small letters", "2026-05-29t00:21:43z", "2026-05-29T00:21:43.000Z"],
    ["with an offset", "2018-03-05T17:30:20-08:00", "2018-03-06T01:30:20.000Z"],
    ["with an offset of half an hour", "2026-01-01T00:00:00+05:30", "2025-12-31T18:30:00.000Z"],
    ["with +0000", "2026-05-29T00:21:43+0000", "2026-05-29T00:21:43.000Z"],
    ["with -00:00", "2026-05-29T00:21:43-00:00", "2026-05-29T00:21:43.000Z"],
    ["with a space for the T, as Python prints it", "2026-05-29 00:21:43+00:00", "2026-05-29T00:21:43.000Z"],
    ["with nanoseconds, cut and not rounded up", "2018-03-22T02:24:06.945999999Z", "2018-03-22T02:24:06.945Z"],
    ["with microseconds", "2018-03-22T02:24:06.000001Z", "2018-03-22T02:24:06.000Z"],
    ["with one digit of a fraction", "2018-03-22T02:24:06.5Z", "2018-03-22T02:24:06.500Z"],
    ["with a leap second", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["of a leap day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["of the first century, not the last", "0050-01-01T00:00:00Z", "0050-01-01T00:00:00.000Z"]
  ])("%s is read", (_, text, expected) => {
    expect(iso(parseRfc3339(text))).toBe(expected)
  })

  it.each([
    ["a time without a zone: it would be read as local", "2026-05-29T00:21:43"],
    ["a date alone: it would be read as UTC", "2026-05-29"],
    ["a day that does not exist", "2026-02-30T00:00:00Z"],
    ["a leap day of another year", "2023-02-29T00:00:00Z"],
    ["a thirteenth month", "2026-13-01T00:00:00Z"],
    ["an hour of 24", "2026-01-01T24:00:00Z"],
    ["a minute of 60", "2026-01-01T00:60:00Z"],
    ["an offset of a whole day", "2026-01-01T00:00:00+24:00"],
    ["a time without seconds", "2026-01-01T00:00Z"],
    ["a number", "1735689600"],
    ["words", "ISO8601 timestamp when the credentials expire"],
    ["what only JavaScript reads", "Fri, 29 May 2026 00:21:43 GMT"],
    ["nothing", ""]
  ])("is not %s", (_, text) => {
    expect(parseRfc3339(text)).toEqual(Option.none())
  })

  it("is the instant that Date prints, for every instant", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
        (date) => {
          expect(iso(parseRfc3339(date.toISOString()))).toBe(date.toISOString())
        }
      )
    )
  })

  it("is none or an instant for every text, and never a failure", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:?\d\d)$/)),
        (text) => {
          for (const at of Option.toArray(parseRfc3339(text))) expect(Number.isFinite(at.epochMillis)).toBe(true)
        }
      )
    )
  })
})

describe("epoch seconds", () => {
  it.each([
    [1620433341, "2021-05-08T00:22:21.000Z"],
    ["1620433341", "2021-05-08T00:22:21.000Z"],
    [1523477145.713, "2018-04-11T20:05:45.713Z"]
  ])("%s is %s", (value, expected) => {
    expect(iso(Option.flatMap(parseNumber(value), fromEpochSeconds))).toBe(expected)
  })

  it.each([
    ["1e9"],
    ["0x10"],
    ["soon"],
    [""],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    // Milliseconds by their look: refused, for nothing is guessed.
    [1620433341000],
    [1e300],
    [null],
    [true],
    [[1]]
  ])("are not %j", (value) => {
    expect(Option.flatMap(parseNumber(value), fromEpochSeconds)).toEqual(Option.none())
  })
})

describe("az's time without a zone is the local time of this machine", () => {
  const zone = process.env["TZ"]
  afterEach(() => {
    if (zone === undefined) delete process.env["TZ"]
    else process.env["TZ"] = zone
  })

  it.each([
    ["UTC", "2026-07-01T12:00:00.123Z"],
    ["America/New_York", "2026-07-01T16:00:00.123Z"],
    ["Asia/Kolkata", "2026-07-01T06:30:00.123Z"],
    ["Pacific/Apia", "2026-06-30T23:00:00.123Z"]
  ])("in %s", (TZ, expected) => {
    process.env["TZ"] = TZ
    const answer = '{"accessToken":"t","expiresOn":"2026-07-01 12:00:00.123456"}'
    expect(Either.map(decode("az", answer), plain)).toEqual(Either.right({ value: "t", expiresAt: expected }))
  })

  it("and is refused in every other format", () => {
    const local = "2026-07-01 12:00:00"
    const refused = [
      ["oauth", JSON.stringify({ access_token: "t", expires_at: local })],
      ["gcloud", JSON.stringify({ credential: { access_token: "t", token_expiry: local } })],
      [
        "aws-credential-process",
        JSON.stringify({ Version: 1, AccessKeyId: "a", SecretAccessKey: "b", Expiration: local })
      ],
      [
        "exec-credential",
        JSON.stringify({
          kind: "ExecCredential",
          apiVersion: "client.authentication.k8s.io/v1",
          status: { token: "t", expirationTimestamp: local }
        })
      ]
    ] as const
    for (const [format, answer] of refused) {
      expect(Either.flip(decode(format, answer))).toMatchObject({ right: { _tag: "InvalidOutput" } })
    }
  })
})
