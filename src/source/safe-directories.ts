/**
 * git refuses to read a repository that another user owns, lest its settings run commands. The operator named this one
 * path, so exactly it is declared safe. The declaration must be a file: git hides settings in the environment from the
 * `upload-pack` that it starts on the other repository, but not GIT_CONFIG_GLOBAL. Settings of the other repository that
 * could run something (uploadpack.packObjectsHook) git takes only from the user's own files, and hooks take no part.
 */
import { realpath, rename, writeFile } from "node:fs/promises";
import { isErrno, OWN } from "./owner.ts";

/** Writes the settings file that declares the repository at `remote` safe; answers its path. */
export async function safeDirectories(file: string, remote: string): Promise<string> {
  const paths = new Set([remote, await realPath(remote)].flatMap(spellings));
  const lines = [...paths].map(path => `\tdirectory = "${escape(path)}"\n`);
  const draft = `${file}.${OWN}`;
  await writeFile(draft, `[safe]\n${lines.join("")}`);
  await rename(draft, file);
  return file;
}

/** The places that git tries for one path, in its order of search. */
const spellings = (path: string): readonly string[] => [
  path,
  `${path}/.git`,
  `${path}.git`,
  `${path}.git/.git`,
];

const escape = (path: string): string => path.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    // git itself says what is wrong with the path.
    if (isErrno(error)) return path;
    throw error;
  }
}
