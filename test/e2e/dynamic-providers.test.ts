/** Dynamic providers of programs in boxes: they do what they did without, in a box of their own, and end with their CLI. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeStage, until, type Process, type Stage } from "../support/daemon-stage.ts";
import { project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";

const isRoot = process.getuid?.() === 0;

/** One resource: its provider says what it is and sees when it makes or changes it. */
const told = (value: string): string => `import * as pulumi from "@pulumi/pulumi";
const seen = inputs => ({
  ...inputs,
  uid: process.getuid(),
  names: Object.keys(process.env).filter(name => /TOKEN|PULUMI|HOLDFAST/.test(name)).sort(),
  own: process.env.OWN,
  inCheckout: require("fs").existsSync("Pulumi.yaml"),
  readOnly: (() => { try { require("fs").writeFileSync("planted", ""); return false; } catch { return true; } })(),
});
const provider = {
  create: async inputs => ({ id: "id-of-" + inputs.value, outs: seen(inputs) }),
  update: async (id, olds, news) => ({ outs: { ...seen(news), was: olds.value } }),
  diff: async (id, olds, news) => ({ changes: olds.value !== news.value }),
  delete: async id => { console.log("deleting " + id); },
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name, args) { super(provider, name, { uid: undefined, names: undefined, own: undefined, inCheckout: undefined, readOnly: undefined, was: undefined, ...args }); }
}
export const thing = new Thing("thing", { value: ${JSON.stringify(value)} });
export const { id, uid, names, own, inCheckout, readOnly, was } = thing;
`;

test("a dynamic provider makes, changes and deletes in a box of its own", async t => {
  const stage = await openStage(t, {
    isolation: isRoot ? { wish: "required" } : {},
    files: () => ({
      ...settings({ "dyn/dev": '{ env: { OWN: "of-the-stack" } }' }),
      ...project("dyn", told("one")),
    }),
  });
  assert.equal((await stage.sync("dyn/dev")).outcome, "converged");
  stage.commit({ "dyn/index.mjs": told("two") });
  assert.equal((await stage.sync("dyn/dev")).outcome, "converged");
  const cli = await stage.personsCli();
  const said = JSON.parse(
    await cli("stack", "output", "--stack", "organization/dyn/dev", "--json"),
  ) as Record<string, unknown>;
  const { uid, thing: _, ...rest } = said;
  if (isRoot) assert.notEqual(uid, 0);
  assert.deepEqual(rest, {
    id: "id-of-one",
    names: ["PULUMI_CONFIG", "PULUMI_NODEJS_PROJECT", "PULUMI_PROJECT"],
    own: "of-the-stack",
    inCheckout: true,
    readOnly: true,
    was: "one",
  });
  const destroyed = await stage.destroy("dyn/dev");
  assert.equal(destroyed.outcome, "converged", JSON.stringify(destroyed));
});

/** Its provider finds a difference that is in no input. */
const restless = `import * as pulumi from "@pulumi/pulumi";
const provider = {
  create: async () => ({ id: "restless", outs: { times: 1 } }),
  update: async (id, olds) => ({ outs: { times: olds.times + 1 } }),
  diff: async () => ({ changes: true }),
};
class Thing extends pulumi.dynamic.Resource { constructor() { super(provider, "thing", { times: undefined }); } }
export const times = new Thing().times;
`;

test("a dynamic provider is asked for differences also where the inputs are the same", async t => {
  const stage = await openStage(t, {
    files: () => ({ ...settings({ "dyn/dev": "{}" }), ...project("dyn", restless) }),
  });
  for (const round of [1, 2, 3]) {
    assert.equal((await stage.sync("dyn/dev")).outcome, "converged", `in round ${round}`);
  }
  const cli = await stage.personsCli();
  assert.equal((await cli("stack", "output", "times", "--stack", "organization/dyn/dev")).trim(), "3");
});

/** Seconds that nobody else sleeps. */
const SLEEPS = { one: `86341.${process.pid}`, two: `86343.${process.pid}` };
const hanging = (sleep: string): string => `import * as pulumi from "@pulumi/pulumi";
const provider = {
  check: async () => {
    require("child_process").spawn("sleep", ["${sleep}"], { detached: true, stdio: "ignore" });
    await new Promise(resolve => setTimeout(resolve, 1e8));
  },
};
class Thing extends pulumi.dynamic.Resource { constructor() { super(provider, "thing", {}); } }
new Thing();
`;

const having = (stage: Stage, part: string): readonly Process[] =>
  stage.processes().filter(({ command }) => command.includes(part));

test(
  "a dynamic provider ends with its CLI, and with the daemon",
  { skip: !isRoot && "needs root" },
  async t => {
    const stage = makeStage(t, {
      files: () => ({
        ...settings(),
        ...project("one", hanging(SLEEPS.one)),
        ...project("two", hanging(SLEEPS.two)),
      }),
    });
    const limits = ["--program-memory", "1 GB", "--program-processes", "300"];
    const daemon = await stage.serve(["--isolation", "required", ...limits], {
      env: { HOLDFAST_PARALLELISM: "2" },
    });
    const sleeper = (sleep: string): Promise<Process> =>
      until("the provider has begun", () => having(stage, sleep)[0]);
    const [first] = await Promise.all(Object.values(SLEEPS).map(sleeper));
    const cli = having(stage, "organization/one/dev").find(({ command }) =>
      /pulumi (preview|up) /.test(command),
    );
    assert.ok(cli && first, JSON.stringify(stage.processes()));
    process.kill(cli.pid, "SIGKILL");
    await until(
      "the provider's box is gone",
      () => !having(stage, SLEEPS.one).some(({ pid }) => pid === first.pid),
    );
    assert.ok(having(stage, SLEEPS.two).length > 0, "the other one goes on");
    daemon.kill("SIGKILL");
    const left = [...Object.values(SLEEPS), "ask-for-provider", "dynamic-provider"];
    await until("nothing of it is left", () => left.every(part => having(stage, part).length === 0));
  },
);
