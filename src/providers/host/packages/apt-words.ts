/** What apt says, understood. Pure. */

/** What a simulated apt run would do. */
export interface Simulation {
  /** The host's own architecture; names of packages of it do without. */
  readonly own: string;
  readonly installs: readonly string[];
  readonly removes: readonly string[];
  /** Packages of the host that are held. */
  readonly held: readonly string[];
}

/** Ends what apt says; the host's architecture and the held packages follow. */
export const MORE_FOLLOWS = "--holdfast: more follows--";

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted();

/** Of `apt-get -s`, and of `dpkg --print-architecture` and `apt-mark showhold` after it. */
export function parseSimulation(output: string): Simulation {
  const [said = "", more = ""] = output.split(`${MORE_FOLLOWS}\n`);
  const after = (verbs: RegExp): readonly string[] =>
    unique([...said.matchAll(verbs)].flatMap(([, name]) => name ?? []));
  const [own = "", ...held] = more.split("\n").filter(line => line !== "");
  return { own, held, installs: after(/^Inst (\S+)/gm), removes: after(/^(?:Remv|Purg) (\S+)/gm) };
}

export interface Consent {
  /** The package that it is all about: what happens to it was asked for. */
  readonly name: string;
  readonly mayRemove: readonly string[];
}

/** As apt names it. */
const plain = (name: string, own: string): string =>
  name.endsWith(`:${own}`) ? name.slice(0, -own.length - 1) : name;

/** What would be removed besides, and nobody allowed. */
export function alsoRemoved({ own, removes }: Simulation, { name, mayRemove }: Consent): readonly string[] {
  const allowed = [name, ...mayRemove].map(one => plain(one, own));
  return removes.filter(one => !allowed.includes(one));
}

/** What somebody holds, and would be changed besides. */
export function alsoUnheld(
  { own, installs, removes, held }: Simulation,
  { name }: Pick<Consent, "name">,
): readonly string[] {
  return held.filter(one => one !== plain(name, own) && [...installs, ...removes].includes(one));
}

/** Whether newer lists could help. */
export const wantsNewerLists = (said: string): boolean =>
  /(?:^|: )E: (?:Unable to locate package|Version '.*' for '.*' was not found|Package '.*' has no installation candidate|Failed to fetch)/m.test(
    said,
  );

/** Of a log; the end of a failed maintainer script stands before apt's own words. */
const END_LINES = 8;
const TELLING = /^(E:|dpkg: error|dpkg-deb: error|dpkg: warning|\S+: error|Sub-process)/;
const MOST = 1500;

/** The end of a log, and lines before it that say what went wrong. */
export function tellingEnd(log: string): string {
  const lines = log.split(/[\r\n]+/).filter(line => line.trim() !== "");
  const before = lines.slice(0, -END_LINES).filter(line => TELLING.test(line));
  return [...before.slice(0, END_LINES), ...lines.slice(-END_LINES)].join("\n").slice(-MOST).trim();
}
