/** A CLI that waits for ever after the deletion of a replacement failed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { watchBrokenChain } from "../../../src/pulumi/broken-chain.ts";

const urn = "urn:pulumi:dev::app::probe:index:Thing::a";

test("it is asked to end once it is silent; another failed step is no reason to", async t => {
  const child = spawn("sleep", ["60"]);
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const chain = watchBrokenChain(20);
  t.after(() => chain.stop());
  chain.started(child.pid ?? 0);
  chain.saw({ urn, op: "create", phase: "failed" });
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal(child.signalCode, null);
  chain.saw({ urn, op: "delete-replaced", phase: "failed" });
  const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  assert.equal(signal, "SIGINT");
});
