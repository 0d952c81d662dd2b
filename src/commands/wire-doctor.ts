/** Puts doctor's checks together with those parts that only wiring may see. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import type { Problem, Result } from "../engine/failure.ts";
import { homeFolder } from "../process/home-folder.ts";
import { locatePulumi, PULUMI_VERSION, wayTitles, type Located } from "../pulumi/locate.ts";
import { createIdentitySource } from "../secrets/identities.ts";
import { peekRecipients } from "../store/state-keys.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { fine, missing, warning, type Finding } from "./doctor-finding.ts";
import * as machine from "./doctor-machine.ts";
import type { DoctorReport } from "./doctor-table.ts";
import { checkIsolation } from "./wire-doctor-isolation.ts";
import { ownKeyFile, sealerFor } from "./wire-keys.ts";
import { settingsFor } from "./wire-settings.ts";

const root = path.resolve(import.meta.dirname, "..", "..");
const MEMORY_FOLDER = "/dev/shm";

function pulumiFinding(located: Located): Finding {
  const name = `Pulumi CLI ${PULUMI_VERSION}`;
  if (!located.found) {
    return missing(
      name,
      "none",
      "`holdfast doctor --fix` downloads or builds it; the table says what each way needs",
    );
  }
  const found = `${located.path} (${wayTitles[located.way]})`;
  return located.warning ? warning(name, located.warning, "leave --pulumi away") : fine(name, found);
}

function problemsOf(settings: Result<DaemonSettings>): string[] {
  if (settings.ok) return [];
  const { failure } = settings;
  const line = ({ message, place }: Problem): string => (place ? `${place.file}: ${message}` : message);
  return failure.reason === "config-invalid" ? failure.problems.map(line) : [failure.reason];
}

/** Where settings are wrong, what they say of the data folder is not known and not looked at. */
function settingsFindings(settings: Result<DaemonSettings>): Finding[] {
  const judged = machine.judgeSettings(problemsOf(settings));
  return settings.ok ? [judged, machine.checkDataFolder(settings.value.data)] : [judged];
}

/** Nothing where there is no state yet. */
async function keyFindings(
  settings: Result<DaemonSettings>,
  source: Parameters<typeof sealerFor>[0],
): Promise<Finding[]> {
  if (!settings.ok) return [];
  const { data } = settings.value;
  const keys = peekRecipients(path.join(data, "holdfast.db"));
  if (!keys || keys.length === 0) return [];
  const { recipients: here } = await sealerFor(source, data).own();
  const others = (await source.load()).keys.map(({ recipient }) => recipient);
  const needsOwn = keys.some(recipients => recipients && !recipients.some(one => others.includes(one)));
  const ownFile = ownKeyFile(data);
  return [machine.judgeStateKeys({ keys, here, ...(needsOwn && existsSync(ownFile) && { ownFile }) })];
}

/** `fix`: get the Pulumi CLI where it is missing. */
export async function examine(
  args: GlobalArgs & { readonly fix: boolean },
  io: Io,
  onProgress: (text: string) => void,
): Promise<DoctorReport> {
  const { env } = io;
  const settings = await settingsFor(args, io);
  const override = settings.ok ? settings.value.pulumi : args.pulumi;
  const tools = path.join(root, "tools");
  const identities = createIdentitySource({
    env,
    home: env.HOME ?? homeFolder(),
    platform: process.platform,
  });
  const [located, git, ssh, keys, signatures, stateKeys] = await Promise.all([
    locatePulumi({ env, override, tools, install: args.fix, onProgress }),
    machine.checkGit(env),
    machine.checkSsh(env),
    identities.load(),
    machine.checkSignatures(env, settings.ok ? settings.value.signers : undefined),
    keyFindings(settings, identities),
  ]);
  const checks = [
    machine.checkNode(process.versions.node),
    machine.checkPackages(root),
    pulumiFinding(located),
    git,
    ssh,
    machine.judgeAgeKeys(keys),
    ...signatures,
    ...settingsFindings(settings),
    ...stateKeys,
    machine.checkMemoryFolder(MEMORY_FOLDER),
    ...(settings.ok ? [await checkIsolation(settings.value, env)] : []),
  ];
  const pulumi = located.ways.map(({ way, outcome, said }) => ({ way: wayTitles[way], outcome, said }));
  return { ok: !checks.some(check => check.state === "missing"), checks, pulumi };
}
