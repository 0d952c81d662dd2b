/** What `holdfast secrets` does, apart from talking to the person. Paths are absolute. */
import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { checkFile, secretFilesIn, type CheckedFile } from "./check.ts";
import { creationRule } from "./creation-rules.ts";
import { editFile, type EditorSession, type EditResult } from "./edit.ts";
import { readExisting, replaceFile } from "./file-access.ts";
import { createIdentitySource, type IdentityOptions, userKeyFile } from "./identities.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { openFile, parsePlain, sealNew } from "./secret-file.ts";

export interface Sealed {
  readonly file: string;
  readonly recipients: readonly string[];
  readonly encrypted: number;
}

export interface CheckReport {
  readonly files: readonly CheckedFile[];
  /** Places that were looked at for a key; empty where one was found. */
  readonly keyLookedFor: readonly string[];
}

export interface NewKey {
  readonly file: string;
  readonly recipient: string;
}

export interface SecretTools {
  edit(
    file: string,
    recipients: readonly string[],
    session: EditorSession,
    stop: AbortSignal,
  ): Promise<Outcome<EditResult>>;
  encrypt(file: string, output: string, recipients: readonly string[]): Promise<Outcome<Sealed>>;
  /** New data key, recipients and rules of today. */
  rotate(file: string, recipients: readonly string[]): Promise<Outcome<Sealed>>;
  /** These files, or all below `folder`. */
  check(files: readonly string[], folder: string): Promise<Outcome<CheckReport>>;
  /** A new key, added to the user's key file or written to `file`, which must not be there yet. */
  newKey(file?: string): Promise<Outcome<NewKey>>;
}

/** Owner only. */
const KEY_MODE = { file: 0o600, folder: 0o700 };

async function writeKey(file: string, append: boolean): Promise<Outcome<NewKey>> {
  const secret = await generateIdentity();
  const recipient = await identityToRecipient(secret);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: KEY_MODE.folder });
    const handle = await open(file, append ? "a" : "wx", KEY_MODE.file);
    try {
      await handle.writeFile(`# public key: ${recipient}\n${secret}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return good({ file, recipient });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return code === "EEXIST"
      ? fault(`${file} is there already`, "choose another name")
      : fault(`${file} could not be written: ${code}`);
  }
}

export function createSecretTools(options: IdentityOptions): SecretTools {
  const identities = createIdentitySource(options);
  const now = (): Date => new Date();
  return {
    edit: (file, recipients, session, stop) =>
      editFile({ file, identities, newRule: () => creationRule(file, recipients), session, now, stop }),
    async encrypt(file, output, recipients) {
      const bytes = await readExisting(file);
      if (!bytes.ok) return bytes;
      const document = parsePlain(file, bytes.value);
      if (!document.ok) return document;
      const rule = await creationRule(output, recipients);
      if (!rule.ok) return rule;
      const sealed = await sealNew(document.value, rule.value, now());
      if (!sealed.ok) return sealed;
      const written = await replaceFile(output, sealed.value.text);
      if (!written.ok) return written;
      return good({ file: output, recipients: rule.value.recipients, encrypted: sealed.value.encrypted });
    },
    async rotate(file, recipients) {
      const bytes = await readExisting(file);
      if (!bytes.ok) return bytes;
      const opened = await openFile(file, bytes.value, identities);
      if (!opened.ok) return opened;
      const rule = await creationRule(file, recipients);
      if (!rule.ok) return rule;
      const sealed = await sealNew(opened.value.document, rule.value, now());
      if (!sealed.ok) return sealed;
      const written = await replaceFile(file, sealed.value.text);
      if (!written.ok) return written;
      return good({ file, recipients: rule.value.recipients, encrypted: sealed.value.encrypted });
    },
    async check(files, folder) {
      const chosen = files.length > 0 ? good(files) : await secretFilesIn(folder);
      if (!chosen.ok) return chosen;
      const known = await identities.load();
      const checked: CheckedFile[] = [];
      for (const file of chosen.value) checked.push(await checkFile(file, known));
      return good({ files: checked, keyLookedFor: known.keys.length > 0 ? [] : known.looked });
    },
    newKey: file => writeKey(file ?? userKeyFile(options), file === undefined),
  };
}
