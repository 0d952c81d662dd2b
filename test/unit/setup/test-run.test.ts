import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { load, root, setupFolder } from "./setup-modules.ts";

const { testFiles } = await load("test-files.mjs");
const { runTool } = await load("child.mjs");
const clone = mkdtempSync(path.join(tmpdir(), "holdfast-test-run-"));
after(() => rmSync(clone, { recursive: true, force: true }));

const write = (file: string, text: string): void => {
  mkdirSync(path.join(clone, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(clone, file), text);
};
const pass = 'test("works", () => undefined);\n';
const wrong = 'test("is broken", () => { throw new Error("the reason"); });\n';
const suite = (text: string): string => `import { test, describe } from "node:test";\n${text}`;
write("test/unit/a.test.ts", suite(pass + 'test.skip("not now", () => undefined);\n'));
write("test/unit/b.test.ts", suite(`${pass}describe("group", () => { ${wrong} });\n`));
write("test/e2e/c.test.ts", suite("process.exit(3);\n"));
write("test/fixtures/d.test.ts", suite(wrong));
write("test/e2e/support.ts", "throw new Error('no test');\n");

interface Counted {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
}

/** In a process of its own: the runner refuses to run inside a test. */
async function count(...files: string[]): Promise<Counted> {
  const program = `
    import { runTests } from ${JSON.stringify(path.join(setupFolder, "test-run.mjs"))};
    delete process.env.NODE_TEST_CONTEXT;
    const run = { title: "x", root: ${JSON.stringify(clone)}, scratch: ${JSON.stringify(clone)}, files: ${JSON.stringify(files)} };
    console.log("\\n" + JSON.stringify(await runTests(run)));`;
  const { output } = await runTool(process.execPath, ["--input-type=module", "--eval", program]);
  const last: unknown = JSON.parse(output.trim().split("\n").at(-1) ?? "");
  return { ...(last as Counted), output };
}

test("unit tests are what is neither end to end nor a fixture, and a pattern chooses among them", () => {
  assert.deepEqual(testFiles(clone), {
    unit: ["test/unit/a.test.ts", "test/unit/b.test.ts"],
    e2e: ["test/e2e/c.test.ts"],
  });
  assert.deepEqual(testFiles(clone, "unit/b"), { unit: ["test/unit/b.test.ts"], e2e: [] });
  assert.ok(testFiles(root).unit.includes("test/unit/setup/test-run.test.ts"));
});

test("every test counts once, and a failure is shown with its place and reason", async () => {
  const { passed, failed, skipped, output } = await count("test/unit/a.test.ts", "test/unit/b.test.ts");
  assert.deepEqual({ passed, failed, skipped }, { passed: 2, failed: 1, skipped: 1 });
  assert.match(output, /✖ is broken\n {2}test\/unit\/b\.test\.ts:\d+\n(.|\n)*the reason/);
});

test("a test file that ends its process is a failure", async () => {
  const { passed, failed } = await count("test/unit/a.test.ts", "test/e2e/c.test.ts");
  assert.deepEqual({ passed, failed }, { passed: 1, failed: 1 });
});
