/** How a folder is told from another: what is in it, in one text whose checksum is the folder's digest. */

/** It is packed in memory. */
export const MOST_FOLDER_BYTES = 100_000_000;
export const MOST_FOLDER_ENTRIES = 10_000;

export interface FolderEntry {
  /** Relative, with slashes. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly executable: boolean;
  /** SHA-256 of a file's content; where a link leads; empty for a folder. */
  readonly content: string;
}

/** Sorted, with names as JSON: no name can pass for two. */
export const folderText = (entries: readonly FolderEntry[]): string =>
  entries
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, kind, executable, content }) => `${JSON.stringify([path, kind, executable, content])}\n`)
    .join("");
