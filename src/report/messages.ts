/** The one table of messages: every failure, in words for a tired person at night: what happened, where, what to do. */
import type {
  Aborted,
  Failure,
  Problem,
  ResourceError,
  Stalled,
  Transient,
  Waiting,
} from "../engine/failure.ts";
import { timestamp } from "./age.ts";
import { formatBytes } from "./bytes.ts";
import { shortSha } from "./commit.ts";
import { formatDuration } from "./duration.ts";
import { plainLine, plainLines } from "./plain-text.ts";
import { resourceName } from "./urn.ts";

export interface Message {
  /** One line: what happened. */
  readonly title: string;
  /** More of it, one or several lines; "" where the title says all. */
  readonly detail: string;
  /** What to do, or what happens by itself. */
  readonly hint: string;
}

/** What commands in hints are about. */
export interface MessageContext {
  readonly stack?: string;
  readonly run?: string;
}

const message = (title: string, detail: string, hint: string): Message => ({
  title: plainLine(title),
  detail: plainLines(detail).trimEnd(),
  hint: plainLine(hint),
});

const plural = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;

/** `hosts/Pulumi.yaml:3:5  message` and the hint below it. */
export function problemLine({ message: text, place, hint }: Problem): string {
  const at = [place?.file, place?.line, place?.column].filter(part => part !== undefined).join(":");
  return `${at ? `${at}  ` : ""}${plainLine(text)}${hint ? `\n    ${plainLine(hint)}` : ""}`;
}

const problemLines = (problems: readonly Problem[]): string => problems.map(problemLine).join("\n");

function errorLines(errors: readonly ResourceError[]): string {
  return errors
    .map(({ urn, message: text }) => (urn === undefined ? text : `${resourceName(urn)}: ${text}`).trimEnd())
    .join("\n");
}

/** A title is one line, of a width that terminals have. */
const WIDEST_TITLE = 120;
const AGAIN = "It is tried again by itself, later each time.";
const FIX_AND_COMMIT = "Correct it and commit; the next commit is tried at once.";

type Reason<R extends Failure["reason"]> = Extract<Failure, { readonly reason: R }>;

function rewritten(failure: Reason<"history-rewritten">): Message {
  return message(
    `The branch was rewritten: ${shortSha(failure.head)} does not descend from ${shortSha(failure.deployed)}, which is deployed`,
    "Nothing is applied from a rewritten history, because it may leave out what is deployed.",
    `Push a branch that holds the deployed commit, or accept the new one: holdfast sync --accept-rewrite ${failure.head}`,
  );
}

function untrusted({ commits, head }: Reason<"signature-untrusted">): Message {
  const [first] = commits;
  const oldest = first ? shortSha(first.sha) : shortSha(head);
  return message(
    `Commit ${oldest} is not trusted: ${first?.why ?? "it is not signed"}`,
    [
      ...commits.map(({ sha, author, subject, why }) => `${shortSha(sha)} ${author}: ${subject}\n  ${why}`),
      "Nothing of it was run. What is deployed stays, and its drift is still looked for.",
    ].join("\n"),
    `Sign anew from there on: git rebase --rebase-merges --force-rebase --gpg-sign ${oldest}^, and push with --force-with-lease. Or allow the key in the daemon's settings (allowedSignersFile, gpgKeysFile).`,
  );
}

function outcomeUnknown(failure: Reason<"outcome-unknown">, context: MessageContext): Message {
  return message(
    `Nobody knows whether ${plural(failure.urns.length, "resource was", "resources were")} created: a process died in the middle`,
    failure.urns.map(resourceName).join("\n"),
    `See whether they exist, then say so; this shows how: holdfast unlock ${context.stack ?? "STACK"}`,
  );
}

/** Without a place in a file it is about words on a command line, or about the machine: nothing to commit. */
function invalid({ problems }: Reason<"config-invalid">): Message {
  const [first] = problems;
  const short = first && first.message.length <= WIDEST_TITLE && !first.message.includes("\n");
  if (short && problems.length === 1 && !first.place) return message(first.message, "", first.hint ?? "");
  const anywhere = problems.some(({ place }) => place);
  return message(
    `The configuration has ${plural(problems.length, "problem")}; nothing was run`,
    problemLines(problems),
    anywhere ? FIX_AND_COMMIT : "",
  );
}

const closedSecret = ({ file, why, hint }: Reason<"secret-unreadable">): Message =>
  message(
    `The secrets file ${file} cannot be read`,
    why,
    hint ?? `Look at it with: holdfast secrets check ${file}`,
  );

