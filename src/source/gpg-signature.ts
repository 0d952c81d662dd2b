/** OpenPGP signatures, judged by gpg in a home folder that holds the allowed public keys and nothing else. */
import { run, type RunResult } from "../process/run.ts";
import { cleanLine } from "./untrusted-text.ts";

/** No settings, no agent, no network, nothing of the user's; every key in the folder is one that the operator allowed. */
const OPTIONS = [
  ...["--batch", "--no-tty", "--no-options", "--no-autostart", "--disable-dirmngr"],
  ...["--no-auto-key-retrieve", "--no-auto-check-trustdb", "--trust-model", "always", "--status-fd", "1"],
];
/** A signature takes some milliseconds; on a machine without breath, seconds. */
const DEADLINE_MS = 30_000;

function gpg(home: string, args: readonly string[], input: Buffer): Promise<RunResult> {
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", GNUPGHOME: home, HOME: home };
  return run("gpg", [...OPTIONS, ...args], { env, input, deadlineMs: DEADLINE_MS, cwd: "/" });
}

/** What gpg says to programs: `[GNUPG:] KEYWORD ARGS`. */
interface Status {
  readonly word: string;
  readonly args: string;
}

function statusesOf(result: RunResult): readonly Status[] {
  return result.stdout
    .toString()
    .split("\n")
    .flatMap(line => {
      const [, word, args = ""] = /^\[GNUPG:\] ([A-Z0-9_]+) ?(.*)$/.exec(line) ?? [];
      return word === undefined ? [] : [{ word, args }];
    });
}

const PRIVATE = /-----BEGIN PGP PRIVATE KEY BLOCK-----/;

/** Takes the public keys of a file into the folder. Answers what is wrong with it, if anything. */
export async function importKeys(home: string, keys: Buffer): Promise<string | undefined> {
  if (PRIVATE.test(keys.toString("latin1"))) return "holds a private key; give `gpg --armor --export KEY`";
  const result = await gpg(home, ["--import"], keys);
  if (result.startError) return `gpg cannot be started: ${result.startError.message}`;
  if (statusesOf(result).some(({ word }) => word === "IMPORT_OK")) return undefined;
  return "holds no public key; give `gpg --armor --export KEY`";
}

/** Words that stand for something else than a good signature, with what they mean. */
const BAD: readonly (readonly [string, string])[] = [
  ["BADSIG", "its signature does not fit its content"],
  ["REVKEYSIG", "it is signed with the key %, which was revoked"],
  ["EXPKEYSIG", "it is signed with the key %, which has expired"],
  ["EXPSIG", "its signature has expired (key %)"],
  ["NO_PUBKEY", "it is signed with the GPG key %, which is not among the allowed ones"],
  ["ERRSIG", "its signature cannot be checked (key %)"],
];

/** Why the signature does not count; undefined where it is good, by an allowed key that is valid now. */
export async function gpgProblem(
  home: string,
  signatureFile: string,
  payload: Buffer,
): Promise<string | undefined> {
  const result = await gpg(home, ["--verify", signatureFile, "-"], payload);
  if (result.startError) return `gpg cannot be started: ${result.startError.message}`;
  if (result.timedOut) return "gpg did not end in time";
  const statuses = statusesOf(result);
  const count = (word: string): number => statuses.filter(status => status.word === word).length;
  // gpg answers 0 also for keys that have expired: its words count, not its exit code alone.
  for (const [word, why] of BAD) {
    const found = statuses.find(status => status.word === word);
    if (found) return why.replace("%", cleanLine(found.args.split(" ")[0] ?? "", 40));
  }
  const good =
    result.code === 0 && count("NEWSIG") === 1 && count("GOODSIG") === 1 && count("VALIDSIG") === 1;
  return good ? undefined : "gpg cannot make sense of its signature";
}
