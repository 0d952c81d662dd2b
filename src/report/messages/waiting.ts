/** What waits for something or somebody, in words. */
import type { Waiting } from "../../engine/failure.ts";
import { timestamp } from "../age.ts";
import { formatBytes } from "../bytes.ts";
import { resourceName } from "../urn.ts";
import { AGAIN, message, plural, type Message, type MessageContext, type Reason } from "./message.ts";

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

export function waiting(failure: Waiting, context: MessageContext): Message {
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
