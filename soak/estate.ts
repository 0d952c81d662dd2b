/** What Git wants: stacks of files, folders and templates, as values, and how one commit's estate becomes the next one's. */
import type { Random } from "./random.ts";

export interface Item {
  readonly kind: "file" | "template" | "folder";
  readonly name: string;
  /** From the stack's own root on. */
  readonly path: string;
  readonly text: string;
  /** Takes a moment to be made, so that an apply has a middle. */
  readonly slow: boolean;
  /** The item before it must be there first. */
  readonly chained: boolean;
}

export interface WantedStack {
  /** `<project>/<stack>` */
  readonly name: string;
  /** Its output, which others read. */
  readonly number: number;
  readonly items: readonly Item[];
  /** The stack whose output it writes into a file. */
  readonly reads?: string;
  /** Planned at each commit, or only at those that concern it. */
  readonly always: boolean;
}

export type Estate = readonly WantedStack[];

const STACKS_OF_A_PROJECT = 4;
const FEWEST = 4;
const MOST = 10;
const KINDS: readonly Item["kind"][] = ["file", "file", "file", "template", "folder"];

/** Never the same text twice, so that old content can be told from new. */
let written = 0;
const fresh = (): number => ++written;

function makeItem(random: Random, kind = random.pick(KINDS) ?? "file"): Item {
  const n = fresh();
  const folder = random.chance(0.3) ? `/deep/d${n % 3}` : "";
  return {
    kind,
    name: `${kind}-${n}`,
    path: kind === "folder" ? `/folder-${n}` : `${folder}/${kind}-${n}`,
    text: `text ${n}`,
    slow: random.chance(0.4),
    chained: random.chance(0.4),
  };
}

export function firstEstate(random: Random, count: number): Estate {
  const names = Array.from({ length: count }, (_, index) => {
    const [project, stack] = [Math.floor(index / STACKS_OF_A_PROJECT), index % STACKS_OF_A_PROJECT];
    return `p${project}/${"abcd"[stack]}`;
  });
  return names.map((name, index) => {
    const items = Array.from({ length: random.between(FEWEST, 7) }, () => makeItem(random));
    // Of each project the second reads the first, and the third that of the project before.
    const read = { 1: names[index - 1], 2: names[index - 6] }[index % STACKS_OF_A_PROJECT];
    return {
      name,
      number: fresh(),
      items,
      always: index % 7 === 0,
      ...(read !== undefined && { reads: read }),
    };
  });
}

const change = (item: Item): Item => ({ ...item, text: `text ${fresh()}` });
/** The same resource at another place: it is replaced. */
const move = (item: Item): Item => ({ ...item, path: `${item.path.replace(/\.\d+$/, "")}.${fresh()}` });

function changeItems(random: Random, items: readonly Item[]): readonly Item[] {
  const changed = items.flatMap(item => {
    const dice = random.next();
    if (dice < 0.35) return [change(item)];
    if (dice < 0.45) return [move(item)];
    return dice < 0.55 && items.length > FEWEST ? [] : [item];
  });
  const more = Array.from({ length: random.between(0, 2) }, () => makeItem(random));
  const all = [...changed, ...more].slice(-MOST);
  return all.length < FEWEST
    ? [...all, ...Array.from({ length: FEWEST - all.length }, () => makeItem(random))]
    : all;
}

/** Some stacks change; the others stay as they are. */
export function nextEstate(random: Random, estate: Estate): Estate {
  const share = 0.15 + random.next() * 0.3;
  const chosen = new Set(estate.filter(() => random.chance(share)).map(({ name }) => name));
  const one = random.pick(estate)?.name;
  if (one !== undefined) chosen.add(one);
  return estate.map(stack =>
    chosen.has(stack.name) ? { ...stack, number: fresh(), items: changeItems(random, stack.items) } : stack,
  );
}

export const folderOf = (stack: string): string => stack.replace("/", "-");

/** What the target holds below the stack's root: path → content; folders have none. */
export function targetOf(stack: WantedStack, estate: Estate): ReadonlyMap<string, string | undefined> {
  const made = stack.items.map(({ kind, path, text }): [string, string | undefined] => [
    path,
    kind === "folder" ? undefined : kind === "template" ? `made of ${text}\n` : `${text}\n`,
  ]);
  const read = estate.find(({ name }) => name === stack.reads);
  return new Map(read ? [...made, ["/seen", `${read.name} is at ${read.number}\n`]] : made);
}
