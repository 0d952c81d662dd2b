/** src/cli.ts as a process: what it prints where, and its exit codes. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { table } from "../../../src/commands/table.ts";
import { run } from "../../../src/process/run.ts";
import { root } from "./setup-modules.ts";

const EX_USAGE = 64;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function holdfast(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const inherited = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };
  const options = { env: { ...inherited, ...env }, deadlineMs: 60_000 };
  const result = await run(process.execPath, [path.join(root, "src", "cli.ts"), ...words], options);
  return { code: result.code, stdout: result.stdout.toString(), stderr: result.stderr.toString() };
}

test("help names every verb, on stdout", async () => {
  const { code, stdout, stderr } = await holdfast(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const { usage } of table) assert.ok(stdout.includes(`holdfast ${usage}`), usage);
  for (const option of ["--repo", "--branch", "--data", "--json", "--pulumi", "--verbose"]) {
    assert.ok(stdout.includes(option), option);
  }
});

test("help of a verb shows its own options", async () => {
  const { code, stdout } = await holdfast(["doctor", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^holdfast doctor\n(.|\n)*--fix/);
});

const wrongUsages: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no verb", [], /Which verb\?/],
  ["an unknown verb", ["docter"], /Did you mean doctor\?/],
  ["an unknown verb that is like no other", ["frobnicate"], /Unknown (argument|command): frobnicate/],
  ["an unknown flag", ["doctor", "--nope"], /Unknown argument: nope/],
  ["a word too many", ["doctor", "extra"], /Unknown (argument|command): extra/],
  ["a flag without its value", ["doctor", "--data"], /Not enough arguments following: data/],
  ["a flag given twice", ["doctor", "--data", "a", "--data", "b"], /--data is given twice/],
  ["words after -- that nobody reads", ["doctor", "--", "x"], /doctor takes nothing after --/],
  ["a verb's name as a mere value", ["--data", "doctor"], /Which verb\?/],
];
for (const [what, words, message] of wrongUsages) {
  test(`wrong usage is 64 with the right usage on stderr: ${what}`, async () => {
    const { code, stdout, stderr } = await holdfast(words);
    assert.deepEqual([code, stdout], [EX_USAGE, ""]);
    assert.match(stderr, message);
    assert.match(stderr, words[0] === "doctor" ? /^holdfast doctor\n/ : /^holdfast <verb> \[options\]\n/);
  });
}

test("HOLDFAST_ variables set options, a flag wins, and variables of other verbs are left alone", async () => {
  const env = {
    HOLDFAST_JSON: "true",
    HOLDFAST_DATA: "/tmp/from-environment",
    HOLDFAST_LISTEN: "127.0.0.1:1",
  };
  const fromEnv = await holdfast(["doctor"], env);
  assert.match(JSON.stringify(JSON.parse(fromEnv.stdout)), /\/tmp\/from-environment/);
  const { stdout } = await holdfast(["doctor", "--no-json", "--data", "/tmp/from-flag"], env);
  assert.match(stdout, /^ok .*Node/);
  assert.match(stdout, /free for \/tmp\/from-flag/);
});

test("the table and the verbs' own files say the same", async () => {
  for (const verb of table) {
    const { command } = await verb.load();
    assert.equal(verb.usage.split(" ")[0], command.verb);
    assert.equal(verb.describe, command.describe);
    const positionals = [...verb.usage.matchAll(/[<[]([\w-]+)/g)].map(match => match[1] ?? "");
    for (const name of positionals) assert.ok(name in command.builder, `${command.verb} describes <${name}>`);
  }
});

test("every file of commands/ that exports a command is in the table", async () => {
  const folder = path.join(root, "src", "commands");
  const listed = new Set(await Promise.all(table.map(async verb => (await verb.load()).command)));
  for (const file of readdirSync(folder).filter(name => name.endsWith(".ts") && !name.startsWith("wire"))) {
    const module: unknown = await import(path.join(folder, file));
    const command =
      typeof module === "object" && module !== null && "command" in module ? module.command : undefined;
    if (command !== undefined)
      assert.ok(
        [...listed].some(one => one === command),
        `${file} is not in table.ts`,
      );
  }
});
