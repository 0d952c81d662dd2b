/** `holdfast install`: a systemd unit for the daemon. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { defineCommand, type Args, type Io } from "./command.ts";
import { sayProblem } from "./say-problem.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { print, sayFailure } from "./with-control.ts";

const builder = {
  listen: { type: "string", describe: "HOST:PORT for health, metrics, hook and API" },
  print: { type: "boolean", describe: "only print the unit" },
} as const;
type InstallArgs = Args<typeof builder>;

const UNIT = "holdfast.service";
/** As systemd's own: readable by all, as it holds no secret. */
const UNIT_MODE = 0o644;

interface Place {
  readonly user: boolean;
  /** Of the unit. */
  readonly file: string;
  readonly environmentFile: string;
  readonly home: string;
}

function placeFor({ env }: Io): Place {
  // Not HOME, which sudo may have left as the person's.
  const home = os.userInfo().homedir;
  if (process.getuid?.() === 0) {
    const file = `/etc/systemd/system/${UNIT}`;
    return { user: false, file, environmentFile: "/etc/holdfast/environment", home };
  }
  const config = env["XDG_CONFIG_HOME"] || path.join(home, ".config");
  return {
    user: true,
    file: path.join(config, "systemd", "user", UNIT),
    environmentFile: path.join(config, "holdfast", "environment"),
    home,
  };
}

/** What the unit says of the daemon's settings; paths absolute. */
interface ServeSettings {
  readonly repo?: string;
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly pulumi?: string;
}

/** Only what was given: what is left away may be changed in the settings file. */
function serveArguments(args: InstallArgs, settings: ServeSettings): string[] {
  const { repo, data, listen, pulumi } = settings;
  const address = `${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${listen.port}`;
  const given: readonly (readonly [string, string | undefined])[] = [
    ["--repo", args.repo === undefined ? undefined : repo],
    ["--branch", args.branch],
    ["--data", data],
    ["--listen", args.listen === undefined ? undefined : address],
    ["--pulumi", args.pulumi === undefined ? undefined : pulumi],
  ];
  return ["serve", ...given.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))];
}

/** Ours first; then what the person has, as systemd has none of it. */
function pathFor({ env }: Io): string[] {
  const own = (env["PATH"] ?? "").split(path.delimiter).filter(folder => path.isAbsolute(folder));
  const usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const all = [path.dirname(process.execPath), ...own, ...usual];
  return [...new Set(all)].filter(folder => existsSync(folder) && !/[":\n\\]/.test(folder));
}

function nextSteps({ user, file, environmentFile }: Place): string {
  const systemctl = user ? "systemctl --user" : "systemctl";
  return [
    `Written: ${file}`,
    ...(existsSync(environmentFile)
      ? []
      : [`If secrets are decrypted with a key of its own: SOPS_AGE_KEY_FILE=PATH in ${environmentFile}`]),
    "Next:",
    `  ${systemctl} daemon-reload`,
    `  ${systemctl} enable --now ${UNIT}`,
    `Its log: journalctl ${user ? "--user " : ""}-u ${UNIT} -f`,
    ...(user ? [`It ends when you log out, unless: loginctl enable-linger ${os.userInfo().username}`] : []),
  ].join("\n");
}

/** Why not, for a person; undefined where it was written. */
async function write(file: string, unit: string): Promise<string | undefined> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const before = existsSync(file) ? await readFile(file, "utf8") : unit;
    if (before !== unit && !before.startsWith("# Written by `holdfast install`"))
      return `${file} is there and was not written by holdfast`;
    await writeFile(file, unit, { mode: UNIT_MODE });
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return `${file} cannot be written: ${String(error.code)}`;
  }
}

async function run(args: InstallArgs, io: Io): Promise<number> {
  const { settingsFor } = await import("./wire-settings.ts");
  const { HOLDFAST } = await import("./wire-found.ts");
  const settings = await settingsFor(args, io, { listen: args.listen });
  if (!settings.ok) return sayFailure(io, args.json, settings.failure);
  const { repo, data } = settings.value;
  if (repo === undefined && !existsSync(path.join(data, "holdfast.db"))) {
    return sayProblem(
      io,
      args.json,
      `which repository? Nothing is known in ${data} yet.`,
      "Say it with --repo URL.",
    );
  }
  const place = placeFor(io);
  const unit = systemdUnit({
    program: path.join(HOLDFAST, "bin", "holdfast"),
    arguments: serveArguments(args, settings.value),
    environmentFile: place.environmentFile,
    path: pathFor(io),
    user: place.user,
    home: place.home,
  });
  if (args.print && !args.json) return (io.stdout(unit), 0);
  const why = args.print ? undefined : await write(place.file, unit);
  if (why !== undefined) return sayProblem(io, args.json, why, "The unit: holdfast install --print");
  print(
    io,
    args.json,
    () => ({ version: 1, unit: args.print ? null : place.file, text: unit }),
    () => nextSteps(place),
  );
  return 0;
}

export const command = defineCommand({
  verb: "install",
  describe: "a systemd unit for the daemon",
  builder,
  run,
});
