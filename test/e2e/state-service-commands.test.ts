/** The plain CLI's commands against the state service, one after the other, with a person's token. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { openCliStage, type CliStage } from "../support/state-stage.ts";

let stage: CliStage;
before(async () => {
  stage = await openCliStage();
});
after(() => stage.close());

type Options = Parameters<CliStage["cli"]>[1];

const urnIn = (stack: string, chain: string): string => `urn:pulumi:${stack}::probe::${chain}`;
const thing = (stack: string, name: string): string => urnIn(stack, `probe:index:Thing::${name}`);

/** A state without a program: two files that are there, the second after the first. */
function deployment(stack: string): string {
  const provider = urnIn(stack, "pulumi:providers:probe::default");
  const id = "0b8bf1a8-8a9c-4a2b-9a0d-5a5a5a5a5a5a";
  const root = urnIn(stack, `pulumi:pulumi:Stack::probe-${stack}`);
  const file = (name: string): Record<string, unknown> => {
    const at = path.join(stage.target, name);
    writeFileSync(at, name);
    const values = { path: at, content: name };
    const rest = { parent: root, provider: `${provider}::${id}`, inputs: values, outputs: values };
    return { urn: thing(stack, name), type: "probe:index:Thing", custom: true, id: at, ...rest };
  };
  const resources = [
    { urn: root, type: "pulumi:pulumi:Stack", custom: false, outputs: { answer: "42" } },
    { urn: provider, type: "pulumi:providers:probe", custom: true, id },
    file("one"),
    { ...file("two"), dependencies: [thing(stack, "one")] },
  ];
  return JSON.stringify({ version: 3, deployment: { manifest: {}, resources } });
}

/** Arguments, what the output must say, and options. */
type Line = readonly [args: readonly string[], says: RegExp, options?: Options];

async function all(lines: readonly Line[]): Promise<void> {
  for (const [args, says, options] of lines) {
    const ended = await stage.cli(args, options);
    assert.equal(ended.code, 0, `pulumi ${args.join(" ")}: ${ended.text}`);
    assert.match(ended.text, says, `pulumi ${args.join(" ")}`);
  }
}

const one = thing("dev", "one");
const two = thing("dev", "two");
const quick = ["--yes", "--skip-preview", "--skip-plugin-pre-install"];

test("stacks, tags and config: each command does what it says", async () => {
  await all([
    [["login", stage.url], /Logged in to .* as anna/],
    [["whoami", "--verbose"], /anna[^]*organization/],
    [["stack", "init", "dev"], /Created stack 'dev'/],
    [["stack", "import"], /Import complete/, { input: deployment("dev") }],
    [["stack", "ls", "--all"], /dev\* .* 4 /],
    [["stack", "output", "answer"], /^42$/m],
    [["stack", "graph", path.join(stage.target, "graph.dot")], /Wrote stack dependency graph/],
    [["stack", "tag", "set", "team", "blue"], /^/],
    [["stack", "tag", "get", "team"], /^blue$/m],
    [["stack", "tag", "rm", "team"], /^/],
    [["config", "set", "--secret", "password", "hunter22"], /^/],
    [["config", "get", "password"], /^hunter22$/m],
    [["config", "set", "plain", "x"], /^/],
    [["config", "rm", "plain"], /^/],
    [["stack", "change-secrets-provider", "default"], /Migrating/],
    [["config", "get", "password"], /^hunter22$/m],
  ]);
});

test("state commands edit the state, each under the lease and in the history", async () => {
  await all([
    [["state", "protect", "--yes", two], /1 resources protected/],
    [["state", "unprotect", "--yes", two], /1 resources unprotected/],
    [["state", "repair", "--yes"], /already valid/],
    [["state", "rename", "--yes", two, "zwei"], /renamed/],
    [["state", "delete", "--yes", thing("dev", "zwei")], /deleted/],
    [["stack", "init", "other", "--no-select"], /Created stack 'other'/],
    [
      [
        ...["state", "move", "--yes", "--source", "organization/probe/dev"],
        ...["--dest", "organization/probe/other", one],
      ],
      /Successfully moved/,
    ],
  ]);
  const moved = await stage.control.resources("probe/other");
  assert.ok(moved.ok && moved.value.some(({ urn }) => urn === thing("other", "one")));
});

