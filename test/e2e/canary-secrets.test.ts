/**
 * Canary secrets, planted wherever a secret can come from, are looked for wherever holdfast writes, says or passes
 * something on: as they are and in the encodings in which they could hide.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { parsePlain, sealNew } from "../../src/secrets/secret-file.ts";
import { makeStage, until, type Ended, type Running, type Stage } from "../support/daemon-stage.ts";
import { testKey } from "../support/secrets.ts";

/** With all that an encoding changes: quotes, `$`, `/`, `+`, a space, a line break, letters beyond ASCII. */
const CANARIES = {
  sops: `can'ary "of" $SOPS /+=& <é>`,
  lines: "first line of the canary\nsecond line of the canary",
  nested: "nested canary 7f3a9c",
  output: "made by the program itself 5e21bb",
  error: "thrown by the program 91d0aa",
  byHand: "somebody's own canary 44c1",
};

const shell = (text: string): string[] => [
  text.replaceAll("'", `'\\''`),
  text.replace(/[\\"$`]/g, "\\$&"),
  text.replace(/[^A-Za-z0-9_@%+=:,./-]/g, "\\$&"),
];

function encodings(text: string): ReadonlySet<string> {
  const bytes = Buffer.from(text);
  const json = JSON.stringify(text).slice(1, -1);
  return new Set([
    text,
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    new URLSearchParams({ text }).toString().slice("text=".length),
    ...shell(text),
  ]);
}

const NEEDLES = Object.entries(CANARIES).flatMap(([name, text]) =>
  [...encodings(text)].map(needle => ({ name, needle: Buffer.from(needle) })),
);

/** Which canaries a text holds. */
const found = (where: string, text: Uint8Array | string): readonly string[] => {
  const bytes = Buffer.from(text);
  return NEEDLES.filter(({ needle }) => bytes.includes(needle)).map(
    ({ name, needle }) => `${where}: ${name} as ${needle.toString()}`,
  );
};

/** Every file below, also sockets' neighbours on tmpfs; links lead to packages. */
function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    if (entry.isFile()) yield file;
  }
}

function inFiles(folder: string): readonly string[] {
  return [...filesBelow(folder)].flatMap(file => {
    try {
      return found(file, readFileSync(file));
    } catch {
      return []; // it belonged to an operation that has ended
    }
  });
}

/** Command lines and environments of all that lives, and the files on tmpfs that they were given. */
function inProcesses(stage: Stage): readonly string[] {
  return stage.processes().flatMap(({ pid, command }) => {
    const config = /--config-file=(\S+)/.exec(command)?.[1];
    try {
      return [
        ...found(`the command line of ${pid}`, readFileSync(`/proc/${pid}/cmdline`)),
        ...found(`the environment of ${command.slice(0, 80)}`, readFileSync(`/proc/${pid}/environ`)),
        ...(config === undefined ? [] : inFiles(path.dirname(config))),
      ];
    } catch {
      return []; // gone while we looked
    }
  });
}

const said = (what: string, { stdout, stderr }: Ended): readonly string[] =>
  found(`what ${what} said`, stdout + stderr);

/** The program is in Git, in the clear: what it makes itself stands there the other way round. */
const backwards = (text: string): string => [...text].reverse().join("");

/** The program: each canary in a file, in an output, in a child's argument, in what it prints. */
const program = (sandbox: string, gate: string, more: string): string => `
import { existsSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { File, Host } from "holdfast/host";
const config = new pulumi.Config();
const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
async function atTheGate() {
  while (!pulumi.runtime.isDryRun() && !existsSync(${JSON.stringify(gate)}))
    await new Promise(resolve => setTimeout(resolve, 20));
  return "gone through";
}
const made = pulumi.secret([...${JSON.stringify(backwards(CANARIES.output))}].reverse().join(""));
new File("sops", { host, path: "/sops", content: config.requireSecret("words") });
new File("lines", { host, path: "/lines", content: config.requireSecret("lines") });
new File("nested", { host, path: "/nested", content: config.requireSecretObject("tree").apply(tree => tree.deep.value) });
new File("made", { host, path: "/made", content: made });
new File("gate", { host, path: "/gate", content: atTheGate() });
export const told = config.requireSecret("words");
export const madeHere = made;
config.requireSecret("words").apply(text => {
  console.log("printed: " + text + " and " + encodeURIComponent(text));
  console.error(JSON.stringify({ text, quoted: "'" + text.replaceAll("'", "'\\\\''") + "'" }));
});
${more}`;

const FAILS = `
config.requireSecret("error").apply(text => { throw new Error("cannot use " + text + ", " + Buffer.from(text).toString("base64")); });
`;

