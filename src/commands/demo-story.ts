/** The story, in order. */
import { correctDrift } from "./demo-drift.ts";
import { changeSite, firstDeploy } from "./demo-deploy.ts";
import { surviveKill } from "./demo-crash.ts";
import { holdDeletion, refuseTampered, revertDeletion } from "./demo-guard.ts";
import { expect, type Stage, type Step } from "./demo-stage.ts";
import { textOf } from "./demo-target.ts";
import { siteOf } from "./demo-deploy.ts";

async function lookBack(stage: Stage): Promise<string> {
  for (const verb of ["status", "history"]) {
    const code = await stage.holdfast(verb);
    expect(code === 0, `holdfast ${verb} ended with exit code ${code}`);
  }
  const text = await textOf(siteOf(stage, "camelot"));
  expect(text?.includes("server_name camelot.example.org;") === true, "camelot is not as it should be");
  return "in sync; each commit, who made it, and what became of it";
}

export const story: readonly Step[] = [
  { title: "First deploy of frodo and camelot", play: firstDeploy },
  { title: "A commit changes the nginx site", play: changeSite },
  { title: "Somebody edits a file on frodo by hand", play: correctDrift },
  { title: "A bad commit would delete half", play: holdDeletion },
  { title: "git revert", play: revertDeletion },
  { title: "A commit with a tampered secret", play: refuseTampered },
  { title: "The daemon is killed in the middle of a deploy", play: surviveKill },
  { title: "What it remembers", play: lookBack },
];
