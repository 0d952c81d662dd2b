/** Puts doctor's checks together with those parts that only wiring may see. */
import { homedir } from "node:os";
import path from "node:path";
import { locatePulumi, PULUMI_VERSION, wayTitles, type Located } from "../pulumi/locate.ts";
import { fine, missing, warning, type Finding } from "./doctor-finding.ts";
import * as machine from "./doctor-machine.ts";
import type { DoctorReport } from "./doctor-table.ts";

export interface Examination {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly data: string | undefined;
  readonly pulumi: string | undefined;
  readonly fix: boolean;
  readonly onProgress: (text: string) => void;
}

const root = path.resolve(import.meta.dirname, "..", "..");
const MEMORY_FOLDER = "/dev/shm";

/** Where data goes unless told otherwise: the XDG place for a user's state. */
function dataFolder({ data, env, cwd }: Examination): string {
  if (data) return path.resolve(cwd, data);
  return path.join(env.XDG_STATE_HOME ?? path.join(env.HOME ?? homedir(), ".local", "state"), "holdfast");
}

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

export async function examine(wanted: Examination): Promise<DoctorReport> {
  const { env } = wanted;
  const [located, git, ssh] = await Promise.all([
    locatePulumi({
      env,
      override: wanted.pulumi && path.resolve(wanted.cwd, wanted.pulumi),
      tools: path.join(root, "tools"),
      install: wanted.fix,
      onProgress: wanted.onProgress,
    }),
    machine.checkGit(env),
    machine.checkSsh(env),
  ]);
  const checks = [
    machine.checkNode(process.versions.node),
    machine.checkPackages(root),
    pulumiFinding(located),
    git,
    ssh,
    machine.checkAgeKey(env),
    machine.checkDataFolder(dataFolder(wanted)),
    machine.checkMemoryFolder(MEMORY_FOLDER),
  ];
  const pulumi = located.ways.map(({ way, outcome, said }) => ({ way: wayTitles[way], outcome, said }));
  return { ok: !checks.some(check => check.state === "missing"), checks, pulumi };
}