/** The stage with its secrets, and what a person says with them. */
async function open(t: TestContext): Promise<{ stage: Stage; write: (more: string) => void }> {
  let place: { sandbox: string; gate: string } | undefined;
  const stage = makeStage(t, {
    files: at => {
      place = at;
      return {
        "holdfast.yaml":
          'stacks:\n  "*": { firstApply: allow, secrets: [secrets/app.sops.yaml], drift: { every: 1h }, interval: 1s }\n',
        "app/Pulumi.yaml": "name: app\nruntime: nodejs\nmain: index.mjs\n",
        "app/Pulumi.prod.yaml": "{}\n",
        "app/index.mjs": program(at.sandbox, `${at.gate}1`, ""),
      };
    },
  });
  const key = await testKey(stage.base);
  const { sops, lines, nested, error } = CANARIES;
  const text = JSON.stringify({ words: sops, lines, error, tree: { deep: { value: nested } } });
  const plain = parsePlain("secrets/app.sops.yaml", Buffer.from(text));
  assert.ok(plain.ok, JSON.stringify(plain));
  const rule = { recipients: [key.recipient], rules: {}, macOnlyEncrypted: false };
  const sealed = await sealNew(plain.value, rule, new Date());
  assert.ok(sealed.ok);
  stage.repository.commit("secrets", { "secrets/app.sops.yaml": sealed.value.text });
  const write = (more: string): void => {
    assert.ok(place);
    const { sandbox, gate } = place;
    stage.repository.commit("another program", { "app/index.mjs": program(sandbox, `${gate}1`, more) });
  };
  return { stage, write };
}

test("no canary is anywhere but in its target", async t => {
  const { stage, write } = await open(t);
  const env = { SOPS_AGE_KEY_FILE: path.join(stage.base, "keys.txt") };
  const read = (name: string): string => readFileSync(path.join(stage.sandbox, name), "utf8");
  const daemon: Running & { url: string } = await stage.serve([], { env });
  const ask = (...args: readonly string[]): Promise<Ended> => stage.run(args, { env });
  const last = async (): Promise<{ id: string; outcome: string }> => {
    const { stdout } = await ask("history", "--json");
    const { runs } = JSON.parse(stdout) as { runs: readonly { id: string; outcome: string }[] };
    return runs[0] ?? { id: "", outcome: "" };
  };

  await t.test("while an apply is in its middle: processes, their files, the database", async () => {
    await until("the apply is in its middle", () => existsSync(path.join(stage.sandbox, "made")));
    assert.ok(stage.processes().some(({ command }) => command.includes("pulumi up")));
    assert.deepEqual(inProcesses(stage), []);
    assert.deepEqual(inFiles(stage.data), []);
    stage.openGate(1);
    await until("the run has ended", async () => (await last()).outcome === "converged");
    // The search itself finds what is there.
    assert.equal(found("the target", read("sops")).length, 1);
    assert.deepEqual(
      [read("sops"), read("lines"), read("made")],
      [CANARIES.sops, CANARIES.lines, CANARIES.output],
    );
  });

  await t.test("after drift of a secret file", async () => {
    writeFileSync(path.join(stage.sandbox, "nested"), CANARIES.byHand);
    const plan = await ask("plan");
    assert.equal(plan.code, 2, plan.stderr);
    assert.deepEqual(said("plan", plan), []);
    assert.deepEqual(said("drift", await ask("drift", "--json")), []);
    assert.deepEqual(said("sync", await ask("sync")), []);
    assert.equal(read("nested"), CANARIES.nested);
  });

  await t.test("after an error that tells one", async () => {
    write(FAILS);
    const failed = await ask("sync", "--json");
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /cannot use/);
    assert.deepEqual(said("sync", failed), []);
  });

  await t.test("in what the commands say of it, for people and as JSON", async () => {
    const { id } = await last();
    const commands = [["status"], ["history"], ["show", id], ["export-state", "app/prod"], ["doctor"]];
    for (const command of commands)
      for (const json of [[], ["--json"]]) {
        const told = await ask(...command, ...json);
        assert.deepEqual(said(command.join(" "), told), []);
      }
  });

  await t.test("in what the daemon has said, its metrics and its health", async () => {
    assert.match(daemon.stderr(), /program failed/);
    assert.deepEqual(found("the daemon's log", daemon.stdout() + daemon.stderr()), []);
    const token = (await ask("token", "create", "prometheus")).stdout.trim().split("\n").at(-1) ?? "";
    for (const [name, headers] of [
      ["metrics", { authorization: `Bearer ${token}` }],
      ["healthz", {}],
    ] as const) {
      const answer = await fetch(`${daemon.url}/${name}`, { headers });
      assert.equal(answer.status, 200, name);
      assert.deepEqual(found(name, await answer.text()), []);
    }
  });

  await t.test("nor in any file that it leaves behind", async () => {
    daemon.kill("SIGTERM");
    await daemon.ended;
    assert.deepEqual(inFiles(stage.data), []);
    assert.deepEqual(inFiles(path.join(stage.base, "home")), []);
  });
});
