/** A short soak: one fault of each kind on a small estate; `npm run soak` is the long one. */
import assert from "node:assert/strict";
import test from "node:test";
import { faults } from "../../soak/faults/table.ts";
import { createRandom } from "../../soak/random.ts";
import { openScene } from "../../soak/scene.ts";
import { soak } from "../../soak/soak.ts";

const SEED = 7;
const ROUNDS = 3;

test("an estate is well again after one fault of each kind, several of them in each deploy", async t => {
  const say = (text: string): void => t.diagnostic(text);
  const scene = openScene(t, { random: createRandom(SEED), stacks: 4, say });
  const { happened, violations } = await soak({
    scene,
    seed: SEED,
    faults,
    evenly: true,
    faultsOfRound: [8, 9],
    goOn: round => round <= ROUNDS,
    onRound: (round, count, ms) => say(`round ${round}: ${count} faults, well again after ${ms} ms`),
  });
  const list = happened.map(({ at, kind, what }) => `${at.toFixed(1)} s: ${kind} (${what})`).join("\n");
  assert.deepEqual(violations, [], `${list}\n${scene.daemon.log()}`);
  assert.ok(new Set(happened.map(({ kind }) => kind)).size > faults.length / 2, list);
});
