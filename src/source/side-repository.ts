/**
 * A bare repository of our own beside the mirror, that speaks with the watched repository as the mirror does: for a ref
 * that is not a branch. The mirror never sees it.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Result } from "../engine/failure.ts";
import { ok } from "../engine/failure.ts";
import type { RunResult } from "../process/run.ts";
import { broken, createGit, type Git, type GitOptions } from "./git.ts";
import { localEnvironment, remoteEnvironment } from "./git-environment.ts";
import { fetchFailure } from "./git-failure.ts";
import { safeDirectories } from "./safe-directories.ts";
import { openRepository, type OpenedRepository, type SourceOptions } from "./source.ts";

export interface SideRepository {
  /** The repository's address, without a login. */
  readonly url: string;
  /** Calls on the folder alone; no protocol is allowed in them. `env` comes on top (author, committer). */
  local(
    args: readonly string[],
    options?: GitOptions & { env?: Readonly<Record<string, string>> },
  ): Promise<RunResult>;
  /** Calls that reach the repository; its address is the last of the words that `args` is given. */
  remote(args: (address: string) => readonly string[], options?: GitOptions): Promise<RunResult>;
  /** What a failed call to the repository means, without a secret. */
  why(result: RunResult): string;
}

async function initialise(folder: string, format: "sha1" | "sha256", deadlineMs: number): Promise<void> {
  if (existsSync(path.join(folder, "HEAD"))) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const git = createGit(localEnvironment(folder), deadlineMs);
  const made = await git(["init", "--bare", "--quiet", "--template=", `--object-format=${format}`]);
  if (made.code !== 0) throw broken("init", made);
}

/** A repository's ids have 64 digits where its format is sha256; one without any commit is taken to be sha1. */
const formatOf = (listing: RunResult): "sha1" | "sha256" =>
  /^[0-9a-f]{64}\s/m.test(listing.stdout.toString()) ? "sha256" : "sha1";

async function remoteGit({ address, access, deadlineMs }: OpenedRepository, folder: string): Promise<Git> {
  const isFile = address.protocol === "file";
  if (isFile) await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 });
  const globalConfig = isFile ? await safeDirectories(`${folder}.safe`, address.remote) : undefined;
  const extra = globalConfig === undefined ? {} : { globalConfig };
  return createGit(remoteEnvironment(folder, address, { ...access, ...extra }), deadlineMs);
}

/** The folder is made when it is first used. Failures: config-invalid. */
export function openSideRepository(options: SourceOptions, folder: string): Result<SideRepository> {
  const opened = openRepository(options);
  if (!opened.ok) return opened;
  const { address, login, deadlineMs } = opened.value;
  const { remote } = address;
  let ready: Promise<RunResult> | undefined;

  /** The format must be known before the folder is made; asking needs no folder. */
  const prepare = async (): Promise<RunResult> => {
    const git = await remoteGit(opened.value, folder);
    const listing = await git(["ls-remote", "--quiet", "--end-of-options", remote]);
    if (listing.code === 0) await initialise(folder, formatOf(listing), deadlineMs);
    return listing;
  };
  const prepared = async (): Promise<RunResult> => {
    ready ??= prepare();
    const listing = await ready;
    // Asked again next time: the repository may be back by then.
    if (listing.code !== 0) ready = undefined;
    return listing;
  };

  return ok({
    url: remote,
    async local(args, { env = {}, ...rest } = {}) {
      return createGit({ ...localEnvironment(folder), ...env }, deadlineMs)(args, rest);
    },
    async remote(args, rest = {}) {
      const first = await prepared();
      if (first.code !== 0) return first;
      return (await remoteGit(opened.value, folder))(args(remote), rest);
    },
    why(result) {
      const secrets = login ? [login.password === "" ? login.username : login.password] : [];
      const failure = fetchFailure(result, { url: remote, branch: options.branch, secrets, deadlineMs });
      if (failure.reason === "fetch-failed" || failure.reason === "disk") return failure.why;
      return failure.reason === "timed-out" ? `it took longer than ${deadlineMs / 1000} s` : failure.reason;
    },
  });
}
