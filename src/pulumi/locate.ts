/**
 * Finds the Pulumi CLI, or gets it. Exactly one version will do, because hidden flags and the journal are bound to it
 * (design section 3); another one only where a person names its path.
 */
import { build } from "./locate-build.ts";
import { download } from "./locate-download.ts";
import { lastFailures, rememberFailures } from "./locate-memory.ts";
import { cached, named, onPath } from "./locate-present.ts";
import { PULUMI_VERSION, type Attempt, type Search, type WayName } from "./locate-way.ts";

export { PULUMI_VERSION };

export interface WayReport {
  readonly way: WayName;
  readonly outcome: "found" | "failed" | "not-tried";
  /** For a person: what is there, or why not. */
  readonly said: string;
}

export type Located =
  | {
      readonly found: true;
      /** Absolute. */
      readonly path: string;
      readonly version: string;
      readonly way: WayName;
      readonly ways: readonly WayReport[];
      /** Where a named CLI has another version than the one that holdfast is made for. */
      readonly warning?: string;
    }
  | {
      readonly found: false;
      readonly ways: readonly WayReport[];
      /** Several lines: what each way said and what to do. */
      readonly message: string;
    };

export interface LocateOptions {
  /** Of the caller's process; PATH, HOME, XDG_CACHE_HOME and what the tools for getting it need are read. */
  readonly env: NodeJS.ProcessEnv;
  /** From `--pulumi PATH`: then no other way is tried. */
  readonly override?: string | undefined;
  /** Absolute folder of the go.mod that pins the CLI. */
  readonly tools: string;
  /** Whether it may be downloaded or built where it is not there: that takes minutes. */
  readonly install: boolean;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

type Way = readonly [WayName, (search: Search) => Promise<Attempt>];

const lookingWays: readonly Way[] = [
  ["path", onPath],
  ["cache", cached],
];
const gettingWays: readonly Way[] = [
  ["download", download],
  ["build", build],
];

export async function locatePulumi(options: LocateOptions): Promise<Located> {
  const search: Search = { ...options, onProgress: options.onProgress ?? (() => undefined) };
  if (options.override) {
    const override = options.override;
    return tryInTurn([["option", () => named(search, override)]], search);
  }
  if (options.install) return tryInTurn([...lookingWays, ...gettingWays], search);
  const seen = await tryInTurn(lookingWays, search);
  const rest = seen.found ? gettingWays.map(([way]) => notTried(way)) : await untried(search);
  return seen.found ? { ...seen, ways: [...seen.ways, ...rest] } : missing([...seen.ways, ...rest]);
}

async function tryInTurn(ways: readonly Way[], search: Search): Promise<Located> {
  const reports: WayReport[] = [];
  for (const [index, [way, attempt]] of ways.entries()) {
    const result = await attempt(search);
    reports.push({ way, outcome: result.found ? "found" : "failed", said: result.said });
    if (!result.found) continue;
    const { path, version } = result;
    const all = [...reports, ...ways.slice(index + 1).map(([later]) => notTried(later))];
    const located = { found: true, path, version, way, ways: all } as const;
    return version === PULUMI_VERSION ? located : { ...located, warning: otherVersion(path, version) };
  }
  const failed = missing(reports);
  if (search.install) await rememberFailures(search.env, reports);
  return failed;
}

const notTried = (way: WayName): WayReport => ({ way, outcome: "not-tried", said: "not needed" });

/** The ways that were not to be tried now, with what they said the last time. */
async function untried(search: Search): Promise<WayReport[]> {
  const before = await lastFailures(search.env);
  return gettingWays.map(([way]) => {
    const said = before.get(way);
    return said ? { way, outcome: "failed", said } : { way, outcome: "not-tried", said: "not tried yet" };
  });
}

const otherVersion = (path: string, version: string): string =>
  `${path} is Pulumi ${version}; holdfast is made for ${PULUMI_VERSION} and nothing is promised for another`;

/** What each way is called in messages and in doctor's table. */
export const wayTitles: Readonly<Record<WayName, string>> = {
  option: "--pulumi",
  path: "pulumi on PATH",
  cache: "holdfast's cache",
  download: "download",
  build: "build with Go",
};

function missing(ways: readonly WayReport[]): Located {
  const said = ways.map(({ way, said }) => `  ${wayTitles[way]}: ${said}`).join("\n");
  const named = ways.some(({ way }) => way === "option");
  const wayOut = named
    ? "Give the path of a pulumi binary, or leave --pulumi (HOLDFAST_PULUMI) away to let holdfast find one."
    : `Any one of these is enough: put pulumi ${PULUMI_VERSION} on PATH; let this machine reach get.pulumi.com ` +
      "(HTTPS_PROXY is honoured); or install Go 1.26 or newer and let it reach a Go module proxy. " +
      "Then start again, or run `holdfast doctor --fix`.";
  return {
    found: false,
    ways,
    message: `the Pulumi CLI ${PULUMI_VERSION} cannot be had:\n${said}\n${wayOut}`,
  };
}
