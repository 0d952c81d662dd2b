/** What must be true when the faults are over and holdfast says that all is well. Each check answers what is wrong. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { runDirOf } from "../src/commands/wire-found.ts";
import { readBook, type Book, type Run, type State } from "./database.ts";
import { folderOf, targetOf, type Estate, type WantedStack } from "./estate.ts";
import { wait } from "./faults/fault.ts";
import { childrenOf, type Scene } from "./scene.ts";

/** What earlier checks saw, so that nothing disappears from the past. */
export interface Memory {
  readonly runs: Set<string>;
}

/** Folders that a file's path made on its way; nobody's resources. */
const MADE_ON_THE_WAY = /^\/deep(\/d\d)?$/;

function listing(root: string): ReadonlyMap<string, string | undefined> {
  if (!existsSync(root)) return new Map();
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    entries.map(entry => {
      const file = path.join(entry.parentPath, entry.name);
      return [`/${path.relative(root, file)}`, entry.isDirectory() ? undefined : readFileSync(file, "utf8")];
    }),
  );
}

function targetProblems(stack: WantedStack, estate: Estate, sandbox: string): string[] {
  const wanted = targetOf(stack, estate);
  const there = listing(path.join(sandbox, folderOf(stack.name)));
  const wrong = [...wanted]
    .filter(([name, text]) => !there.has(name) || there.get(name) !== text)
    .map(([name, text]) =>
      there.has(name)
        ? `${name} holds ${JSON.stringify(there.get(name))}, not ${JSON.stringify(text)}`
        : `${name} is missing on the target`,
    );
  const stray = [...there.keys()].filter(name => !wanted.has(name) && !MADE_ON_THE_WAY.test(name));
  return [...wrong, ...stray.map(name => `${name} is on the target, and nobody wants it`)];
}

const isOfTarget = (type: string): boolean =>
  type.startsWith("holdfast:host:") && type !== "holdfast:host:Host";

function stateProblems(stack: WantedStack, estate: Estate, state: State | undefined): string[] {
  const resources = state?.resources ?? [];
  const urns = resources.map(({ urn }) => urn);
  const doubled = urns.filter((urn, index) => urns.indexOf(urn) !== index);
  const wanted = targetOf(stack, estate);
  const inState = new Map(
    resources
      .filter(({ type }) => isOfTarget(type))
      .map(({ inputs }) => [String(inputs?.["path"]), inputs?.["content"]]),
  );
  return [
    ...doubled.map(urn => `${urn} is twice in the state`),
    ...(state?.pending_operations?.length ? ["a step of the state has an unknown end"] : []),
    ...[...wanted]
      .filter(([name, text]) => !inState.has(name) || inState.get(name) !== text)
      .map(([name]) => `${name} is not in the state as Git wants it`),
    ...[...inState.keys()]
      .filter(name => !wanted.has(name))
      .map(name => `${name} is in the state, and nobody wants it`),
  ];
}

/** Tables and conditions of things that belong to somebody who works; nobody does. */
const HELD: readonly (readonly [what: string, name: string])[] = [
  ["state_updates WHERE dry_run = 0 AND status IN ('running', 'closing')", "leases without a holder"],
  ["runs WHERE ended IS NULL", "runs without an end"],
  ["state_runs", "tokens of runs that have ended"],
  ["processes", "processes that are on record as alive"],
  ["state_journal", "journal entries of updates that have ended"],
];

const heldProblems = (book: Book): string[] =>
  HELD.flatMap(([what, name]) => {
    const count = book.count(what);
    return count === 0 ? [] : [`${count} ${name}`];
  });

const GOOD = ["converged", "unchanged"];

