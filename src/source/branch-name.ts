/** Branch names, by the rules of `git check-ref-format` for `refs/heads/<name>`, and no option in disguise. */

// oxlint-disable-next-line no-control-regex -- git forbids exactly these
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]/;
/** Longer names fit no file system, where a ref is a file. */
const MAX_BYTES = 200;

/** Whether `name` can be a branch. `HEAD` and names that begin with a dash are none (`git branch` says the same). */
export function isBranchName(name: string): boolean {
  if (name === "" || name === "HEAD" || name.startsWith("-")) return false;
  if (Buffer.byteLength(name) > MAX_BYTES || FORBIDDEN.test(name)) return false;
  if (name.includes("..") || name.includes("@{") || name.endsWith(".")) return false;
  return name.split("/").every(part => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** A full or shortened object id (SHA-1 or SHA-256). */
export const isObjectId = (text: string): boolean => /^[0-9a-f]{4,64}$/i.test(text);
/** A full object id, as git writes it. */
export const isFullObjectId = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
