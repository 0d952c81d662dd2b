/** Real Git repositories in temporary folders, removed after the test. Nothing of the machine's Git settings takes part. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Path → content; null removes the file. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** Where something is put away at the end: a test, or a program that calls what was given here. */
export interface Ending {
  after(work: () => unknown): void;
}

export interface TestRepository {
  /** Work tree in which commits are made. */
  readonly folder: string;
  /** The bare repository that stands for the Git server; every commit is pushed to it. */
  readonly bare: string;
  /** `file://` URL of the bare repository. */
  readonly url: string;
  readonly branch: string;
  /** Runs git in the work tree; answers stdout without the last newline. Throws with git's own words. */
  git(...args: readonly string[]): string;
  /** Writes files, commits everything in the work tree, pushes (with force). Answers the commit's id. */
  commit(subject: string, files?: Files): string;
  /** Commits what `git update-index --cacheinfo` and its like put into the index, work tree untouched, and pushes. */
  commitIndex(subject: string): string;
  /** `git revert` of a commit, pushed. Answers the new commit's id. */
  revert(commit: string): string;
  /** Moves the branch to a commit, there and here: a forced push. */
  reset(commit: string): void;
  head(): string;
}

/** Chosen, and the same everywhere: no settings of the user or the machine, fixed names. */
export const GIT_TEST_ENV: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  LC_ALL: "C",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Ada Example",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada Example",
  GIT_COMMITTER_EMAIL: "ada@example.org",
};

const MAX_OUTPUT = 64 * 1024 * 1024;

/** Runs git in a folder; answers stdout without the last newline. */
export function git(
  folder: string,
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> } = {},
): string {
  const env = { ...GIT_TEST_ENV, ...options.env };
  const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
  const spawn = { cwd: folder, env, input: options.input ?? "", maxBuffer: MAX_OUTPUT, stdio };
  return execFileSync("git", ["-c", "protocol.file.allow=always", ...args], spawn)
    .toString()
    .replace(/\n$/, "");
}

/** Removes a tree, also one with read-only folders in it (which only root could remove as it is). */
export function removeTree(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) openFolders(folder);
  rmSync(folder, { recursive: true, force: true });
}

function openFolders(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) openFolders(path.join(folder, entry.name));
}

/** An empty folder that goes away with the test. */
export function tempFolder(t: Ending, prefix = "holdfast-test-"): string {
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  t.after(() => removeTree(folder));
  return folder;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    if (content === null) {
      rmSync(file, { recursive: true, force: true });
      continue;
    }
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/**
 * A bare repository and a work tree that pushes to it. With `files`, a first commit "first" is there; without,
 * the repository is empty. Branch: `main`.
 */
export function makeRepository(
  t: Ending,
  options: { readonly files?: Files; readonly branch?: string } = {},
): TestRepository {
  const base = tempFolder(t, "holdfast-repo-");
  const branch = options.branch ?? "main";
  const bare = path.join(base, "remote.git");
  const folder = path.join(base, "work");
  git(base, ["init", "--quiet", "--bare", "--initial-branch", branch, bare]);
  git(base, ["init", "--quiet", "--initial-branch", branch, folder]);
  // A test needs no protection from a power cut, and waits less without it.
  appendFileSync(path.join(bare, "config"), "[core]\n\tfsync = none\n");
  const settings = `[core]\n\tfsync = none\n[commit]\n\tgpgSign = false\n[remote "origin"]\n\turl = ${bare}\n`;
  appendFileSync(path.join(folder, ".git", "config"), settings);
  const repository = repositoryOf({ folder, bare, branch });
  if (options.files) repository.commit("first", options.files);
  return repository;
}

function repositoryOf(at: { folder: string; bare: string; branch: string }): TestRepository {
  const { folder, bare, branch } = at;
  const run = (...args: readonly string[]): string => git(folder, args);
  const push = (): string => {
    run("push", "--quiet", "--force", "origin", `HEAD:refs/heads/${branch}`);
    return run("rev-parse", "HEAD");
  };
  const commitIndex = (subject: string): string => {
    run("commit", "--quiet", "--allow-empty", "-m", subject);
    return push();
  };
  return {
    ...at,
    url: pathToFileURL(bare).href,
    git: run,
    commitIndex,
    commit(subject, files = {}) {
      writeFiles(folder, files);
      run("add", "--all", "--force");
      return commitIndex(subject);
    },
    revert(commit) {
      run("revert", "--no-edit", commit);
      return push();
    },
    reset(commit) {
      run("reset", "--quiet", "--hard", commit);
      push();
    },
    head: () => run("rev-parse", "HEAD"),
  };
}
