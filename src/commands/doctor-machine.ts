/** What doctor looks at on the machine: programs, keys, folders. Nothing here is changed. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import path from "node:path";
import { run } from "../process/run.ts";
import { fine, missing, warning, type Finding } from "./doctor-finding.ts";

type Env = NodeJS.ProcessEnv;

/** A version question that takes longer is an answer by itself. */
const PROGRAM_DEADLINE_MS = 10_000;
/** 24.15 is the first whose node:sqlite and type stripping are free of warnings. */
const NODE_NEEDED = [24, 15] as const;
/** Bare mirrors with partial refetch, and `--end-of-options` in rev-parse, came with 2.31. */
const GIT_NEEDED = [2, 31] as const;
/** A mirror, checkouts and shared node_modules of a middling repository. */
const LITTLE_SPACE = 5 * 1024 ** 3;
/** Under this a deploy may end for want of space. */
const NO_SPACE = 512 * 1024 ** 2;
/** linux/magic.h */
const TMPFS_MAGIC = 0x01021994;

function atLeast(version: string, needed: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

export function checkNode(version: string): Finding {
  const needed = NODE_NEEDED.join(".");
  return atLeast(version, NODE_NEEDED)
    ? fine("Node", `${version} (${process.execPath})`)
    : missing("Node", `${version}, ${needed} is needed`, "start holdfast with bin/holdfast, which gets one");
}

async function say(env: Env, program: string, args: readonly string[]): Promise<string | undefined> {
  const chosen = { PATH: env.PATH ?? "", HOME: env.HOME ?? "" };
  const result = await run(program, args, { env: chosen, deadlineMs: PROGRAM_DEADLINE_MS });
  return result.code === 0
    ? `${result.stdout.toString("utf8")}${result.stderr.toString("utf8")}`.trim()
    : undefined;
}

export async function checkGit(env: Env): Promise<Finding> {
  const said = await say(env, "git", ["--version"]);
  const version = /(\d+\.\d+[.\d]*)/.exec(said ?? "")?.[1];
  const wayOut = `install Git ${GIT_NEEDED.join(".")} or newer (apt-get install git, brew install git)`;
  if (!version) return missing("Git", "none on PATH", wayOut);
  return atLeast(version, GIT_NEEDED)
    ? fine("Git", version)
    : missing("Git", `${version} is too old`, wayOut);
}

export async function checkSsh(env: Env): Promise<Finding> {
  const said = await say(env, "ssh", ["-V"]);
  const wayOut =
    "install OpenSSH's client (apt-get install openssh-client); without it there are no ssh repositories and no ssh hosts";
  return said ? fine("ssh", said) : warning("ssh", "none on PATH", wayOut);
}

/** `ssh-keygen -Y verify` with keys that are valid for a time came with OpenSSH 8.8. */
const SSH_SIGNATURES_NEEDED = [8, 8] as const;
/** The oldest line that is still looked after; GnuPG 1 has other words. */
const GPG_NEEDED = [2, 2] as const;

/** Whose commits count; undefined: everybody's. */
interface AskedSignatures {
  readonly allowedSignersFile?: string;
  readonly gpgKeysFile?: string;
  readonly gpgKeys?: string;
}

/** Without the programs no commit would be trusted, so where they are asked for they must be there. */
export async function checkSignatures(env: Env, asked: AskedSignatures | undefined): Promise<Finding[]> {
  const name = "signed commits";
  if (!asked) return [fine(name, "not asked for: every commit of the branch is deployed")];
  const findings: Finding[] = [];
  if (asked.allowedSignersFile !== undefined) {
    const found = await sshSignatures(env);
    const wayOut = `install OpenSSH ${SSH_SIGNATURES_NEEDED.join(".")} or newer (apt-get install openssh-client)`;
    findings.push(found.ok ? fine(`${name}, SSH`, found.said) : missing(`${name}, SSH`, found.said, wayOut));
  }
  if (asked.gpgKeysFile !== undefined || asked.gpgKeys !== undefined) {
    const version = /(\d+\.\d+[.\d]*)/.exec((await say(env, "gpg", ["--version"])) ?? "")?.[1];
    const wayOut = `install GnuPG ${GPG_NEEDED.join(".")} or newer (apt-get install gnupg)`;
    const good = version !== undefined && atLeast(version, GPG_NEEDED);
    const said = version === undefined ? "no gpg on PATH" : `gpg ${version}${good ? "" : " is too old"}`;
    findings.push(good ? fine(`${name}, GPG`, said) : missing(`${name}, GPG`, said, wayOut));
  }
  return findings;
}

/** ssh-keygen has no option that says its version: it comes with ssh, and without arguments says how it is used. */
async function sshSignatures(env: Env): Promise<{ readonly ok: boolean; readonly said: string }> {
  const version = /OpenSSH_(\d+\.\d+)/.exec((await say(env, "ssh", ["-V"])) ?? "")?.[1];
  const chosen = { PATH: env.PATH ?? "", HOME: env.HOME ?? "" };
  const keygen = await run("ssh-keygen", ["-Y", "verify"], { env: chosen, deadlineMs: PROGRAM_DEADLINE_MS });
  if (keygen.startError || version === undefined) return { ok: false, said: "no ssh-keygen on PATH" };
  const ok = atLeast(version, SSH_SIGNATURES_NEEDED);
  return { ok, said: ok ? `ssh-keygen of OpenSSH ${version}` : `OpenSSH ${version} is too old` };
}

/** The packages that package.json names, each in the version that it pins. */
export function checkPackages(root: string): Finding {
  const wrong = Object.entries(dependenciesOf(path.join(root, "package.json"))).filter(
    ([name, version]) => installedVersion(root, name) !== version,
  );
  const names = wrong.map(([name, version]) => `${name} ${version}`).join(", ");
  return wrong.length === 0
    ? fine("npm packages", "as package.json pins them")
    : missing("npm packages", `not there: ${names}`, `run \`npm ci --ignore-scripts\` in ${root}`);
}

function readObject(file: string): Record<string, unknown> {
  const content: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return typeof content === "object" && content !== null ? { ...content } : {};
}

function dependenciesOf(file: string): Record<string, string> {
  const { dependencies } = readObject(file);
  const entries = Object.entries(
    typeof dependencies === "object" && dependencies !== null ? dependencies : {},
  );
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

const installedVersion = (root: string, name: string): unknown =>
  readObject(path.join(root, "node_modules", name, "package.json")).version;

export interface AgeKeys {
  readonly keys: readonly unknown[];
  /** Every place that was looked at. */
  readonly looked: readonly string[];
  readonly problems: readonly string[];
}

/** Only whether one is there is said. */
export function judgeAgeKeys({ keys, looked, problems }: AgeKeys): Finding {
  const name = "age key";
  const wayOut = `needed for stacks with secrets; looked in ${looked.join(", ")}`;
  if (problems.length > 0) return warning(name, problems.join("; "), wayOut);
  return keys.length > 0 ? fine(name, `${keys.length} there`) : warning(name, "none", wayOut);
}

export interface StateKeys {
  /** Who can open each of them; undefined: state.key of an older holdfast. */
  readonly keys: readonly (readonly string[] | undefined)[];
  /** Recipients of the age keys that are found from here. */
  readonly here: readonly string[];
  /** The data folder's own age key, where there is one and some key opens with no other. */
  readonly ownFile?: string;
}

export function judgeStateKeys({ keys, here, ownFile }: StateKeys): Finding {
  const name = "state keys";
  const wrapped = keys.filter(recipients => recipients !== undefined);
  const lost = wrapped.filter(recipients => !recipients.some(one => here.includes(one)));
  if (lost.length > 0) {
    const wanted = [...new Set(lost.flat())].join(", ");
    const found = `no age key that is found from here opens ${lost.length} of ${keys.length}`;
    return warning(name, found, `holdfast starts only with the secret key of one of ${wanted}`);
  }
  if (ownFile !== undefined) {
    const found = `${keys.length}; the data folder has an age key of its own, ${ownFile}`;
    const wayOut =
      "keep a copy of it elsewhere, or change over: holdfast secrets key, then keys rotate --to its recipient";
    return warning(name, found, wayOut);
  }
  const old = keys.length - wrapped.length;
  return fine(
    name,
    `${keys.length}${old > 0 ? `, ${old} changed over from state.key at the next start` : ""}`,
  );
}

/** `problems` of the settings, each in one line. */
export function judgeSettings(problems: readonly string[]): Finding {
  return problems.length === 0
    ? fine("settings", "as flags, HOLDFAST_* and the settings file say")
    : missing("settings", problems.join("; "), "mend them; no other verb starts before");
}

/** The folder itself, or the nearest one above it that is there already. */
function existing(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : existing(path.dirname(folder));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function checkDataFolder(folder: string): Finding {
  const there = existing(folder);
  if (!isWritable(there)) {
    return missing(
      "data folder",
      `${there} cannot be written`,
      "give another one with --data, or its owner to this user",
    );
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${folder}`;
  if (free >= LITTLE_SPACE) return fine("data folder", found);
  const wayOut = "free some, or put the data folder on another disk with --data";
  return free < NO_SPACE ? missing("data folder", found, wayOut) : warning("data folder", found, wayOut);
}

/** Run files (the run's own config, its credentials) belong in memory. */
export function checkMemoryFolder(folder: string): Finding {
  const wayOut = `mount a tmpfs there (mount -t tmpfs tmpfs ${folder}), so that files of a run never reach a disk`;
  if (!existsSync(folder)) return warning("tmpfs", `no ${folder}`, wayOut);
  if (!isWritable(folder)) return warning("tmpfs", `${folder} cannot be written`, wayOut);
  return statfsSync(folder).type === TMPFS_MAGIC
    ? fine("tmpfs", folder)
    : warning("tmpfs", `${folder} is not a tmpfs`, wayOut);
}
