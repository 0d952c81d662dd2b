/** The machine's own shell, for what is not a file: packages, users, units. Kept open like a remote one. */
import { trouble, type Outcome } from "../outcome.ts";
import type { LocalSystem } from "./local-ask.ts";
import { openShell, type RemoteShell } from "./remote-shell.ts";
import { LOOP } from "./shell-loop.ts";
import { createShellPool, type ShellLimits } from "./shell-pool.ts";
import { shellSystem } from "./shell-system.ts";

/** What the commands of a host's administrator see, and nothing of ours. */
const VISIBLE = ["PATH", "HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR"];

export function localEnvironment(): Record<string, string> {
  return Object.fromEntries(
    VISIBLE.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

async function openLocal(limits: ShellLimits, signal: AbortSignal): Promise<Outcome<RemoteShell>> {
  const shell = openShell({ program: "sh", args: ["-c", LOOP], env: localEnvironment(), cwd: "/" });
  const greeting = await shell.run({ script: ":", maxOutput: 1024, deadlineMs: limits.connectMs, signal });
  if (greeting.ok) return { ok: true, value: shell };
  shell.kill();
  return trouble("failed", `this machine's sh does not answer: ${greeting.trouble.message}`);
}

export interface LocalShell extends LocalSystem {
  close(): Promise<void>;
}

export function localShell(limits: ShellLimits): LocalShell {
  const pool = createShellPool(signal => openLocal(limits, signal), limits);
  return { ...shellSystem("this machine", pool, limits.callMs), close: () => pool.close() };
}
