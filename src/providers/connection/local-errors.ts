/** What the file system says, as trouble that a person can act on. */
import { trouble, type Outcome } from "../outcome.ts";

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted (only root may do this)",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  ELOOP: "too many symlinks, or a symlink where a file should be",
  ENAMETOOLONG: "the path or a name in it is too long",
  ENOENT: "a part of the path is missing",
  EIO: "the device reports an input/output error",
  EFBIG: "the file is too big for the file system",
};
/** How the message ends where a path leads through something that is no folder. */
export const BELOW_FILE = "(ENOTDIR)";
const DENIED: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

/** Runs `act`; an error of the operating system becomes trouble at `target`, any other is a bug and goes up. */
export async function attempt<T>(target: string, act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await act();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    const said = TEXTS[code] ?? (error instanceof Error ? error.message : code);
    return trouble(DENIED.has(code) ? "denied" : "failed", `${target}: ${said} (${code})`);
  }
}
