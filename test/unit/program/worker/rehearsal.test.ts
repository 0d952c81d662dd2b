/** In this process, with the SDK that holdfast itself has. A rehearsal that fails is passed over where programs wait: here it is not. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { preloadResources } from "../../../../src/program/worker/own-resources.ts";
import { rehearse } from "../../../../src/program/worker/rehearsal.ts";

const holdfast = path.resolve(import.meta.dirname, "../../../..");
const sdk = path.join(holdfast, "node_modules", "@pulumi", "pulumi");

test("a rehearsal declares its resources, and leaves nothing of itself behind", async () => {
  const declare = preloadResources({ holdfast, sdk });
  assert.ok(declare, "holdfast's own resources are built");
  const before = process.listeners("exit");
  const names: string[] = [];
  await rehearse(sdk, { programs: 2, resources: 3 }, name => names.push(name) && declare(name));
  assert.equal(new Set(names).size, 3);
  assert.equal(names.length, 6);
  assert.deepEqual(process.listeners("exit"), before);
  assert.equal(pulumi.runtime.getMonitor(), undefined);
  assert.notEqual(pulumi.getStack(), "rehearsal");
});
