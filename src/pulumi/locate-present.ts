/** The ways that only look: a CLI on PATH, in holdfast's cache, or at a path that a person gave. */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { run } from "../process/run.ts";
import { ownCopy, pulumiFolder, recall, remember } from "./locate-memory.ts";
import { lastLine, notFound, pick, PULUMI_VERSION, type Attempt, type Search } from "./locate-way.ts";

/** `pulumi version` takes 0.12 s; a cold disk or a busy machine some seconds. */
const VERSION_DEADLINE_MS = 20_000;

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

type Version = { readonly ok: true; readonly version: string } | { readonly ok: false; readonly why: string };

/** What `pulumi version` says, without the v; from memory where the file is the one that said it before. */
export async function versionOf(search: Search, file: string): Promise<Version> {
  const binary = await realpath(file);
  const known = await recall(search.env, binary);
  if (known) return { ok: true, version: known };
  const env = {
    ...pick(search.env, ["PATH", "HOME"]),
    PULUMI_HOME: path.join(pulumiFolder(search.env), "home"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const result = await run(file, ["version"], { env, deadlineMs: VERSION_DEADLINE_MS });
  const version = /^v(\d+\.\d+\.\d+\S*)$/m.exec(result.stdout.toString("utf8"))?.[1];
  if (result.code !== 0 || !version) {
    const why =
      result.startError?.message ?? (lastLine(result.stderr) || `exit code ${result.code ?? "none"}`);
    return { ok: false, why: `${file} does not say its version: ${result.timedOut ? "no answer" : why}` };
  }
  await remember(search.env, binary, version);
  return { ok: true, version };
}

/** Accepts only the version that holdfast is made for. */
export async function exactly(search: Search, file: string): Promise<Attempt> {
  const seen = await versionOf(search, file);
  if (!seen.ok) return notFound(seen.why);
  if (seen.version !== PULUMI_VERSION) return notFound(`${file} is ${seen.version}, not ${PULUMI_VERSION}`);
  return { found: true, path: file, version: seen.version, said: file };
}

export async function onPath(search: Search): Promise<Attempt> {
  const folders = (search.env.PATH ?? "").split(path.delimiter).filter(folder => path.isAbsolute(folder));
  const refused: string[] = [];
  for (const folder of new Set(folders)) {
    const file = path.join(folder, "pulumi");
    if (!(await isExecutable(file))) continue;
    const attempt = await exactly(search, file);
    if (attempt.found) return attempt;
    refused.push(attempt.said);
  }
  return notFound(refused.length > 0 ? refused.join("; ") : "none there");
}

export async function cached(search: Search): Promise<Attempt> {
  const file = path.join(ownCopy(search.env), "bin", "pulumi");
  return (await isExecutable(file)) ? exactly(search, file) : notFound(`none in ${ownCopy(search.env)}`);
}

/** `--pulumi PATH`: any version will do; the caller warns. */
export async function named(search: Search, file: string): Promise<Attempt> {
  const absolute = path.resolve(file);
  if (!(await isExecutable(absolute))) return notFound(`${absolute} is not an executable file`);
  const seen = await versionOf(search, absolute);
  return seen.ok
    ? { found: true, path: absolute, version: seen.version, said: absolute }
    : notFound(seen.why);
}
