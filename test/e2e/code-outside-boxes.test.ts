/** Code of the repository that the CLI would start by itself, outside of the program's box. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { project, settings } from "../support/estate.ts";
import { tempFolder } from "../support/git.ts";
import { openStage, type Stage } from "../support/holdfast.ts";

/** The name of this provider is a path for the CLI: out of a folder of the checkout, to a program in it. */
const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
new pulumi.CustomResource("x/../tools/evil:index:Thing", "thing", {});
`;

/** Counts who comes; answers nothing that anybody could use. */
async function plainServer(t: TestContext): Promise<{ readonly port: number; readonly calls: () => number }> {
  let calls = 0;
  const server = createServer((_request, answer) => {
    calls++;
    answer.writeHead(404).end();
  });
  t.after(() => server.close());
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, calls: () => calls };
}

const fromUrl = (port: number): string => `import * as pulumi from "@pulumi/pulumi";
const opts = { version: "1.0.0", pluginDownloadURL: "http://127.0.0.1:${port}/" };
new pulumi.CustomResource("elsewhere:index:Thing", "thing", {}, opts);
`;

test("a plugin is not downloaded from where a program says", async t => {
  const { port, calls } = await plainServer(t);
  const stage = await openStage(t, { files: () => ({ ...settings(), ...project("url", fromUrl(port)) }) });
  const { failure } = await stage.plan("url/dev");
  assert.equal(failure?.reason, "plugin-missing", JSON.stringify(failure));
  assert.equal(calls(), 0);
});

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
