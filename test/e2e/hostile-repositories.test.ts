/** A hostile repository harms the stack that it is hostile in, and no other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { file, folder, forge } from "../support/forge.ts";
import { openStage } from "../support/holdfast.ts";

const bomb = Array.from({ length: 30 }, (_, i) =>
  i === 0 ? "a0: &a0 [x, x]" : `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`,
).join("\n");
const lock = (resolved: string): string =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: { "": { dependencies: { evil: resolved } }, "node_modules/evil": { resolved } },
  });

test("what is hostile in one stack stops that stack, by name; what is hostile in the tree stops the commit", async t => {
  const stage = await openStage(t, {
    files: box => ({
      ...settings(),
      ...project("good", fileProgram(box, { good: "one" })),
      ...project("bomb", fileProgram(box, { bomb: "" }), bomb),
      ...project(
        "large",
        fileProgram(box, { large: "" }),
        `config: { "large:a": "${"x".repeat(2_000_000)}" }\n`,
      ),
      ...project("git", fileProgram(box, { git: "" })),
      "git/package-lock.json": lock("git+ssh://git@example.org/evil.git#1"),
      ...project("elsewhere", fileProgram(box, { elsewhere: "" })),
      "elsewhere/package-lock.json": lock("http://169.254.169.254/evil.tgz"),
      ...project("outside", fileProgram(box, { outside: "" })),
      "outside/package-lock.json": lock("file:../../../../evil.tgz"),
    }),
  });
  const { box, repository } = stage;
  const make = forge(repository);

  await t.test("the others are deployed; each bad one names its file", async () => {
    const runs = await stage.run("converge");
    assert.equal(runs.get("good/dev")?.outcome, "converged");
    const places: Record<string, string> = {
      "bomb/dev": "bomb/Pulumi.dev.yaml",
      "large/dev": "large/Pulumi.dev.yaml",
      "git/dev": "git/package-lock.json",
      "outside/dev": "outside/package-lock.json",
      "elsewhere/dev": "elsewhere/package-lock.json",
    };
    for (const [stack, place] of Object.entries(places)) {
      const failure = runs.get(stack)?.failure;
      assert.ok(failure?.reason === "config-invalid", `${stack}: ${JSON.stringify(failure)}`);
      assert.equal(failure.problems[0]?.place?.file, place);
    }
    assert.equal(box.read("good"), "one");
  });

  for (const [what, tree] of [
    ["a tree that leads out", () => make.tree([folder("..", make.files({ f: "x" }))])],
    ["a folder named .git", () => make.tree([folder(".git", make.files({ config: "[core]\n" }))])],
    ["two files of one name", () => make.tree([file("a", make.blob("1")), file("a", make.blob("2"))])],
  ] as const)
    await t.test(`${what} is not taken, and what is deployed is still looked after`, async () => {
      make.push(tree());
      const polled = await stage.controller().poll();
      assert.ok(!polled.ok && polled.failure.reason === "repository-refused", JSON.stringify(polled));
      make.reset();
      assert.equal((await stage.check("good/dev")).outcome, "unchanged");
    });

  await t.test("a Pulumi.yaml that is a folder is a mistake, and no stack that is gone", async () => {
    stage.commit({ "git/Pulumi.yaml": null });
    stage.commit({ "git/Pulumi.yaml/x": "" });
    assert.ok((await stage.controller().poll()).ok);
    const { stacks, problems } = await stage.controller().overview();
    assert.match(JSON.stringify(problems), /is not a plain file.*git\/Pulumi\.yaml/);
    assert.ok(stacks.find(({ stack }) => stack === "git/dev")?.problems);
    assert.equal((await stage.check("good/dev")).outcome, "unchanged");
    assert.equal(box.read("good"), "one");
  });
});
