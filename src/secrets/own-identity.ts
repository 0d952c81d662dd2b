/** An age key of a data folder's own, for who has none: a file beside the database, in the format of age-keygen. */
import { linkSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { identitiesInFile, type Identities, type IdentitySource } from "./identities.ts";

/** Owner only. */
const KEY_MODE = 0o600;

/** Whole or not at all, on disk when this resolves. Where the file is there already, an exception: it is somebody's key. */
export async function makeIdentityFile(
  file: string,
): Promise<{ readonly file: string; readonly recipient: string }> {
  const secret = await generateIdentity();
  const recipient = await identityToRecipient(secret);
  const aside = `${file}.${randomBytes(4).toString("hex")}`;
  const text = `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${secret}\n`;
  try {
    writeFileSync(aside, text, { mode: KEY_MODE, flag: "wx", flush: true });
    linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
  return { file, recipient };
}

/** Keys of a source, and those of one more file where it is there. */
export function withFile(source: IdentitySource, file: string): IdentitySource {
  const joined = async (first: Identities): Promise<Identities> => {
    const more = await identitiesInFile(file);
    const keys = new Map([...first.keys, ...more.keys].map(key => [key.secret, key] as const));
    return {
      keys: [...keys.values()],
      looked: [...first.looked, ...more.looked],
      problems: [...first.problems, ...more.problems],
    };
  };
  return {
    load: async () => joined(await source.load()),
    reload: async () => joined(await source.reload()),
  };
}
