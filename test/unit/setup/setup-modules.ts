/** tools/setup is plain JavaScript without types, because it runs before any package is there: its modules, typed for tests. */
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..", "..", "..");
export const setupFolder = path.join(root, "tools", "setup");

interface TestResult {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface TestRun {
  readonly title: string;
  readonly root: string;
  readonly scratch: string;
  readonly files: readonly string[];
}

type OnRoot<T> = (root: string) => T;
type OnTool<T> = (command: string, args: readonly string[]) => Promise<T>;

interface Package {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly ships: boolean;
}
type Lock = {
  readonly packages: Readonly<Record<string, { version: string; license?: string; dev?: boolean }>>;
};

export interface SetupModules {
  readonly "audit.mjs": {
    readonly judgeAudit: (output: string) => {
      readonly holes?: readonly string[];
      readonly unanswered?: string;
    };
  };
  readonly "licences.mjs": {
    readonly packagesOf: (lock: Lock) => readonly Package[];
    readonly forbidden: (packages: readonly Package[]) => readonly Package[];
    readonly page: (packages: readonly Package[]) => string;
    readonly problems: OnRoot<readonly string[]>;
  };
  readonly "cache.mjs": { readonly cacheFolder: (env: NodeJS.ProcessEnv) => string };
  readonly "child.mjs": {
    readonly runTool: OnTool<{ readonly code: number; readonly output: string }>;
    readonly runForeground: OnTool<{ readonly code: number; readonly signal: string | null }>;
  };
  readonly "node.mjs": { readonly isNewEnough: (version: string) => boolean };
  readonly "packages.mjs": {
    readonly packagesReady: OnRoot<boolean>;
    readonly installPackages: OnRoot<Promise<void>>;
  };
  readonly "sdk.mjs": { readonly sdkReady: OnRoot<boolean>; readonly buildSdk: OnRoot<Promise<void>> };
  readonly "test-files.mjs": {
    readonly testFiles: (root: string, only?: string) => { readonly unit: string[]; readonly e2e: string[] };
  };
  readonly "test-run.mjs": { readonly runTests: (run: TestRun) => Promise<TestResult> };
}

export const load = async <K extends keyof SetupModules>(name: K): Promise<SetupModules[K]> =>
  (await import(path.join(setupFolder, name))) as SetupModules[K];
