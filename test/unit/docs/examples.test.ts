/** What the pages show: commands that exist, with options that they have; settings that are read without a problem. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { globalOptions } from "../../../src/commands/command.ts";
import { table } from "../../../src/commands/table.ts";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { makeTree } from "../../support/tree.ts";
import { PROJECTS } from "../config/reading.ts";
import { pages, read } from "./pages.ts";

const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].flatMap(([, name, body = ""]) =>
    name === language ? [body] : [],
  );

/** `holdfast verb …` of a shell block, of an output's `$ ` line, or of a code span. */
function commandsIn(text: string): string[] {
  const shell = blocks(text, "sh").flatMap(body => [...body.matchAll(/(?:^|&& )\s*(holdfast [^\n#]+)/gm)]);
  const prompts = [...text.matchAll(/^ *\$ (holdfast [^\n]+)/gm)];
  const spans = [...text.matchAll(/`(holdfast [^`\n]+)`/g)];
  return [...shell, ...prompts, ...spans].map(([, command = ""]) => command.split(" && ")[0]?.trim() ?? "");
}

/** Why this is no command of ours; undefined: it is one. */
async function mistake(command: string): Promise<string | undefined> {
  const [words = ""] = command.replace(/"[^"]*"/g, "TEXT").split(" -- ");
  const [, verb = "", ...rest] = words.split(/\s+/);
  // A usage may name several verbs or actions at once.
  const entry = table.find(({ usage }) => usage.split(" ")[0] === verb);
  if (verb === "VERB" || verb === "<verb>" || verb.startsWith("--")) return undefined;
  if (!entry) return `${command}: no verb is named ${verb}`;
  const known = Object.keys({ ...globalOptions, ...(await entry.load()).command.builder, help: 0 });
  const flags = rest.map(word => /^\[?--([a-z-]+)/.exec(word)?.[1]).filter(flag => flag !== undefined);
  const wrong = flags.find(flag => !known.includes(flag));
  return wrong === undefined ? undefined : `${command}: ${verb} has no --${wrong}`;
}

for (const page of pages) {
  test(`${page}: every command is one`, async () => {
    const wrong = await Promise.all(commandsIn(read(page)).map(mistake));
    assert.deepEqual(wrong.filter(Boolean), []);
  });
}

test("a command that is none is found", async () => {
  const text = "```sh\nholdfast frobnicate x\nholdfast sync --nope\n```\nSee `holdfast plan --frist`.";
  const wrong = await Promise.all(commandsIn(text).map(mistake));
  assert.equal(wrong.filter(Boolean).length, 3);
});

for (const [index, body] of blocks(read("docs/drift-and-rollback.md"), "yaml").entries()) {
  test(`docs/drift-and-rollback.md: example ${index + 1} of holdfast.yaml is read without a problem`, async t => {
    const result = await createEstateReader().read(makeTree(t, { ...PROJECTS, "holdfast.yaml": body }));
    assert.ok(result.ok, JSON.stringify(result));
  });
}
