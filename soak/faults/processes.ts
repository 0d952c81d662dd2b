/** `kill -9` of each process, and processes that are stopped past their lease and go on. */
import { readFileSync } from "node:fs";
import type { Random } from "../random.ts";
import { childrenOf, type Scene } from "../scene.ts";
import { at, signal, victim, wait, type Fault, type Injected } from "./fault.ts";

/** By a part of their command lines. */
export const HELPERS = {
  "state service": /wire-state-main/,
  "provider host": /providers\/main\.ts/,
  "CLI that plans": /pulumi (preview|refresh .*--preview-only)/,
  "CLI that applies": /pulumi (up|refresh (?!.*--preview-only))/,
  "program worker": /worker\/boot\.ts/,
} as const;
export type Helper = keyof typeof HELPERS;

const find = ({ stage }: Scene, helper: Helper, random: Random): number | undefined =>
  random.pick(stage.processes().filter(({ command }) => HELPERS[helper].test(command)))?.pid;

const LOOK_MS = 40;

const killHelper = (helper: Helper, weight: number): Fault => ({
  kind: `kill -9 of a ${helper}`,
  weight,
  holds: [],
  async inject(scene, random) {
    const pid = await victim(() => find(scene, helper, random), LOOK_MS);
    return pid !== undefined && signal(pid, "SIGKILL") ? at(`process ${pid}`) : undefined;
  },
});

/** One second more than the state service's leases last (src/backend/routes/updates.ts). */
const PAST_LEASE_MS = 301_000;
const STOPPED_MS = [100, 1_500] as const;

/** Stopped; its lease runs out meanwhile, by the clock that everybody else has; then it goes on. */
function stopFor(pid: number, scene: Scene, random: Random): Injected | undefined {
  const ms = random.between(...STOPPED_MS);
  if (!signal(pid, "SIGSTOP")) return undefined;
  scene.clock.jump(PAST_LEASE_MS);
  const over = wait(ms).then(() => void signal(pid, "SIGCONT"));
  return { what: `process ${pid}, for ${ms} ms and a lease`, over };
}

const stopHelper = (helper: Helper, weight: number): Fault => ({
  kind: `stop of a ${helper} past its lease`,
  weight,
  holds: [],
  async inject(scene, random) {
    const pid = await victim(() => find(scene, helper, random), LOOK_MS);
    return pid === undefined ? undefined : stopFor(pid, scene, random);
  },
});

const stopDaemon: Fault = {
  kind: "stop of the controller past its leases",
  weight: 3,
  holds: ["daemon"],
  async inject(scene, random) {
    const pid = scene.daemon.pid();
    return pid === undefined ? undefined : stopFor(pid, scene, random);
  },
};

const killDaemon: Fault = {
  kind: "kill -9 of the controller",
  weight: 5,
  holds: ["daemon"],
  async inject({ daemon }, random) {
    const ms = random.between(0, 300);
    const over = daemon
      .kill()
      .then(() => wait(ms))
      .then(() => daemon.start());
    return { what: `started again after ${ms} ms`, over };
  },
};

/** As a machine does that loses its power, but for what the disk had not written. */
const killAll: Fault = {
  kind: "kill -9 of everything at once",
  weight: 4,
  holds: ["daemon"],
  async inject({ daemon, stage }) {
    const all = stage.processes();
    const over = daemon.kill();
    for (const { pid } of all) signal(pid, "SIGKILL");
    return { what: `${all.length} processes`, over: over.then(() => daemon.start()) };
  },
};

const endDaemon: Fault = {
  kind: "SIGTERM to the controller",
  weight: 2,
  holds: ["daemon"],
  async inject({ daemon }) {
    const over = daemon.end().then(() => daemon.start());
    return { what: "started again", over };
  },
};

function gitOf(pid: number): number | undefined {
  return childrenOf(pid, "main").find(child => {
    try {
      return /^git\0/.test(readFileSync(`/proc/${child}/cmdline`, "utf8"));
    } catch {
      return false;
    }
  });
}

/** They live for some milliseconds only. */
const GIT_LOOK_MS = 2;

const killGit: Fault = {
  kind: "kill -9 of a git",
  weight: 3,
  holds: [],
  async inject({ daemon }) {
    const pid = daemon.pid();
    const git = pid === undefined ? undefined : await victim(() => gitOf(pid), GIT_LOOK_MS);
    return git !== undefined && signal(git, "SIGKILL") ? at(`process ${git}`) : undefined;
  },
};

/** A person's command beside the daemon, ended somewhere on its way. */
const killCommand: Fault = {
  kind: "kill -9 of a command",
  weight: 3,
  holds: ["daemon"],
  async inject({ stage, data }, random) {
    const verb = random.pick(["sync", "status", "drift", "history"]) ?? "sync";
    const ms = random.between(50, 900);
    const command = stage.start([verb], { env: { HOLDFAST_DATA: data } });
    const over = wait(ms).then(() => {
      signal(command.pid, "SIGKILL");
      return command.ended.then(() => undefined);
    });
    return { what: `holdfast ${verb}, after ${ms} ms`, over };
  },
};

export const processFaults: readonly Fault[] = [
  killDaemon,
  killAll,
  endDaemon,
  stopDaemon,
  killGit,
  killCommand,
  killHelper("state service", 6),
  killHelper("provider host", 6),
  killHelper("CLI that plans", 6),
  killHelper("CLI that applies", 8),
  killHelper("program worker", 6),
  stopHelper("state service", 3),
  stopHelper("provider host", 4),
  stopHelper("CLI that plans", 2),
  stopHelper("CLI that applies", 5),
  stopHelper("program worker", 3),
];
