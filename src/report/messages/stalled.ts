/** What only a person or a commit can mend, in words. */
import type { Problem, Stalled } from "../../engine/failure.ts";
import { shortSha } from "../commit.ts";
import { timestamp } from "../age.ts";
import { resourceName } from "../urn.ts";
import { plainLine } from "../plain-text.ts";
import { transient } from "./transient.ts";
import {
  FIX_AND_COMMIT,
  message,
  plural,
  problemLines,
  WIDEST_TITLE,
  type Message,
  type MessageContext,
  type Reason,
} from "./message.ts";

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
  const { why } = failure;
  if (why !== undefined)
    return message(
      `Not adopted: ${why}`,
      `${failure.urns.map(resourceName).join("\n")}\nIt is a create of unknown end again.`,
      `Say the right id, or that nothing was made; this shows how: holdfast unlock ${context.stack ?? "STACK"}`,
    );
  return message(
    `Nobody knows whether ${plural(failure.urns.length, "resource was", "resources were")} created: a process died in the middle`,
    failure.urns.map(resourceName).join("\n"),
    `See whether they exist, then say so; this shows how: holdfast unlock ${context.stack ?? "STACK"}`,
  );
}

function placeTitle({ message: text, place }: Problem, more: number): string {
  const at = [place?.file, place?.line, place?.column].filter(part => part !== undefined).join(":");
  const others = more > 0 ? `; and ${plural(more, "more problem")}` : "";
  const title = plainLine(`${at}: ${text}`);
  const room = WIDEST_TITLE - others.length;
  return (title.length > room ? `${title.slice(0, room - 1)}…` : title) + others;
}

/** Without a place in a file it is about words on a command line, or about the machine: nothing to commit. */
function invalid({ problems }: Reason<"config-invalid">, { stack }: MessageContext): Message {
  const [first] = problems;
  // Beside other stacks' names it is the place that tells.
  if (stack !== undefined && first?.place) {
    const title = placeTitle(first, problems.length - 1);
    const saysAll = problems.length === 1 && title.endsWith(first.message);
    return message(title, saysAll ? (first.hint ?? "") : problemLines(problems), FIX_AND_COMMIT);
  }
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

export function stalled(failure: Stalled, context: MessageContext): Message {
  switch (failure.reason) {
    case "config-invalid":
      return invalid(failure, context);
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
