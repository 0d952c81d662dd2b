/** What a CLI that worked on a foreign backend failed of. Pure; texts as CLI 3.259.0 writes them. */
import type { Failure } from "../engine/failure.ts";
import type { RunResult } from "../process/run.ts";
import type { BackendUrl } from "./foreign-url.ts";

export interface ForeignCall {
  /** `stack export organization/web/prod` */
  readonly what: string;
  readonly address: BackendUrl;
  readonly result: RunResult;
  readonly writes: boolean;
  readonly deadlineMs: number;
}

const PASSPHRASE =
  "set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the passphrase of that stack";

/** What is said, and the way out. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/passphrase must be set|incorrect passphrase/i, PASSPHRASE],
  [/features|deployment version is newer|too new/i, "a newer Pulumi wrote it: update holdfast"],
  [
    /unable to open|connection refused|no such host|AccessDenied|Forbidden|authentication failed|credential/i,
    "check the address, and that this shell has the login for it (AWS_…, PGPASSWORD, GOOGLE_…, AZURE_…)",
  ],
  [
    /Legacy DIY state is deprecated/,
    "it is of the layout without projects, which holdfast only reads; name an empty place",
  ],
];

/** Lines of the CLI's own words that a message shows. */
const LAST_LINES = 6;

/** The CLI repeats the address, with its password. */
function said({ result, address }: ForeignCall): string {
  const text = `${result.stderr.toString()}\n${result.stdout.length < 4096 ? result.stdout.toString() : ""}`;
  const lines = text
    .replaceAll(address.url, address.shown)
    .split("\n")
    .map(line => line.trim());
  const [, password] = /^[a-z]+:\/\/[^/?#@:]*:([^@/]+)@/i.exec(address.url) ?? [];
  const kept = lines
    .filter(line => line !== "" && line !== "error:")
    .slice(-LAST_LINES)
    .join("; ");
  return password === undefined ? kept : kept.replaceAll(password, "…");
}

/** Undefined: it did what it should. */
export function foreignFailure(call: ForeignCall): Failure | undefined {
  const { what, address, result, writes, deadlineMs } = call;
  const doing = `pulumi ${what} (${address.shown})`;
  if (result.startError)
    return { kind: "transient", reason: "process-died", what: doing, how: result.startError.message };
  if (result.aborted) return { kind: "aborted", reason: "shutting-down" };
  if (result.timedOut) return { kind: "transient", reason: "timed-out", what: doing, afterMs: deadlineMs };
  if (result.signal)
    return { kind: "transient", reason: "process-died", what: doing, how: `ended by ${result.signal}` };
  if (result.truncated)
    return {
      kind: "stalled",
      reason: "state-unreadable",
      why: `${doing}: its state is larger than holdfast takes`,
    };
  if (result.code === 0) return undefined;
  const text = said(call);
  const busy = /the stack is currently locked by.*/.exec(text)?.[0];
  if (busy !== undefined)
    return { kind: "waiting", reason: "stack-busy", by: `somebody who works in ${address.shown}` };
  const hint = HINTS.find(([pattern]) => pattern.test(text))?.[1];
  if (writes && hint === undefined)
    return {
      kind: "transient",
      reason: "cli-failed",
      exitCode: result.code ?? -1,
      message: `${doing}: ${text}`,
    };
  return {
    kind: "stalled",
    reason: "state-unreadable",
    why: `${doing}: ${text}`,
    hint: hint ?? "the line above is the CLI's own",
  };
}
