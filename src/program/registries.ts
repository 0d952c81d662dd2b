/** The registries that packages may come from: those of npm's own settings, and those that the operator adds. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { run } from "../process/run.ts";
import { registriesNamed } from "./npm-settings.ts";
import { originOf } from "./package-addresses.ts";
import type { PackageTool } from "./project-files.ts";

export interface RegistriesOptions {
  /** The package tool's environment: HOME says where the operator's .npmrc is. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute folder without an .npmrc of somebody else's. */
  readonly folder: string;
  /** Further origins, as `https://registry.example`. */
  readonly further: readonly string[];
}

export interface Registries {
  /** Origins, as far as they can be told without asking a program. */
  readonly known: ReadonlySet<string>;
  /** All of them. Asked once in a process's life, and again where the tool did not answer. */
  all(tool: PackageTool): Promise<ReadonlySet<string>>;
}

/** Half a second on a busy machine. */
const ASK_DEADLINE_MS = 30_000;
const ANSWER_LIMIT = 1024 * 1024;

/** npm's settings of the operator, as text; "" where there are none. */
export function operatorSettings(env: Readonly<Record<string, string>>): string {
  const file =
    env["npm_config_userconfig"] ?? env["NPM_CONFIG_USERCONFIG"] ?? path.join(env["HOME"] ?? "/", ".npmrc");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** URLs of the registries that settings and environment name. */
export function namedRegistries(npmrc: string, env: Readonly<Record<string, string>>): string[] {
  const named = Object.entries(env).flatMap(([name, value]) => (/registry$/i.test(name) ? [value] : []));
  return [...registriesNamed(npmrc).map(({ address }) => address), ...named];
}

const originsOf = (urls: readonly string[]): string[] =>
  urls.flatMap(url => {
    const origin = originOf(url);
    return origin === undefined ? [] : [origin];
  });

/** Undefined: it did not answer. */
async function ask(
  tool: PackageTool,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<string | undefined> {
  const result = await run(tool, args, {
    cwd: folder,
    env,
    deadlineMs: ASK_DEADLINE_MS,
    maxOutput: ANSWER_LIMIT,
  });
  return result.code === 0 ? result.stdout.toString() : undefined;
}

function registriesIn(json: string): string[] {
  try {
    const settings: unknown = JSON.parse(json);
    const entries = typeof settings === "object" && settings !== null ? Object.entries(settings) : [];
    return entries.flatMap(([key, value]) =>
      /^(@[^:]+:)?registry$/.test(key) && typeof value === "string" ? [value] : [],
    );
  } catch {
    return [];
  }
}

/** Without anybody's settings: the public registry, which npm replaces with the configured one wherever a lockfile names it. */
function untouched(env: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !/^npm_config_/i.test(name));
  const nowhere = (name: string): string => path.join(folder, "no-settings", name);
  return {
    ...Object.fromEntries(kept),
    npm_config_userconfig: nowhere("user"),
    npm_config_globalconfig: nowhere("global"),
  };
}

export function createRegistries({ env, folder, further }: RegistriesOptions): Registries {
  const known = new Set([...originsOf(namedRegistries(operatorSettings(env), env)), ...originsOf(further)]);
  const answers = new Map<PackageTool, Promise<ReadonlySet<string>>>();
  const askAll = async (tool: PackageTool): Promise<ReadonlySet<string>> => {
    await mkdir(folder, { recursive: true });
    const own = tool === "yarn" ? [ask("yarn", ["config", "get", "registry"], env, folder)] : [];
    const said = await Promise.all([
      ask("npm", ["config", "ls", "--json"], env, folder).then(text => text && registriesIn(text)),
      ask("npm", ["config", "get", "registry"], untouched(env, folder), folder),
      ...own,
    ]);
    if (said.includes(undefined)) answers.delete(tool);
    const urls = said.flat().flatMap(text => (text === undefined ? [] : [text.trim()]));
    return new Set([...known, ...originsOf(urls)]);
  };
  return {
    known,
    all(tool) {
      const answer = answers.get(tool) ?? askAll(tool);
      answers.set(tool, answer);
      return answer;
    },
  };
}
