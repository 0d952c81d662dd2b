/** Where import-state takes states from: a file, stdin, or a backend of Pulumi's own. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { StackName } from "../engine/ports/stack.ts";
import type { GlobalArgs, Io } from "./command.ts";
import type { OpenedBackend } from "./wire-foreign.ts";

export interface ImportSource {
  /** A backend's address without its password; undefined: a file. */
  readonly shown: string | undefined;
  /** Names of its stacks, `project/stack`; in a backend from before projects the resources are asked. Only of a backend. */
  stacks(): Promise<Result<readonly StackName[]>>;
  /** The deployment that goes by this name there, its secrets in the clear or encrypted by holdfast itself. */
  load(name: StackName): Promise<Result<unknown>>;
  close(): Promise<void>;
}

const broken = (message: string, hint: string): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });

async function readDeployment(from: string, io: Io): Promise<Result<unknown>> {
  const hint = "make it with `pulumi stack export --show-secrets --file FILE`";
  const isStdin = from === "-" || from === ""; // yargs makes an empty text of a lone dash
  const name = isStdin ? "stdin" : from;
  try {
    const content = isStdin ? await text(io.stdin) : await readFile(path.resolve(io.cwd, from), "utf8");
    return ok(JSON.parse(content) as unknown);
  } catch (error) {
    const why = error instanceof SyntaxError ? "this is no JSON" : `it cannot be read: ${String(error)}`;
    return broken(`${name}: ${why}`, hint);
  }
}

/** `organization/web/prod` → `web/prod` */
const short = (reference: string): string => reference.split("/").slice(-2).join("/");

/** `project/stack`, as the first resource says it; without one, its name there. */
async function ownerOf(backend: OpenedBackend["backend"], reference: string): Promise<Result<StackName>> {
  const exported = await backend.exportState(reference);
  if (!exported.ok) return exported;
  const [, stack, project] =
    /"urn":"urn:pulumi:([^:"]+)::([^:"]+)::/.exec(JSON.stringify(exported.value)) ?? [];
  return ok(stack === undefined || project === undefined ? reference : `${project}/${stack}`);
}

async function backendSource({ backend, close }: OpenedBackend): Promise<Result<ImportSource>> {
  const listed = await backend.stacks();
  if (!listed.ok) {
    await close();
    return listed;
  }
  const stacks = new Map(listed.value.map(({ reference }) => [short(reference), reference]));
  const { shown } = backend;
  return ok({
    shown,
    async stacks() {
      const names: StackName[] = [];
      for (const [name, reference] of stacks) {
        const owner = name.includes("/") ? ok(name) : await ownerOf(backend, reference);
        if (!owner.ok) return owner;
        names.push(owner.value);
      }
      return ok(names.sort());
    },
    async load(name) {
      const reference = stacks.get(name) ?? stacks.get(name.split("/").at(-1) ?? "");
      if (reference !== undefined) return backend.exportState(reference);
      const there =
        stacks.size === 0 ? "there are no stacks in it" : `there: ${[...stacks.keys()].sort().join(", ")}`;
      return broken(`${shown} has no stack ${name}`, there);
    },
    close,
  });
}

/** Failures: config-invalid, plugin-missing, and those of the backend. */
export async function openSource(args: GlobalArgs, io: Io, from: string): Promise<Result<ImportSource>> {
  const { isBackendUrl, openBackend, openedFile } = await import("./wire-foreign.ts");
  if (isBackendUrl(from)) {
    const opened = await openBackend(args, io, from);
    return opened.ok ? backendSource(opened.value) : opened;
  }
  const read = await readDeployment(from, io);
  const deployment = read.ok ? await openedFile(io, read.value) : read;
  if (!deployment.ok) return deployment;
  return ok({
    shown: undefined,
    stacks: async () => ok([]),
    load: async () => deployment,
    close: async () => undefined,
  });
}
