/**
 * The commit that takes back everything after an older one. Reverting a whole range, newest first, ends at the tree
 * that the older commit has: so that tree is committed, without a work tree and without conflicts. Nothing is written
 * to the mirror: the new commit lives in a repository of its own beside it until it is pushed or handed over as a patch.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Failure } from "../engine/failure.ts";
import type { Revision } from "../engine/ports/source.ts";
import type { RunResult } from "../process/run.ts";
import { isFullObjectId } from "./branch-name.ts";
import { broken, createGit, ended, type Git } from "./git.ts";
import { localEnvironment, remoteEnvironment } from "./git-environment.ts";
import { createHistory } from "./history.ts";
import { MAX_LISTING_BYTES } from "./limits.ts";
import { LOG_FORMAT, parseRevision } from "./revision-text.ts";
import { refusedPush } from "./revert-push.ts";
import { safeDirectories } from "./safe-directories.ts";
import { createSignatures } from "./signatures.ts";
import { openRepository, type OpenedRepository, type SourceOptions } from "./source.ts";
import { cleanLine } from "./untrusted-text.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** How somebody signs. */
export interface Signing {
  /** Of Git, key and value. */
  readonly settings: readonly (readonly [string, string])[];
  /** What gpg or ssh-keygen need of the person's environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RevertRequest {
  /** Object id or branch of the mirror: the newest commit that stays. */
  readonly to: string;
  /** First line of the message. */
  readonly subject: string;
  /** Why, below it. */
  readonly why: string;
  readonly person: Person;
  /** Signs the commit, where commits must be signed (the options' signers). */
  readonly signing?: Signing;
  /** Pushes it to the branch, fast-forward only. */
  readonly push: boolean;
}

export interface Reverted {
  readonly sha: string;
  readonly base: Revision;
  /** What is taken back, newest first; at most MOST_NAMED of them. */
  readonly commits: readonly Revision[];
  /** How many are taken back. */
  readonly count: number;
  /** Paths that it changes. */
  readonly paths: readonly string[];
  /** For `git am`. */
  readonly patch: Uint8Array;
  readonly pushed: boolean;
  /** Commits must be signed: whoever applies the patch signs it. */
  readonly mustBeSigned: boolean;
}

