/** What holdfast can't run is named with the way out, and everything beside it goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureText } from "../../src/report/messages.ts";
import { settings } from "../support/estate.ts";
import { must, openStage, type Stage } from "../support/holdfast.ts";

const GOOD = {
  "good/Pulumi.yaml": "name: good\nruntime: nodejs\n",
  "good/Pulumi.dev.yaml": "",
  "good/index.js": "exports.ok = true;\n",
};
const RANDOM = `
const pulumi = require("@pulumi/pulumi");
new pulumi.CustomResource("random:index/randomPet:RandomPet", "pet", {}, { version: "4.18.0" });
`;

async function wordsOf(stage: Stage, stack: string): Promise<string> {
  const run = await stage.sync(stack);
  assert.equal(run.outcome, "failed", JSON.stringify(run));
  assert.equal(run.failure?.kind, "stalled", JSON.stringify(run.failure));
  return run.failure ? failureText(run.failure, { stack }) : "";
}

test("stacks that cannot be run here", async t => {
  const stage = await openStage(t, {
    files: () => ({
      ...settings(),
      ...GOOD,
      "yaml/Pulumi.yaml": "name: yaml\nruntime: yaml\noutputs: { a: b }\n",
      "yaml/Pulumi.dev.yaml": "",
      "pet/Pulumi.yaml": "name: pet\nruntime: nodejs\n",
      "pet/Pulumi.dev.yaml": "",
      "pet/index.js": RANDOM,
    }),
  });

  await t.test("a runtime without a language host names what to install", async () => {
    const text = await wordsOf(stage, "yaml/dev");
    assert.match(text, /pulumi-language-yaml/);
    assert.match(text, /PATH/);
  });

  await t.test("a provider that is not there is named with its version and where to put it", async () => {
    const text = await wordsOf(stage, "pet/dev");
    assert.match(text, /random.*4\.18\.0/);
    assert.match(text, /plugin install resource random/);
  });

  await t.test("and the others go on", async () => {
    assert.equal((await stage.sync("good/dev")).outcome, "converged");
  });
});

test("repositories without a stack", async t => {
  const stage = await openStage(t, { files: () => ({}) });

  await t.test("an empty tree has no stacks, and that is no failure", async () => {
    assert.deepEqual(must(await stage.controller().ask({ stacks: [], mode: "converge", by: "t" })), []);
  });

  await t.test("a holdfast.yaml alone is refused where it names stacks that are not there", async () => {
    stage.commit({ "holdfast.yaml": 'stacks:\n  "web/*": { firstApply: allow }\n' });
    const asked = await stage.controller().ask({ stacks: [], mode: "converge", by: "t" });
    assert.match(JSON.stringify(asked), /config-invalid.*matches no stack.*holdfast\.yaml/);
  });

  await t.test("the first stack is found when it comes", async () => {
    stage.commit({ ...GOOD, ...settings() });
    assert.equal((await stage.sync("good/dev")).outcome, "converged");
  });
});
