/** An install of packages in a box: it sees its own folder, npm's settings and the registries, and nothing else. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findProgram } from "../process/find-program.ts";
import type { Isolation } from "../process/isolation/isolation.ts";
import { openDoor } from "./door/door.ts";
import type { PackageCommand } from "./package-commands.ts";
import { namedRegistries, operatorSettings } from "./registries.ts";

export interface InstallBoxOptions {
  readonly isolation: Isolation;
  /** Absolute folder of the package tool's downloads. */
  readonly downloads: string;
  /** The package tool's environment outside: HOME says where the operator's .npmrc is. */
  readonly env: Readonly<Record<string, string>>;
}

/** The process to start instead. */
export interface BoxedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

const PRELOAD = path.join(import.meta.dirname, "worker", "door", "preload.ts");
/** Names and lines that let one into a registry: scripts of packages do not get them. */
const CREDENTIAL = /_auth|token|password|_?certfile|keyfile|^npm_config_(key|cert)$/i;

/** HOST:PORT of the registries that the operator names, so that one on this machine can be reached. */
export function registriesOf(npmrc: string, env: Readonly<Record<string, string>>): string[] {
  return namedRegistries(npmrc, env).flatMap(url => {
    if (!URL.canParse(url)) return [];
    const { hostname, port, protocol } = new URL(url);
    return [`${hostname}:${port || (protocol === "http:" ? "80" : "443")}`];
  });
}

/** Folders that the tool is in; what is shown already may be shown again. */
function foldersOf(file: string): string[] {
  const real = realpathSync(file);
  const at = real.lastIndexOf("/node_modules/");
  const around = at === -1 ? path.dirname(real) : real.slice(0, at + "/node_modules".length);
  return [path.dirname(file), around].filter(folder => !/^\/(usr|bin|sbin)(\/|$)/.test(folder));
}

const withoutCredentials = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !CREDENTIAL.test(name)));

/** Undefined: there is no such tool on PATH. `folder` is the install's, `cwd` in it. */
export async function boxInstall(
  { tool, args, scripts }: PackageCommand,
  place: { readonly folder: string; readonly cwd: string },
  options: InstallBoxOptions,
): Promise<BoxedCommand | undefined> {
  const search = [path.dirname(process.execPath), options.env["PATH"] ?? ""].join(path.delimiter);
  const file = findProgram(tool, search);
  if (file === undefined) return undefined;
  mkdirSync(options.downloads, { recursive: true });
  const box = options.isolation.box({
    as: "install",
    readable: foldersOf(file),
    writable: [place.folder, ...(scripts ? [] : [options.downloads])],
    cwd: place.cwd,
    shows: false,
  });
  const settings = operatorSettings(options.env);
  const also = registriesOf(settings, options.env);
  if (!scripts) writeFileSync(path.join(box.outside, "npmrc"), settings);
  const door = await openDoor({
    outside: box.outside,
    inside: box.inside,
    network: { reach: "outside", also },
  });
  return {
    ...box.wrap(file, args),
    env: {
      ...(scripts ? withoutCredentials(options.env) : options.env),
      ...box.env,
      PATH: search,
      npm_config_userconfig: path.join(box.inside, "npmrc"),
      npm_config_cache: scripts ? "/tmp/npm" : options.downloads,
      NODE_OPTIONS: `--import=${pathToFileURL(PRELOAD).href}`,
      HOLDFAST_DOOR: box.inside,
      HOLDFAST_DOOR_ALSO: also.join(","),
    },
    close() {
      door.close();
      box.remove();
    },
  };
}
