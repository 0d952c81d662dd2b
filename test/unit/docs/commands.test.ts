/** docs/commands.md says of each verb just what its builder says. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { globalOptions } from "../../../src/commands/command.ts";
import { table } from "../../../src/commands/table.ts";
import { read, root, sections } from "./pages.ts";

const chapters = sections(read("docs/commands.md"), 2);

/** `--first` or `stacks` at the beginning of a table's rows. */
const rowsOf = (text: string): string[] =>
  [...text.matchAll(/^\| `(?:--)?([\w-]+)[^`]*`/gm)].map(([, name = ""]) => name).sort();

test("every verb has a chapter, and there is none of another", () => {
  const verbs = [...chapters.keys()].filter(title => title.startsWith("holdfast "));
  assert.deepEqual(verbs.sort(), table.map(({ usage }) => `holdfast ${usage.split(" ")[0]}`).sort());
});

for (const entry of table) {
  const { usage } = entry;
  const verb = usage.split(" ")[0] ?? "";
  test(`${verb}: usage, options and exit codes`, async () => {
    const { command } = await entry.load();
    const chapter = chapters.get(`holdfast ${verb}`) ?? "";
    assert.ok(chapter.includes(`holdfast ${usage}`), "the usage line");
    assert.deepEqual(rowsOf(chapter), Object.keys(command.builder).sort());
    assert.match(chapter, /^Exit: /m);
  });
}

test("the options of every verb are said once", () => {
  assert.deepEqual(rowsOf(chapters.get("Options of every verb") ?? ""), Object.keys(globalOptions).sort());
});

test("every schema is named, and every named one is there", () => {
  const named = [...read("docs/commands.md").matchAll(/\(schemas\/([\w-]+\.schema\.json)\)/g)];
  assert.ok(named.length > 5);
  for (const [, file = ""] of named) assert.ok(existsSync(path.join(root, "docs/schemas", file)), file);
});
