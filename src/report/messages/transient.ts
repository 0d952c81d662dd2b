/** What is tried again by itself, in words. */
import type { Transient } from "../../engine/failure.ts";
import { formatBytes } from "../bytes.ts";
import { formatDuration } from "../duration.ts";
import { resourceName } from "../urn.ts";
import { AGAIN, errorLines, message, plural, type Message } from "./message.ts";

type Disk = Extract<Transient, { readonly reason: "disk" }>;

function disk({ why, folder, free }: Disk): Message {
  if (folder === undefined) return message(`The disk: ${why}`, "", `${AGAIN} Make room in the data folder.`);
  const title = free === undefined ? "was full" : `is full: ${formatBytes(free)} are free`;
  return message(`The disk of ${folder} ${title}`, why, "Make room there; runs go on by themselves then.");
}

export function transient(failure: Transient): Message {
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
      return disk(failure);
    case "internal-error":
      return message(
        `A bug in holdfast: ${failure.message}`,
        failure.stack,
        "The other stacks go on. Please report this text; it is tried again by itself.",
      );
  }
}
