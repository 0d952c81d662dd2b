/** Where on a host an entry of a folder goes, and why it cannot. Pure. */
import path from "node:path";
import { PLACE } from "../shapes/place.ts";
import type { Kind } from "./settings.ts";
import type { Entry } from "./tree.ts";

export interface Target {
  readonly kind: Kind;
  /** On the host. */
  readonly path: string;
  readonly entry: Entry;
}

/** Keeps a folder in Git that is empty on the host. */
export const KEEP = ".gitkeep";
const TEMPLATE = ".tmpl";
/** As for `File`. */
const MOST_BYTES = 10_000_000;

const UNITS = "/etc/systemd/system";
/** Where on the host a folder of this kind is laid. */
const WHERE: Readonly<Record<Exclude<Kind, "containers">, string>> = {
  files: "",
  units: UNITS,
  cron: "/etc/cron.d",
};

const UNIT =
  /^[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|path|target|mount|automount|swap|slice)(\.d\/[^/]+\.conf)?$/;
/** cron passes over names with other characters, a dot among them, without a word. */
const CRON = /^[A-Za-z0-9_-]+$/;
const CONTAINER = /^[^/]+\.ya?ml$/;

export const isKeep = ({ name }: Entry): boolean => name === KEEP || name.endsWith(`/${KEEP}`);
export const isTemplate = ({ name }: Entry): boolean => name.endsWith(TEMPLATE);
export const withoutSuffix = (name: string): string =>
  name.endsWith(TEMPLATE) ? name.slice(0, -TEMPLATE.length) : name;

/** `app` of app.yaml.tmpl. */
export const containerOf = (name: string): string => withoutSuffix(name).replace(/\.ya?ml$/, "");

export function targetOf(kind: Kind, entry: Entry): Target {
  if (kind === "containers") return { kind, entry, path: `the container ${containerOf(entry.name)}` };
  // Links are no templates.
  const name = entry.kind === "link" ? entry.name : withoutSuffix(entry.name);
  return { kind, entry, path: `${WHERE[kind]}/${name}` };
}

function linkRefusal({ kind, entry: { name, leads = "" } }: Target): string | undefined {
  if (kind !== "files") return "is a link; put the file itself here";
  const end = path.posix.join(path.posix.dirname(name), leads);
  return path.posix.isAbsolute(leads) || end === ".." || end.startsWith("../")
    ? "is a link that leads out of its folder; put the file itself here"
    : undefined;
}

/** Why such a name cannot be in a folder of this kind. */
function nameRefusal(kind: Kind, name: string): string | undefined {
  if (name === "" || name.endsWith("/")) return `has no name without ${TEMPLATE}; give it one`;
  if (kind === "units" && !UNIT.test(name))
    return "is no name of a systemd unit, such as app.service, or of a drop-in, such as app.service.d/limits.conf";
  if (kind === "cron" && !CRON.test(name))
    return "cron passes over such a name; use letters, digits, - and _ alone";
  if (kind === "containers" && !CONTAINER.test(name))
    return "is no container, such as app.yaml, and no container builds it";
  return undefined;
}

/** Why this cannot be on a host. */
export function refusal(target: Target): string | undefined {
  const { kind, entry } = target;
  if (!entry.legible) return "its name holds characters that cannot be seen; give it another name";
  if (entry.kind === "other") return "is no file; take it out";
  if (entry.bytes > MOST_BYTES)
    return `holds ${entry.bytes} bytes; ${MOST_BYTES} is the most: bring it as a package or an archive`;
  const wrong = entry.kind === "link" ? linkRefusal(target) : nameRefusal(kind, withoutSuffix(entry.name));
  if (wrong !== undefined || kind === "containers") return wrong;
  const { path: at } = target;
  if (
    kind === "files" &&
    entry.kind === "file" &&
    at.startsWith(`${UNITS}/`) &&
    UNIT.test(at.slice(UNITS.length + 1))
  )
    return "systemd would not take it up from here; put it into a folder of `units`";
  const [flaw] = PLACE["path"]?.rule(at, () => false) ?? [];
  return flaw && `makes the path ${at}, which ${flaw.reason}`;
}

/** `/a` and `/a/b` of `/a/b/c`. */
export function foldersAbove(file: string): string[] {
  const parts = file.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/** Two that make one path, or a file where another needs a folder. */
export function collisions(targets: readonly Target[]): string[] {
  const byPath = new Map<string, Target>();
  const problems: string[] = [];
  for (const one of targets) {
    const { source } = one.entry;
    const first = byPath.get(one.path)?.entry.source;
    const unit = one.kind === "containers" && byPath.get(`${UNITS}/${containerOf(one.entry.name)}.service`);
    if (unit)
      problems.push(`${source}: its unit would be ${unit.entry.source}; give one of the two another name`);
    if (first === undefined) byPath.set(one.path, one);
    else problems.push(`${source}: makes ${one.path}, as ${first} does; keep one of the two`);
  }
  for (const one of targets)
    for (const folder of foldersAbove(one.path)) {
      const file = byPath.get(folder)?.entry.source;
      if (file !== undefined)
        problems.push(`${one.entry.source}: needs the folder ${folder}, which ${file} makes a file`);
    }
  return problems;
}
