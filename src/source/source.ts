/** The watched repository: a mirror of one branch, and read-only checkouts of its revisions. */
import { createHash } from "node:crypto";
import path from "node:path";
import { configInvalid, fail, ok, type Result } from "../engine/failure.ts";
import type { Checkout, Revision, Source } from "../engine/ports/source.ts";
import { parseAddress, type Address, type Login } from "./address.ts";
import { isBranchName, isFullObjectId } from "./branch-name.ts";
import { createCheckouts } from "./checkouts.ts";
import type { Credentials, RemoteAccess } from "./git-environment.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { createHistory } from "./history.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { accessTo, tokenFor } from "./remote-access.ts";
import { createSignatures } from "./signatures.ts";
import type { SignerFiles } from "./signers.ts";
import { cleanLine } from "./untrusted-text.ts";

export interface SourceOptions {
  /** https://…, ssh://…, git@host:path, file://… or a path. A login in an https URL is used and never shown. */
  readonly url: string;
  readonly branch: string;
  /** Absolute folder of the source's own below the data folder; made when needed. */
  readonly folder: string;
  /** Each goes to its own host and to no other. */
  readonly credentials?: readonly Credentials[];
  /** Proxies and trusted certificates (`networkEnvironment`). Default: none but the machine's. */
  readonly network?: Readonly<Record<string, string>>;
  /** Who may sign commits. Default: none needs a signature. */
  readonly signers?: SignerFiles;
  /** Default: DEFAULT_LIMITS. */
  readonly limits?: Partial<Limits>;
  /** Milliseconds that one call of git may take. Default 120,000. */
  readonly deadlineMs?: number;
  readonly log?: (text: string) => void;
}

/** Two minutes: the first fetch of a repository of some hundred megabytes; a hung server is given up within it. */
const DEADLINE_MS = 120_000;

/** The repository as options name it: its address, who logs in, and our mirror of it. */
export interface OpenedRepository {
  readonly address: Address;
  /** What stands in `access` too. */
  readonly login?: Login;
  readonly access: RemoteAccess;
  readonly mirror: Mirror;
  readonly deadlineMs: number;
}

/** Checks the options and makes the source; nothing is fetched yet. Failures: config-invalid. */
export function createSource(options: SourceOptions): Result<Source> {
  const opened = openRepository(options);
  if (!opened.ok) return opened;
  const { address, mirror, deadlineMs } = opened.value;
  return ok(sourceOf({ ...options, deadlineMs, log: options.log ?? silent }, address, mirror));
}

const silent = (): void => undefined;

/** Checks the options; nothing is fetched yet. Failures: config-invalid. */
export function openRepository(options: SourceOptions): Result<OpenedRepository> {
  const parsed = parseAddress(options.url, process.cwd());
  if (!parsed.ok) return fail(configInvalid([{ message: parsed.why }]));
  if (!isBranchName(options.branch))
    return fail(
      configInvalid([{ message: `"${cleanLine(options.branch)}" cannot be the name of a branch` }]),
    );
  const { address } = parsed;
  const access = accessTo(address, options.credentials ?? [], options.network);
  const { login } = access;
  if (login && /[\r\n\0]/.test(login.username + login.password))
    return fail(configInvalid([{ message: "a line break stands in the repository's user name or token" }]));
  const log = options.log ?? silent;
  warnOfUnused(address, options.credentials ?? [], log);
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const folder = path.join(options.folder, mirrorName(address, options.branch));
  const mirror = createMirror({ folder, address, branch: options.branch, access, deadlineMs, log });
  return ok({ address, access, mirror, deadlineMs, ...(login ? { login } : {}) });
}

/** A slip in a host's name would otherwise show only as a login that is refused. */
function warnOfUnused(
  address: Address,
  credentials: readonly Credentials[],
  log: (text: string) => void,
): void {
  const hosts = credentials.flatMap(one => (one.kind === "token" ? [one.host] : []));
  if (address.protocol !== "https" || hosts.length === 0 || tokenFor(address, credentials)) return;
  const verb = hosts.length === 1 ? "the token is" : "the tokens are";
  log(
    `${verb} for ${hosts.join(", ")} and ${hosts.length === 1 ? "is" : "are"} not sent to ${address.host ?? ""}`,
  );
}

/** Another address or branch is another mirror: what one knows is never taken for the other's. */
function mirrorName(address: Address, branch: string): string {
  const key = createHash("sha256").update(`${address.remote}\n${branch}`).digest("hex");
  return `mirror-${key.slice(0, 16)}.git`;
}

type Settled = SourceOptions & Required<Pick<SourceOptions, "deadlineMs" | "log">>;

function sourceOf(options: Settled, address: Address, mirror: Mirror): Source {
  const { branch, folder, deadlineMs, log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const checkouts = createCheckouts({ folder, git: mirror.git, limits, deadlineMs, log });
  const history = createHistory(mirror, branch);
  let seen: string | undefined;
  let untidy = true;

  async function fetchHead(signal: AbortSignal): Promise<Result<Revision>> {
    const fetched = await mirror.fetch(signal);
    if (!fetched.ok) return fetched;
    const head = await history.head();
    if (head) return ok(head);
    mirror.distrust();
    const why = "the commit that was fetched cannot be read; the next fetch makes the mirror anew";
    return fail({ kind: "transient", reason: "fetch-failed", url: address.remote, why });
  }

  function missing(sha: string, why: string): Result<never> {
    return fail({ kind: "transient", reason: "fetch-failed", url: address.remote, why: `${sha} ${why}` });
  }

  return {
    url: address.remote,
    branch,
    ...(options.signers && { signatures: createSignatures(mirror.git, options.signers, folder) }),
    async fetch(signal) {
      const head = await fetchHead(signal);
      if (!head.ok) return head;
      // A commit that is to be deployed does not wait for it.
      const quiet = seen === undefined || seen === head.value.sha;
      untidy ||= !quiet;
      seen = head.value.sha;
      if (untidy && quiet) await mirror.keepHouse(signal);
      untidy &&= !quiet;
      return head;
    },
    head: history.head,
    resolve: history.resolve,
    ancestry: history.ancestry,
    changedPaths: history.changedPaths,
    async checkout(sha): Promise<Result<Checkout>> {
      const revision = isFullObjectId(sha) ? await history.describe(sha) : undefined;
      if (!revision) return missing(cleanLine(sha), "is no commit that the mirror holds");
      const held = await checkouts.acquire(revision.sha);
      if ("damaged" in held) {
        mirror.distrust();
        log(`objects of ${revision.sha} are damaged: ${cleanLine(held.damaged)}`);
        return missing(revision.sha, "is damaged in the mirror; the next fetch makes the mirror anew");
      }
      return held.ok ? ok({ revision, ...held.value }) : held;
    },
  };
}
