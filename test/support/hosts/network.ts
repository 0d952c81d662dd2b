/**
 * A network of test hosts: namespaces of its own for processes, mounts and network, and one link to the test's own
 * network. The kernel takes all of it away with its first process, which dies with this one, however that dies.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../../src/process/run.ts";
import { processStartTime } from "../../../src/process/session.ts";

export interface Network {
  /** Of this machine too: keys. `disks` in it is the network's own. */
  readonly folder: string;
  /** Names its control groups. */
  readonly group: string;
  /** Address of the nth host, from 0. */
  address(n: number): string;
  /** Runs a program inside, with these namespaces of it; answers what it said. Throws where it fails. */
  inside(command: readonly string[]): Promise<string>;
  /** The words before a command that runs it inside, as a child of its own. */
  readonly enter: readonly string[];
  close(): Promise<void>;
}

/** `10.213.N.0/24`; links to the test's network are named after N. */
const NETWORKS = 256;
const FIRST_HOST = 10;
const FOLDER = "holdfast-hosts-";
const ENV = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" };
const DEADLINE_MS = 60_000;

const script = (name: string): string => path.join(import.meta.dirname, name);

/** Runs a program to its end; throws with its error text where it fails. */
export async function tool(command: readonly string[], input = ""): Promise<string> {
  const [program = "", ...args] = command;
  const ended = await run(program, args, { env: ENV, deadlineMs: DEADLINE_MS, input });
  const said = ended.stderr.toString().trim() || ended.stdout.toString().trim() || ended.startError?.message;
  if (ended.code === 0) return ended.stdout.toString();
  throw new Error(`${program}: ${ended.timedOut ? "timed out: " : ""}${said || `code ${ended.code}`}`);
}

/** Folders say whose they are: a killed test leaves its behind. */
function sweepFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const [pid, startTime] = name.startsWith(FOLDER) ? name.slice(FOLDER.length).split("-") : [];
    if (pid !== undefined && processStartTime(Number(pid)) !== startTime)
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

const sweepGroups = (): Promise<string> => tool(["unshare", "--mount", "sh", script("sweep.sh")]);

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

/** Of a program that was started with `enter`: nsenter's child. Undefined where it has ended. */
export function childOf(pid: number): number | undefined {
  try {
    return childrenOf(pid)[0];
  } catch {
    return undefined;
  }
}

/** A link with a number that nobody has: making it is how it is claimed. */
async function claimLink(pid: number): Promise<number> {
  const first = Math.floor(Math.random() * NETWORKS);
  let why: unknown;
  for (let n = 0; n < NETWORKS; n++) {
    const number = (first + n) % NETWORKS;
    const peer = ["type", "veth", "peer", "name", "uplink", "netns", String(pid)];
    try {
      await tool(["ip", "link", "add", `hfhosts${number}`, ...peer]);
      return number;
    } catch (error) {
      why = error;
      if (!String(error).includes("File exists")) break;
    }
  }
  throw new Error("no link to the test hosts could be made", { cause: why });
}

interface Uplink {
  readonly link: string;
  /** First three numbers of its addresses. */
  readonly prefix: string;
}

async function connect(pid: number, enter: readonly string[]): Promise<Uplink> {
  const number = await claimLink(pid);
  const link = `hfhosts${number}`;
  const prefix = `10.213.${number}`;
  await tool(["ip", "address", "add", `${prefix}.1/24`, "dev", link]);
  await tool(["ip", "link", "set", link, "up"]);
  await tool([...enter, "ip", "link", "set", "uplink", "master", "bridge", "up"]);
  return { link, prefix };
}

const UNSHARE = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];

export async function openNetwork(): Promise<Network> {
  sweepFolders();
  await sweepGroups();
  const whose = `${FOLDER}${process.pid}-${processStartTime(process.pid) ?? ""}-`;
  const folder = mkdtempSync(path.join(tmpdir(), whose));
  for (const name of ["disks", "keys"]) mkdirSync(path.join(folder, name), { mode: 0o700 });
  const group = path.basename(folder);
  const first = ["sh", script("network.sh"), folder, group];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...UNSHARE, ...first], { env: ENV, stdio: "pipe" });
  const ended = once(child, "exit");
  let uplink: Uplink | undefined;
  const close = async (): Promise<void> => {
    // The kernel would take it away as well, a moment later.
    if (uplink) await tool(["ip", "link", "del", uplink.link]);
    child.kill("SIGKILL");
    await ended;
    await sweepGroups();
    rmSync(folder, { recursive: true, force: true });
  };
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  try {
    const ready = once(createInterface(child.stdout), "line").then(() => true);
    if (!(await Promise.race([ready, ended.then(() => false)])))
      throw new Error(`the network of the test hosts did not come up: ${said.trim()}`);
    const pid = childOf(child.pid ?? 0) ?? 0;
    const enter = ["nsenter", `--target=${pid}`, "--mount", "--net", "--pid", "--"];
    const { prefix } = (uplink = await connect(pid, enter));
    const address = (n: number): string => `${prefix}.${FIRST_HOST + n}`;
    return { folder, group, address, enter, close, inside: command => tool([...enter, ...command]) };
  } catch (error) {
    await close();
    throw error;
  }
}
