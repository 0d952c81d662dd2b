/** Decides, once for a start, whether programs are shut into boxes. */
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { FoundIsolation } from "../process/isolation/isolation.ts";
import type { ProgramBox } from "../program/boxed-process.ts";
import { findBoxes } from "../program/find-box.ts";

export interface IsolationPlace {
  readonly settings: Pick<DaemonSettings, "data" | "isolation">;
  /** holdfast's own package folder. */
  readonly holdfast: string;
  /** For short-lived files; closed to other users. */
  readonly runDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told where programs could not be isolated and need not be. */
  readonly onNone: (why: string) => void;
}

/** Makes a box, as a trial. The data folder must be there. */
export function findIsolationFor({
  settings,
  holdfast,
  runDir,
  env,
}: Omit<IsolationPlace, "onNone">): Promise<FoundIsolation> {
  const folder = path.join(runDir, "boxes");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, memory, processes } = settings.isolation ?? {};
  const data = realpathSync(settings.data);
  return findBoxes({
    holdfast,
    data,
    folder,
    path: env["PATH"] ?? "",
    limits: { ...(memory && { memory }), ...(processes && { processes }) },
    ...(uid === undefined ? {} : { uid }),
  });
}

const invalid = (message: string, hint: string): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });

/** Undefined: programs run as our own user. Failures: config-invalid, where isolation is required and not to be had. */
export async function isolatePrograms(place: IsolationPlace): Promise<Result<ProgramBox | undefined>> {
  const { wish = "auto", network = "outside" } = place.settings.isolation ?? {};
  if (wish === "off") return ok(undefined);
  const { folders = [] } = place.settings.isolation ?? {};
  const missing = folders.filter(folder => !existsSync(folder));
  if (missing.length > 0)
    return invalid(`programFolders: there is no ${missing.join(", ")}`, "make it, or leave it away");
  const found = await findIsolationFor(place);
  if (found.hold !== "none") return ok({ isolation: found.isolation, network: { reach: network }, folders });
  if (wish === "auto") {
    place.onNone(found.why);
    return ok(undefined);
  }
  const message = `isolation: it is required, and programs cannot be isolated here: ${found.why}`;
  const hint = "mend that, or set isolation to auto (see `holdfast doctor` and docs/security.md)";
  return invalid(message, hint);
}
