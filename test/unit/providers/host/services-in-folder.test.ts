/** Units, timers, cron jobs and handlers in a folder that stands for a host: files, and nothing of the system. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { secret, type ValueMap } from "../../../../src/providers/grpc/value.ts";
import { createProviderHost } from "../../../../src/providers/provider-host.ts";
import { engineSide, urnOf } from "../engine-side.ts";

async function stage(t: TestContext) {
  const root = mkdtempSync(path.join(tmpdir(), "holdfast-services-"));
  const providers = createProviderHost({ base: root });
  const engine = engineSide(await providers.open({ runId: "r", stack: "hosts/dev" }));
  t.after(async () => {
    engine.close();
    await providers.closeAll();
    rmSync(root, { recursive: true });
  });
  const connection = { local: true, root };
  return {
    engine,
    at: (name: string): string => path.join(root, name),
    text: (name: string): string => readFileSync(path.join(root, name), "utf8"),
    create: async (type: string, properties: ValueMap) => {
      const urn = urnOf(`holdfast:host:${type}`);
      const { inputs, failures } = await engine.check(urn, { connection, ...properties });
      assert.deepEqual(failures, []);
      return { urn, inputs, ...(await engine.create(urn, inputs)) };
    },
  };
}

const UNIT = "[Service]\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n";

test("a unit is its files: made, found edited, and removed", async t => {
  const { engine, at, text, create } = await stage(t);
  const file = "etc/systemd/system/app.service";
  const dropIns = { "a.conf": "[Service]\n" };
  const given = { name: "app.service", content: UNIT, dropIns, enabled: true, running: true };
  const { urn, id, inputs } = await create("SystemdUnit", given);
  assert.equal(text(file), UNIT);
  assert.deepEqual((await engine.read(urn, id, inputs)).inputs, inputs);
  writeFileSync(at(file), "by hand\n");
  assert.equal((await engine.read(urn, id, inputs)).inputs["content"], "by hand\n");
  await engine.update(urn, id, inputs, { ...inputs, dropIns: { "b.conf": "[Unit]\n" } });
  assert.deepEqual([text(file), text(`${file}.d/b.conf`)], [UNIT, "[Unit]\n"]);
  assert.equal(existsSync(at(`${file}.d/a.conf`)), false);
  await engine.delete(urn, id, { ...inputs, dropIns: { "b.conf": "[Unit]\n" } });
  assert.deepEqual([existsSync(at(file)), existsSync(at(`${file}.d/b.conf`))], [false, false]);
});

test("a timer is three files, and its environment is for root alone", async t => {
  const { engine, at, text, create } = await stage(t);
  const environment = { TOKEN: secret("geheim-4711") };
  const made = await create("Timer", { name: "tick", schedule: "daily", command: "true", environment });
  const env = "var/lib/holdfast/timers/tick.env";
  assert.match(text("etc/systemd/system/tick.timer"), /^OnCalendar=daily$/m);
  assert.doesNotMatch(text("etc/systemd/system/tick.service"), /geheim-4711/);
  assert.deepEqual([text(env), statSync(at(env)).mode & 0o777], ['TOKEN="geheim-4711"\n', 0o600]);
  assert.deepEqual((await engine.read(made.urn, made.id, made.inputs)).inputs, made.inputs);
  await engine.delete(made.urn, made.id, made.inputs);
  for (const name of ["etc/systemd/system/tick.timer", "etc/systemd/system/tick.service", env])
    assert.equal(existsSync(at(name)), false, name);
});

test("a cron job is a file, for root alone where something of it is secret", async t => {
  const { engine, at, text, create } = await stage(t);
  const job = { name: "job", schedule: "@daily", user: "root", command: "true" };
  const open = await create("CronJob", job);
  const closed = await create("CronJob", {
    ...job,
    name: "closed",
    environment: { A: secret("geheim-4711") },
  });
  assert.deepEqual([open.inputs["mode"], closed.inputs["mode"]], ["0644", "0600"]);
  assert.match(text("etc/cron.d/job"), /^@daily root true$/m);
  assert.equal(statSync(at("etc/cron.d/closed")).mode & 0o777, 0o600);
  for (const { urn, id, inputs } of [open, closed]) {
    assert.deepEqual((await engine.read(urn, id, inputs)).inputs, inputs);
    await engine.delete(urn, id, inputs);
  }
  assert.equal(existsSync(at("etc/cron.d/job")), false);
  const { urn } = open;
  const { failures } = await engine.check(urn, { ...open.inputs, mode: "0666" });
  assert.deepEqual(
    failures.map(({ property }) => property),
    ["mode"],
  );
});

test("what became of a cron job's file is told without a digest of the secrets in it", async t => {
  const { engine, at, text, create } = await stage(t);
  const job = { name: "job", schedule: "@daily", user: "root", command: "true" };
  const { urn, id, inputs } = await create("CronJob", { ...job, environment: { PIN: secret("4711") } });
  const file = text("etc/cron.d/job");
  for (const [more, said] of [
    ["# more", "[written in another form]"],
    ["@daily root false", "[no single job any more]"],
  ] as const) {
    writeFileSync(at("etc/cron.d/job"), `${file}${more}\n`);
    assert.deepEqual((await engine.read(urn, id, inputs)).inputs, { ...inputs, command: said });
  }
});

test("a handler is passed over: there is nothing to reload", async t => {
  const { engine, at, create } = await stage(t);
  const made = await create("Handler", { name: "h", command: "false", when: [{ value: 1 }] });
  assert.deepEqual((await engine.read(made.urn, made.id, made.inputs)).inputs, made.inputs);
  assert.equal(existsSync(at("var")), false);
});
