/** A daemon on 1,000 stacks of 20 files each that are deployed: one is deployed for real, the others are imported. */
import { cpSync } from "node:fs";
import path from "node:path";
import { openHoldfast, type Holdfast } from "../src/commands/wire.ts";
import { backupsOf } from "../src/config/care-settings.ts";
import { newStatus } from "../src/engine/outcome.ts";
import type { StackStatus } from "../src/engine/ports/records.ts";
import { makeStage, type Daemon, type Stage } from "../test/support/daemon-stage.ts";
import type { Ending, Files } from "../test/support/git.ts";
import { testKey } from "../test/support/secrets.ts";

type Environment = Readonly<Record<string, string>>;

export interface ManyStacks {
  readonly stage: Stage;
  /** A person's, who has the key of the state. */
  readonly env: Environment;
  readonly daemon: Daemon;
}

export const FILES_OF_STACK = 20;
const STACKS_OF_PROJECT = 20;

interface Name {
  readonly project: string;
  readonly stack: string;
}

/** All names are equally long, so that one stack's state becomes another's by its text. */
function namesOf(count: number): readonly Name[] {
  const digits = (n: number): string => String(n).padStart(4, "0");
  return Array.from({ length: count }, (_, index) => ({
    project: `project${digits(Math.floor(index / STACKS_OF_PROJECT))}`,
    stack: `stack${digits(index)}`,
  }));
}

const FIRST = namesOf(1)[0] ?? { project: "", stack: "" };
const nameOf = ({ project, stack }: Name): string => `${project}/${stack}`;
const renamed = (text: string, { project, stack }: Name): string =>
  text.replaceAll(FIRST.project, project).replaceAll(FIRST.stack, stack);

/** Where the stacks' files are, and what holdfast.yaml says of them. */
export interface Layout {
  readonly settings: string;
  /** TypeScript: the stack's connection, and the folder on it; `folder` is the stack's own in the sandbox. */
  readonly connection: string;
  readonly root: string;
  /** What else differs in a state: the first stack's text as this one's. */
  readonly moved: (text: string, stack: string) => string;
  readonly env: Environment;
}

/** Each stack's folder is a host of its own. */
const FOLDERS: Layout = {
  settings: "firstApply: allow, interval: 1h, drift: { every: 24h }",
  connection: "{ local: true as const, root: folder }",
  root: '""',
  moved: text => text,
  env: {},
};

const program = (
  sandbox: string,
  { connection, root }: Layout,
): string => `import * as pulumi from "@pulumi/pulumi";
import { File } from "holdfast/host";
const folder = ${JSON.stringify(sandbox)} + "/" + pulumi.getStack();
const connection = ${connection};
const root = ${root};
for (let index = 0; index < ${FILES_OF_STACK}; index++)
  new File("f" + index, { connection, path: root + "/data/f" + index, content: "file " + index + "\\n" });
`;

function filesOf(names: readonly Name[], sandbox: string, layout: Layout): Files {
  const projects = [...new Set(names.map(({ project }) => project))];
  return {
    "holdfast.yaml": `stacks:\n  "*": { ${layout.settings} }\n`,
    ...Object.fromEntries(
      projects.flatMap(project => [
        [`${project}/Pulumi.yaml`, `name: ${project}\nruntime: nodejs\n`],
        [`${project}/index.ts`, program(sandbox, layout)],
      ]),
    ),
    ...Object.fromEntries(names.map(({ project, stack }) => [`${project}/Pulumi.${stack}.yaml`, "{}\n"])),
  };
}

async function openInProcess({ data, repository }: Stage, env: Environment): Promise<Holdfast> {
  const opened = await openHoldfast({
    settings: {
      repo: repository.url,
      branch: repository.branch,
      data,
      listen: { host: "127.0.0.1", port: 0 },
      behindProxy: false,
      apiTokenRequired: true,
      credentials: [],
      backups: backupsOf({ enabled: false }, data),
      parallelism: 2,
      workers: 1,
    },
    env,
    cwd: data,
    what: "bench",
    automatic: false,
    listener: () => undefined,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  return opened.value;
}

async function deployFirst({
  controller,
  records,
}: Holdfast): Promise<{ text: string; status: StackStatus }> {
  const first = nameOf(FIRST);
  const ended = await controller.ask({ stacks: [first], mode: "converge", by: "bench" });
  if (!ended.ok || ended.value[0]?.outcome !== "converged") throw new Error(JSON.stringify(ended));
  const [exported, status] = [await controller.exportState(first), await records.status(first)];
  if (!exported.ok || !status) throw new Error(`${first} has no state`);
  return { text: JSON.stringify(exported.value), status };
}

async function seed(
  stage: Stage,
  env: Environment,
  names: readonly Name[],
  { moved }: Layout,
  say: (text: string) => void,
): Promise<void> {
  const holdfast = await openInProcess(stage, env);
  try {
    const first = await deployFirst(holdfast);
    for (const [index, name] of names.entries()) {
      if (index === 0) continue;
      const state: unknown = JSON.parse(moved(renamed(first.text, name), name.stack));
      const imported = await holdfast.controller.importState(nameOf(name), state, { by: "bench" });
      if (!imported.ok) throw new Error(JSON.stringify(imported.failure));
      const { lastRun: _, ...deployed } = first.status;
      await holdfast.records.putStatus({ ...newStatus(nameOf(name)), ...deployed, stack: nameOf(name) });
      cpSync(path.join(stage.sandbox, FIRST.stack), path.join(stage.sandbox, name.stack), {
        recursive: true,
        preserveTimestamps: true,
      });
      if (index % 100 === 0) say(`${index} of ${names.length} stacks are there`);
    }
  } finally {
    await holdfast.close(0);
  }
}

/** The real command in processes of its own, with all care on. */
export async function openManyStacks(
  ending: Ending,
  count: number,
  say: (text: string) => void,
  layout = FOLDERS,
): Promise<ManyStacks> {
  const names = namesOf(count);
  const stage = makeStage(ending, { files: ({ sandbox }) => filesOf(names, sandbox, layout) });
  // Ours and the daemon's: the state's keys are wrapped with it.
  const key = { SOPS_AGE_KEY_FILE: (await testKey(stage.base)).file };
  await seed(stage, { ...stage.env, ...key }, names, layout, say);
  return { stage, env: key, daemon: await stage.serve([], { env: { ...key, ...layout.env } }) };
}
