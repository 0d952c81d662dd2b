/** Loads the project's copy of the Pulumi SDK before it is known what it will run. */
import { createRequire } from "node:module";
import path from "node:path";

/** What `cmd/run` loads besides the SDK itself; an older or newer SDK may lack some. */
const PARTS = [
  "./index.js",
  "./runtime/closure/v8Hooks.js",
  "./runtime/manifest.js",
  "./tsutils.js",
  "./cmd/run/tracing.js",
  "./cmd/run/instrumentation.js",
  "./cmd/run/error.js",
];
const LIBRARIES = ["minimist", "ini", "semver", "source-map-support"];

/** Undefined where there is no such module. */
export function loadIfThere(require: NodeJS.Require, name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

export async function preloadSdk(sdk: string): Promise<void> {
  const require = createRequire(path.join(sdk, "package.json"));
  for (const name of [...PARTS, ...LIBRARIES]) loadIfThere(require, name);
  // The debugger session that closures of dynamic providers need: it looks at each script that is loaded, 0.15 s.
  const hooks = loadIfThere(require, "./runtime/closure/v8Hooks.js");
  if (typeof hooks !== "object" || hooks === null || !("isInitializedAsync" in hooks)) return;
  await (hooks as { isInitializedAsync: () => Promise<void> }).isInitializedAsync();
}

interface Debuggable {
  debugPromiseLeaks: boolean;
  debuggablePromise: (promise: unknown, context: unknown) => unknown;
  leakedPromises?: () => unknown;
}

function debuggableOf(sdk: string): Debuggable | undefined {
  const found = loadIfThere(createRequire(path.join(sdk, "package.json")), "./runtime/debuggable.js");
  const isThere = typeof found === "object" && found !== null && "debuggablePromise" in found;
  return isThere ? (found as Debuggable) : undefined;
}

/**
 * The SDK keeps the stack of each of its promises, four for a resource, to show them where PULUMI_DEBUG_PROMISE_LEAKS
 * asks for it: with 200 resources a fifth of a program's time, and half of its garbage. Else none is taken.
 */
export function keepNoStacksOfPromises(sdk: string): void {
  const debuggable = debuggableOf(sdk);
  if (!debuggable) return;
  const watched = debuggable.debuggablePromise;
  debuggable.debuggablePromise = (promise, context) => {
    if (debuggable.debugPromiseLeaks) return watched(promise, context);
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return watched(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}

/** The SDK read this from the environment when it was loaded, before it was known whose program it will run. */
export function debugLeaksAsAsked(sdk: string): void {
  const debuggable = debuggableOf(sdk);
  if (debuggable) debuggable.debugPromiseLeaks = Boolean(process.env["PULUMI_DEBUG_PROMISE_LEAKS"]);
}

/** The SDK reads its settings from the environment once, into this global; the next look makes it anew. */
export function forgetPreloadedState(): void {
  Reflect.deleteProperty(globalThis, "globalStore");
}

/**
 * The SDK tells the engine four debug messages for each resource, one after the other, and waits for each answer: 0.1 s
 * for 20 resources, several seconds for 1,000, and nobody sees them but with the CLI's `--debug`.
 */
export function dropDebugMessages(sdk: string): void {
  const log = loadIfThere(createRequire(path.join(sdk, "package.json")), "./log/index.js");
  if (typeof log === "object" && log !== null && "debug" in log) log.debug = () => Promise.resolve();
}

/** What the SDK says of promises that never settled: resources behind them were never declared. Empty: there are none. */
export function describeLeaks(sdk: string): string {
  const found = debuggableOf(sdk)?.leakedPromises?.();
  const [leaks, message] = Array.isArray(found) ? (found as unknown[]) : [];
  return leaks instanceof Set && leaks.size > 0 && typeof message === "string" ? message : "";
}
