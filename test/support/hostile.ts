/** What a helper may write again and again to keep the scrubber busy: each is the worst for one of its patterns. */

export const hostileStderr: ReadonlyArray<string> = [
  " ",
  "token ",
  "eyJ-",
  "eyJaaaa-",
  "eyJ.",
  "\u001B[",
  "\u001B]",
  "\u001B[0 ",
  "password=",
  "password: a",
  "https://",
  "://a:",
  `://${"a".repeat(60)}:`,
  "a1",
  "/",
  "bearer\t",
  "sk-",
  "key-",
  "aB3-aB3+",
  "\\",
  "\\u0041",
  "a \n "
]

export const hostileStdout: ReadonlyArray<string> = ['\\"', '"', "\\", '"\\', '" ', '"a":', "a b", ": "]
