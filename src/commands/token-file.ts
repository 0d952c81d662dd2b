/** A token that somebody else renews: short-lived ones change each hour, and a fetch takes what the file says by then. */
import { readFileSync, statSync } from "node:fs";

const firstLine = (file: string): string => (readFileSync(file, "utf8").split("\n")[0] ?? "").trim();

/** What tells one writing of a file from the next. */
function versionOf(file: string): string {
  const { ino, size, mtimeMs } = statSync(file);
  return `${ino} ${size} ${mtimeMs}`;
}

/**
 * Answers the file's first line, read again when the file has changed. Throws where it cannot be read at once; later a
 * file that is away or empty, as while it is written, leaves the token that was known.
 */
export function watchToken(file: string): () => string {
  let version = versionOf(file);
  let token = firstLine(file);
  return () => {
    try {
      const now = versionOf(file);
      if (now === version) return token;
      const read = firstLine(file);
      if (read === "") return token;
      [version, token] = [now, read];
    } catch {
      // The server's answer to the old token is what a person sees, and it names tokenFile.
    }
    return token;
  };
}
