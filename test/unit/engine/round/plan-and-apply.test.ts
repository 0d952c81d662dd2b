import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok, type Result } from "../../../../src/engine/failure.ts";
import type { ProbeReport } from "../../../../src/engine/ports/probe.ts";
import type { Applied, Pulumi } from "../../../../src/engine/ports/pulumi.ts";
import { planAndApply } from "../../../../src/engine/round/plan-and-apply.ts";
import type { Round } from "../../../../src/engine/round/round.ts";
import { stack } from "../../../support/engine-samples.ts";

const DIED = fail({ kind: "transient", reason: "process-died", what: "pulumi", how: "ended by SIGKILL" });
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A new commit of a settled stack, whose hosts are asked and have not answered yet. What is done is in `done`. */
function asking() {
  const done: string[] = [];
  const asked = Promise.withResolvers<readonly string[]>();
  const definition = stack("hosts/frodo");
  const up: Pulumi["up"] = (_context, _worker, { refresh, onSeen, abandon }) => {
    done.push(onSeen && !refresh ? "up that plans" : "another up");
    const { promise, resolve } = Promise.withResolvers<Result<Applied>>();
    abandon?.addEventListener("abort", () => {
      done.push("killed");
      resolve(DIED);
    });
    return promise;
  };
  const probe = async (_: unknown, tell: (report: ProbeReport) => void): Promise<void> => {
    const urns = await asked.promise;
    const differences = urns.map(urn => ({ urn, paths: ["content"] }));
    done.push("hosts answered");
    tell({ stack: definition.name, version: 7, watched: 700, differences, silent: [] });
  };
  const none = new AbortController();
  const round = {
    run: { id: "r", stack: definition, mode: "converge", trigger: "commit", light: false, trustsState: true },
    view: { version: 7, resources: 700, references: [], onlyOwn: true, unknown: [] },
    signals: { alone: () => true, look: none.signal, apply: none.signal },
    context: { runId: "r", stack: definition, program: { plugins: [] }, deadlineMs: 60_000, env: {} },
    world: {
      clock: { after: () => () => undefined, now: () => 0 },
      records: { setting: () => Promise.resolve(undefined) },
      state: {
        pending: () => Promise.resolve([]),
        resources: () => Promise.resolve(ok([])),
        bind: () => Promise.resolve(),
      },
      workers: { take: () => Promise.resolve(ok({ port: 1, stop: () => Promise.resolve() })) },
      providers: { probe },
      pulumi: {
        up,
        preview: () => {
          done.push("preview");
          return Promise.resolve(DIED);
        },
      },
    },
  };
  return { round: round as unknown as Round, done, answer: asked.resolve, end: none };
}

test("the CLI comes up while hosts are asked, and goes on where nothing differs", async () => {
  const { round, done, answer, end } = asking();
  const ending = planAndApply(round);
  await settled();
  assert.deepEqual(done, ["up that plans"]);
  answer([]);
  await settled();
  assert.deepEqual(done, ["up that plans", "hosts answered"], "it is the one that makes the plan");
  end.abort();
  await ending;
});

test("where something differs, that one is killed before another CLI reads what is there", async () => {
  const { round, done, answer } = asking();
  const ending = planAndApply(round);
  await settled();
  answer(["urn:a"]);
  await ending;
  assert.deepEqual(done, ["up that plans", "hosts answered", "killed", "preview"]);
});
