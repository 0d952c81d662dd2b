/** One session to a host that tells when something changes there. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { killGroup } from "../../process/signal.ts";
import { localEnvironment } from "../connection/local-shell.ts";
import type { ShellCommand } from "../connection/remote-shell.ts";
import type { Connection } from "../connection/spec.ts";
import { sshCommand, writeSshFiles } from "../connection/ssh-command.ts";
import { done, type Outcome } from "../outcome.ts";
import { ALIVE_MS, LOADER, SAYS, sessionInput } from "./keeper.ts";
import type { Places } from "./places.ts";

export interface Hearing {
  /** From now on it tells. */
  ready(): void;
  told(): void;
}

/** `unable`: the host was reached, and cannot do it. Empty: how it ended does not matter. */
export type SessionEnd = { readonly unable?: string };

export interface Session {
  readonly ended: Promise<SessionEnd>;
  /** The host puts away what was made there. */
  close(): void;
}

/** A new connection, and the host's systemd, have so long. */
const READY_MS = 30_000;
const CONNECT_MS = 10_000;
/** What was asked to end, and has not, is killed: the host then sees the end by itself. */
const CLOSE_MS = 1_500;
const LAST_WORDS = 4 * 1024;

interface Started {
  readonly command: ShellCommand;
  /** Files that the connection needs until it stands. */
  readonly remove: () => Promise<void>;
}

async function commandOf(connection: Connection, cwd: string): Promise<Outcome<Started>> {
  if (connection.kind === "local") {
    const command = { program: "sh", args: ["-c", LOADER], env: localEnvironment(), cwd: "/" };
    return done({ command, remove: async () => undefined });
  }
  const files = await writeSshFiles(connection);
  if (!files.ok) return files;
  const command = sshCommand(connection, files.value, { connectMs: CONNECT_MS, cwd, script: LOADER });
  return done({ command, remove: () => files.value.remove() });
}

function start({ program, args, env, cwd }: ShellCommand): ChildProcessWithoutNullStreams {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: "pipe" });
  // A broken pipe is followed by `close`, which tells.
  child.stdin.on("error", () => undefined);
  return child;
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim().slice(0, 300) ?? "";

/** Hears one child to its end. */
function follow(child: ChildProcessWithoutNullStreams, places: Places, hearing: Hearing) {
  const { promise: ended, resolve } = Promise.withResolvers<SessionEnd>();
  const { promise: opened, resolve: hasOpened } = Promise.withResolvers<void>();
  let [reached, ready, closed, words] = [false, false, false, ""];
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      killGroup(child.pid, "SIGKILL");
  };
  const deadline = setTimeout(kill, READY_MS);
  const alive = setInterval(() => child.stdin.write("\n"), ALIVE_MS);
  createInterface({ input: child.stdout }).on("line", line => {
    if (line === SAYS.opened) {
      reached = true;
      return hasOpened();
    }
    if (line === SAYS.ready) {
      ready = true;
      clearTimeout(deadline);
      return hearing.ready();
    }
    if (line === SAYS.told) hearing.told();
  });
  child.stderr.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS)));
  const end = (): void => {
    clearTimeout(deadline);
    clearInterval(alive);
    hasOpened();
    const unable = reached && !ready && !closed ? lastLine(words) || "its systemd gives no reason" : "";
    resolve(unable ? { unable } : {});
  };
  child.once("error", end);
  child.once("close", end);
  child.stdin.write(sessionInput(`holdfast-watch-${randomBytes(6).toString("hex")}`, places));
  const close = (): void => {
    closed = true;
    child.stdin.end();
    setTimeout(kill, CLOSE_MS).unref();
  };
  return { ended, opened, close };
}

export function openSession(connection: Connection, places: Places, hearing: Hearing, cwd: string): Session {
  const closing = new AbortController();
  const ended = commandOf(connection, cwd).then(async (made): Promise<SessionEnd> => {
    if (!made.ok) return {};
    const { command, remove } = made.value;
    if (closing.signal.aborted) return remove().then(() => ({}));
    const session = follow(start(command), places, hearing);
    closing.signal.addEventListener("abort", session.close, { once: true });
    void session.opened.then(remove);
    return session.ended;
  });
  return { ended, close: () => closing.abort() };
}