function historyProblems(book: Book, estate: Estate, head: string, memory: Memory): string[] {
  const runs = book.runs();
  const lost = [...memory.runs].filter(id => !runs.some(run => run.id === id));
  runs.forEach(({ id }) => memory.runs.add(id));
  const good = (run: Run): boolean => run.revision?.sha === head && GOOD.includes(run.outcome ?? "");
  const unseen = estate.filter(
    ({ name, always }) => always && !runs.some(run => run.stack === name && good(run)),
  );
  const holes = [...book.numbers()].filter(([, list]) =>
    list.some((n, i) => i > 0 && n !== (list[i - 1] ?? 0) + 1),
  );
  return [
    ...lost.map(id => `run ${id} was in the history and is gone`),
    ...runs.filter(({ outcome }) => outcome === undefined).map(({ id }) => `run ${id} has no outcome`),
    ...unseen.map(({ name }) => `the history has no good run of ${name} at ${head}`),
    ...holes.map(([name, list]) => `the updates of ${name} have a hole: ${list.join(", ")}`),
  ];
}

function familyOf(pid: number): Set<number> {
  return new Set([pid, ...childrenOf(pid).flatMap(child => [...familyOf(child)])]);
}

/** Of its own: itself, the two helpers, spare workers (and their compilers). CLIs are at work for nobody now. */
function processProblems({ stage, daemon }: Scene): string[] {
  const pid = daemon.pid();
  const all = stage.processes();
  // After the list, so that nobody is in it who is not known here.
  const own = pid === undefined ? new Set<number>() : familyOf(pid);
  const orphans = all.filter(one => !own.has(one.pid));
  const busy = all.filter(({ command }) => /pulumi (up|preview|refresh|destroy)/.test(command));
  return [
    ...orphans.map(({ pid: id, command }) => `process ${id} is nobody's: ${command}`),
    ...busy.map(({ pid: id, command }) => `process ${id} works for no run: ${command}`),
  ];
}

/** Names that only an unfinished write has; Git's own and SQLite's are not meant. */
const UNFINISHED = /\.tmp$|\.new$|^\.holdfast-[0-9a-f]{16}|^filling$/;

/** Each operation of the CLI has a folder for its sockets and credentials (src/pulumi/home.ts). */
const OPERATION = /^[0-9a-f]{12}$/;

function folderProblems({ data }: Scene): string[] {
  // With types, links are not followed: checkouts have links into whole packages.
  const left = readdirSync(data, { recursive: true, withFileTypes: true })
    .filter(({ name }) => UNFINISHED.test(name))
    .map(({ parentPath, name }) => path.join(parentPath, name));
  const operations = runDirOf(data);
  const folders = existsSync(operations) ? readdirSync(operations).filter(name => OPERATION.test(name)) : [];
  return [
    ...left.map(name => `${name} lies in the data folder`),
    ...folders.map(name => `${operations}/${name} is left of an operation`),
  ];
}

/** Descriptors of an idle daemon: about forty. More and more of them is a leak. */
const MANY_DESCRIPTORS = 250;

function leakProblems({ daemon }: Scene): string[] {
  const count = readdirSync(`/proc/${daemon.pid()}/fd`).length;
  return count > MANY_DESCRIPTORS ? [`the daemon has ${count} open descriptors`] : [];
}

/** What has just been told to end may take a moment. */
const ENDING_MS = 5_000;

async function afterAMoment(look: () => string[]): Promise<string[]> {
  const end = Date.now() + ENDING_MS;
  for (;;) {
    const problems = look();
    if (problems.length === 0 || Date.now() > end) return problems;
    await wait(100);
  }
}

export async function violations(
  scene: Scene,
  estate: Estate,
  head: string,
  memory: Memory,
): Promise<string[]> {
  const { data, stage } = scene;
  const recorded = readBook(data, book => [
    ...(book.check() === "ok" ? [] : [`SQLite says: ${book.check()}`]),
    ...heldProblems(book),
    ...historyProblems(book, estate, head, memory),
    ...estate.flatMap(stack =>
      stateProblems(stack, estate, book.state(stack.name)).map(text => `${stack.name}: ${text}`),
    ),
  ]);
  const onTarget = estate.flatMap(stack =>
    targetProblems(stack, estate, stage.sandbox).map(text => `${stack.name}: ${text}`),
  );
  const around = await afterAMoment(() => [
    ...processProblems(scene),
    ...folderProblems(scene),
    ...leakProblems(scene),
  ]);
  return [...recorded, ...onTarget, ...around];
}
