/** Code of the repository that the CLI would start by itself, outside of the program's box. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { project, settings } from "../support/estate.ts";
import { tempFolder } from "../support/git.ts";
import { openStage, type Stage } from "../support/holdfast.ts";

/** The name of this provider is a path for the CLI: out of a folder of the checkout, to a program in it. */
const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
new pulumi.CustomResource("x/../tools/evil:index:Thing", "thing", {});
`;

/** Commits `tools/evil` of the project `spy`, executable. */
function commitTool(stage: Stage, proof: string): void {
  stage.commit({ "spy/tools/evil": `#!/bin/sh\nid > "${proof}"\nexit 1\n` });
  stage.repository.git("update-index", "--chmod=+x", "spy/tools/evil");
  stage.repository.commitIndex("executable");
}

test("plugins from the repository are refused by file and line before anything of them runs", async t => {
  const proof = path.join(tempFolder(t), "proof");
  const stage = await openStage(t, {
    isolation: { wish: "required" },
    files: () => ({
      ...settings(),
      ...project("spy", PROGRAM),
      "spy/pulumi-resource-x/note": "so that the path leads somewhere",
      ...project("named", ""),
      "named/Pulumi.yaml":
        "name: named\nruntime: nodejs\nplugins:\n  providers:\n    - { name: evil, path: ./tools }\n",
      ...project("snake", ""),
      "snake/Pulumi.yaml": "name: snake\nruntime: python\n",
    }),
  });
  commitTool(stage, proof);
  const places: string[] = [];
  for (const stack of ["spy/dev", "named/dev", "snake/dev"]) {
    const { failure } = await stage.plan(stack);
    assert.ok(failure?.reason === "config-invalid", JSON.stringify(failure));
    places.push(...failure.problems.map(({ place }) => `${place?.file}:${place?.line ?? "-"}`));
  }
  assert.deepEqual(places, ["spy/pulumi-resource-x:-", "named/Pulumi.yaml:5", "snake/Pulumi.yaml:2"]);
  const { isolation } = await stage.controller().overview();
  assert.deepEqual(isolation?.unboxed, ["snake/dev"]);
  assert.ok(!existsSync(proof), "the repository's own program ran outside of a box");
});
