/** Whether the commits of a range are signed by those whom the operator allows; read from the mirror by object id. */
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fail, ok, type Result, type UntrustedCommit } from "../engine/failure.ts";
import type { SignedRange, Signatures } from "../engine/ports/source.ts";
import { isFullObjectId } from "./branch-name.ts";
import { broken, ended, type Git } from "./git.ts";
import { gpgProblem } from "./gpg-signature.ts";
import { isCommit, takeSignature, wordsOf, type SignedCommit } from "./signed-commit.ts";
import { readSigners, type SignerFiles, type Signers } from "./signers.ts";
import { sshProblem } from "./ssh-signature.ts";

/** A day's work of a large team; what is longer is told to a person, who can push it in pieces. About 15 ms each. */
const MAX_COMMITS = 10_000;
/** Of one range; a person who mends these sees the next ones then. */
const MOST_NAMED = 5;
/** 1 MB: a commit is a message and some lines; merges of signed tags have some kilobytes. */
const MAX_COMMIT_BYTES = 1_000_000;
/** 64 bytes for each name and more. */
const MAX_LISTING = MAX_COMMITS * 128;
/** Commits that are remembered as good: those of a range that a bad one keeps from being taken. */
const MOST_REMEMBERED = 20_000;

async function need(git: Git, args: readonly string[], maxOutput: number): Promise<Buffer> {
  const result = await git(args, { maxOutput });
  if (!ended(result) || result.code !== 0) throw broken(args[0] ?? "", result);
  return result.stdout;
}

/** Whether git answers 0; 1 and 128 mean no. */
async function holds(git: Git, args: readonly string[]): Promise<boolean> {
  const result = await git(args);
  if (!ended(result)) throw broken(args[0] ?? "", result);
  return result.code === 0;
}

/** Those that the mirror holds and that share a commit with the head: the others say nothing of it. */
async function related(git: Git, head: string, known: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const sha of new Set(known))
    if (isFullObjectId(sha) && (await holds(git, ["merge-base", head, sha]))) found.push(sha);
  return found;
}

/** Oldest first. Undefined where there are more than MAX_COMMITS. */
async function commitsOf(git: Git, range: SignedRange): Promise<readonly string[] | undefined> {
  const { head, first } = range;
  const known = await related(git, head, range.known);
  const isFirst = first !== undefined && (await holds(git, ["merge-base", "--is-ancestor", first, head]));
  const base = known.length > 0 ? known : [isFirst ? first : head];
  const args = ["rev-list", "--topo-order", "--reverse", `--max-count=${MAX_COMMITS + 1}`];
  const listed = (await need(git, [...args, head, "--not", ...base], MAX_LISTING)).toString().split("\n");
  const commits = [...(known.length > 0 ? [] : base), ...listed.filter(sha => sha !== "")];
  return commits.length > MAX_COMMITS ? undefined : commits;
}

async function judge(
  { kind, signature, payload }: SignedCommit,
  signers: Signers,
): Promise<string | undefined> {
  const { allowedSigners, revokedSigners, gpgHome } = signers;
  const file = path.join(signers.folder, `signature-${randomUUID()}`);
  await writeFile(file, signature, { mode: 0o600 });
  try {
    if (kind === "gpg" && gpgHome !== undefined) return await gpgProblem(gpgHome, file, payload);
    if (kind === "ssh" && allowedSigners !== undefined) {
      const revoked = revokedSigners === undefined ? {} : { revokedSigners };
      return await sshProblem({ allowedSigners, ...revoked }, file, payload);
    }
    return `it is signed with ${kind === "gpg" ? "GPG, and no GPG keys are" : "SSH, and no SSH keys are"} allowed`;
  } finally {
    await rm(file, { force: true });
  }
}

/** Undefined where the commit is good. */
async function lookAt(git: Git, sha: string, signers: Signers): Promise<UntrustedCommit | undefined> {
  const result = await git(["cat-file", "commit", sha], { maxOutput: MAX_COMMIT_BYTES });
  if (!ended(result) || result.code !== 0) throw broken("cat-file", result);
  const raw = result.stdout;
  const bad = (why: string): UntrustedCommit => ({ sha, ...wordsOf(raw), why });
  if (result.truncated) return bad(`it is longer than ${MAX_COMMIT_BYTES} bytes`);
  if (!isCommit(sha, raw)) return bad("its content is not what its name says");
  const signed = takeSignature(sha, raw);
  const why = "why" in signed ? signed.why : await judge(signed, signers);
  return why === undefined ? undefined : bad(why);
}

/** `folder`: the source's own. `git`: calls on the mirror. */
export function createSignatures(git: Git, files: SignerFiles, folder: string): Signatures {
  const good = new Set<string>();
  let goodUnder: string | undefined;

  async function signers(): Promise<Result<Signers>> {
    const read = await readSigners(files, folder);
    if (read.ok && read.value.policy !== goodUnder) {
      good.clear();
      goodUnder = read.value.policy;
    }
    return read;
  }

  async function firstBad(commits: readonly string[], keys: Signers): Promise<readonly UntrustedCommit[]> {
    const found: UntrustedCommit[] = [];
    for (const sha of commits) {
      if (good.has(sha)) continue;
      const bad = await lookAt(git, sha, keys);
      if (bad) found.push(bad);
      else if (good.size < MOST_REMEMBERED) good.add(sha);
      if (found.length === MOST_NAMED) break;
    }
    return found;
  }

  return {
    async policy() {
      const read = await signers();
      return read.ok ? ok(read.value.policy) : read;
    },
    async verify(range) {
      const keys = await signers();
      if (!keys.ok) return keys;
      const { head, known } = range;
      if (known.includes(head)) return ok(undefined);
      const commits = await commitsOf(git, range);
      const why = `more than ${MAX_COMMITS} commits came since the last deployment: push them in pieces`;
      const bad = commits
        ? await firstBad(commits, keys.value)
        : [{ sha: head, author: "", subject: "", why }];
      return bad.length === 0
        ? ok(undefined)
        : fail({ kind: "stalled", reason: "signature-untrusted", head, commits: bad });
    },
  };
}
