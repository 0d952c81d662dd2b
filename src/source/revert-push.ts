/** What a push that did not go through means, and what to do about it. */
import type { RunResult } from "../process/run.ts";
import { fetchFailure } from "./git-failure.ts";
import type { OpenedRepository } from "./source.ts";
import type { RevertAnswer } from "./revert.ts";
import { cleanLine, redact } from "./untrusted-text.ts";

const AS_PATCH = "or leave --push away and apply the patch in a clone of your own";

/** git's words (C locale) → what happened, and the way out. */
const REFUSALS: readonly (readonly [RegExp, string, string])[] = [
  [
    /\(fetch first\)|\(non-fast-forward\)/,
    "somebody pushed in the meantime; nothing was overwritten",
    "run the command again: it then takes the new commits back too, so look at them first",
  ],
  [
    /refusing to update checked out branch|branch is currently checked out/,
    "the repository has this branch checked out, and Git does not push under a person's feet",
    "leave --push away, and apply the patch in that folder with `git am`",
  ],
  [
    /protected branch|pre-receive hook declined|hook declined|GH006/i,
    "the server does not take a push to this branch",
    `make a merge request of it: leave --push away and apply the patch on a branch; ${AS_PATCH}`,
  ],
  [
    /insufficient permission|Permission denied|unable to create|Read-only file system|returned error: 403|Write access/i,
    "whoever holdfast logs in as may not write to the repository",
    `give credentials that may push, ${AS_PATCH}`,
  ],
];

/** Aborts, deadlines and a server that cannot be reached are failures; everything else is a refusal. */
export function refusedPush(result: RunResult, opened: OpenedRepository, branch: string): RevertAnswer {
  const { address, login, deadlineMs } = opened;
  const secrets = login ? [login.password === "" ? login.username : login.password] : [];
  const words = redact(result.stderr.toString(), secrets);
  const found = REFUSALS.find(([pattern]) => pattern.test(words));
  if (found && !result.aborted && !result.timedOut)
    return { kind: "refused", message: `${branch} was not pushed: ${found[1]}`, hint: found[2] };
  if (/\[(remote )?rejected\]/.test(words)) {
    const why = cleanLine(words.replaceAll("\n", "; "), 500);
    return { kind: "refused", message: `${branch} was not pushed: ${why}`, hint: AS_PATCH };
  }
  return {
    kind: "failed",
    failure: fetchFailure(result, { url: address.remote, branch, secrets, deadlineMs }),
  };
}
