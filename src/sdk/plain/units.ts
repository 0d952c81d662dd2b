/** Units of systemd from files: a unit with its drop-ins is one resource. Pure. */
import { isTemplate as isInstantiated, UNIT, unitMistakes } from "../shapes/unit.ts";
import { flawsOf } from "../shapes/shape.ts";
import { textOf, type Reading, type Text } from "./contents.ts";
import { withoutSuffix } from "./targets.ts";
import type { Entry } from "./tree.ts";
import { Mistake } from "./values.ts";

export interface PlannedUnit {
  readonly name: string;
  readonly source: string;
  /** Not given where a package brings the unit, and only drop-ins are ours. */
  readonly content?: Text;
  readonly dropIns: Readonly<Record<string, Text>>;
  readonly enabled?: boolean;
  readonly running?: boolean;
}

const DROP_IN = /^(.+)\.d\/([^/]+)$/;

const isInstallable = (content: string): boolean => /^\s*\[Install\]\s*$/m.test(content);

/** It runs, ends, and is not active: nobody keeps it running. */
const ends = (content: string): boolean =>
  /^\s*Type\s*=\s*oneshot\s*$/m.test(content) &&
  !/^\s*RemainAfterExit\s*=\s*(yes|true|on|1)\s*$/m.test(content);

/** Started by another unit of this host: a timer, a socket, a path. */
const isTriggered = (name: string, names: readonly string[]): boolean =>
  ["timer", "socket", "path"].some(kind => names.includes(name.replace(/\.service$/, `.${kind}`))) &&
  name.endsWith(".service");

/** Enabled and running, as far as that can be: what starts by something else, or ends by itself, is left to that. */
function wished(
  name: string,
  content: string | undefined,
  names: readonly string[],
): Pick<PlannedUnit, "enabled" | "running"> {
  if (content === undefined) return {};
  const enabled = isInstallable(content) ? { enabled: true } : {};
  const runs = !isInstantiated(name) && !ends(content) && !isTriggered(name, names);
  return { ...enabled, ...(runs ? { running: true } : {}) };
}

/** Throws a Mistake with the unit's file. */
function checked(unit: PlannedUnit): PlannedUnit {
  const { name, source, content, dropIns, enabled, running } = unit;
  const clear = {
    name,
    content: content?.text,
    dropIns: Object.fromEntries(Object.entries(dropIns).map(([file, { text }]) => [file, text])),
    enabled,
    running,
  };
  const [flaw] = flawsOf(UNIT, clear, () => false);
  if (flaw) throw new Mistake(`${source}: ${flaw.at} ${flaw.reason}`);
  const [mistake] = unitMistakes(clear);
  if (mistake) throw new Mistake(`${source}: ${mistake.join(" ")}`);
  return unit;
}

function unitOf(
  name: string,
  entries: readonly Entry[],
  names: readonly string[],
  reading: Reading,
): PlannedUnit {
  const own = entries.find(entry => !DROP_IN.test(entry.name));
  const content = own && textOf(own, reading);
  const dropIns = entries.flatMap(entry => {
    const file = DROP_IN.exec(withoutSuffix(entry.name))?.[2];
    return file === undefined ? [] : [[file, textOf(entry, reading)] as const];
  });
  return checked({
    name,
    source: (own ?? entries[0])?.source ?? name,
    ...(content ? { content } : {}),
    dropIns: Object.fromEntries(dropIns),
    ...wished(name, content?.text, names),
  });
}

/** `entries`: files of folders with units, whose names were looked at. */
export function planUnits(
  entries: readonly Entry[],
  reading: Reading,
): { readonly units: readonly PlannedUnit[]; readonly problems: readonly string[] } {
  const byUnit = new Map<string, Entry[]>();
  for (const entry of entries) {
    const plain = withoutSuffix(entry.name);
    const unit = DROP_IN.exec(plain)?.[1] ?? plain;
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), entry]);
  }
  const names = [...byUnit.keys()];
  const problems: string[] = [];
  const units = [...byUnit].flatMap(([name, own]) => {
    try {
      return [unitOf(name, own, names, reading)];
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  return { units, problems };
}