/** `refused`: a person must do something else; nothing was pushed. */
export type RevertAnswer =
  | { readonly kind: "reverted"; readonly value: Reverted }
  | { readonly kind: "refused"; readonly message: string; readonly hint: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** A message that names more is not read. */
const MOST_NAMED = 50;

const refused = (message: string, hint: string): RevertAnswer => ({ kind: "refused", message, hint });

/** Fetches, and makes the commit. Nothing of the repository is run: no hook, no filter, no merge driver. */
export async function revertTo(
  options: SourceOptions,
  request: RevertRequest,
  signal: AbortSignal,
): Promise<RevertAnswer> {
  const opened = openRepository(options);
  if (!opened.ok) return { kind: "failed", failure: opened.failure };
  const { mirror } = opened.value;
  const fetched = await mirror.fetch(signal);
  if (!fetched.ok) return { kind: "failed", failure: fetched.failure };
  const history = createHistory(mirror, options.branch);
  const [head, base] = [await history.head(), await history.resolve(request.to)];
  if (!head)
    return refused(`the branch ${options.branch} cannot be read`, "try again: the mirror is made anew");
  if (!base)
    return refused(
      `no commit is named ${cleanLine(request.to)}`,
      "`holdfast history STACK` lists those that were deployed",
    );
  const ancestry = await history.ancestry(base.sha, head.sha);
  if (ancestry === "same")
    return refused(
      `${short(base)} is the newest commit of ${options.branch}: nothing comes after it`,
      "name an older one with --to",
    );
  if (ancestry === "rewritten")
    return refused(
      `${short(base)} is not in the history of ${options.branch} (any more)`,
      "name a commit of the branch with --to",
    );
  const paths = (await history.changedPaths(base.sha, head.sha)) ?? [];
  if (paths.length === 0)
    return refused(
      `${options.branch} is as it was at ${short(base)}: there is nothing to take back`,
      "name an older one with --to",
    );
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-rollback-"));
  try {
    return await commitIn(folder, { options, request, opened: opened.value, head, base, paths, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly options: SourceOptions;
  readonly request: RevertRequest;
  readonly opened: OpenedRepository;
  readonly head: Revision;
  readonly base: Revision;
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

const short = ({ sha }: Revision): string => sha.slice(0, 8);

/** stdout of a local call that cannot fail in an expected way. */
async function need(git: Git, args: readonly string[], input?: string): Promise<Buffer> {
  const result = await git(args, { maxOutput: MAX_LISTING_BYTES, ...(input === undefined ? {} : { input }) });
  if (!ended(result) || result.code !== 0)
    throw new Error(`${broken(args[0] ?? "", result).message}: ${cleanLine(result.stderr.toString())}`);
  return result.stdout;
}

/** Newest first, along the first parents: what a merge brought is named by the merge. */
async function takenBack(git: Git, { base, head }: Work): Promise<{ count: number; commits: Revision[] }> {
  const range = ["--first-parent", "--end-of-options", `${base.sha}..${head.sha}`];
  const count = Number((await need(git, ["rev-list", "--count", ...range])).toString());
  const format = ["log", "--no-mailmap", "--no-show-signature", LOG_FORMAT];
  const text = (await need(git, [...format, `--max-count=${MOST_NAMED}`, ...range])).toString();
  const commits = text.split("\n").flatMap(line => parseRevision(line)?.revision ?? []);
  return { count, commits };
}

function messageOf(request: RevertRequest, taken: { count: number; commits: readonly Revision[] }): string {
  const more = taken.count - taken.commits.length;
  return [
    cleanLine(request.subject),
    "",
    request.why,
    "",
    ...taken.commits.map(({ sha, author, subject }) => `This reverts commit ${sha} (${author}: ${subject}).`),
    ...(more > 0 ? [`And ${more} more before them.`] : []),
    "",
  ].join("\n");
}

async function initialise(folder: string, mirror: string, deadlineMs: number, format: string): Promise<Git> {
  const git = createGit(localEnvironment(folder), deadlineMs);
  const bare = ["--bare", "--quiet", "--template=", "--initial-branch=holdfast-rollback"];
  await need(git, ["init", ...bare, `--object-format=${format}`]);
  await writeFile(path.join(folder, "objects", "info", "alternates"), `${path.join(mirror, "objects")}\n`);
  return git;
}

/** The commit's id; or why it could not be signed. */
async function makeCommit(
  folder: string,
  { request, opened, head, base }: Work,
  message: string,
  signing: Signing | undefined,
): Promise<{ readonly sha: string } | { readonly unsigned: string }> {
  const settings = (signing?.settings ?? []).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const env = { ...localEnvironment(folder), ...signing?.env, ...identity(request.person) };
  const how = [signing ? "--gpg-sign" : "--no-gpg-sign", "-p", head.sha, "-F", "-"];
  const args = [...settings, "commit-tree", ...how, `${base.sha}^{tree}`];
  const result = await createGit(env, opened.deadlineMs)(args, { input: message });
  const words = cleanLine(result.stderr.toString());
  if (signing && result.code !== 0) return { unsigned: `git cannot sign it: ${words}` };
  if (!ended(result) || result.code !== 0)
    throw new Error(`${broken("commit-tree", result).message}: ${words}`);
  const sha = result.stdout.toString().trim();
  if (!isFullObjectId(sha)) throw new Error(`git commit-tree answered ${cleanLine(sha)}`);
  return { sha };
}

/** Why holdfast itself would not take the commit; undefined where it would. */
async function whyUntrusted(git: Git, sha: string, { options, head }: Work): Promise<string | undefined> {
  if (!options.signers) return undefined;
  const signatures = createSignatures(git, options.signers, options.folder);
  const verified = await signatures.verify({ head: sha, known: [head.sha] });
  if (verified.ok) return undefined;
  const { failure } = verified;
  return failure.reason === "signature-untrusted"
    ? (failure.commits[0]?.why ?? "it is not signed")
    : "the allowed keys cannot be read: `holdfast doctor` says why";
}

const untrusted = (branch: string, why: string): RevertAnswer =>
  refused(
    `${branch} was not pushed: commits must be signed with an allowed key, and of this one: ${why}`,
    "set user.signingKey (and gpg.format) in your own Git settings; or leave --push away, and apply the patch with `git am --gpg-sign`",
  );

async function commitIn(folder: string, work: Work): Promise<RevertAnswer> {
  const { request, opened, head, base, paths, options } = work;
  const format = head.sha.length > 40 ? "sha256" : "sha1";
  const plain = await initialise(folder, opened.mirror.folder, opened.deadlineMs, format);
  const taken = await takenBack(opened.mirror.git, work);
  const message = messageOf(request, taken);
  const mustBeSigned = options.signers !== undefined;
  // Whoever applies a patch makes another commit of it, and signs that.
  const signing = mustBeSigned && request.push ? request.signing : undefined;
  const made = await makeCommit(folder, work, message, signing);
  if ("unsigned" in made) return untrusted(options.branch, made.unsigned);
  const { sha } = made;
  const patch = await patchOf(plain, sha);
  const value = { sha, base, ...taken, paths, patch, pushed: request.push, mustBeSigned };
  if (!request.push) return { kind: "reverted", value };
  const why = await whyUntrusted(plain, sha, work);
  if (why !== undefined) return untrusted(options.branch, why);
  const result = await push(folder, sha, work);
  return result.code === 0 ? { kind: "reverted", value } : refusedPush(result, opened, options.branch);
}

/** For `git am`. */
function patchOf(git: Git, sha: string): Promise<Buffer> {
  const whole = ["--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv"];
  return need(git, ["format-patch", "-1", "--stdout", ...whole, "--no-signature", "--end-of-options", sha]);
}

const identity = ({ name, email }: Person): Record<string, string> => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: email,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: email,
});

/** Without `+`: what somebody pushed in the meantime is never overwritten. */
async function push(folder: string, sha: string, { opened, options, signal }: Work): Promise<RunResult> {
  const { address, access, deadlineMs } = opened;
  const isFile = address.protocol === "file";
  const globalConfig = isFile ? await safeDirectories(path.join(folder, "safe"), address.remote) : undefined;
  const env = remoteEnvironment(folder, address, {
    ...access,
    ...(globalConfig === undefined ? {} : { globalConfig }),
  });
  const args = [
    "push",
    "--quiet",
    "--no-verify",
    "--no-follow-tags",
    "--no-signed",
    "--recurse-submodules=no",
  ];
  const ref = `${sha}:refs/heads/${options.branch}`;
  return createGit(env, deadlineMs)([...args, "--end-of-options", address.remote, ref], { signal });
}
