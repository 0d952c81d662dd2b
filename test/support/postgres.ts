/** A real PostgreSQL on the loopback address: a cluster of its own in a temporary folder; no system service. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "./sshd.ts";

/** Where Debian keeps the programs of each version; elsewhere they are on PATH. */
const DEBIAN = "/usr/lib/postgresql";
const USER = "postgres";
const LOOK_AGAIN_MS = 20;
const PATIENCE_MS = 60_000;

export interface Postgres {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** `postgres://USER@127.0.0.1:PORT/postgres?sslmode=disable`, without the password. */
  readonly url: string;
  stop(): Promise<void>;
}

function folder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(one => path.join(DEBIAN, one, "bin")) : [];
  const onPath = (process.env["PATH"] ?? "").split(path.delimiter);
  return [...versions.reverse(), ...onPath].find(
    one => existsSync(path.join(one, "postgres")) && existsSync(path.join(one, "initdb")),
  );
}

const idOf = (which: "-u" | "-g"): number | undefined => {
  try {
    return Number(
      execFileSync("id", [which, USER], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
  } catch {
    return undefined;
  }
};

/** PostgreSQL refuses to run as root. */
const needsUser = process.getuid?.() === 0;

function reason(): string | false {
  if (folder() === undefined) return "PostgreSQL is missing (Debian package postgresql)";
  if (needsUser && idOf("-u") === undefined)
    return `PostgreSQL does not run as root, and there is no user ${USER}`;
  return false;
}

/** Why tests that need PostgreSQL cannot run here; false: they can. */
export const noPostgres: string | false = reason();

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ready(port: number, child: ChildProcess, said: () => string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  // The port opens a little before the server is ready; its last line says that.
  while (!said().includes("ready to accept connections") || !(await listens(port))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`PostgreSQL does not start: ${said()}`);
    await wait(LOOK_AGAIN_MS);
  }
}

/** To be stopped by the caller. */
export async function startPostgres(): Promise<Postgres> {
  const programs = folder();
  if (programs === undefined) throw new Error("look at noPostgres first");
  const base = mkdtempSync(path.join(tmpdir(), "pg-"));
  const [data, passwordFile] = [path.join(base, "data"), path.join(base, "password")];
  const [uid, gid] = needsUser ? [idOf("-u"), idOf("-g")] : [];
  const password = "not-a-secret";
  writeFileSync(passwordFile, `${password}\n`);
  const owner = uid === undefined || gid === undefined ? {} : { uid, gid };
  if (uid !== undefined && gid !== undefined)
    for (const one of [base, passwordFile]) chownSync(one, uid, gid);
  const env = { PATH: process.env["PATH"] ?? "", LC_ALL: "C" };
  const init = [
    "-D",
    data,
    "-U",
    USER,
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--no-sync",
    "-E",
    "UTF8",
  ];
  execFileSync(path.join(programs, "initdb"), init, { ...owner, env, cwd: base, stdio: "ignore" });
  const port = await freePort();
  const options = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "max_connections=20",
  ];
  const args = ["-D", data, "-p", String(port), ...options.flatMap(option => ["-c", option])];
  const child = spawn(path.join(programs, "postgres"), args, {
    ...owner,
    env,
    cwd: base,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGQUIT");
    await ended;
    rmSync(base, { recursive: true, force: true });
  };
  try {
    await ready(port, child, () => said);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `postgres://${USER}@127.0.0.1:${port}/postgres?sslmode=disable`;
  return { port, user: USER, password, url, stop };
}
