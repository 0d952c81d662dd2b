/** How a unit is, and what is to be done about it. Pure. */
import { createHash } from "node:crypto";
import type { Answers, EntryFacts, Question, UnitFacts } from "../../connection/questions.ts";
import { word } from "../../connection/shell-loop.ts";
import { isMap, mapOf, type Plain, type PlainMap } from "../../grpc/value.ts";
import type { Seen } from "../family.ts";
import { dropInFolder, dropInPath, filesOf, unitPath, watchesOf, type UnitInputs } from "./unit-inputs.ts";
import {
  dueOf,
  formerPaths,
  isDue,
  itemsNow,
  lookedIn,
  lookQuestions,
  NOTHING_DUE,
  recordPath,
  type Due,
  type Looked,
} from "./watched.ts";

type ScriptQuestion = Extract<Question, { readonly about: "script" }>;

export const recordOf = (name: string): string => recordPath("units", name);

/** `systemctl show` knows instances only. */
const templateQuestion = (name: string): ScriptQuestion => ({
  about: "script",
  script: `systemctl is-enabled -- ${word(name)} 2>/dev/null`,
});

export function questionsAbout(inputs: UnitInputs): readonly Question[] {
  const { name, isTemplate, enabled, masked, content } = inputs;
  const asked = enabled !== undefined || masked ? [templateQuestion(name)] : [];
  const system: readonly Question[] = isTemplate
    ? asked
    : [{ about: "unit", name }, ...lookQuestions(recordOf(name), watchesOf(inputs))];
  const paths = content === undefined ? [unitPath(name)] : [];
  const files = [...paths, ...filesOf(inputs).keys()].map(path => ({ about: "entry", path }) as const);
  return [...system, ...files];
}

/** As far as it was asked for; a folder that stands for a host knows nothing of it. */
export interface SystemFacts {
  readonly unit: UnitFacts | undefined;
  /** systemd's word for it: enabled, disabled, static, … */
  readonly fileState: string | undefined;
  readonly looked: Looked | undefined;
}

