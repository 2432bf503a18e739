/** What the schema of effect-apikey.jsonc says of each option to editors and to docs/reference/configuration.md. */
import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { resolveCommand } from "../../src/internal/provider/resolvedCommand.js"
import { commandOptions } from "../../src/internal/provider/source.js"
import { RunOptions } from "../../src/internal/source/schema.js"

const descriptions = new Map(
  AST.getPropertySignatures(RunOptions.ast).map((field) => [
    String(field.name),
    Option.getOrElse(AST.getDescriptionAnnotation(field), () => "")
  ])
)

const command = (options: unknown) => resolveCommand(commandOptions(Schema.decodeUnknownSync(RunOptions)(options)))

const isDefault = (program: string, option: string, value: unknown): boolean =>
  Equal.equals(command({ argv: [program] }), command({ argv: [program], [option]: value }))

describe("the schema of a command's options", () => {
  it("says what each option means", () => {
    for (const [name, description] of descriptions) assert.match(description, /^[A-Z].*\.$/, name)
  })

  it.each([
    ["inheritEnv", true, "true."],
    ["timeout", "30 seconds", "30 seconds; "],
    ["interactive", "never", '"never"; '],
    ["search", "install-dirs", '"install-dirs".'],
    ["format", "auto", '"auto".'],
    ["timeToLive", "5 minutes", "5 minutes; "],
    ["onRepeatedKey", "serve", '"serve".'],
    ["eraseOnReject", false, "false."],
    ["onAbandon", "interrupt", '"interrupt"; ']
  ])("names the default of %s, which a command without it has", (option, value, written) => {
    assert.include(descriptions.get(option), `Default: ${written}`)
    assert.isTrue(isDefault("get-token", option, value))
  })

  it.each([
    ["timeout", "2 minutes", "; 2 minutes if the helper may prompt."],
    ["timeToLive", "1 hour", "; 1 hour for known programs that store static secrets and may prompt."],
    ["onAbandon", "complete", '; "complete" if the helper may prompt.']
  ])("names the default of %s for a program that may prompt", (option, value, written) => {
    assert.include(descriptions.get(option), written)
    assert.isTrue(isDefault("op", option, value))
    assert.isFalse(isDefault("get-token", option, value))
  })
})
