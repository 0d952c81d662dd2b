/**
 * Stacks without a program are run by one of holdfast's own. The CLI wants a project all the same: it gets one outside
 * of the repository, the same for all stacks of that project and for all revisions.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { PreparedProgram } from "../engine/ports/program.ts";
import type { PlainHost } from "../engine/ports/stack.ts";
import { isMissing } from "./link-modules.ts";

/** Where the program finds what it is to make: JSON, as src/sdk/plain/settings.ts reads it. */
export const PLAIN_VARIABLE = "HOLDFAST_PLAIN_STACK";

export interface PlainProgram {
  /** Of the checkout. */
  readonly root: string;
  readonly project: string;
  readonly stack: string;
  readonly host: PlainHost;
  /** holdfast's own package folder. */
  readonly holdfast: string;
  /** Absolute folder that the projects are kept in. */
  readonly projects: string;
  readonly sdk: string;
}

/** The program as programs' own imports are: built to dist/. */
const mainOf = (holdfast: string): string => path.join(holdfast, "dist", "sdk", "plain", "main.js");

const contentOf = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });

/** Another run may make the same file, or read it, at this moment. */
async function keepFile(file: string, content: string): Promise<void> {
  if ((await contentOf(file)) === content) return;
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, content);
  await rename(fresh, file);
}

/** Rejects where the project cannot be written. */
export async function preparePlainProgram(plain: PlainProgram): Promise<PreparedProgram> {
  const { root, project, stack, host, holdfast, projects, sdk } = plain;
  const folder = path.join(projects, project);
  const main = mainOf(holdfast);
  await mkdir(folder, { recursive: true });
  const runtime = { name: "nodejs", options: { typescript: false } };
  await keepFile(path.join(folder, "Pulumi.yaml"), `${JSON.stringify({ name: project, runtime, main })}\n`);
  // Without it the one of a folder above would be taken for the project's.
  await keepFile(path.join(folder, "package.json"), "{}\n");
  return {
    folder,
    sdk,
    readable: [root, folder],
    pathEntries: [path.dirname(process.execPath)],
    plugins: [],
    env: { [PLAIN_VARIABLE]: JSON.stringify({ ...host, root, stack }) },
  };
}