export function systemFacts(inputs: UnitInputs, answers: Answers): SystemFacts {
  if (!answers.system) return { unit: undefined, fileState: undefined, looked: undefined };
  if (inputs.isTemplate) {
    const said = answers.get(templateQuestion(inputs.name))?.output.trim();
    return { unit: undefined, fileState: said, looked: undefined };
  }
  const unit = answers.get({ about: "unit", name: inputs.name });
  const looked = lookedIn(answers, recordOf(inputs.name), watchesOf(inputs));
  return { unit, fileState: unit?.UnitFileState, looked };
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

const isEqual = (entry: EntryFacts | undefined, text: string): boolean =>
  entry?.kind === "file" && entry.checksum === digest(text);

/** Files to write, those that are as they should be left out. */
export function filesToWrite(inputs: UnitInputs, answers: Answers): ReadonlyMap<string, string> {
  return new Map(
    [...filesOf(inputs)].filter(([path, text]) => !isEqual(answers.get({ about: "entry", path }), text)),
  );
}

const ACTIVE = ["active", "reloading", "refreshing", "activating"];

/** Between two crashes it is "activating", and does not run. */
const crashes = ({ SubState }: UnitFacts): boolean => SubState.startsWith("auto-restart");
export const isActive = (unit: UnitFacts): boolean => ACTIVE.includes(unit.ActiveState) && !crashes(unit);

/** It does its work and ends: it cannot be kept running. */
export const endsByItself = ({ Type, RemainAfterExit }: UnitFacts): boolean =>
  Type === "oneshot" && RemainAfterExit !== "yes";

export const isMasked = (fileState: string | undefined): boolean => /^masked/.test(fileState ?? "");

/** A template is enabled through one of its instances. */
export const isEnabled = (fileState: string, isTemplate: boolean): boolean =>
  ["enabled", "alias", ...(isTemplate ? ["indirect"] : [])].includes(fileState);

export interface Work {
  readonly restart: Due;
  readonly reload: Due;
}

/** Without a record nothing is known of the unit's own files: they count as taken up, the others do not. */
export function dueWork(inputs: UnitInputs, looked: Looked | undefined): Work {
  if (!looked) return { restart: NOTHING_DUE, reload: NOTHING_DUE };
  const { paths: _own, ...others } = inputs.restart;
  const restart = dueOf(looked.noted === undefined ? others : inputs.restart, looked, watchesOf(inputs));
  const folder = `${dropInFolder(inputs.name)}/`;
  const gone = formerPaths(watchesOf(inputs), looked).some(path => path.startsWith(folder));
  return {
    restart: { ...restart, values: restart.values || gone },
    reload: dueOf(inputs.reload, looked, watchesOf(inputs)),
  };
}

/** What systemd has to be told of a unit that is active. */
export type Verb = "start" | "stop" | "restart" | "reload";

export function verbFor(inputs: UnitInputs, unit: UnitFacts, work: Work, changed: boolean): Verb | undefined {
  const active = isActive(unit);
  if (inputs.running === false)
    return active || crashes(unit) || unit.ActiveState === "deactivating" ? "stop" : undefined;
  if (!active) return inputs.running ? "start" : undefined;
  if (endsByItself(unit) || inputs.masked) return undefined;
  if (changed || isDue(work.restart)) return "restart";
  return isDue(work.reload) ? "reload" : undefined;
}

const BEFORE = "started before its files changed";

function runningNow(inputs: UnitInputs, unit: UnitFacts, { restart }: Work): PlainMap {
  const own = [...filesOf(inputs).keys()].some(path => restart.paths.has(path));
  if (isActive(unit)) {
    const stale = inputs.running !== false && own && !endsByItself(unit);
    if (stale) return { running: BEFORE };
    return inputs.running === undefined ? {} : { running: true };
  }
  if (inputs.running === undefined) return {};
  if (unit.ActiveState === "failed") return { running: inputs.running ? `failed (${unit.Result})` : false };
  return { running: crashes(unit) ? `starts again and again (${unit.Result})` : false };
}

const enabledNow = ({ enabled, isTemplate }: UnitInputs, state: string | undefined): PlainMap => {
  if (enabled === undefined || state === undefined) return {};
  if (isEnabled(state, isTemplate) === enabled) return { enabled };
  return { enabled: state === "disabled" ? false : state === "enabled" ? true : state };
};

/** What stands in the place of content that a checksum alone is known of. */
const unlike = (entry: EntryFacts): string =>
  entry.kind === "file" ? `sha256 ${entry.checksum ?? "unknown"}` : `a ${entry.kind} is in its place`;

const UNKNOWN_TO_SYSTEMD = "not loaded by systemd yet";

function filesNow(inputs: UnitInputs, answers: Answers, stale: boolean): PlainMap {
  const now = (path: string, text: string): Plain | undefined => {
    const entry = answers.get({ about: "entry", path });
    if (!entry) return undefined;
    if (!isEqual(entry, text)) return unlike(entry);
    return stale ? UNKNOWN_TO_SYSTEMD : text;
  };
  const { name, content, dropIns } = inputs;
  const own = content === undefined ? undefined : now(unitPath(name), content);
  const theirs = [...dropIns].flatMap(([file, text]) => {
    const said = now(dropInPath(name, file), text);
    return said === undefined ? [] : [[file, said] as const];
  });
  return {
    ...(own !== undefined && { content: own }),
    ...(dropIns.size > 0 && { dropIns: mapOf(theirs) }),
  };
}

/** A mask by hand is a link in the place of the file, and not its end. */
function isThere({ name, content }: UnitInputs, answers: Answers, unit: UnitFacts | undefined): boolean {
  if (content !== undefined) return answers.get({ about: "entry", path: unitPath(name) }) !== undefined;
  return unit?.LoadState !== "not-found";
}

const itemsSeen = (properties: PlainMap, key: string, items: readonly PlainMap[], due: Due): PlainMap =>
  properties[key] === undefined ? {} : { [key]: itemsNow(items, due) };

/** `read`: with the record's text. Without it, a difference of the record shows as everything that it may be. */
export function seeUnit(
  inputs: UnitInputs,
  answers: Answers,
  properties: PlainMap,
  read?: Looked,
): Seen | undefined {
  const { unit, fileState, looked } = systemFacts(inputs, answers);
  if (!isThere(inputs, answers, unit)) return undefined;
  const work = dueWork(inputs, looked && (read ?? looked));
  const active = unit !== undefined && isActive(unit);
  // What is not running takes everything up when it starts.
  const pending = active ? work : { restart: NOTHING_DUE, reload: NOTHING_DUE };
  return {
    properties: {
      ...properties,
      ...filesNow(inputs, answers, unit?.NeedDaemonReload === "yes" && !isMasked(fileState)),
      ...(fileState !== undefined && { masked: isMasked(fileState) }),
      ...enabledNow(inputs, fileState),
      ...(unit && runningNow(inputs, unit, pending)),
      ...itemsSeen(properties, "restartOn", inputs.restart.items, pending.restart),
      ...itemsSeen(properties, "reloadOn", inputs.reload.items, pending.reload),
    },
  };
}

/** With texts in the place of checksums: of files that were read. */
export function withTexts(
  { name, dropIns }: UnitInputs,
  seen: Seen,
  texts: ReadonlyMap<string, string>,
): Seen {
  const { content, dropIns: now } = seen.properties;
  const files = Object.entries(isMap(now) ? now : {}).map(
    ([file, said]) => [file, texts.get(dropInPath(name, file)) ?? said] as const,
  );
  const own = texts.get(unitPath(name)) ?? content;
  return {
    ...seen,
    properties: {
      ...seen.properties,
      ...(own !== undefined && { content: own }),
      ...(dropIns.size > 0 && { dropIns: mapOf(files) }),
    },
  };
}