function damaged({ folder, why, backup }: Reason<"database-damaged">): Message {
  return message(
    `The database in ${folder} is damaged; nothing is run on it`,
    `${why}\nNothing was deleted, and nothing of it is changed.`,
    backup
      ? `The newest backup is of ${timestamp(backup.at)}, in ${backup.where}. Stop the daemon, then: holdfast restore --data ${folder} --force (it keeps the damaged files aside)`
      : `No backup was found. If you have one elsewhere: holdfast restore FROM --data ${folder} --force. If there is none: docs/backups.md, "Without a backup".`,
  );
}

function stalled(failure: Stalled, context: MessageContext): Message {
  switch (failure.reason) {
    case "config-invalid":
      return invalid(failure);
    case "dependency-cycle":
      return message(
        "Stacks wait for each other in a circle",
        failure.cycle.join(" -> "),
        "Take one dependsOn or StackReference out of the circle and commit.",
      );
    case "secret-unreadable":
      return closedSecret(failure);
    case "history-rewritten":
      return rewritten(failure);
    case "signature-untrusted":
      return untrusted(failure);
    case "branch-missing":
      return message(
        `The repository has no branch ${failure.branch}`,
        "A missing branch is not an empty one: nothing is changed.",
        "Push the branch, or start holdfast with --branch NAME.",
      );
    case "repository-refused":
      return message(
        `The commit cannot be checked out safely: ${failure.path}`,
        failure.why,
        "Take it out of the repository and commit.",
      );
    case "program-failed":
      return message("The stack's program failed", failure.message, FIX_AND_COMMIT);
    case "plugin-missing":
      return message(`The Pulumi plugin ${failure.plugin} is not there`, "", failure.how);
    case "resource-invalid":
      return message(
        `${plural(failure.problems.length, "resource input is", "resource inputs are")} not valid`,
        problemLines(failure.problems),
        FIX_AND_COMMIT,
      );
    case "outcome-unknown":
      return outcomeUnknown(failure, context);
    case "state-unreadable":
      return message(
        "The stack's state cannot be read",
        failure.why,
        failure.hint ?? `Save what is there: holdfast export-state ${context.stack ?? "STACK"}`,
      );
    case "database-damaged":
      return damaged(failure);
    case "key-missing":
      return message("The keys of the state cannot be opened", failure.why, failure.hint);
    case "plan-refused":
      return message(
        `The plan is refused by the gate ${failure.gate}`,
        failure.why,
        failure.hint ?? "Change the program and commit.",
      );
    case "gave-up": {
      const last = transient(failure.last);
      const hint = `Remove the cause, then: holdfast sync ${context.stack ?? "STACK"}`;
      return message(
        `Given up after ${plural(failure.attempts, "attempt")}: ${last.title}`,
        last.detail,
        hint,
      );
    }
  }
}

function look({ run }: MessageContext): string {
  const id = run ?? "RUN";
  return `Read the plan: holdfast show ${id}. If it is right: holdfast approve ${id}. If not: git revert.`;
}

const unsaved = (failure: Reason<"backup-failed">): Message =>
  message(
    "Waits for a backup: the plan deletes or replaces, and no backup could be made",
    failure.why,
    failure.hint ?? `${AGAIN} To go on without: backups.required: false in the settings.`,
  );

const nearlyFull = ({ folder, free, needed }: Reason<"disk-nearly-full">): Message =>
  message(
    `Nothing is run: the disk of ${folder} is nearly full`,
    `${formatBytes(free)} are free, ${formatBytes(needed)} must be.`,
    "Make room; it goes on by itself. How much must be free: minimumFree in the settings.",
  );

