/** Commits that must not reach a host: one that deletes too much, one with a tampered secret; and `git revert`. */
import { describeFailure } from "../report/messages.ts";
import { expect, HOSTS, secondsSince, stackOf, StepFailed, type Edit, type Stage } from "./demo-stage.ts";
import { untilDeployed, untilRefused } from "./demo-state.ts";
import { differences, snapshot, type Snapshot } from "./demo-target.ts";

const hosts = (stage: Stage): Promise<Snapshot[]> =>
  Promise.all(HOSTS.map(host => snapshot(stage.host(host), stage.places)));

async function expectUntouched(stage: Stage, before: readonly Snapshot[]): Promise<number> {
  const after = await hosts(stage);
  const changed = after.flatMap((now, index) => differences(before[index] ?? new Map(), now));
  expect(changed.length === 0, `the hosts were touched: ${changed.join(", ")}`);
  return after.reduce((sum, { size }) => sum + size, 0);
}

/** Takes out all from the backup on, which is the second half. */
const halve: Edit = text => {
  const [from, to] = [text.indexOf("    addBackups("), text.indexOf("    this.url =")];
  if (from < 0 || to < from) throw new StepFailed("stacks/app-server.ts is not as the demo knows it");
  return text.slice(0, from) + text.slice(to);
};

export async function holdDeletion(stage: Stage): Promise<string> {
  const before = await hosts(stage);
  const { sha } = await stage.repository.commit("Tidy up", { "stacks/app-server.ts": halve });
  for (const failure of await untilRefused(stage, sha)) {
    expect(failure.reason === "limit-exceeded", `not held by the limits, but: ${failure.reason}`);
    stage.say(describeFailure(failure).title);
  }
  const entries = await expectUntouched(stage, before);
  return `nothing was deleted: ${entries} files and folders are as they were`;
}

export async function revertDeletion(stage: Stage): Promise<string> {
  const before = await hosts(stage);
  const { sha, at } = await stage.repository.revert();
  await untilDeployed(stage, sha);
  await expectUntouched(stage, before);
  return `both hosts in sync with ${sha.slice(0, 8)}, ${secondsSince(at)} after the push`;
}

/** Another letter in the ciphertext: what somebody does who cannot decrypt. */
const tamper: Edit = text => {
  const at = text.indexOf("data:") + "data:".length;
  if (at < "data:".length) throw new StepFailed("secrets/hosts.sops.yaml is not as the demo knows it");
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
};

export async function refuseTampered(stage: Stage): Promise<string> {
  const before = await hosts(stage);
  const { sha } = await stage.repository.commit("Rotate the password", { "secrets/hosts.sops.yaml": tamper });
  const [failure, other] = await untilRefused(stage, sha);
  for (const one of [failure, other])
    expect(one?.reason === "secret-unreadable", `not refused for the secret, but: ${one?.reason}`);
  if (failure) stage.say(`${describeFailure(failure).title}: ${describeFailure(failure).detail}`);
  await expectUntouched(stage, before);
  const code = await stage.holdfast("rollback", stackOf("frodo"), "--push");
  expect(code === 0, `holdfast rollback ended with exit code ${code}`);
  const repaired = await stage.repository.pull();
  await untilDeployed(stage, repaired);
  await expectUntouched(stage, before);
  return "the hosts were not touched; rolled back, and in sync again";
}
