/** `holdfast rollback STACK`: the commit that takes back what came after an older one. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Control, Overview } from "../engine/ports/control.ts";
import type { Revision } from "../engine/ports/source.ts";
import { commitLine, shortSha } from "../report/commit.ts";
import { defineCommand, type Args, type Io } from "./command.ts";
import { checkRollback, type RollbackCheck } from "./rollback-check.ts";
import { rollbackTarget } from "./rollback-target.ts";
import { sayProblem } from "./say-problem.ts";
import { print, sayFailure, whoAsks, withControl } from "./with-control.ts";
import type { RevertAnswer, Reverted } from "./wire-rollback.ts";
import type { Session } from "./wire-session.ts";

/** More commits or files than this nobody reads in a terminal; the commit's message names more. */
const MOST_LINES = 10;
/** As far back as the history is asked for. */
const RUNS = 1000;

const builder = {
  stack: { type: "string", required: true, describe: "<project>/<stack> that is to be as before" },
  to: { type: "string", describe: "the newest commit that stays; else what was deployed before" },
  push: { type: "boolean", describe: "push it to the branch, fast-forward only" },
} as const;
type RollbackArgs = Args<typeof builder>;

interface Target {
  readonly to: string;
  readonly revision?: Revision;
}

/** Undefined after it has said why there is none. */
async function findTarget(
  args: RollbackArgs,
  io: Io,
  control: Control,
  overview: Overview,
): Promise<Target | undefined> {
  const { stack, to } = args;
  const facts = overview.stacks.find(one => one.stack === stack);
  if (!facts) {
    const known = overview.stacks.map(one => one.stack).join(", ");
    sayProblem(
      io,
      args.json,
      `no stack is named ${stack}`,
      known === "" ? "None is known yet." : `There are: ${known}`,
    );
    return undefined;
  }
  if (to !== undefined) return { to };
  const runs = await control.runs({ stack, limit: RUNS });
  const revision = facts.status && rollbackTarget(facts.status, runs);
  if (revision) return { to: revision.sha, revision };
  sayProblem(
    io,
    args.json,
    `nothing is known to have been deployed before of ${stack}`,
    "Name the newest commit that is to stay: --to COMMIT",
  );
  return undefined;
}

async function check(args: RollbackArgs, io: Io, control: Control, to: string): Promise<RollbackCheck> {
  const by = whoAsks(io);
  const planned = await control.ask({ stacks: [args.stack], mode: "plan", revision: to, by });
  return checkRollback(planned.ok ? planned.value[0] : undefined);
}

function some(lines: readonly string[], count: number): string[] {
  const shown = lines.slice(0, MOST_LINES).map(line => `  ${line}`);
  return count > shown.length ? [...shown, `  … and ${count - shown.length} more`] : shown;
}

const pushHint = ({ stack }: RollbackArgs, { base }: Reverted): string =>
  `or let holdfast push it: holdfast rollback ${stack} --to ${shortSha(base.sha)} --push`;

function nextSteps(args: RollbackArgs, { branch }: Overview, { reverted, file, applied }: Done): string {
  if (reverted.pushed) return `Pushed to ${branch}; ${applied}`;
  return [
    ...(args.push ? ["Not pushed, because it would not work yet."] : ["Not pushed."]),
    `It is in ${file}: in a clone of the repository, on ${branch}:`,
    `  git am ${reverted.mustBeSigned ? "--gpg-sign " : ""}${file} && git push`,
    ...(reverted.mustBeSigned ? ["Commits must be signed here: that is what --gpg-sign is for."] : []),
    ...(args.push ? [] : [pushHint(args, reverted)]),
  ].join("\n");
}

function text(args: RollbackArgs, overview: Overview, done: Done): string {
  const { reverted, checked } = done;
  const others = overview.stacks.map(({ stack }) => stack).filter(stack => stack !== args.stack);
  const { base, commits, count, paths, sha } = reverted;
  return [
    `Commit ${shortSha(sha)} takes ${args.stack} back to ${commitLine(base)}`,
    `It reverts ${count === 1 ? "one commit" : `${count} commits`}:`,
    ...some(commits.map(commitLine), count),
    `It changes ${paths.length === 1 ? "one file" : `${paths.length} files`}:`,
    ...some(paths, paths.length),
    ...(others.length > 0 ? [`The commits are taken back for every stack, also ${others.join(", ")}.`] : []),
    checked.summary,
    ...checked.findings,
    nextSteps(args, overview, done),
  ].join("\n");
}

interface Done {
  readonly reverted: Reverted;
  readonly checked: RollbackCheck;
  /** Of the patch; "" where it was pushed. */
  readonly file: string;
  /** Who applies it, once it is pushed. */
  readonly applied: string;
}

const document = (stack: string, { reverted, checked, file }: Done): unknown => ({
  version: 1,
  stack,
  commit: reverted.sha,
  to: reverted.base.sha,
  reverts: reverted.commits.map(({ sha }) => sha),
  count: reverted.count,
  paths: reverted.paths,
  check: checked.summary,
  findings: checked.findings,
  pushed: reverted.pushed,
  patch: file === "" ? null : file,
});

async function writePatch(args: RollbackArgs, io: Io, { base, patch }: Reverted): Promise<string> {
  const name = `rollback-${args.stack.replaceAll("/", "-")}-to-${shortSha(base.sha)}.patch`;
  await writeFile(path.join(io.cwd, name), patch);
  return name;
}

function wishFor(args: RollbackArgs, io: Io, { to, revision }: Target, checked: RollbackCheck) {
  const name = revision ? commitLine(revision) : to;
  return {
    to,
    push: args.push && !checked.blocked,
    subject: `Roll ${args.stack} back to ${shortSha(to)}`,
    why: `${args.stack} is to be as it was at ${name}.\nAsked for by ${whoAsks(io)} with holdfast rollback.`,
  };
}

async function rollBack(args: RollbackArgs, io: Io, control: Control, session: Session): Promise<number> {
  const overview = await control.overview();
  const target = await findTarget(args, io, control, overview);
  if (!target) return 1;
  const checked = await check(args, io, control, target.to);
  const { makeRevert } = await import("./wire-rollback.ts");
  const answer: RevertAnswer = await makeRevert(
    io,
    session.settings,
    overview,
    wishFor(args, io, target, checked),
  );
  if (answer.kind === "failed") return sayFailure(io, args.json, answer.failure);
  if (answer.kind === "refused") return sayProblem(io, args.json, answer.message, answer.hint);
  const reverted = answer.value;
  const file = reverted.pushed ? "" : await writePatch(args, io, reverted);
  // Whatever becomes of this look, the next one by itself sees the commit too.
  if (reverted.pushed && session.remote) await control.poll();
  const applied = session.remote ? "the daemon applies it now." : `apply it: holdfast sync ${args.stack}`;
  const done = { reverted, checked, file, applied };
  print(
    io,
    args.json,
    () => document(args.stack, done),
    () => text(args, overview, done),
  );
  return args.push && !reverted.pushed ? 1 : 0;
}

export const command = defineCommand({
  verb: "rollback",
  describe: "the commit that takes back what came after an older one",
  builder,
  run: (args, io) =>
    withControl(args, io, "rollback", (control, session) => rollBack(args, io, control, session)),
});
