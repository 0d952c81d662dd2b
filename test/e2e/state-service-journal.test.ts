/** Journals become the checkpoints that the CLI itself would have written. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { storiesOfChange } from "../support/journal/stories-of-change.ts";
import { storiesOfReality } from "../support/journal/stories-of-reality.ts";
import { openTwoStacks, type TwoStacks } from "../support/journal/two-stacks.ts";

let two: TwoStacks;
before(async () => {
  two = await openTwoStacks();
});
after(() => two.close());

for (const { name, steps } of [...storiesOfChange, ...storiesOfReality])
  describe(`journal and whole checkpoints agree: ${name}`, () => {
    before(() => two.begin(name));
    for (const step of steps) test(step.name, () => two.step(step));
    test("what it left, the CLI reads without complaint", async () => {
      const ended = await two.stage.cli(["stack", "export", "-s", `journal-${name}`]);
      assert.equal(ended.code, 0, ended.text);
    });
  });
