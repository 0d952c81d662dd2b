/** Names of backups: sortable by time, and enough to list them without opening one. */

/** Why it was made. */
export type Occasion = "scheduled" | "destructive" | "manual";
const OCCASIONS: readonly string[] = ["scheduled", "destructive", "manual"] satisfies Occasion[];

export interface BackupName {
  /** The file's whole name, for example `holdfast-20261121-141232-scheduled-1a2b3c4d.tar.zst.age`. */
  readonly name: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly at: number;
  readonly occasion: Occasion;
}

const NAME = /^holdfast-(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})-([a-z]+)-[0-9a-f]{8}\.tar\.zst\.age$/;
const isOccasion = (word: string): word is Occasion => OCCASIONS.includes(word);

/** `nonce`: eight hexadecimal digits, so that two of one second do not meet. */
export function backupName(at: number, occasion: Occasion, nonce: string): string {
  const stamp = new Date(at).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `holdfast-${stamp}-${occasion}-${nonce}.tar.zst.age`;
}

/** Undefined: the file is not one of ours, and nobody touches it. */
export function parseBackupName(name: string): BackupName | undefined {
  const [, year, month, day, hour, minute, second, occasion = ""] = NAME.exec(name) ?? [];
  if (year === undefined || !isOccasion(occasion)) return undefined;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : { name, at, occasion };
}

/** Newest first; of one second, by name. */
export const newestFirst = <T extends BackupName>(backups: readonly T[]): T[] =>
  backups.toSorted((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
