/** A person's wish and what is due at the same moment are one run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/daemon-stage.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { must, openStage } from "../support/holdfast.ts";

test("a commit that a poll brings while a person asks for the stack runs once, for the person", async t => {
  const stack = (box: string, content: string) => project("app", fileProgram(box, { a: content }));
  const slow = settings({ "*": "{ firstApply: allow, interval: 1h, drift: { every: 1h } }" });
  const stage = await openStage(t, { automatic: true, files: box => ({ ...slow, ...stack(box, "1") }) });
  const runs = () => stage.controller().runs({ stack: "app/dev" });
  await until("the first deploy", async () => (await runs())[0]?.outcome === "converged");
  const sha = stage.commit(stack(stage.box.folder, "2"));
  const wish = { stacks: ["app/dev"], mode: "converge", by: "ada" } as const;
  const [polled, asked] = await Promise.all([stage.controller().poll(), stage.controller().ask(wish)]);
  assert.equal(must(polled).sha, sha);
  assert.deepEqual(
    must(asked).map(({ by, outcome }) => [by, outcome]),
    [["ada", "converged"]],
  );
  assert.equal((await runs()).filter(({ revision }) => revision?.sha === sha).length, 1);
  // What a poll brings while nobody asks begins by itself, as ever.
  stage.commit(stack(stage.box.folder, "3"));
  await stage.controller().poll();
  await until("the third is deployed", async () => stage.box.read("a") === "3");
});
