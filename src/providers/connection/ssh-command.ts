/** The command line of the system's OpenSSH for one connection, and the files that it needs for that. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { attempt } from "./local-errors.ts";
import type { ShellCommand } from "./remote-shell.ts";
import { LOOP } from "./shell-loop.ts";
import { TRUST_FIRST, type SshConnection } from "./spec.ts";

/** Seconds. ssh itself gives up on a host that goes silent after three of these. */
const ALIVE_INTERVAL = 7;
/** A file system in memory: a private key in here never reaches a disk. */
const MEMORY = "/dev/shm";
/** Name under which a pinned host key stands in its known_hosts file. */
const PINNED = "holdfast-pinned";

const OPTIONS: Readonly<Record<string, string>> = {
  BatchMode: "yes",
  StrictHostKeyChecking: "yes",
  UpdateHostKeys: "no",
  ServerAliveInterval: String(ALIVE_INTERVAL),
  ServerAliveCountMax: "3",
  // A shell of ours is ours alone, whatever the user's configuration shares or forwards.
  ControlMaster: "no",
  ControlPath: "none",
  ClearAllForwardings: "yes",
  ForwardAgent: "no",
  PermitLocalCommand: "no",
  RequestTTY: "no",
  LogLevel: "ERROR",
};

export interface SshFiles {
  readonly identityFile?: string;
  readonly pinnedHostKey?: string;
  remove(): Promise<void>;
}

/** Writes what ssh wants as files: a private key (in memory only) and a pinned host key. */
export async function writeSshFiles(connection: SshConnection): Promise<Outcome<SshFiles>> {
  const { privateKey } = connection;
  const hostKey = connection.hostKey === TRUST_FIRST ? undefined : connection.hostKey;
  if (privateKey === undefined && hostKey === undefined) return done({ remove: async () => undefined });
  const place = privateKey === undefined ? tmpdir() : MEMORY;
  let folder: string;
  try {
    folder = await mkdtemp(path.join(place, "holdfast-ssh-"));
  } catch {
    return trouble("failed", `${place} cannot be written; use identityFile instead of privateKey`);
  }
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text.endsWith("\n") ? text : `${text}\n`, { mode: 0o600 });
    return file;
  };
  const written = await attempt(folder, async () => {
    const identity = privateKey === undefined ? {} : { identityFile: await write("key", privateKey) };
    const pinned =
      hostKey === undefined ? {} : { pinnedHostKey: await write("known", `${PINNED} ${hostKey}`) };
    return done({ ...identity, ...pinned, remove });
  });
  if (!written.ok) await remove();
  return written;
}

/** ssh splits the values of some options at spaces. */
const quoted = (file: string): string => `"${file}"`;
/** Of a path that is ours, in which ssh is to see no tokens. */
const literal = (file: string): string => quoted(file.replaceAll("%", "%%"));

/** Ours alone: what is accepted here counts nowhere else. Keys that the machine's administrator gave count here too. */
const trustFirst = ({ knownHostsFile }: SshConnection, cwd: string): Record<string, string> => ({
  StrictHostKeyChecking: "accept-new",
  UserKnownHostsFile:
    knownHostsFile === undefined ? literal(path.join(cwd, "known_hosts")) : quoted(knownHostsFile),
  HashKnownHosts: "no",
  // By its name, once: an address may be another host's tomorrow.
  CheckHostIP: "no",
});

function hostKeyOptions(connection: SshConnection, files: SshFiles, cwd: string): Record<string, string> {
  if (connection.hostKey === TRUST_FIRST) return trustFirst(connection, cwd);
  if (files.pinnedHostKey !== undefined)
    return {
      UserKnownHostsFile: quoted(files.pinnedHostKey),
      GlobalKnownHostsFile: "/dev/null",
      HostKeyAlias: PINNED,
    };
  return connection.knownHostsFile === undefined
    ? {}
    : { UserKnownHostsFile: quoted(connection.knownHostsFile), GlobalKnownHostsFile: "/dev/null" };
}

/** What ssh may see of our environment: its agent, and what it needs to find its configuration. */
const VISIBLE = ["PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"];

export interface SshCall {
  readonly connectMs: number;
  readonly cwd: string;
  /** For sh on the host, without single quotes. Default: the loop of a kept shell. */
  readonly script?: string;
}

export function sshCommand(
  connection: SshConnection,
  files: SshFiles,
  { connectMs, cwd, script = LOOP }: SshCall,
): ShellCommand {
  const options = {
    ...OPTIONS,
    ConnectTimeout: String(Math.max(1, Math.ceil(connectMs / 1000))),
    ...hostKeyOptions(connection, files, cwd),
  };
  const identity = files.identityFile ?? connection.identityFile;
  const remote = connection.sudo ? `exec sudo -n sh -c '${script}'` : `exec sh -c '${script}'`;
  const args = [
    "-T",
    ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
    ...(connection.port === undefined ? [] : ["-p", String(connection.port)]),
    ...(connection.user === undefined ? [] : ["-l", connection.user]),
    ...(identity === undefined ? [] : ["-i", identity, "-o", "IdentitiesOnly=yes"]),
    "--",
    connection.host,
    remote,
  ];
  const env = Object.fromEntries(
    VISIBLE.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  return { program: "ssh", args, env, cwd };
}

/** ssh's own words, turned into what to do about it. */
export function explainSshFailure(said: string): string {
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said))
    return "its host key is not the known one: somebody may be in between, or the host was set up anew. Compare its key, then correct known_hosts or hostKey";
  if (/Host key verification failed|No .* host key is known/.test(said))
    return `its host key is not known. Compare its key, then add it to known_hosts or set hostKey (to the key, or to ${TRUST_FIRST})`;
  if (/Permission denied \(/.test(said)) return `the login was refused: ${lastLine(said)}`;
  if (/sudo: /.test(said)) return `sudo does not work without a password there: ${lastLine(said)}`;
  return lastLine(said) || "ssh ended without a word";
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim().slice(0, 300) ?? "";
