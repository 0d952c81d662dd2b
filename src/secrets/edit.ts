/** Editing a secrets file: plain text in a private folder in memory, an editor, back to ciphertext. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CreationRule } from "./creation-rules.ts";
import type { SecretDocument } from "./document.ts";
import type { SealedFile } from "./encrypt.ts";
import { readIfThere, replaceFile } from "./file-access.ts";
import type { IdentitySource } from "./identities.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { privateFolder } from "./private-folder.ts";
import { openFile, parsePlain, sealAgain, sealNew, type OpenFile } from "./secret-file.ts";

export interface EditorSession {
  /** Opens the editor on a file and waits for its end. `stop` aborts when the person or the system ends the session. */
  edit(file: string, stop: AbortSignal): Promise<Outcome<undefined>>;
  /** Tells what is wrong with the text; answers whether to go back to the editor. */
  again(why: string, stop: AbortSignal): Promise<boolean>;
}

export interface EditRequest {
  /** Absolute. */
  readonly file: string;
  readonly identities: IdentitySource;
  /** The rule for a file that does not exist yet. */
  readonly newRule: () => Promise<Outcome<CreationRule>>;
  readonly session: EditorSession;
  readonly now: () => Date;
  /** Ends the session; the plain text is removed at once. */
  readonly stop: AbortSignal;
}

export type EditResult = "unchanged" | "changed" | "created";

/** The person or the system ended the editing. */
const STOPPED = fault("the editing was stopped; the file is as it was");
const STARTERS: Record<string, string> = {
  ".json": '{\n\t"example": "a secret"\n}\n',
  ".env": "# NAME=value\nEXAMPLE=a secret\n",
};
const YAML_STARTER =
  "# Names and values. A name becomes a config key of the stacks that use this file.\nexample: a secret\n";

type Seal = (document: SecretDocument) => Promise<Outcome<SealedFile>>;

interface Start {
  readonly text: string;
  readonly seal: Seal;
}

async function begin(request: EditRequest, bytes: Buffer | undefined): Promise<Outcome<Start>> {
  const { file, now } = request;
  if (bytes) {
    const opened = await openFile(file, bytes, request.identities);
    if (!opened.ok) return opened;
    return good({ text: opened.value.document.text(), seal: sealer(opened.value, now) });
  }
  const rule = await request.newRule();
  if (!rule.ok) return rule;
  return good({
    text: STARTERS[path.extname(file)] ?? YAML_STARTER,
    seal: document => sealNew(document, rule.value, now()),
  });
}

const sealer =
  (opened: OpenFile, now: () => Date): Seal =>
  async document =>
    sealAgain(document, opened, now());

/** Opens the editor until its text can be sealed; undefined where nothing was changed. */
async function untilGood(
  request: EditRequest,
  plainFile: string,
  start: Start,
): Promise<Outcome<SealedFile | undefined>> {
  const { session, stop, file } = request;
  for (;;) {
    const edited = await session.edit(plainFile, stop);
    if (stop.aborted) return STOPPED;
    if (!edited.ok) return edited;
    const bytes = await readFile(plainFile);
    if (bytes.equals(Buffer.from(start.text))) return good(undefined);
    const document = parsePlain(file, bytes);
    const sealed = document.ok ? await start.seal(document.value) : document;
    if (sealed.ok) return sealed;
    if (!(await session.again(sealed.why, stop)) || stop.aborted)
      return fault(`the text was not taken: ${sealed.why}; the file is as it was`);
  }
}

async function editPlain(request: EditRequest, start: Start): Promise<Outcome<SealedFile | undefined>> {
  const folder = privateFolder();
  const remove = (): void => folder.remove();
  request.stop.addEventListener("abort", remove, { once: true });
  try {
    const plainFile = path.join(folder.path, path.basename(request.file));
    await writeFile(plainFile, start.text, { mode: 0o600, flag: "wx" });
    return await untilGood(request, plainFile, start);
  } catch (error) {
    // Whoever ended the session has removed the folder under our hands.
    if (request.stop.aborted) return STOPPED;
    throw error;
  } finally {
    request.stop.removeEventListener("abort", remove);
    folder.remove();
  }
}

/** Somebody else wrote the file meanwhile: the edit goes next to it, encrypted, so that neither is lost. */
async function putAside(file: string, text: string): Promise<Outcome<never>> {
  const extension = path.extname(file);
  const aside = `${file.slice(0, -extension.length)}.edited${extension}`;
  const written = await replaceFile(aside, text);
  if (!written.ok) return written;
  return fault(
    `it was changed by somebody else meanwhile; your edit is in ${aside}, encrypted`,
    "compare the two, take over what is needed, and remove it",
  );
}

export async function editFile(request: EditRequest): Promise<Outcome<EditResult>> {
  const { file } = request;
  const before = await readIfThere(file);
  if (!before.ok) return before;
  const start = await begin(request, before.value);
  if (!start.ok) return start;
  const sealed = await editPlain(request, start.value);
  if (!sealed.ok) return sealed;
  if (!sealed.value) return good("unchanged");
  const now = await readIfThere(file);
  if (!now.ok) return now;
  const same = before.value ? now.value?.equals(before.value) : now.value === undefined;
  if (!same) return putAside(file, sealed.value.text);
  const written = await replaceFile(file, sealed.value.text);
  if (!written.ok) return written;
  return good(before.value ? "changed" : "created");
}
