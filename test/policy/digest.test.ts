import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { HostEnvironment } from "../../src/internal/host/HostEnvironment.js"

const declaration: HelperPolicy.ProjectDeclaration = {
  file: "/nowhere/project/effect-apikey.jsonc",
  root: "/nowhere/project",
  provider: "openai",
  declared: {
    key: { command: { timeout: "10 seconds", argv: ["no-such-helper", "read"], env: { B: "2", A: null } } },
    baseUrl: "https://gateway.example.com"
  },
  merged: [{ b: 1, a: [true, null] }],
  commands: [{ argv: ["no-such-helper", "read"] }],
  hasPlaceholders: false
}

describe("the digest of a declaration", () => {
  it.effect("stays what it was, so that trust given before an update holds after it", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* HelperPolicy.digest(declaration, Option.some("https://gateway.example.com")),
        "6151ef8ab1b59afe0d5f7f0bd89d6970fcfb60f522d791c9d9055d3d73c97c97"
      )
    }).pipe(
      Effect.provideService(HostEnvironment, { env: {}, home: "/nowhere/home", cwd: "/nowhere/project" }),
      Effect.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))
    )
  )
})
