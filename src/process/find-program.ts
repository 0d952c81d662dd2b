/** Programs by their names. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Not there, or not ours to run: either way no program of ours. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of this name in the folders of a PATH. */
export const findProgram = (name: string, search: string): string | undefined =>
  search
    .split(path.delimiter)
    .map(folder => path.join(folder, name))
    .find(isProgram);
