/** Checks for free file descriptors before a start, because Node leaks some if it fails for the lack of them. */
import { closeSync, openSync } from "node:fs"

/** Three pairs for stdio, and one through which libuv receives the error of a failed exec. */
const descriptorsPerSpawn = 8

/**
 * Throws EMFILE if descriptors are too few. Node does not close the pipes of a start that fails so. The test that fails
 * without it: "N at once with M descriptors queue, none fails" (test/integration/helpers/load.test.ts).
 */
export const checkFreeDescriptors = (): void => {
  if (process.platform === "win32") return
  const open: Array<number> = []
  try {
    while (open.length < descriptorsPerSpawn) open.push(openSync("/dev/null", "r"))
  } finally {
    for (const descriptor of open) closeSync(descriptor)
  }
}
