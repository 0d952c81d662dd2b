/** What a failed call on the remote means, and what to do about it. */
import type { Failure } from "../engine/failure.ts";
import type { RunResult } from "../process/run.ts";
import { cleanLine, redact } from "./untrusted-text.ts";

export interface FailedCall {
  readonly url: string;
  readonly branch: string;
  /** Values that must not show, whatever the server says. */
  readonly secrets: readonly string[];
  readonly deadlineMs: number;
}

/** Characters of git's own words that are kept. */
const MAX_WHY = 500;

const DISK_FULL = /No space left on device|Disk quota exceeded/;
/** A branch that is gone, and any branch of an empty repository. */
const NO_BRANCH = /couldn't find remote ref /;

/** git's words (C locale) → the way out. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /HOST IDENTIFICATION HAS CHANGED/,
    "the host shows another key than the known one, so somebody may stand in between; if the key was changed on purpose, replace it in known_hosts",
  ],
  [
    /Host key verification failed|No \S+ host key is known/,
    "see the host's key with `ssh-keyscan`, check it, and add it to ~/.ssh/known_hosts of the daemon's user, or to the file that its credentials name as knownHostsFile",
  ],
  [/UNPROTECTED PRIVATE KEY FILE/, "ssh takes no key that others can read: chmod 600 the key's file"],
  [
    /Permission denied \(publickey/,
    "give a key that the server accepts: in ~/.ssh of the daemon's user, in an agent (SSH_AUTH_SOCK), or as identityFile of the host's credentials in settings.yaml",
  ],
  [/No user exists for uid/, "ssh needs a user with a name: run the daemon as one, or give an https address"],
  [
    /could not read (Username|Password)|Authentication failed|HTTP Basic: Access denied|returned error: 40[13]/,
    "give a token that may read this repository: tokenFile of this host's credentials in settings.yaml",
  ],
  [
    /returned error: 30[1278]|unable to update url base/,
    "the server redirects, which may lead to another host: see where to with `curl -sI URL`, and give that address",
  ],
  [
    /SSL certificate problem|server certificate verification failed/,
    "the server's certificate is not trusted here: name a PEM file with its authority in GIT_SSL_CAINFO of the daemon's environment",
  ],
  [
    /does not appear to be a git repository|repository .* not found|returned error: 404/i,
    "check the address, and that whoever logs in (for a path: the daemon's user) may read it",
  ],
];

/** The failure that one unsuccessful fetch stands for. */
export function fetchFailure(result: RunResult, call: FailedCall): Failure {
  if (result.aborted) return { kind: "aborted", reason: "shutting-down" };
  if (result.timedOut)
    return {
      kind: "transient",
      reason: "timed-out",
      what: `git fetch ${call.url}`,
      afterMs: call.deadlineMs,
    };
  const words = result.stderr.toString();
  if (DISK_FULL.test(words)) return { kind: "transient", reason: "disk", why: why(words, call.secrets) };
  if (NO_BRANCH.test(words)) return { kind: "stalled", reason: "branch-missing", branch: call.branch };
  const { startError } = result;
  const said = startError ? `git cannot be started: ${startError.message}` : why(words, call.secrets);
  const how =
    result.signal === null
      ? `git ended with exit code ${String(result.code)}`
      : `git was ended by ${result.signal}`;
  return { kind: "transient", reason: "fetch-failed", url: call.url, why: said === "" ? how : said };
}

/** git's own errors in one line, with the way out where we know it. The server's chatter comes last. */
function why(words: string, secrets: readonly string[]): string {
  // ssh puts its warnings into boxes of at signs.
  const lines = words
    .split("\n")
    .map(line => line.replaceAll(/^@+\s*|\s*@*\s*$/g, ""))
    .filter(line => line !== "");
  const isError = (line: string): boolean =>
    /^(fatal|error|ssh|remote|Host|WARNING|No .* host key)|denied/i.test(line);
  const kept = lines.some(isError) ? lines.filter(isError) : lines;
  const said = cleanLine(redact(kept.join("; "), secrets), MAX_WHY);
  const hint = HINTS.find(([pattern]) => pattern.test(words))?.[1];
  return hint === undefined ? said : `${said} (${hint})`;
}
