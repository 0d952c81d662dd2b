/** `export-state --to`: writes a state to a backend of Pulumi's own, or to a file, and looks at it there with the plain CLI. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fail, ok, type Result } from "../engine/failure.ts";
import { isThere } from "../process/is-there.ts";
import { exportDocument, movedOutText, type Verified } from "../report/moved-state.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { verdictOf } from "./verdict.ts";
import { print, sayFailure, wantsColor } from "./with-control.ts";
import { isBackendUrl, memoryFolder, openBackend, type OpenedBackend } from "./wire-foreign.ts";
import { openHandOver, planAt, type HandOver } from "./wire-handover.ts";

export interface MoveWish {
  readonly stack: string;
  readonly to: string;
  readonly force: boolean;
}

interface Seen extends Verified {
  /** Where it is now, without a password. */
  readonly to: string;
}

/** Who owns it may read it; its secrets are encrypted. */
const FILE_MODE = 0o600;
const SHOWN_PENDING = 5;
const EXITS = { unchanged: 0, unknown: 1, differs: 2 } as const;

const refuse = (message: string, hint: string): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });

/** The CLI forgets them when it imports: what they made would belong to nobody. */
function refusePending({ pending }: HandOver, { stack, force }: MoveWish): Result<never> | undefined {
  if (pending.length === 0 || force) return undefined;
  const shown = pending.slice(0, SHOWN_PENDING).map(({ operation, urn }) => `${operation} ${urn}`);
  const more = pending.length > SHOWN_PENDING ? ` and ${pending.length - SHOWN_PENDING} more` : "";
  return refuse(
    `${stack} has steps whose end nobody saw, and the Pulumi CLI would forget them: ${shown.join(", ")}${more}`,
    `\`holdfast sync ${stack}\` looks after them; --force leaves them out`,
  );
}

/** Writes it where nothing is that would be lost. */
async function put(
  { backend }: OpenedBackend,
  over: HandOver,
  { stack, force }: MoveWish,
): Promise<Result<void>> {
  const [project = "", name = ""] = stack.split("/");
  const listed = await backend.stacks();
  if (!listed.ok) return listed;
  const there = listed.value.find(one => one.stack === name && (one.project ?? project) === project);
  if (there && there.resources > 0 && !force)
    return refuse(
      `${backend.shown} has a stack ${stack} already, with ${there.resources} resources`,
      "to write over it: --force; its own backups there keep it",
    );
  if (!there) {
    const made = await backend.create(project, name);
    if (!made.ok) return made;
  }
  return backend.importState(there?.reference ?? `organization/${stack}`, over.sealed);
}

/** The file that a person named, once it is known that the CLI takes it. */
async function writeState(file: string, { sealed }: HandOver, { force }: MoveWish): Promise<Result<void>> {
  try {
    await writeFile(file, `${JSON.stringify(sealed, null, 2)}\n`, {
      mode: FILE_MODE,
      flag: force ? "w" : "wx",
    });
    return ok(undefined);
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    return exists
      ? refuse(`${file} is there already`, "to write over it: --force")
      : refuse(`${file} cannot be written: ${String(error)}`, "name another place");
  }
}

async function toBackend(args: GlobalArgs, io: Io, wish: MoveWish, over: HandOver): Promise<Result<Seen>> {
  const opened = await openBackend(args, io, wish.to);
  if (!opened.ok) return opened;
  try {
    const written = await put(opened.value, over, wish);
    if (!written.ok) return written;
    const { url, backend } = opened.value;
    return ok({ to: backend.shown, ...verdictOf(await planAt(io, over, wish.stack, url)) });
  } finally {
    await opened.value.close();
  }
}

/** A file is tried in a backend that lives as long as the try. */
async function toFile(args: GlobalArgs, io: Io, wish: MoveWish, over: HandOver): Promise<Result<Seen>> {
  const file = path.resolve(io.cwd, wish.to);
  if (!wish.force && (await isThere(file)))
    return refuse(`${file} is there already`, "to write over it: --force");
  const folder = memoryFolder();
  try {
    const state = path.join(folder, "state");
    await mkdir(state);
    const seen = await toBackend(args, io, { ...wish, to: `file://${state}` }, over);
    if (!seen.ok) return seen;
    const written = await writeState(file, over, wish);
    return written.ok ? ok({ ...seen.value, to: file }) : written;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function move(args: GlobalArgs, io: Io, wish: MoveWish, over: HandOver): Promise<Result<Seen>> {
  const pending = refusePending(over, wish);
  if (pending) return pending;
  const seen = await (isBackendUrl(wish.to) ? toBackend : toFile)(args, io, wish, over);
  if (!seen.ok || (await over.versionNow()) === over.version) return seen;
  return refuse(
    `the state of ${wish.stack} was changed while it was written out`,
    `\`holdfast pause ${wish.stack} --why moving\`, then the same again with --force`,
  );
}

/** Exit: 0 no change there, 2 something would change there, 1 failed, or could not tell. */
export async function moveOut(args: GlobalArgs, io: Io, wish: MoveWish): Promise<number> {
  const over = await openHandOver(args, io, wish.stack);
  if (!over.ok) return sayFailure(io, args.json, over.failure);
  try {
    const seen = await move(args, io, wish, over.value);
    if (!seen.ok) return sayFailure(io, args.json, seen.failure);
    const { to, ...verified } = seen.value;
    const moved = { stack: wish.stack, to, resources: over.value.resources };
    print(
      io,
      args.json,
      () => exportDocument(moved, verified),
      () => movedOutText(moved, verified, { color: wantsColor(io) }),
    );
    return EXITS[verified.verdict];
  } finally {
    over.value.close();
  }
}
