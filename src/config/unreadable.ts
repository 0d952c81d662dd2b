/** Whether a file that settings name is there for us. */
import { access, constants } from "node:fs/promises";
import type { Problem } from "../engine/failure.ts";

/** `what`: the setting. No file, no problem. */
export async function unreadable(what: string, file: string | undefined): Promise<Problem[]> {
  if (file === undefined) return [];
  try {
    await access(file, constants.R_OK);
    return [];
  } catch {
    return [{ message: `${what}: the file cannot be read`, place: { file } }];
  }
}
