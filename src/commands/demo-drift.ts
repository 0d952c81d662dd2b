/** Somebody edits a file on a host. */
import { appendFile } from "node:fs/promises";
import { siteOf } from "./demo-deploy.ts";
import { expect, stackOf, type Stage } from "./demo-stage.ts";
import { differences, snapshot, textOf } from "./demo-target.ts";

/** `holdfast plan`: there are changes or drift. */
const DIFFERENT = 2;
const BY_HAND = "# 2 a.m., quick fix, tell nobody";

export async function correctDrift(stage: Stage): Promise<string> {
  const root = stage.host("frodo");
  const before = await snapshot(root, stage.places);
  const file = siteOf(stage, "frodo");
  stage.say(`$ echo '${BY_HAND}' >> ${file}`);
  await appendFile(file, `${BY_HAND}\n`);
  const found = await stage.holdfast("plan", stackOf("frodo"));
  expect(found === DIFFERENT, `holdfast plan ended with exit code ${found}: the edit was not found`);
  expect((await textOf(file))?.includes(BY_HAND) === true, "holdfast plan changed the file");
  const corrected = await stage.holdfast("sync", stackOf("frodo"));
  expect(corrected === 0, `holdfast sync ended with exit code ${corrected}`);
  const left = differences(before, await snapshot(root, stage.places));
  expect(left.length === 0, `still not as before: ${left.join(", ")}`);
  return "found, shown and put back, byte for byte (by itself it happens within half a minute)";
}
