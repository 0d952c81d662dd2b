/** SSH signatures, judged by ssh-keygen against the operator's allowed_signers. */
import { run, type RunResult } from "../process/run.ts";
import { cleanLine } from "./untrusted-text.ts";

export interface SshSigners {
  readonly allowedSigners: string;
  readonly revokedSigners?: string;
}

/** git's own: a signature that was made for another purpose is none of a commit. */
const NAMESPACE = "git";
/** Ten milliseconds as a rule; on a machine without breath, seconds. */
const DEADLINE_MS = 30_000;
/** Of one key; more are a mistake. */
const MOST_PRINCIPALS = 20;

function keygen(args: readonly string[], input: Buffer): Promise<RunResult> {
  // Times in allowed_signers without a Z are local: the zone of the daemon, as a person who looks sees it.
  const zone = process.env["TZ"];
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LC_ALL: "C",
    ...(zone === undefined ? {} : { TZ: zone }),
  };
  return run("ssh-keygen", ["-Y", ...args], { env, input, deadlineMs: DEADLINE_MS, cwd: "/" });
}

/** ssh-keygen's words (C locale) → what is wrong with the key's line in allowed_signers. */
const OF_THE_LINE: readonly (readonly [RegExp, string])[] = [
  [/key has expired: verify time \S+ > valid-before (\S+)/, "which has expired ($1)"],
  [/key is not yet valid: verify time \S+ < valid-after (\S+)/, "which is not valid before $1"],
  // Of a certificate whose authority is allowed; which of the two it is, is not said.
  [/no valid principals found/, "whose certificate is not valid now, or names nobody who is allowed"],
  [/not permitted for use in signature namespace/, "which is not allowed for the namespace git"],
];

/** `said`: what ssh-keygen told of the lines that it looked at. */
async function whyNot(signatureFile: string, payload: Buffer, said: string): Promise<string> {
  const checked = await keygen(["check-novalidate", "-n", NAMESPACE, "-s", signatureFile], payload);
  if (checked.code !== 0) return "its signature does not fit its content";
  const key = / with (\S+ key \S+)/.exec(checked.stdout.toString())?.[1] ?? "a key";
  const signed = `it is signed with the ${cleanLine(key, 100)}`;
  for (const [pattern, why] of OF_THE_LINE) {
    const found = pattern.exec(said);
    if (found) return `${signed}, ${why.replace("$1", found[1] ?? "")}`;
  }
  return `${signed}, which is not among the allowed signers`;
}

/** Why the signature does not count; undefined where it is good, by an allowed key that is valid now. */
export async function sshProblem(
  { allowedSigners, revokedSigners }: SshSigners,
  signatureFile: string,
  payload: Buffer,
): Promise<string | undefined> {
  // At the moment at which it is judged, not at the time in the commit, which is what its author wrote there.
  const verify = (name: string, more: readonly string[]): Promise<RunResult> => {
    const who = ["-I", name, "-n", NAMESPACE, "-s", signatureFile];
    return keygen(["verify", "-f", allowedSigners, ...who, ...more], payload);
  };
  const found = await keygen(["find-principals", "-f", allowedSigners, "-s", signatureFile], Buffer.alloc(0));
  if (found.startError) return `ssh-keygen cannot be started: ${found.startError.message}`;
  if (found.timedOut) return "ssh-keygen did not end in time";
  const revocations = revokedSigners === undefined ? [] : ["-r", revokedSigners];
  const names = found.code === 0 ? found.stdout.toString().split("\n") : [];
  let said = found.stderr.toString();
  for (const name of names.filter(one => one !== "" && !one.startsWith("!")).slice(0, MOST_PRINCIPALS)) {
    const verified = await verify(name, revocations);
    if (verified.code === 0) return undefined;
    if (revokedSigners !== undefined && (await verify(name, [])).code === 0)
      return `it is signed with the key of ${cleanLine(name, 60)}, which was revoked`;
    said += verified.stderr.toString();
  }
  return whyNot(signatureFile, payload, said);
}
