/** A real sshd on the loopback address: its own host key, configuration, user key and folder; no system service. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const SSHD = "/usr/sbin/sshd";

/** Why tests that need a real sshd cannot run here; false: they can. */
export const noSshd: string | false = existsSync(SSHD)
  ? false
  : `${SSHD} is missing (package openssh-server)`;

export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly pid: number;
  /** Private key that may log in. */
  readonly identityFile: string;
  readonly privateKey: string;
  /** Public host key, as `hostKey` wants it. */
  readonly hostKey: string;
  readonly knownHostsFile: string;
  readonly folder: string;
  /** Pids of the processes that serve connections now. */
  sessions(): number[];
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  server.close();
  await once(server, "close");
  return port;
}

function makeKey(file: string): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "data");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Every descendant of a process, from /proc. */
function descendants(pid: number): number[] {
  const children = execFileSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(line => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    children.flatMap(([child, of]) => (child !== undefined && of === parent ? [child, ...below(child)] : []));
  return below(pid);
}

export async function startSshd(): Promise<Sshd> {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-sshd-"));
  const at = (name: string): string => path.join(folder, name);
  makeKey(at("host"));
  makeKey(at("user"));
  const port = await freePort();
  // sshd refuses to start as root without its privilege separation folder.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
  await writeFile(at("authorized"), await readFile(at("user.pub")), { mode: 0o600 });
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${at("authorized")}`,
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "PrintMotd no",
    "MaxStartups 100",
  ];
  await writeFile(at("config"), `${lines.join("\n")}\n`);
  const child = spawn(SSHD, ["-D", "-e", "-f", at("config")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${said}`);
    await wait(5);
  }
  const hostKey = (await readFile(at("host.pub"), "utf8")).trim();
  await writeFile(at("known"), `[127.0.0.1]:${port} ${hostKey}\n`);
  const pid = child.pid ?? 0;
  return {
    port,
    pid,
    folder,
    user: userInfo().username,
    identityFile: at("user"),
    privateKey: await readFile(at("user"), "utf8"),
    hostKey,
    knownHostsFile: at("known"),
    sessions: () => descendants(pid),
    async stop() {
      for (const session of descendants(pid)) {
        try {
          process.kill(session, "SIGKILL");
        } catch (error) {
          // Gone by itself in the meantime.
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
