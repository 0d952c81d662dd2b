/** What fails around holdfast: the disk, connections, the Git server, the clock. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Random } from "../random.ts";
import type { Scene } from "../scene.ts";
import { at, wait, type Fault, type Injected } from "./fault.ts";

const run = promisify(execFile);

/** Until not one byte goes in any more. */
export function fill(file: string): void {
  for (const block of [4 * 1024 * 1024, 64 * 1024, 4096, 64]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(block), { flag: "a" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
}

const fullDisk: Fault = {
  kind: "full disk",
  weight: 3,
  holds: ["disk"],
  async inject({ data, smallDisk }, random) {
    if (!smallDisk) return undefined;
    const ms = random.between(200, 2_000);
    const filling = path.join(data, "filling");
    fill(filling);
    return { what: `for ${ms} ms`, over: wait(ms).then(() => rmSync(filling)) };
  },
};

/** The kernel ends the sockets under both sides (ss(8)), the state service's or a provider port's. */
const dropConnections: Fault = {
  kind: "dropped connections",
  weight: 4,
  holds: [],
  async inject({ stage }, random) {
    const who = random.pick(["wire-state-main", "providers/main.ts"]) ?? "";
    const pid = stage.processes().find(({ command }) => command.includes(who))?.pid;
    if (pid === undefined) return undefined;
    const { stdout } = await run("ss", ["-Htnp", "state", "established"]);
    const ports = [...stdout.matchAll(/127\.0\.0\.1:(\d+)\s+127\.0\.0\.1:\d+.*pid=(\d+)/g)]
      .filter(([, , owner]) => Number(owner) === pid)
      .map(([, port = ""]) => port);
    const port = random.pick([...new Set(ports)]);
    if (port === undefined) return undefined;
    const killed = await run("ss", ["-HK", "src", "127.0.0.1", "sport", "=", port]);
    const count = killed.stdout.split("\n").filter(line => line.trim() !== "").length;
    return count === 0 ? undefined : at(`${count} of port ${port}`);
  },
};

const gitGone: Fault = {
  kind: "Git server gone",
  weight: 4,
  holds: ["git"],
  async inject({ stage }, random) {
    const ms = random.between(300, 2_500);
    const { bare } = stage.repository;
    renameSync(bare, `${bare}.away`);
    return { what: `for ${ms} ms`, over: wait(ms).then(() => renameSync(`${bare}.away`, bare)) };
  },
};

const looseObjects = (repository: string): string[] =>
  readdirSync(path.join(repository, "objects"), { recursive: true, encoding: "utf8" })
    .filter(name => /^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(name))
    .map(name => path.join(repository, "objects", name));

const halfPushed: Fault = {
  kind: "Git server with a missing object",
  weight: 2,
  holds: ["git"],
  async inject({ stage }, random) {
    const object = random.pick(looseObjects(stage.repository.bare));
    if (object === undefined) return undefined;
    const ms = random.between(300, 1_500);
    renameSync(object, `${object}.away`);
    return { what: `for ${ms} ms`, over: wait(ms).then(() => renameSync(`${object}.away`, object)) };
  },
};

function mirrorOf({ data }: Scene): string | undefined {
  const folder = path.join(data, "source");
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find(one => existsSync(path.join(folder, one, "objects")));
  return name === undefined ? undefined : path.join(folder, name);
}

/** What a git that was killed leaves. */
const staleLocks: Fault = {
  kind: "ref locks left in the mirror",
  weight: 3,
  // Its files need room on the disk.
  holds: ["mirror", "disk"],
  async inject(scene) {
    const mirror = mirrorOf(scene);
    if (mirror === undefined) return undefined;
    for (const name of ["refs/heads/main.lock", "packed-refs.lock", "config.lock"])
      writeFileSync(path.join(mirror, name), "");
    writeFileSync(path.join(mirror, "objects/tmp_obj_half"), "half an object");
    return at("refs/heads/main, packed-refs, config");
  },
};

/** What a machine that lost its power leaves: an object that is there and empty. */
const halfWritten: Fault = {
  kind: "half-written object in the mirror",
  weight: 2,
  holds: ["mirror"],
  async inject(scene, random) {
    const mirror = mirrorOf(scene);
    const object = mirror === undefined ? undefined : random.pick(looseObjects(mirror));
    if (object === undefined) return undefined;
    truncateSync(object, random.between(0, 20));
    return at(path.basename(object));
  },
};

const MINUTE = 60_000;

function jumpBy(minutes: number, { clock }: Scene): Injected {
  clock.jump(minutes * MINUTE);
  return at(`${minutes} minutes`);
}

const clockForward: Fault = {
  kind: "clock jumps forward",
  weight: 2,
  holds: [],
  inject: async (scene: Scene, random: Random) => jumpBy(random.between(1, 180), scene),
};

const clockBack: Fault = {
  kind: "clock jumps back",
  weight: 2,
  holds: [],
  inject: async (scene: Scene, random: Random) => jumpBy(-random.between(1, 180), scene),
};

export const surroundingFaults: readonly Fault[] = [
  fullDisk,
  dropConnections,
  gitGone,
  halfPushed,
  staleLocks,
  halfWritten,
  clockForward,
  clockBack,
];
