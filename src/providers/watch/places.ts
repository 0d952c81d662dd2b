/** Where a host's systemd is to watch, from what the probe asks about. Pure. */
import path from "node:path";
import type { Question } from "../connection/questions.ts";

export interface Places {
  /** Files, and folders of which it tells what happens to whatever lies directly in them. */
  readonly paths: readonly string[];
  /** Units whose processes come and go. */
  readonly services: readonly string[];
}

/**
 * Each place takes one of root's inotify instances, of which Debian allows 128, for the whole system. What does not fit
 * is found by the interval.
 */
export const MOST_PLACES = 40;
const MOST_SERVICES = 10;

/** Too much goes on in these; a file in one of them is watched by itself or not at all. */
const BUSY: ReadonlySet<string> = new Set([
  "/",
  "/dev",
  "/dev/shm",
  "/run",
  "/run/lock",
  "/tmp",
  "/var/lib/dpkg",
  "/var/log",
  "/var/run",
  "/var/tmp",
]);
/** File systems that tell nobody. */
const MUTE = /^\/(proc|sys|dev)(\/|$)/;
/** systemd reads these characters in its own way, in some versions at least. */
const ODD = /[\u0000-\u001f\u007f%$"'\\]|\s$/;
const LONGEST = 1_000;

const canWatch = (place: string): boolean =>
  place.startsWith("/") && place.length <= LONGEST && !ODD.test(place) && !MUTE.test(place);

/** Files that change with what is asked about. */
function filesOf(question: Question): readonly string[] {
  switch (question.about) {
    case "entry":
    case "block":
      return [question.path];
    case "package":
    case "candidate":
      return ["/var/lib/dpkg/status"];
    case "user":
      return ["/etc/passwd", "/etc/group"];
    case "group":
      return ["/etc/group"];
    case "contents":
    case "unit":
    case "script":
      return [];
  }
}

function servicesOf(questions: readonly Question[]): readonly string[] {
  const names = questions.flatMap(question => (question.about === "unit" ? [question.name] : []));
  const plain = names.filter(name => /^[A-Za-z0-9:_.@-]+\.service$/.test(name));
  return [...new Set(plain)].toSorted().slice(0, MOST_SERVICES);
}

function byFolder(files: ReadonlySet<string>): readonly (readonly [string, readonly string[]])[] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = path.posix.dirname(file);
    const list = folders.get(folder) ?? [];
    list.push(file);
    folders.set(folder, list);
  }
  const useful = [...folders].filter(([folder, list]) => list.length > 1 && !BUSY.has(folder));
  return useful.toSorted(([, one], [, other]) => other.length - one.length);
}

/** Single files while there are few; otherwise folders instead of those that lie in them, the fullest first. */
function fit(single: ReadonlySet<string>, trees: readonly string[], room: number): readonly string[] {
  const folders = new Set(trees.slice(0, room));
  const lies = (file: string): boolean => folders.has(file) || folders.has(path.posix.dirname(file));
  const files = new Set([...single].filter(file => !lies(file)));
  for (const [folder, list] of byFolder(files)) {
    if (folders.size + files.size <= room) break;
    folders.add(folder);
    for (const file of [...list, folder]) files.delete(file);
  }
  return [...folders, ...files].slice(0, room);
}

export function placesOf(questions: readonly Question[]): Places {
  const services = servicesOf(questions);
  const trees = questions.flatMap(one => (one.about === "contents" ? [one.path] : []));
  const folders = [...new Set(trees)].filter(folder => canWatch(folder) && !BUSY.has(folder));
  const files = new Set(questions.flatMap(filesOf).filter(canWatch).toSorted());
  return { paths: fit(files, folders.toSorted(), MOST_PLACES - services.length), services };
}
