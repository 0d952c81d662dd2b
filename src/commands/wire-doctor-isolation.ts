/** Doctor's line on how programs are kept away from the machine: a box is made, as a trial. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import type { FoundIsolation } from "../process/isolation/isolation.ts";
import { fine, missing, warning, type Finding } from "./doctor-finding.ts";
import { findIsolationFor } from "./wire-isolation.ts";
import { HOLDFAST } from "./wire-found.ts";

const NAME = "program isolation";
const WAY_OUT = "programs of the repository see what this user sees: see docs/security.md, Isolation";

/** What holds, in words. Pure. */
export function judgeIsolation(
  wish: "auto" | "required" | "off",
  found: FoundIsolation | undefined,
): Finding {
  if (!found) return warning(NAME, "off, by the settings", `${WAY_OUT}, or leave isolation away`);
  if (found.hold === "none")
    return wish === "required" ? missing(NAME, found.why, WAY_OUT) : warning(NAME, found.why, WAY_OUT);
  const { limits, grouped } = found.isolation;
  const most = `${Math.round(limits.memory / 1e6)} MB and ${limits.processes} processes each`;
  const taken = grouped ? `${most}, by control groups` : most;
  if (found.hold === "user")
    return fine(NAME, `a user of their own (${found.uid ?? "?"}), and namespaces; ${taken}`);
  return fine(NAME, `namespaces; where holdfast is root, a user of their own as well; ${taken}`);
}

export async function checkIsolation(settings: DaemonSettings, env: NodeJS.ProcessEnv): Promise<Finding> {
  const { wish = "auto" } = settings.isolation ?? {};
  if (wish === "off") return judgeIsolation(wish, undefined);
  const runDir = mkdtempSync(path.join(os.tmpdir(), "holdfast-doctor-"));
  const empty = path.join(runDir, "data");
  mkdirSync(empty);
  try {
    const data = existsSync(settings.data) ? settings.data : empty;
    const place = { settings: { ...settings, data }, holdfast: HOLDFAST, runDir, env };
    return judgeIsolation(wish, await findIsolationFor(place));
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}
