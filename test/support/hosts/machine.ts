/** One test host: Debian with systemd as its first process, in the namespaces of its network. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { childOf, tool, type Network } from "./network.ts";

export interface Machine {
  /** Boots it, again after its end; resolves when it is up. */
  start(): Promise<void>;
  /** Runs a script of sh as root, past sshd, and answers its standard output. Throws with its error text where it fails. */
  run(script: string, input?: string): Promise<string>;
  /** Its file system, as this machine sees it until the host's end. */
  root(): string;
  /** Resolves when it is up again. */
  reboot(): Promise<void>;
  /** It is gone at once; what it wrote is there after `start`. */
  powerCut(): Promise<void>;
  /** An orderly end. */
  shutDown(): Promise<void>;
  /** Its cable: packets are lost without a word. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  /** For good, its disk too. */
  remove(): Promise<void>;
}

export interface Place {
  readonly network: Network;
  readonly base: string;
  readonly name: string;
  readonly address: string;
}

interface Boot {
  /** Of the program that entered the namespaces; its child is systemd-nspawn. */
  readonly pid: number;
  /** Exit code. */
  readonly ended: Promise<number | null>;
  /** What its console showed last. */
  readonly console: () => string;
}

/** systemd-nspawn's exit code where the host asked for a reboot. */
const REBOOT = 133;
const CONSOLE = 16 * 1024;
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 10;
const CONNECT_MS = 500;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function boot({ network, base, name, address }: Place): Boot {
  const script = path.join(import.meta.dirname, "boot.sh");
  const command = ["unshare", "--mount", "sh", script, network.folder, network.group, base, name, address];
  const [program = "", ...args] = [...network.enter, ...command];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let shown = "";
  const show = (chunk: Buffer): void => void (shown = (shown + chunk.toString()).slice(-CONSOLE));
  child.stdout.on("data", show);
  child.stderr.on("data", show);
  const ended = once(child, "exit").then(([code]: (number | null)[]) => code ?? null);
  return { pid: child.pid ?? 0, ended, console: () => shown };
}

/** Whether sshd says its name. */
async function answers(address: string): Promise<boolean> {
  const socket = connect({ host: address, port: 22, timeout: CONNECT_MS });
  socket.on("timeout", () => socket.destroy(new Error("no answer")));
  try {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    return chunk.toString().startsWith("SSH-");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The host's first process, as this machine sees it. */
const leaderOf = ({ pid }: Boot): number | undefined => {
  const nspawn = childOf(pid);
  return nspawn === undefined ? undefined : childOf(nspawn);
};

export function createMachine(place: Place): Machine {
  const { network, name, address } = place;
  let current: Boot | undefined;
  let plugged = true;
  const running = (): Boot => {
    if (current) return current;
    throw new Error(`${name} is not running`);
  };

  function bootNow(): void {
    const now = boot(place);
    current = now;
    void now.ended.then(code => {
      if (current !== now) return;
      current = undefined;
      if (code === REBOOT) bootNow();
    });
  }

  async function isUp(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const now = running();
      if (!plugged || (await answers(address))) break;
      if (Date.now() > end) throw new Error(`${name} does not come up:\n${now.console()}`);
      await Promise.race([wait(LOOK_AGAIN_MS), now.ended]);
    }
    // Logins of others than root are refused until it has said that it is up.
    await run("systemctl is-system-running --wait >/dev/null || :");
  }

  function leaderNow(): number {
    const leader = leaderOf(running());
    if (leader === undefined) throw new Error(`${name} has not booted`);
    return leader;
  }

  async function run(script: string, input?: string): Promise<string> {
    const leader = leaderNow();
    const enter = ["nsenter", `--target=${leader}`, "--all"];
    const env = ["env", "-i", `PATH=${PATH}`, "HOME=/root", "LC_ALL=C"];
    return tool([...enter, "--", ...env, "sh", "-c", script], input);
  }

  async function end(signal: NodeJS.Signals, whom: (now: Boot) => number | undefined): Promise<void> {
    const now = running();
    const pid = whom(now);
    // It is not to come back by itself where it was just about to reboot.
    current = undefined;
    if (pid !== undefined) process.kill(pid, signal);
    await now.ended;
  }

  async function setLink(isIn: boolean): Promise<void> {
    const mark = `${network.folder}/disks/${name}/unplugged`;
    const keep = isIn ? `rm -f ${mark}` : `: >${mark}`;
    await network.inside(["sh", "-c", `${keep}; ip link set v-${name} ${isIn ? "up" : "down"}`]);
    plugged = isIn;
  }

  const powerCut = (): Promise<void> => end("SIGKILL", leaderOf);
  return {
    run,
    root: () => `/proc/${leaderNow()}/root`,
    powerCut,
    async start() {
      if (current) throw new Error(`${name} is running`);
      bootNow();
      try {
        await isUp();
      } catch (error) {
        if (current) await powerCut();
        throw error;
      }
    },
    async reboot() {
      const now = running();
      await run("systemctl reboot --no-block");
      await now.ended;
      await isUp();
    },
    // systemd-nspawn tells the host's systemd.
    shutDown: () => end("SIGTERM", ({ pid }) => childOf(pid)),
    unplug: () => setLink(false),
    async plug() {
      await setLink(true);
      if (current) await isUp();
    },
    async remove() {
      if (current) await powerCut();
      const disk = `${network.folder}/disks/${name}`;
      const gone = `ip netns del ${name} 2>/dev/null; ip link del v-${name} 2>/dev/null; rm -rf ${disk}`;
      await network.inside(["sh", "-c", gone]);
    },
  };
}
