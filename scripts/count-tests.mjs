// Says in one plain line how many tests ran, from vitest's JSON report: `tests: N passed, N failed, N skipped`.
// Fails when one failed, when a test file could not be loaded, or when none ran at all.
import { isFile, readJson } from "./support.mjs"

const [path = ".tmp/test.json"] = process.argv.slice(2)
const report = isFile(path)
  ? readJson(path)
  : { success: false, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }

// A file that breaks before its first test counts as one failure: its tests are not in the report.
const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0)
for (const file of broken) console.log(`did not load: ${file.name}`)

const passed = report.numPassedTests
const failed = report.numFailedTests + broken.length
const skipped = report.numPendingTests + report.numTodoTests

if (passed === 0) console.log("no test ran")
console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = report.success && failed === 0 && passed > 0 ? 0 : 1
