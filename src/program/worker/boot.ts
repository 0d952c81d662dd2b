/**
 * Entry of a program process. It loads the project's SDK, says that it is ready, waits for one run, and then becomes
 * what the Pulumi language host would have started: the SDK's own `cmd/run`, in the version that the project has.
 */
import { writeSync } from "node:fs";
import { createRequire, enableCompileCache, flushCompileCache } from "node:module";
import { Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { exposeServers } from "./door/servers.ts";
import { useDoor } from "./door/use-door.ts";
import { fallBackToOwnPackages } from "./package-fallback.ts";
import { preloadResources } from "./own-resources.ts";
import { createPractice, type Practice } from "./practice.ts";
import {
  debugLeaksAsAsked,
  describeLeaks,
  dropDebugMessages,
  forgetPreloadedState,
  keepNoStacksOfPromises,
  preloadSdk,
} from "./sdk-preload.ts";
import { makeOutputsWhenAsked } from "./outputs-when-asked.ts";
import { settleHeap } from "./settle-heap.ts";
import { describeStacksBySource } from "./stack-traces.ts";
import { preloadTypescript, registerTypescript } from "./typescript.ts";
import {
  EXIT_TOO_EARLY,
  EXIT_UNSETTLED,
  ENDED,
  ENOUGH,
  MORE,
  READY,
  REHEARSE,
  type BootOptions,
  type RunMessage,
} from "./run-message.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as BootOptions;

/** The pool holds the other end: when it is gone, nobody wants this process any more. */
const CONTROL = 3;
const control = new Socket({ fd: CONTROL });
control.on("close", () => process.kill(process.pid, "SIGKILL"));

/** An end that looks good but is none: declared resources would look complete, and the engine would delete the rest. */
function watchTheEnd(sdk: string): void {
  let drained = false;
  process.on("beforeExit", () => (drained = true));
  process.on("exit", code => {
    if (code !== 0) return;
    if (!drained) {
      process.exitCode = EXIT_TOO_EARLY;
      return;
    }
    const leaks = describeLeaks(sdk);
    if (leaks === "") return;
    process.stderr.write(`${leaks}\n`);
    process.exitCode = EXIT_UNSETTLED;
  });
}

/**
 * Node takes 40 ms to take a process of this size apart; the CLI need not wait for that. The last listener of all tells
 * the exit code and makes it final; a program that calls process.exit() itself has ended without it.
 */
function tellTheEnd(): void {
  const tell = (): never => {
    try {
      writeSync(CONTROL, `${ENDED} ${process.exitCode ?? 0}\n`);
    } finally {
      // Whether it could be told or not: this is the end.
      process.exit();
    }
  };
  process.on("beforeExit", () => {
    process.off("exit", tell);
    process.on("exit", tell);
  });
}

/** Undefined: there will be none. */
async function nextRun(practice: Practice): Promise<RunMessage | undefined> {
  for await (const line of createInterface({ input: control })) {
    if (line !== REHEARSE) return JSON.parse(line) as RunMessage;
    control.write(`${(await practice.goOn()) ? MORE : ENOUGH}\n`);
  }
  return undefined;
}

function run(message: RunMessage): void {
  process.off("unhandledRejection", unheard);
  Object.assign(process.env, message.env);
  process.chdir(message.pwd);
  forgetPreloadedState();
  debugLeaksAsAsked(message.sdk);
  fallBackToOwnPackages({ holdfast: options.holdfast, sdk: options.sdk, program: message.pwd });
  if (message.typescript) registerTypescript(message.tsconfig);
  if (!message.debug) dropDebugMessages(message.sdk);
  if (options.door !== undefined) exposeServers(options.door, message.sdk);
  watchTheEnd(message.sdk);
  tellTheEnd();
  // From here on only the program's own work keeps the process alive.
  control.resume();
  control.unref();
  const entry = path.join(message.sdk, "cmd", "run", "index.js");
  process.argv = [process.execPath, entry, ...message.args];
  createRequire(entry)(entry);
  describeStacksBySource();
}

if (options.door !== undefined) useDoor(options.door);
enableCompileCache(path.join(options.cache, "compiled"));
preloadTypescript(options.transpiled);
await preloadSdk(options.sdk);
keepNoStacksOfPromises(options.sdk);
makeOutputsWhenAsked(options.sdk);
/** Until the run begins: of a rehearsal that was given up, something may fail that nobody waits for any more. */
const unheard = (): void => undefined;
process.on("unhandledRejection", unheard);
const practice = createPractice(options.sdk, preloadResources(options));
describeStacksBySource();
await practice.begin();
flushCompileCache();
settleHeap();
control.write(`${READY}\n`);
const message = await nextRun(practice);
if (message) run(message);
