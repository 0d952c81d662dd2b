/** How much of a repository is accepted. Everything beyond is refused with the path that broke the limit. */
export interface Limits {
  /** Files, links and submodule folders of one revision. */
  readonly files: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files of one revision. */
  readonly totalBytes: number;
}

/**
 * Far above any estate of stacks (the largest public monorepos have about 400,000 files; theirs are some thousands),
 * low enough that a hostile tree can neither fill a disk nor hold the daemon up for minutes.
 */
export const DEFAULT_LIMITS: Limits = {
  files: 200_000,
  fileBytes: 50 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
};

/** PATH_MAX of Linux, with the NUL at its end: a longer one cannot be opened in one piece. */
export const MAX_PATH_BYTES = 4096;
/** NAME_MAX of Linux. */
export const MAX_NAME_BYTES = 255;
/** PATH_MAX again: the kernel stores no longer link. */
export const MAX_LINK_BYTES = 4095;
/** As many as the kernel follows in one look-up (ELOOP beyond). */
export const MAX_LINK_HOPS = 40;
/** Bytes that the listing of one revision may take: 300 for each of 200,000 files. */
export const MAX_LISTING_BYTES = 64 * 1024 * 1024;
