#!/usr/bin/env node
// A credential helper: asks `git credential fill` and prints the password alone.
//   git-key.mjs protocol=https host=example.com …
// It never prompts: what git's own helpers do not know is a failure.
import { spawn } from "node:child_process"

const fail = (problem) => {
  process.stderr.write(`git-key: ${problem.trim().replace(/\s+/g, " ")}\n`)
  process.exitCode = 1
}

const git = spawn("git", ["credential", "fill"], {
  env: { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "", SSH_ASKPASS: "" },
  stdio: "pipe"
})
let answer = ""
let complaint = ""
git.stdout.setEncoding("utf8").on("data", (text) => {
  answer += text
})
git.stderr.setEncoding("utf8").on("data", (text) => {
  complaint += text
})
git.stdin.on("error", () => {})
git.stdin.end(`${process.argv.slice(2).join("\n")}\n\n`)
git.on("error", (error) => fail(`cannot run git: ${error.code}`))
git.on("close", (code) => {
  const password = /^password=(.+)$/m.exec(answer)?.[1]
  if (code === 0 && password !== undefined) {
    process.stdout.write(`${password}\n`)
  } else if (process.exitCode === undefined) {
    fail(complaint === "" ? "git knows no password for this host" : complaint)
  }
})
