/** One dynamic provider of a program in a box of its own, which is like the program's. */
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import type { PreparedProgram } from "../../engine/ports/program.ts";
import type { Box } from "../../process/isolation/box.ts";
import { killGroup } from "../../process/run.ts";
import { compiledCodeOf, endOfBox, packagesAround, type ProgramBox } from "../boxed-process.ts";
import { openDoor, type Door } from "../door/door.ts";
import type { DynamicProviderOptions } from "../worker/dynamic-provider.ts";
import type { ProviderNews, ProviderRequest } from "./provider-request.ts";

const ENTRY = path.join(import.meta.dirname, "..", "worker", "dynamic-provider.ts");

export interface ProviderStart {
  readonly request: ProviderRequest;
  readonly program: PreparedProgram;
  /** The whole environment, but for what the request says. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of all compiled code. */
  readonly cache: string;
  readonly box: ProgramBox;
  readonly tell: (news: ProviderNews) => void;
}

export interface BoxedProvider {
  /** Resolves when it is gone with all that it started, and its box is removed. */
  readonly ended: Promise<void>;
  stop(): void;
}

const isBelow = (folder: string, file: string): boolean =>
  file === folder || file.startsWith(folder + path.sep);

/** The CLI's choice, where the program may go there. */
function workingFolder({ cwd }: ProviderRequest, { folder, readable = [folder] }: PreparedProgram): string {
  return readable.some(shown => isBelow(shown, cwd)) ? cwd : folder;
}

function spawnIn(box: Box, start: ProviderStart, engine: string, cache: string): ChildProcess {
  const options: DynamicProviderOptions = { sdk: start.program.sdk, door: box.inside, engine, cache };
  const { command, args } = box.wrap(process.execPath, [ENTRY, JSON.stringify(options)]);
  return spawn(command, args, {
    cwd: "/",
    env: { ...start.env, ...start.request.env, ...box.env },
    // The last one is for showing folders, which nobody does here; when the daemon is gone, so is the box.
    stdio: ["ignore", "pipe", "pipe", "ignore", "pipe"],
    detached: true,
  });
}

function listenTo(child: ChildProcess, tell: (news: ProviderNews) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.on("data", (chunk: Buffer) => tell({ stream, data: chunk.toString("base64") }));
  // It writes nothing there, and may be gone while the pipe is closed.
  child.stdio[4]?.on("error", () => undefined);
  child.once("exit", () => child.pid !== undefined && killGroup(child.pid, "SIGKILL"));
  child.once("error", error => {
    tell({ stream: "stderr", data: Buffer.from(`${error.message}\n`).toString("base64") });
    resolve();
  });
  child.once("close", code => {
    tell({ code: endOfBox(code).code ?? 1 });
    resolve();
  });
  return promise;
}

interface Lead {
  readonly door: Door;
  /** The engine's address inside. */
  readonly engine: string;
}

/** The box's only way out: to its own engine. A box without it is removed. */
async function lead(box: Box, network: ProgramBox["network"], address: string): Promise<Lead> {
  let door: Door | undefined;
  try {
    door = await openDoor({ outside: box.outside, inside: box.inside, network });
    return { door, engine: await door.lead("engine", Promise.resolve(address)) };
  } catch (error) {
    door?.close();
    box.remove();
    throw error;
  }
}

/** Rejects where the box's folder cannot be made. */
export async function startBoxedProvider(start: ProviderStart): Promise<BoxedProvider> {
  const { program, request } = start;
  const { isolation, network, folders = [] } = start.box;
  const { folder, readable = [folder], sdk } = program;
  const cache = compiledCodeOf({ cache: start.cache, sdk }, isolation);
  const box = isolation.box({
    as: "program",
    readable: [packagesAround(sdk), cache, ...folders, ...readable],
    cwd: workingFolder(request, program),
    shows: true,
  });
  const { door, engine } = await lead(box, network, request.engine);
  const child = spawnIn(box, start, engine, cache);
  if (child.pid !== undefined) box.watch(child.pid);
  const ended = listenTo(child, start.tell).finally(() => {
    door.close();
    box.remove();
  });
  return { ended, stop: () => void (child.pid !== undefined && killGroup(child.pid, "SIGKILL")) };
}