test("operations: import, preview, up, refresh, destroy, and config as it was deployed", async () => {
  await stage.program(`new Thing("one", { path: at("one"), content: "one" });`);
  const file = path.join(stage.target, "one");
  const program = { program: true };
  await all([
    [
      [...["import", "probe:index:Thing", "one", file, "--generate-code=false", "--protect=false"], ...quick],
      /1 imported/,
      program,
    ],
    [["preview", "--skip-plugin-pre-install"], /3 unchanged|2 unchanged/, program],
    [["up", ...quick], /unchanged/, program],
    [["config", "refresh", "--force"], /^/],
    [["refresh", ...quick], /unchanged/],
  ]);
  const history = JSON.parse(
    (await stage.cli(["stack", "history", "--json", "--page-size", "50"])).stdout.toString(),
  ) as {
    kind: string;
    environment: Record<string, string>;
  }[];
  assert.ok(history.length >= 9, String(history.length));
  assert.ok(history.every(({ environment }) => environment["holdfast.who"] === "anna"));
  assert.deepEqual(
    ["update", "refresh", "import"].filter(kind => !history.some(one => one.kind === kind)),
    [],
    JSON.stringify(history.map(({ kind }) => kind)),
  );
});

test("a renamed stack keeps history, secrets and resources, under its new name", async () => {
  await all([
    [["stack", "rename", "prod"], /^/],
    [["stack", "ls"], /prod\*/],
    [["config", "get", "password"], /^hunter22$/m],
    [["up", ...quick], /2 unchanged|3 unchanged/, { program: true }],
  ]);
  assert.match(readFileSync(path.join(stage.root, "Pulumi.prod.yaml"), "utf8"), /password/);
  assert.equal(await stage.store.stack("probe/dev"), undefined);
  const taken = await stage.cli(["stack", "rename", "other", "-s", "prod"]);
  assert.match(taken.text, /409.*There is a stack probe\/other already/);
  const [work] = (await stage.control.handwork()).filter(({ kind }) => kind === "rename");
  assert.equal(work?.stack, "probe/dev");
  assert.equal(work.renamed, "probe/prod");
  assert.equal(work.who, "anna");
  assert.match(work.holder?.program ?? "", /pulumi/);
});

test("another secrets manager's state is kept for the CLI; runs say what to do; it can be changed back", async () => {
  const env = { PULUMI_CONFIG_PASSPHRASE: "correct horse" };
  await stage.program(`
    const config = new pulumi.Config();
    new Thing("one", { path: at("one"), content: config.requireSecret("password") });
  `);
  await all([
    [["up", ...quick], /1 updated/, { program: true }],
    [["stack", "change-secrets-provider", "passphrase"], /Migrating/, { env, input: "correct horse\n" }],
    [["stack", "export", "--show-secrets"], /hunter22/, { env }],
  ]);
  const closed = await stage.control.resources("probe/prod", { openSecrets: true });
  assert.ok(!closed.ok && closed.failure.reason === "state-unreadable");
  assert.match(closed.failure.hint ?? "", /change-secrets-provider default/);
  await all([[["stack", "change-secrets-provider", "default"], /Migrating/, { env }]]);
  const open = await stage.control.resources("probe/prod", { openSecrets: true });
  assert.ok(open.ok && open.value.some(({ inputs }) => inputs["content"] === "hunter22"));
  await all([
    [["destroy", ...quick], /deleted/],
    [["stack", "rm", "--yes", "prod"], /removed/],
  ]);
  assert.ok(
    (await stage.control.handwork()).some(({ kind, stack }) => kind === "remove" && stack === "probe/prod"),
  );
});

test("what is not here says what to use instead", async () => {
  const lines: readonly (readonly [readonly string[], RegExp])[] = [
    [["env", "ls"], /has no ESC environments.*Use instead: a file under secrets/],
    [["policy", "ls"], /has no policy packs of an organisation.*--policy-pack/],
    [["stack", "schedule", "list", "-s", "other"], /has no schedules.*holdfast\.yaml/],
    [["stack", "webhook", "list", "-s", "other"], /has no webhooks/],
    [["stack", "drift", "status", "-s", "other"], /has no drift runs.*holdfast drift/],
    [["config", "env", "init", "--yes", "-s", "other"], /has no ESC environments/],
  ];
  for (const [args, says] of lines) {
    const ended = await stage.cli(args);
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, says, `pulumi ${args.join(" ")}`);
  }
});

test("nothing of this was a fault of the service", () => {
  assert.deepEqual(
    stage.logged.filter(({ level }) => level === "error"),
    [],
  );
});
