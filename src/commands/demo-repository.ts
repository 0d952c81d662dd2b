/** The demo's bare repository, and the clone that its commits are made in. */
import { createHmac } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../process/run.ts";
import { StepFailed, type DemoRepository, type Pushed } from "./demo-stage.ts";
import { textOf } from "./demo-target.ts";

export interface RepositoryOptions {
  /** Gets `estate.git` and `work`; the estate is in `work` already. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** File with the secret that the hook is signed with. */
  readonly hookSecretFile: string;
  /** Of the daemon; undefined while it does not run. */
  readonly daemonUrl: () => string | undefined;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

export const BRANCH = "main";
const GIT_MS = 60_000;
const HOOK_MS = 30_000;

type Git = (...args: readonly string[]) => Promise<string>;

function gitIn(cwd: string, { env, signal }: RepositoryOptions): Git {
  return async (...args) => {
    const result = await run("git", args, { cwd, env, deadlineMs: GIT_MS, signal });
    if (result.code === 0) return result.stdout.toString().trim();
    const why = result.startError ? "git is not there; install it" : result.stderr.toString().trim();
    throw new StepFailed(`git ${args[0] ?? ""} failed: ${why}`);
  };
}

/** As a Git server calls it after a push. */
async function callHook({ daemonUrl, hookSecretFile }: RepositoryOptions): Promise<void> {
  const url = daemonUrl();
  if (url === undefined) return;
  const body = JSON.stringify({ ref: `refs/heads/${BRANCH}` });
  const secret = (await readFile(hookSecretFile, "utf8")).trim();
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
  const signal = AbortSignal.timeout(HOOK_MS);
  const answer = await fetch(`${url}/hooks/git`, { method: "POST", body, headers, signal });
  if (!answer.ok)
    throw new StepFailed(`the daemon refused the hook: ${answer.status} ${await answer.text()}`);
}

export async function createRepository(options: RepositoryOptions): Promise<DemoRepository> {
  const { folder, say } = options;
  const [bare, work] = [path.join(folder, "estate.git"), path.join(folder, "work")];
  const git = gitIn(work, options);
  await gitIn(folder, options)("init", "--quiet", "--bare", `--initial-branch=${BRANCH}`, bare);
  await git("init", "--quiet", `--initial-branch=${BRANCH}`);
  await git("remote", "add", "origin", bare);

  async function push(): Promise<Pushed> {
    await git("push", "--quiet", "origin", BRANCH);
    const at = performance.now();
    say(`$ git push          ${await git("log", "-1", "--format=%h %s")}`);
    const sha = await git("rev-parse", "HEAD");
    await callHook(options);
    return { sha, at };
  }

  async function commit(subject: string): Promise<Pushed> {
    await git("add", "--all");
    await git("commit", "--quiet", "-m", subject);
    return push();
  }

  await commit("A starter estate");
  return {
    bare,
    async commit(subject, edits) {
      for (const [name, edit] of Object.entries(edits)) {
        const file = path.join(work, name);
        const before = (await textOf(file)) ?? "";
        const after = edit(before);
        if (after === before)
          throw new StepFailed(`${name} is not as the demo knows it: nothing was changed`);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, after);
      }
      return commit(subject);
    },
    async revert() {
      say("$ git revert HEAD");
      await git("revert", "--no-edit", "HEAD");
      return push();
    },
    async pull() {
      await git("pull", "--quiet", "--ff-only", "origin", BRANCH);
      return git("rev-parse", "HEAD");
    },
  };
}
