/** How a host is asked about each subject, and its words taken apart. Pure. */
import { parseStat, STAT_FORMAT } from "./entry-facts.ts";
import { UNIT_PROPERTIES, type FactsOf, type Question, type UnitFacts } from "./questions.ts";
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
      else if (!line.endsWith(": No such file or directory")) return line.slice(0, 500);
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
const DPKG_FORMAT =
  "${binary:Package}\\t${Package}\\t${Version}\\t${db:Status-Status}\\t${db:Status-Want}\\n";

const packages: Subject<"package"> = {
  script: list =>
    `if command -v dpkg-query >/dev/null; then dpkg-query -W -f='${DPKG_FORMAT}' -- ${names(list)} 2>/dev/null; else echo '${NO_DPKG}'; fi`,
  parse(output, list) {
    if (output.startsWith(NO_DPKG)) return NO_DPKG;
    const table = new Map<string, FactsOf["package"]>();
    for (const line of linesOf(output)) {
      const [full, name, version, status, want] = line.split("\t");
      if (full === undefined || name === undefined || version === undefined || status === undefined) continue;
      const facts = { version, status, held: want === "hold" };
      table.set(name, facts).set(full, facts);
    }
    return matched(list, byName, table);
  },
};

const user: Subject<"user"> = {
  script: list =>
    `for u in ${names(list)}; do e=$(getent passwd -- "$u") && printf '%s\\t%s\\t%s\\n' "$e" "$(id -gn -- "$u")" "$(id -Gn -- "$u")"; done`,
  parse(output, list) {
    const table = new Map<string, FactsOf["user"]>();
    for (const line of linesOf(output)) {
      const [passwd = "", group = "", all = ""] = line.split("\t");
      const [name, , uid, , comment = "", home = "", shell = ""] = passwd.split(":");
      const groups = all.split(" ").filter(one => one !== "" && one !== group);
      if (name === undefined) continue;
      table.set(name, { uid: Number(uid), group, comment, home, shell, groups: groups.toSorted() });
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
  unit,
  package: packages,
  user,
  group,
  script,
};
