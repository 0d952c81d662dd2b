/**
 * Backups in a ref of the watched repository. The ref points to one commit without a parent, whose tree holds the
 * backups that are kept: a backup that is removed is nowhere in the history, and the server may collect it.
 */
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import type { RunOptions, RunResult } from "../process/run.ts";
import { parseBackupName } from "./name.ts";
import { fault, good, type BackupTarget, type Outcome, type StoredBackup } from "./target.ts";

export const STATE_REF = "refs/holdfast/state";

type CallOptions = Partial<Pick<RunOptions, "input" | "maxOutput" | "onOutput">>;

/** git on a repository of our own that speaks with the watched one. */
export interface SideGit {
  readonly url: string;
  local(
    args: readonly string[],
    options?: CallOptions & { env?: Readonly<Record<string, string>> },
  ): Promise<RunResult>;
  remote(args: (address: string) => readonly string[], options?: CallOptions): Promise<RunResult>;
  /** Words of a failed call, without a secret. */
  why(result: RunResult): string;
}

interface Entry extends StoredBackup {
  readonly id: string;
}

/** The content is encrypted: nothing compresses it, and no two are alike. */
const AS_IT_IS = ["-c", "core.bigFileThreshold=1k", "-c", "core.compression=0", "-c", "pack.compression=0"];
const WHO = {
  GIT_AUTHOR_NAME: "holdfast",
  GIT_AUTHOR_EMAIL: "holdfast@localhost",
  GIT_COMMITTER_NAME: "holdfast",
  GIT_COMMITTER_EMAIL: "holdfast@localhost",
};
/** Somebody else's push between our look and ours is rare; three in a row is a quarrel of two daemons. */
const PUSH_ATTEMPTS = 3;
const PUSH_HINT =
  "whoever holdfast logs in as must be allowed to push to refs/holdfast/; some servers refuse files over 100 MB";

const isId = (text: string): boolean => /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);

/** stdout of a call on our own folder; an exception where it fails, because nothing there can be wrong but we. */
async function need(
  git: SideGit,
  args: readonly string[],
  options: Parameters<SideGit["local"]>[1] = {},
): Promise<string> {
  const result = await git.local(args, options);
  if (result.code !== 0) throw new Error(`git ${args[0] ?? ""}: ${result.stderr.toString().slice(0, 500)}`);
  return result.stdout.toString().trim();
}

/** What the ref holds now, fetched; `id` undefined: there is no such ref yet. */
async function current(
  git: SideGit,
): Promise<Outcome<{ id: string | undefined; entries: readonly Entry[] }>> {
  const asked = await git.remote(address => ["ls-remote", "--quiet", "--end-of-options", address, STATE_REF]);
  if (asked.code !== 0) return fault(`${git.url}: ${git.why(asked)}`);
  const id = asked.stdout.toString().split(/\s/)[0] ?? "";
  if (!isId(id)) return good({ id: undefined, entries: [] });
  const flags = ["--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--no-recurse-submodules"];
  const spec = `+${STATE_REF}:${STATE_REF}`;
  const fetched = await git.remote(address => ["fetch", ...flags, "--end-of-options", address, spec]);
  if (fetched.code !== 0) return fault(`${git.url}: ${git.why(fetched)}`);
  const lines = (await need(git, ["ls-tree", "-l", "-z", STATE_REF])).split("\0");
  const entries = lines.flatMap(line => {
    const [, blob, size, name = ""] = /^100644 blob ([0-9a-f]+)\s+(\d+)\t(.+)$/.exec(line) ?? [];
    const parsed = parseBackupName(name);
    return parsed && blob !== undefined ? [{ ...parsed, id: blob, size: Number(size) }] : [];
  });
  return good({ id, entries });
}

/** Makes the commit and pushes it in the place of `before`; false: somebody else was quicker. */
async function replace(
  git: SideGit,
  before: string | undefined,
  entries: readonly Entry[],
): Promise<Outcome<boolean>> {
  const listing = entries.map(({ id, name }) => `100644 blob ${id}\t${name}\0`).join("");
  const tree = await need(git, ["mktree", "-z"], { input: listing });
  const message = "State of holdfast, encrypted: see `holdfast backup list`\n";
  const commit = await need(git, ["commit-tree", "--no-gpg-sign", "-F", "-", tree], {
    input: message,
    env: WHO,
  });
  const lease = `--force-with-lease=${STATE_REF}:${before ?? ""}`;
  const flags = [
    "--quiet",
    "--no-verify",
    "--no-follow-tags",
    "--no-signed",
    "--recurse-submodules=no",
    lease,
  ];
  const spec = `${commit}:${STATE_REF}`;
  const pushed = await git.remote(address => [
    ...AS_IT_IS,
    "push",
    ...flags,
    "--end-of-options",
    address,
    spec,
  ]);
  if (pushed.code === 0) {
    await need(git, ["update-ref", STATE_REF, commit]);
    return good(true);
  }
  return /stale info/.test(pushed.stderr.toString())
    ? good(false)
    : fault(`${git.url}: ${git.why(pushed)}`, PUSH_HINT);
}

async function change(
  git: SideGit,
  wish: (entries: readonly Entry[]) => readonly Entry[],
): Promise<Outcome<void>> {
  for (let attempt = 0; attempt < PUSH_ATTEMPTS; attempt++) {
    const now = await current(git);
    if (!now.ok) return now;
    const done = await replace(git, now.value.id, wish(now.value.entries));
    if (!done.ok) return done;
    if (done.value) return good(undefined);
  }
  return fault(
    `${git.url}: ${STATE_REF} is pushed by somebody else again and again`,
    "only one daemon may keep its backups there",
  );
}

/** What no backup that is kept needs any more. */
async function tidy(git: SideGit): Promise<void> {
  await need(git, [...AS_IT_IS, "repack", "-a", "-d", "-q"]);
  await need(git, ["prune", "--expire=now"]);
}

/** Written to a file first: a process that is read slowly would be ended at its deadline. */
async function blob(git: SideGit, name: string): Promise<Outcome<Readable>> {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-backup-"));
  const file = path.join(folder, "blob");
  const fd = openSync(file, "wx", 0o600);
  const onOutput = (stream: string, chunk: Buffer): void =>
    void (stream === "stdout" && writeSync(fd, chunk));
  const result = await git.local(["cat-file", "blob", `${STATE_REF}:${name}`], { maxOutput: 0, onOutput });
  closeSync(fd);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  if (result.code === 0) return good(createReadStream(file).once("close", remove));
  remove();
  return fault(`${git.url}: ${STATE_REF} holds no ${name}`);
}

export function createGitTarget(git: SideGit): BackupTarget {
  return {
    where: `${git.url} ${STATE_REF}`,
    async put(name, file) {
      const now = await current(git);
      if (!now.ok) return now;
      const id = await need(git, [...AS_IT_IS, "hash-object", "-w", "--no-filters", "--", file]);
      const parsed = parseBackupName(name);
      if (!parsed) throw new Error(`${name} is no backup's name`);
      return change(git, entries => [...entries, { ...parsed, id, size: 0 }]);
    },
    async list() {
      const now = await current(git);
      return now.ok ? good(now.value.entries) : now;
    },
    async read(name) {
      const now = await current(git);
      return now.ok ? blob(git, name) : now;
    },
    async remove(names) {
      if (names.length === 0) return good(undefined);
      const gone = await change(git, entries => entries.filter(entry => !names.includes(entry.name)));
      if (gone.ok) await tidy(git);
      return gone;
    },
  };
}