function waiting(failure: Waiting, context: MessageContext): Message {
  const stack = context.stack ?? "STACK";
  switch (failure.reason) {
    case "dependency-not-ready":
      return message(
        `Waits for ${failure.on.join(", ")}`,
        "",
        "It goes on by itself when they are deployed at the same commit.",
      );
    case "approval-needed":
      return message("Waits for approval", "", look(context));
    case "limit-exceeded":
      return message(`Held by the limits: ${failure.why}`, "", look(context));
    case "protected":
      return message(
        `Held: the plan takes away ${plural(failure.urns.length, "protected resource")}`,
        failure.urns.map(resourceName).join("\n"),
        look(context),
      );
    case "everything-vanished":
      return message(
        `Held: ${failure.gone} of ${failure.total} resources are gone from reality`,
        "That is rather a target that cannot be seen than so much that was deleted.",
        `Look whether the target is there. ${look(context)}`,
      );
    case "outside-window":
      return message(
        failure.opens === undefined
          ? "Waits for its window"
          : `Waits for its window, from ${timestamp(failure.opens)}`,
        "",
        "It goes on by itself; the window is set in holdfast.yaml.",
      );
    case "first-apply":
      return message(
        "Waits for leave to be applied for the first time: the stack has no state",
        "Either it is new, or its state is elsewhere: then an apply would make everything a second time.",
        `New: holdfast sync ${stack} --first. Elsewhere: holdfast import-state ${stack} FROM.`,
      );
    case "not-managed":
      return message(
        "Only planned, never applied: holdfast.yaml does not name it",
        "",
        `Name it under stacks: in holdfast.yaml, or: holdfast sync ${stack} --first`,
      );
    case "orphaned":
      return message(
        "Gone from Git; its resources are still there",
        "",
        `Destroy them: holdfast destroy ${stack}. Or bring the stack back with git revert.`,
      );
    case "stack-busy":
      return message(`Busy: ${failure.by}`, "", "It goes on by itself when that has ended.");
    case "backup-failed":
      return unsaved(failure);
    case "disk-nearly-full":
      return nearlyFull(failure);
    case "paused":
      return message(
        `Paused${failure.by === undefined ? "" : ` by ${failure.by}`}: ${failure.why}`,
        "",
        `holdfast resume ${stack}`,
      );
  }
}

function transient(failure: Transient): Message {
  switch (failure.reason) {
    case "fetch-failed":
      return message(`${failure.url} cannot be fetched`, failure.why, `${AGAIN} What is deployed stays.`);
    case "install-failed":
      return message(
        `Dependencies of ${failure.folder || "the repository"} cannot be installed`,
        failure.why,
        `${AGAIN} If it stays: run npm ci there, and look at package.json and its lockfile.`,
      );
    case "host-unreachable":
      return message(
        `${resourceName(failure.host)} cannot be reached`,
        failure.why,
        `${AGAIN} The others go on.`,
      );
    case "check-failed":
      return message("Reality could not be read", errorLines(failure.errors), AGAIN);
    case "apply-failed":
      return message(
        `The apply failed at ${plural(failure.errors.length, "resource")}`,
        errorLines(failure.errors),
        `${AGAIN} What succeeded stays, and git revert brings the rest back.`,
      );
    case "plan-outdated":
      return message(
        "The plan was out of date when it was applied",
        failure.why,
        "It is planned anew by itself.",
      );
    case "timed-out":
      return message(
        `${failure.what} took longer than ${formatDuration(failure.afterMs)} and was ended`,
        "",
        `${AGAIN} If it needs so long: set timeout in holdfast.yaml.`,
      );
    case "process-died":
      return message(`${failure.what} died: ${failure.how}`, "", AGAIN);
    case "cli-failed":
      return message(`The Pulumi CLI ended with exit code ${failure.exitCode}`, failure.message, AGAIN);
    case "disk":
      return message(`The disk: ${failure.why}`, "", `${AGAIN} Make room in the data folder.`);
    case "internal-error":
      return message(
        `A bug in holdfast: ${failure.message}`,
        failure.stack,
        "The other stacks go on. Please report this text; it is tried again by itself.",
      );
  }
}

function aborted(failure: Aborted): Message {
  switch (failure.reason) {
    case "shutting-down":
      return message("Ended because holdfast was stopped", "", "It goes on when holdfast is started.");
    case "superseded":
      return message(`A newer commit took its place: ${shortSha(failure.by)}`, "", "Nothing to do.");
  }
}

/** Every failure in words. `context` fills the commands in its hint. */
export function describeFailure(failure: Failure, context: MessageContext = {}): Message {
  switch (failure.kind) {
    case "stalled":
      return stalled(failure, context);
    case "waiting":
      return waiting(failure, context);
    case "transient":
      return transient(failure);
    case "aborted":
      return aborted(failure);
  }
}

/** The message as lines: title, detail indented, hint. */
export function failureText(failure: Failure, context: MessageContext = {}): string {
  const { title, detail, hint } = describeFailure(failure, context);
  const lines = [
    title,
    ...(detail ? detail.split("\n").map(line => `  ${line}`) : []),
    ...(hint ? [hint] : []),
  ];
  return lines.join("\n");
}
