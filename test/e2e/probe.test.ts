/** The probe in a whole holdfast: what somebody changes by hand is found within its interval. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent } from "../../src/engine/event.ts";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { fileProgram, program, project, settings } from "../support/estate.ts";
import { noSshd, startSshd } from "../support/sshd.ts";
import { openStage, type Stage } from "../support/holdfast.ts";
import { until } from "../support/daemon-stage.ts";

/** A check that is not asked for does not come while the test runs. */
const rarely = (more: string): string =>
  `{ firstApply: allow, interval: 1h, drift: { every: 1h, probe: 1s, ${more} } }`;

/** In the state its content is encrypted. */
const SECRET = `file("c/secret", pulumi.secret("hidden word"));`;

type Ended = Extract<EngineEvent, { type: "run-ended" }>;
type Probed = Extract<EngineEvent, { type: "probed" }>;

const runs = (stage: Stage, stack: string): readonly RunRecord[] =>
  stage.events
    .filter((event): event is Ended => event.type === "run-ended" && event.run.stack === stack)
    .map(({ run }) => run);
const probes = (stage: Stage, stack: string): readonly RunRecord[] =>
  runs(stage, stack).filter(({ trigger }) => trigger === "probe");
const sweeps = (stage: Stage): readonly Probed[] =>
  stage.events.filter((event): event is Probed => event.type === "probed");

const deployed = (stage: Stage, stack: string): Promise<unknown> =>
  until(`${stack} is deployed`, () => runs(stage, stack).some(({ outcome }) => outcome === "converged"));

/** As many more, each begun after now. */
async function moreSweeps(stage: Stage, count: number): Promise<void> {
  const before = sweeps(stage).length;
  await until("the probe went out", () => sweeps(stage).length >= before + count);
}

test("what is changed by hand in a folder is found by the probe", async t => {
  const stage = await openStage(t, {
    automatic: true,
    files: box => ({
      ...settings({ "*": rarely("action: correct"), "tell/*": rarely("action: notify") }),
      ...project("fix", fileProgram(box, { "c/edited": "one", "c/same": "one" }, SECRET)),
      ...project("tell", fileProgram(box, { "t/edited": "one" })),
    }),
  });
  const { box } = stage;
  for (const stack of ["fix/dev", "tell/dev"]) await deployed(stage, stack);

  await t.test("it is put right, by one run that says why it ran", async () => {
    box.write("c/edited", "by hand");
    await until("it is put right", () => probes(stage, "fix/dev").length > 0);
    const [run] = probes(stage, "fix/dev");
    assert.equal(run?.outcome, "converged", JSON.stringify(run?.failure));
    assert.equal(box.read("c/edited"), "one");
    const [history] = await stage.controller().runs({ stack: "fix/dev", limit: 1 });
    assert.equal(history?.trigger, "probe");
    const [drift] = await stage.controller().drift({ stack: "fix/dev" });
    assert.deepEqual([drift?.result, drift?.paths], ["corrected", ["content"]]);
  });

  await t.test("a second time, too", async () => {
    const before = probes(stage, "fix/dev").length;
    box.remove("c/edited");
    await until("it is there again", () => probes(stage, "fix/dev").length > before);
    assert.equal(box.read("c/edited"), "one");
  });

  await t.test("so is what holds a secret, which the probe does not tell", async () => {
    const before = probes(stage, "fix/dev").length;
    box.write("c/secret", "another word");
    await until("it is put right", () => probes(stage, "fix/dev").length > before);
    assert.equal(box.read("c/secret"), "hidden word");
    assert.doesNotMatch(JSON.stringify(stage.events), /hidden word|another word/);
  });

  await t.test("where drift is only reported, it is reported once", async () => {
    box.write("t/edited", "by hand");
    await until("it is reported", () => probes(stage, "tell/dev").length > 0);
    const [run] = probes(stage, "tell/dev");
    assert.equal(run?.outcome, "drifted", JSON.stringify(run?.failure));
    await moreSweeps(stage, 3);
    assert.equal(probes(stage, "tell/dev").length, 1);
    assert.equal(box.read("t/edited"), "by hand");
    assert.ok(sweeps(stage).at(-1)?.differing, "the probe still sees it");
  });

  await t.test("when somebody puts it right, one more run sees it", async () => {
    box.write("t/edited", "one");
    await until("it is seen", () => probes(stage, "tell/dev").length === 2);
    assert.equal((await stage.status("tell/dev")).drifted, false);
    assert.deepEqual(await stage.controller().drift({ stack: "tell/dev", open: true }), []);
    await moreSweeps(stage, 2);
    assert.equal(probes(stage, "tell/dev").length, 2);
  });

  await t.test("a stack that is paused is left alone, and looked at when it is resumed", async () => {
    const before = probes(stage, "fix/dev").length;
    await stage.controller().pause("fix/dev", "a test", "ada");
    box.write("c/edited", "while paused");
    await moreSweeps(stage, 3);
    assert.equal(box.read("c/edited"), "while paused");
    assert.equal(probes(stage, "fix/dev").length, before);
    await stage.controller().resume("fix/dev");
    await until("it is put right", () => box.read("c/edited") === "one");
  });
});

test(
  "behind ssh, a host that does not answer is no drift, and what is changed on another is put right",
  { skip: noSshd },
  async t => {
    const sshd = await startSshd();
    t.after(() => sshd.stop());
    const { port, user, identityFile, hostKey } = sshd;
    const connection = JSON.stringify({ host: "127.0.0.1", port, user, identityFile, hostKey });
    const stage = await openStage(t, {
      automatic: true,
      files: box => ({
        ...settings({ "*": rarely("action: correct") }),
        ...project(
          "good",
          program(
            box,
            `new File("good", { connection: ${connection}, path: "${box}/good", content: "one" });`,
          ),
        ),
      }),
    });
    const { box } = stage;
    await deployed(stage, "good/dev");
    box.write("good", "by hand");
    await until("it is put right", () => box.read("good") === "one");
    await until("its run has ended", () => probes(stage, "good/dev").length > 0);
    await moreSweeps(stage, 1);

    const before = runs(stage, "good/dev").length;
    await sshd.stop();
    await until("the probe gets no answer", () => (sweeps(stage).at(-1)?.silent.length ?? 0) > 0);
    const [silent] = sweeps(stage).at(-1)?.silent ?? [];
    assert.equal(silent?.host, `ssh://${user}@127.0.0.1:${port}`);
    assert.match(silent?.why ?? "", /cannot be reached/);
    await moreSweeps(stage, 2);
    assert.equal(runs(stage, "good/dev").length, before, "no run is asked for");
    assert.equal((await stage.status("good/dev")).drifted, false);
  },
);
