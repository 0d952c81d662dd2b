/** Files that a command of the user's reads and writes, by absolute path. */
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fault, good, type Outcome } from "./outcome.ts";
import { MAX_FILE_BYTES } from "./parse-file.ts";

/** The bytes; undefined where there is no such file. */
export async function readIfThere(file: string): Promise<Outcome<Buffer | undefined>> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) return fault(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
    return good(await readFile(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return code === "ENOENT" ? good(undefined) : fault(`it could not be read: ${code}`);
  }
}

export async function readExisting(file: string): Promise<Outcome<Buffer>> {
  const bytes = await readIfThere(file);
  if (!bytes.ok) return bytes;
  return bytes.value ? good(bytes.value) : fault("there is no such file");
}

/** Encrypted files are for everybody who has the repository. */
const NEW_FILE_MODE = 0o644;

async function modeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NEW_FILE_MODE;
    throw error;
  }
}

/** Replaces the file in one step: it is the old one or the new one whatever happens. */
export async function replaceFile(file: string, text: string): Promise<Outcome<undefined>> {
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(6).toString("hex")}`,
  );
  try {
    const handle = await open(temporary, "wx", await modeOf(file));
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    return good(undefined);
  } catch (error) {
    await rm(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return fault(`it could not be written: ${code}`);
  }
}
