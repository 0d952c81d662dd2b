/** holdfast:host:Directory: a folder on a host. What is in it is not looked at. */
import { PLACE } from "../../sdk/shapes/place.ts";
import { done, type Outcome } from "../outcome.ts";
import type { Done, Family, Seen, Site } from "./family.ts";
import {
  attributesNow,
  attributesToSet,
  modeText,
  parsePlacement,
  withCanonicalMode,
  type Placement,
} from "./placement.ts";

const NEW_FOLDER_MODE = 0o755;

async function ensure(placement: Placement, { machine, signal }: Site): Promise<Outcome<Done>> {
  const made = await machine.makeDirectory(placement.path, placement.mode ?? NEW_FOLDER_MODE, signal);
  if (!made.ok) return made;
  const there = await machine.read(placement.path, 0, signal);
  if (!there.ok) return there;
  const missing = there.value ? attributesToSet(placement, there.value) : {};
  if (Object.keys(missing).length === 0) return done({});
  const set = await machine.setAttributes(placement.path, missing, signal);
  // The folder is there, so the state must know it; the next up tries the rest again.
  return set.ok ? done({}) : done({ problems: [set.trouble.message] });
}

async function adopt(path: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const there = await machine.read(path, 0, signal);
  if (!there.ok) return there;
  if (there.value?.kind !== "directory") return done(undefined);
  const { mode } = there.value;
  return done({ properties: { path, ...(mode !== NEW_FOLDER_MODE && { mode: modeText(mode) }) } });
}

export const directory: Family<Placement> = {
  type: "holdfast:host:Directory",
  shape: PLACE,
  complete: ({ inputs }) => ({ inputs: withCanonicalMode(inputs), problems: [] }),
  identity: ["path"],
  id: ({ path }) => path,
  parse: parsePlacement,
  needsSystem: false,
  look: ({ path }) => (path.includes("\n") ? [] : [{ about: "entry", path }]),
  see({ path }, answers, properties) {
    const entry = answers.get({ about: "entry", path });
    if (entry?.kind !== "directory") return undefined;
    return { properties: { ...properties, ...attributesNow(properties, entry) } };
  },
  async read({ path }, { machine, signal }, properties) {
    const there = await machine.read(path, 0, signal);
    if (!there.ok) return there;
    if (there.value?.kind !== "directory") return done(undefined);
    return done({ properties: { ...properties, ...attributesNow(properties, there.value) } });
  },
  adopt,
  example: "/srv/app",
  ensure,
  async remove({ path }, { machine, signal }) {
    const removed = await machine.removeDirectory(path, signal);
    // A folder that others put something into stays: it is not ours any more.
    return removed.ok ? done(undefined) : removed;
  },
};
