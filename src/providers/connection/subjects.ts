/** How a host is asked about each subject, and its words taken apart. Pure. */
import { parseStat, STAT_FORMAT } from "./entry-facts.ts";
import { linesIn } from "./marked.ts";
import {
  MAX_CONTENTS,
  UNIT_PROPERTIES,
  type Inhabitant,
  type FactsOf,
  type Question,
  type UnitFacts,
} from "./questions.ts";
import { word } from "./shell-loop.ts";

export type About = Question["about"];
export type Of<K extends About> = Extract<Question, { readonly about: K }>;
export type Found<K extends About> = readonly (readonly [Of<K>, FactsOf[K]])[];

export interface Subject<K extends About> {
  /** Writes what it has to say to stdout. */
  script(questions: readonly Of<K>[]): string;
  /** A text: what is wrong as a whole. What is not there is left out. */
  parse(output: string, questions: readonly Of<K>[]): Found<K> | string;
}

const words = (list: readonly string[]): string => list.map(word).join(" ");
const names = (questions: readonly { readonly name: string }[]): string =>
  words(questions.map(({ name }) => name));
const linesOf = (output: string): readonly string[] => output.split("\n").filter(line => line !== "");
const firstLine = (output: string): string => linesOf(output)[0]?.slice(0, 300) ?? "it said nothing";

/** Questions with what stands for them in a table. */
function matched<Q, F>(
  questions: readonly Q[],
  key: (question: Q) => string,
  table: ReadonlyMap<string, F>,
): readonly (readonly [Q, F])[] {
  return questions.flatMap(question => {
    const facts = table.get(key(question));
    return facts === undefined ? [] : [[question, facts] as const];
  });
}

const byName = ({ name }: { readonly name: string }): string => name;

/** Paths with line ends are not asked for here (asker.ts). */
const entry: Subject<"entry"> = {
  script: list => `stat --printf '${STAT_FORMAT}\\t%n\\n' -- ${words(list.map(({ path }) => path))} 2>&1`,
  parse(output, list) {
    const table = new Map<string, FactsOf["entry"]>();
    for (const line of linesOf(output)) {
      const facts = parseStat(line.split("\t", 7).join("\t"));
      if (facts) table.set(line.split("\t").slice(7).join("\t"), facts);
      else if (!/: (No such file or directory|Not a directory)$/.test(line)) return line.slice(0, 500);
    }
    return matched(list, ({ path }) => path, table);
  },
};

function unitOf(block: string): UnitFacts {
  const cut = (line: string): readonly [string, string] => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  };
  const said = new Map(linesOf(block).map(cut));
  // Every name of the list is a key of what is made here.
  return Object.fromEntries(UNIT_PROPERTIES.map(name => [name, said.get(name) ?? ""])) as UnitFacts;
}

/** systemd answers for each name, in order, also where there is no such unit. */
const unit: Subject<"unit"> = {
  script: list =>
    `systemctl show ${UNIT_PROPERTIES.map(name => `--property=${name}`).join(" ")} -- ${names(list)} 2>&1`,
  parse(output, list) {
    const blocks = output.trim().split(/\n\n+/);
    if (blocks.length !== list.length || !/^LoadState=/m.test(output)) return firstLine(output);
    return list.map((question, index) => [question, unitOf(blocks[index] ?? "")] as const);
  },
};

const NO_DPKG = "dpkg-query is not there: holdfast knows the packages of Debian and Ubuntu only";
const DPKG_FORMAT = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Status}\\t${db:Status-Want}\\n";
/** Where there is no dpkg, says so; otherwise the first line is the host's own architecture. */
const withDpkg = (script: string): string =>
  `if command -v dpkg-query >/dev/null; then dpkg --print-architecture; ${script}; else echo '${NO_DPKG}'; fi`;

/** `libc6` is that of the host's own architecture; the one of another is asked for as `libc6:i386`. */
const namesOf = (name: string, architecture: string, own: string): readonly string[] =>
  [own, "all", ""].includes(architecture) ? [name, `${name}:${architecture}`] : [`${name}:${architecture}`];

const packages: Subject<"package"> = {
  script: list => withDpkg(`dpkg-query -W -f='${DPKG_FORMAT}' -- ${names(list)} 2>/dev/null`),
  parse(output, list) {
    if (output.startsWith(NO_DPKG)) return NO_DPKG;
    const [own = "", ...lines] = linesOf(output);
    const table = new Map<string, FactsOf["package"]>();
    for (const line of lines) {
      const [name = "", architecture = "", version = "", status = "", want = ""] = line.split("\t");
      // dpkg also knows what was only ever selected.
      if (status === "" || status === "not-installed") continue;
      const facts = { version, status, held: want === "hold" };
      for (const key of namesOf(name, architecture, own)) table.set(key, facts);
    }
    return matched(list, byName, table);
  },
};

/** apt names a package of the host's own architecture without it, however it was asked. */
const candidate: Subject<"candidate"> = {
  script: list => withDpkg(`apt-cache policy -- ${names(list)} 2>/dev/null`),
  parse(output, list) {
    if (output.startsWith(NO_DPKG)) return NO_DPKG;
    const own = linesOf(output)[0] ?? "";
    const table = new Map<string, FactsOf["candidate"]>();
    for (const [, name = "", version = ""] of output.matchAll(
      /^(\S+):\n {2}Installed: .*\n {2}Candidate: (.+)$/gm,
    )) {
      if (version === "(none)") continue;
      table.set(name, { version }).set(`${name}:${own}`, { version });
    }
    return matched(list, byName, table);
  },
};

