/** A host behind OpenSSH, worked on through kept shells. Needs nothing on the host but sh and GNU coreutils. */
import { trouble, type Outcome } from "../outcome.ts";
import type { Machine } from "./machine.ts";
import { openShell, type RemoteShell } from "./remote-shell.ts";
import { createShellPool, type ShellLimits, type ShellPool } from "./shell-pool.ts";
import { describeConnection, type SshConnection } from "./spec.ts";
import { explainSshFailure, sshCommand, writeSshFiles } from "./ssh-command.ts";
import { shellMachine } from "./shell-machine.ts";

const NOTHING = { script: ":", maxOutput: 64 * 1024 };

async function connect(
  connection: SshConnection,
  limits: ShellLimits,
  cwd: string,
  signal: AbortSignal,
): Promise<Outcome<RemoteShell>> {
  const files = await writeSshFiles(connection);
  if (!files.ok) return files;
  try {
    const shell = openShell(sshCommand(connection, files.value, { connectMs: limits.connectMs, cwd }));
    const greeting = await shell.run({ ...NOTHING, deadlineMs: limits.connectMs, signal });
    if (greeting.ok) return { ok: true, value: shell };
    shell.kill();
    if (greeting.trouble.kind === "cancelled") return greeting;
    const timedOut = greeting.trouble.kind === "timed-out";
    const why = timedOut ? greeting.trouble.message : explainSshFailure(shell.lastWords());
    return trouble("unreachable", `${describeConnection(connection)} cannot be reached: ${why}`);
  } finally {
    await files.value.remove();
  }
}

export interface SshMachine extends Machine {
  /** What was found of the host a moment ago does not count for the next who asks. */
  askAnew(): void;
  close(): Promise<void>;
}

async function ping(
  pool: ShellPool,
  name: string,
  limits: ShellLimits,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(limits.pingMs)]);
  pool.askAnew();
  const answer = await pool.look({ ...NOTHING, deadlineMs: limits.pingMs, signal: within });
  if (answer.ok) return { ok: true, value: undefined };
  if (answer.trouble.kind === "unreachable" || signal.aborted) return answer;
  return trouble("unreachable", `${name} does not answer: ${answer.trouble.message}`);
}

/** `cwd`: relative identity files count from here. */
export function sshMachine(connection: SshConnection, limits: ShellLimits, cwd: string): SshMachine {
  const name = describeConnection(connection);
  const pool = createShellPool(signal => connect(connection, limits, cwd, signal), limits);
  return {
    ...shellMachine(name, pool, limits.callMs),
    ping: signal => ping(pool, name, limits, signal),
    askAnew: () => pool.askAnew(),
    close: () => pool.close(),
  };
}
