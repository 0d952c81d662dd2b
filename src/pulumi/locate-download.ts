/** The official download, through the Automation API's installer, in a process of its own that can be ended. */
import path from "node:path";
import { run } from "../process/run.ts";
import { placeInCache } from "./locate-place.ts";
import { lastLine, NETWORK_ENV, pick, type Attempt, type Search } from "./locate-way.ts";

/** 100 MB at 2 Mbit/s; where the server does not answer at all the installer says so within seconds. */
const DOWNLOAD_DEADLINE_MS = 7 * 60_000;

export function download(search: Search): Promise<Attempt> {
  search.onProgress("downloading from get.pulumi.com");
  return placeInCache(search, folder => install(search, folder));
}

async function install(search: Search, folder: string): Promise<string | undefined> {
  const program = path.join(import.meta.dirname, "locate-installer.ts");
  const result = await run(process.execPath, [program, folder], {
    env: {
      ...pick(search.env, ["PATH", "HOME", "TMPDIR", ...NETWORK_ENV]),
      NODE_USE_ENV_PROXY: "1",
    },
    deadlineMs: DOWNLOAD_DEADLINE_MS,
    ...(search.signal && { signal: search.signal }),
    onOutput: () => search.onProgress("downloading from get.pulumi.com"),
  });
  if (result.timedOut) return `not done after ${DOWNLOAD_DEADLINE_MS / 60_000} minutes`;
  if (result.aborted) return "stopped";
  return result.code === 0 ? undefined : lastLine(result.stderr) || `exit code ${result.code ?? "none"}`;
}
