/** What every program's box shows of holdfast itself, and whether there can be boxes. */
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import type { Limits } from "../process/isolation/limits.ts";
import { findIsolation, type FoundIsolation } from "../process/isolation/isolation.ts";

export interface BoxPlace {
  /** holdfast's own package folder. */
  readonly holdfast: string;
  readonly data: string;
  /** For short-lived files; closed to other users. */
  readonly folder: string;
  /** The first of two user ids, where holdfast is root. */
  readonly uid?: number;
  /** Of each box; default: as limits.ts has them. */
  readonly limits?: Partial<Limits>;
  /** PATH of the daemon. */
  readonly path: string;
}

/** Of holdfast's folder just what programs load: it may hold a data folder, or whatever else a clone has. */
const LOADED = ["dist", "node_modules", path.join("src", "program", "worker")];

export function findBoxes({ holdfast, ...place }: BoxPlace): Promise<FoundIsolation> {
  const folders = LOADED.filter(name => existsSync(path.join(holdfast, name)));
  const shown = folders.map(name => path.join(holdfast, name));
  const behindLinks = shown.map(folder => realpathSync(folder)).filter(folder => !shown.includes(folder));
  return findIsolation({
    ...place,
    excerpt: { folder: holdfast, files: ["package.json"], folders },
    readable: behindLinks,
    // Of each way in which these come to be: by git, by our set-up, by npm; under a umask of 077 they are ours alone.
    proofs: [
      path.join(holdfast, "src", "program", "worker", "boot.ts"),
      path.join(holdfast, "dist", "sdk", "host.js"),
      path.join(holdfast, "node_modules", "@pulumi", "pulumi", "package.json"),
    ].filter(file => existsSync(file)),
  });
}