/** A line that no list of accounts holds. */
const BETWEEN = "====";

/** Three blocks: the users, their primary groups, and the groups of the host's own, of which they may be members. */
const user: Subject<"user"> = {
  script: list =>
    `e=$(getent passwd -- ${names(list)}); [ -z "$e" ] || { printf '%s\\n${BETWEEN}\\n' "$e"; getent group -- $(printf '%s\\n' "$e" | cut -d: -f4); echo ${BETWEEN}; cat /etc/group; }`,
  parse(output, list) {
    const [users = "", primary = "", own = ""] = output.split(new RegExp(`^${BETWEEN}$`, "m"));
    const groups = linesOf(own).map(line => line.split(":"));
    const groupNames = new Map(linesOf(primary).map(line => [line.split(":")[2], line.split(":")[0]]));
    const table = new Map<string, FactsOf["user"]>();
    for (const line of linesOf(users)) {
      const [name = "", , uid, gid = "", comment = "", home = "", shell = ""] = line.split(":");
      const isMember = ([, , , members = ""]: readonly string[]): boolean =>
        members.split(",").includes(name);
      const memberOf = groups.filter(isMember).flatMap(([title]) => title ?? []);
      const group = groupNames.get(gid) ?? gid;
      const ids = { uid: Number(uid), gid: Number(gid) };
      table.set(name, { ...ids, group, comment, home, shell, groups: memberOf.toSorted() });
    }
    return matched(list, byName, table);
  },
};

const group: Subject<"group"> = {
  script: list => `getent group -- ${names(list)}`,
  parse(output, list) {
    const table = new Map<string, FactsOf["group"]>();
    for (const line of linesOf(output)) {
      const [name, , gid, members = ""] = line.split(":");
      if (name === undefined) continue;
      table.set(name, { gid: Number(gid), members: members.split(",").filter(Boolean).toSorted() });
    }
    return matched(list, byName, table);
  },
};

/** Of a folder's names. */
const CONTENTS_BYTES = 1_000_000;
const INHABITANTS: Readonly<Record<string, Inhabitant["kind"]>> = { f: "file", d: "directory", l: "symlink" };

/** One at a time. Other file systems below are not entered; names end with zero bytes, which `$()` would lose. */
const contents: Subject<"contents"> = {
  script: ([one]) => `p=${word(one?.path ?? "/")}
if [ -d "$p" ] && [ ! -L "$p" ]; then
  echo folder; find "$p" -xdev -mindepth 1 -printf '%y%P\\0' 2>/dev/null | head -c ${CONTENTS_BYTES} | tr '\\n\\000' '\\001\\n'
fi`,
  parse(output, list) {
    const [there, ...lines] = output.split("\n");
    if (there !== "folder") return [];
    const cut = Buffer.byteLength(output) > CONTENTS_BYTES || lines.length > MAX_CONTENTS;
    // The last one may be cut short.
    const whole = lines.slice(0, cut ? Math.min(MAX_CONTENTS, lines.length - 1) : undefined).filter(Boolean);
    const inhabitants = whole.map(line => ({
      kind: INHABITANTS[line.slice(0, 1)] ?? "other",
      path: line.slice(1).replaceAll("\u0001", "\n"),
    }));
    return list.map(question => [question, { inhabitants, cut }] as const);
  },
};

/** Of a block that has lost its end, the rest of the file may be long. */
const BLOCK_BYTES = 400_000;
const MARKED = `{ line = $0; sub(/[ \\t\\r]+$/, "", line); begins = line == ENVIRON["B"]; ends = line == ENVIRON["E"] }
inside || begins || ends { print }
begins { inside = 1 }
ends { inside = 0 }`;

/** One at a time; marked.ts does the same with a text. */
const block: Subject<"block"> = {
  script: ([one]) => `p=${word(one?.path ?? "/")}
if [ ! -f "$p" ] || [ -L "$p" ]; then
  stat -- "$p" 2>&1 >/dev/null | grep -v -e ': No such file or directory$' -e ': Not a directory$'
elif [ ! -r "$p" ]; then printf '%s: Permission denied' "$p"
else
  echo file; B=${word(one?.begin ?? "")} E=${word(one?.end ?? "")} awk ${word(MARKED)} < "$p" | head -c ${BLOCK_BYTES}
fi`,
  parse(output, list) {
    const [there = "", ...lines] = linesIn(output);
    if (there === "") return [];
    if (there.trim() !== "file") return firstLine(output);
    return list.map(question => [question, { lines }] as const);
  },
};

/** One at a time, each in a subshell: what one sets, or where it goes, is not the next one's matter. */
const script: Subject<"script"> = {
  script: ([one]) => `(eval ${word(one?.script ?? ":")}) 2>&1 </dev/null; printf '\\n%s' "$?"`,
  parse(output, list) {
    const end = output.lastIndexOf("\n");
    const said = { code: Number(output.slice(end + 1)), output: output.slice(0, Math.max(end, 0)) };
    return list.map(question => [question, said] as const);
  },
};

export const subjects: { readonly [K in About]: Subject<K> } = {
  entry,
  contents,
  block,
  unit,
  package: packages,
  candidate,
  user,
  group,
  script,
};
