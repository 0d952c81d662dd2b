/** Loads the project's copy of the Pulumi SDK before it is known what it will run. */
import { createRequire, findSourceMap } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

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

function loadIfThere(require: NodeJS.Require, name: string): unknown {
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

/** The SDK reads its settings from the environment once, into this global; the next look makes it anew. */
export function forgetPreloadedState(): void {
  Reflect.deleteProperty(globalThis, "globalStore");
}

interface SourceMapSupport {
  install(options: object): void;
}
const isSourceMapSupport = (value: unknown): value is SourceMapSupport =>
  typeof value === "object" && value !== null && "install" in value && typeof value.install === "function";

/**
 * `cmd/run` installs source-map-support, which looks for maps in the files on disk and finds none in TypeScript.
 * Node knows the maps of what was compiled in memory: they are handed on.
 */
export function mapStacksToSource(sdk: string): void {
  const support = loadIfThere(createRequire(path.join(sdk, "package.json")), "source-map-support");
  if (!isSourceMapSupport(support)) return;
  process.setSourceMapsEnabled(true);
  support.install({
    handleUncaughtExceptions: false,
    // The SDK takes a stack for each promise: looking up the maps of its own files for them costs 0.15 s.
    overrideRetrieveSourceMap: true,
    retrieveSourceMap: (source: string) => {
      const map = findSourceMap(source);
      if (!map) return null;
      // It takes names for relative to the file, file: URLs too.
      const sources = map.payload.sources.map(name =>
        name.startsWith("file:") ? fileURLToPath(name) : name,
      );
      return { url: source, map: { ...map.payload, sources } };
    },
  });
}

/** What the SDK says of promises that never settled: resources behind them were never declared. Empty: there are none. */
export function describeLeaks(sdk: string): string {
  const require = createRequire(path.join(sdk, "package.json"));
  const debuggable = loadIfThere(require, "./runtime/debuggable.js");
  if (typeof debuggable !== "object" || debuggable === null || !("leakedPromises" in debuggable)) return "";
  const { leakedPromises } = debuggable as { leakedPromises: () => unknown };
  const found = leakedPromises();
  const [leaks, message] = Array.isArray(found) ? (found as unknown[]) : [];
  return leaks instanceof Set && leaks.size > 0 && typeof message === "string" ? message : "";
}
