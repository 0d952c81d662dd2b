import assert from "node:assert/strict";
import { test } from "node:test";
import { createLastRuns } from "../../../src/program/last-runs.ts";
import type { RunMessage } from "../../../src/program/worker/run-message.ts";

const messageIn = (folder: string, env: Readonly<Record<string, string>> = {}): RunMessage => ({
  sdk: "/sdk",
  pwd: `${folder}/src`,
  env: { KUBECONFIG: "/k", PULUMI_CONFIG: '{"hosts:port":"80"}', PULUMI_CONFIG_SECRET_KEYS: "[]", ...env },
  args: ["--dry-run", "--root-directory", folder, "--stack", "frodo", "main.ts"],
  typescript: true,
  debug: false,
});
const plan = { stack: "hosts/frodo", configHash: "a", dryRun: true } as const;
const placed = (folder: string) => ({ folder, env: { KUBECONFIG: "/k" } });

test("a stack's next plan is expected in the words of the last, in the folder of its own checkout", () => {
  const runs = createLastRuns();
  assert.equal(runs.expected(plan, placed("/old")), undefined);
  runs.asked(plan, placed("/old"), messageIn("/old"));
  assert.deepEqual(runs.expected(plan, placed("/new")), messageIn("/new"));
});

test("the apply is expected in the words of its plan, but for the dry run", () => {
  const runs = createLastRuns();
  runs.asked(plan, placed("/c"), messageIn("/c"));
  const words = ["--root-directory", "/c", "--stack", "frodo", "main.ts"];
  assert.deepEqual(runs.expected({ ...plan, dryRun: false }, placed("/c"))?.args, words);
  runs.asked({ ...plan, dryRun: false }, placed("/c"), { ...messageIn("/c"), args: words });
  assert.deepEqual(runs.expected(plan, placed("/c"))?.args, ["--dry-run", ...words]);
});

test("with another configuration, or one that holds secrets, nothing is expected", () => {
  const runs = createLastRuns();
  runs.asked(plan, placed("/c"), messageIn("/c"));
  assert.equal(runs.expected({ ...plan, configHash: "b" }, placed("/c")), undefined);
  runs.asked(plan, placed("/c"), messageIn("/c", { PULUMI_CONFIG_SECRET_KEYS: '["hosts:password"]' }));
  assert.equal(runs.expected(plan, placed("/c")), undefined);
});

test("names of the stack's own are those of now", () => {
  const runs = createLastRuns();
  runs.asked(plan, placed("/c"), messageIn("/c"));
  const { env } = runs.expected(plan, { folder: "/c", env: { KUBECONFIG: "/other", MORE: "1" } }) ?? {};
  const config = { PULUMI_CONFIG: '{"hosts:port":"80"}', PULUMI_CONFIG_SECRET_KEYS: "[]" };
  assert.deepEqual(env, { KUBECONFIG: "/other", MORE: "1", ...config });
});
