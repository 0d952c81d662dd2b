/** Makes a unit what it should be. What worked before comes back where the new one does not stay up. */
import type { Answers } from "../../connection/questions.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Done, Site } from "../family.ts";
import { dropInPath, unitPath, watchesOf, type UnitInputs } from "./unit-inputs.ts";
import {
  dueWork,
  endsByItself,
  filesToWrite,
  isEnabled,
  isMasked,
  questionsAbout,
  recordOf,
  systemFacts,
  verbFor,
  type SystemFacts,
} from "./unit-judgment.ts";
import {
  act,
  daemonReload,
  forgetFormer,
  keepFormer,
  restoreFormer,
  setEnabled,
  setMask,
  verify,
} from "./unit-steps.ts";
import {
  isNoted,
  lookNow,
  NOTHING_WATCHED,
  recordText,
  renewRecord,
  saveRecord,
  type Looked,
} from "./watched.ts";

const UNIT_MODE = 0o644;

interface Changes {
  readonly write: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** Drop-ins of the state that the program does not list any more; those of others are not ours to remove. */
const leftOver = ({ name, dropIns }: UnitInputs, old: UnitInputs | undefined): readonly string[] =>
  [...(old?.dropIns.keys() ?? [])].filter(file => !dropIns.has(file)).map(file => dropInPath(name, file));

async function writeFiles({ write, remove }: Changes, { machine, signal }: Site): Promise<Outcome<void>> {
  for (const [path, text] of write) {
    const attributes = { mode: UNIT_MODE, newMode: UNIT_MODE };
    const written = await machine.write(path, Buffer.from(text), attributes, signal);
    if (!written.ok) return written;
  }
  for (const path of remove) {
    const removed = await machine.removeFile(path, signal);
    if (!removed.ok) return removed;
  }
  return done(undefined);
}

interface Now extends SystemFacts {
  readonly changes: Changes;
}

async function lookAt(inputs: UnitInputs, site: Site, old: UnitInputs | undefined): Promise<Outcome<Now>> {
  const remove = leftOver(inputs, old);
  const gone = remove.map(path => ({ about: "entry", path }) as const);
  const answers = await site.machine.ask([...questionsAbout(inputs), ...gone], site.signal);
  if (!answers.ok) return answers;
  const looked = await lookNow(site, recordOf(inputs.name), watchesOf(inputs));
  if (!looked.ok) return looked;
  const there = (path: string, { get }: Answers): boolean => get({ about: "entry", path }) !== undefined;
  return done({
    ...systemFacts(inputs, answers.value),
    looked: looked.value,
    changes: {
      write: filesToWrite(inputs, answers.value),
      remove: remove.filter(path => there(path, answers.value)),
    },
  });
}

const hasChanges = ({ write, remove }: Changes): boolean => write.size > 0 || remove.length > 0;

/** Steps in turn, until one fails. */
async function inTurn(...steps: readonly (() => Promise<Outcome<void>>)[]): Promise<Outcome<void>> {
  for (const one of steps) {
    const ended = await one();
    if (!ended.ok) return ended;
  }
  return done(undefined);
}

/** Files and what systemd knows of them. */
async function putInPlace(inputs: UnitInputs, site: Site, now: Now): Promise<Outcome<void>> {
  const { changes, unit, fileState } = now;
  const changed = hasChanges(changes);
  const verified = changed && inputs.verify ? await verify(site, inputs) : done(undefined);
  if (!verified.ok) return verified;
  const unmask = fileState !== undefined && isMasked(fileState) && !inputs.masked;
  const mask = fileState !== undefined && !isMasked(fileState) && inputs.masked;
  const stale = changed || unit?.NeedDaemonReload === "yes";
  return inTurn(
    async () => (unmask ? setMask(site, inputs) : done(undefined)),
    async () => (changed ? keepFormer(site, inputs.name) : done(undefined)),
    () => writeFiles(changes, site),
    async () => (stale ? daemonReload(site) : done(undefined)),
    async () => (mask ? setMask(site, inputs) : done(undefined)),
  );
}

/** The record says of what was put back what it said before, as it has been taken up again. */
async function noteFormer(inputs: UnitInputs, site: Site, looked?: Looked): Promise<Outcome<void>> {
  const record = recordOf(inputs.name);
  if (looked?.text === undefined) return site.machine.removeFile(record, site.signal);
  return renewRecord(site, record, looked.text);
}

async function giveBack(
  inputs: UnitInputs,
  site: Site,
  why: string,
  looked?: Looked,
): Promise<Outcome<never>> {
  const back = await restoreFormer(site, inputs);
  if (!back.ok) return trouble("failed", `${why}\n${back.trouble.message}`);
  if (!back.value) return trouble("failed", why);
  const noted = await noteFormer(inputs, site, looked);
  if (!noted.ok) return trouble("failed", `${why}\n${noted.trouble.message}`);
  return trouble("failed", `${why}\nThe former ${inputs.name} is back.`);
}

async function bringUp(inputs: UnitInputs, site: Site, now: Now): Promise<Outcome<void>> {
  const { unit, looked } = now;
  if (!unit) return done(undefined);
  if (inputs.running !== undefined && endsByItself(unit) && inputs.content === undefined)
    return trouble(
      "refused",
      `${site.machine.name}: ${inputs.name}: running has no meaning for Type=oneshot without RemainAfterExit=yes`,
    );
  const verb = verbFor(inputs, unit, dueWork(inputs, looked), hasChanges(now.changes));
  if (verb === undefined) return done(undefined);
  const acted = await act(site, inputs, verb);
  if (acted.ok || verb === "stop" || acted.trouble.kind !== "failed") return acted;
  return giveBack(inputs, site, acted.trouble.message, looked);
}

/** Now, or by a run that was cut off before it came to its end. */
const isRewritten = (inputs: UnitInputs, { changes, looked }: Now): boolean =>
  changes.write.has(unitPath(inputs.name)) ||
  dueWork(inputs, looked).restart.paths.has(unitPath(inputs.name));

/** Another [Install] section leaves the links of the former one: they are made anew. */
async function enable(inputs: UnitInputs, site: Site, now: Now): Promise<Outcome<void>> {
  const { name, enabled, isTemplate } = inputs;
  if (enabled === undefined) return done(undefined);
  const isRight = isEnabled(now.fileState ?? "", isTemplate) === enabled;
  if (isRight && !(enabled && isRewritten(inputs, now))) return done(undefined);
  return setEnabled(site, name, enabled);
}

/** Only what there is something to say about. */
async function note(inputs: UnitInputs, site: Site, taken: Looked): Promise<Outcome<void>> {
  const watches = watchesOf(inputs);
  const text = recordText(watches, taken);
  const isNothing = taken.noted === undefined && text === NOTHING_WATCHED;
  if (isNothing || isNoted(watches, taken)) return done(undefined);
  return saveRecord(site, recordOf(inputs.name), text);
}

async function ensureOnSystem(
  inputs: UnitInputs,
  site: Site,
  old: UnitInputs | undefined,
): Promise<Outcome<Done>> {
  const now = await lookAt(inputs, site, old);
  if (!now.ok) return now;
  const placed = await putInPlace(inputs, site, now.value);
  if (!placed.ok) return placed;
  // As the files are before they are taken up: what changes from now on is due again.
  const taken = await lookNow(site, recordOf(inputs.name), watchesOf(inputs));
  if (!taken.ok) return taken;
  const finished = await inTurn(
    () => bringUp(inputs, site, now.value),
    () => forgetFormer(site, inputs.name),
    () => enable(inputs, site, now.value),
    async () => (inputs.isTemplate ? done(undefined) : note(inputs, site, taken.value)),
  );
  return finished.ok ? done({}) : finished;
}

export async function ensureUnit(
  inputs: UnitInputs,
  site: Site,
  old: UnitInputs | undefined,
): Promise<Outcome<Done>> {
  if (site.machine.system) return ensureOnSystem(inputs, site, old);
  const now = await lookAt(inputs, site, old);
  if (!now.ok) return now;
  const written = await writeFiles(now.value.changes, site);
  return written.ok ? done({}) : written;
}
