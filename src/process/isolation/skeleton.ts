/** What every box has of /etc and /dev: copies of what is no secret, and places to mount devices on. */
import { copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Read by the C library, by Node and by TLS; each is readable by everybody on every system. */
const ETC_FILES = [
  "ld.so.cache",
  "localtime",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "protocols",
  "services",
  "ssl/openssl.cnf",
  "timezone",
];
export const DEVICES = ["null", "zero", "full", "random", "urandom"];

/** Part of a folder that boxes show. */
export interface Excerpt {
  /** Absolute. */
  readonly folder: string;
  /** Names of small files in it; they are copied. */
  readonly files: readonly string[];
  /** Relative paths of folders in it. */
  readonly folders: readonly string[];
}

export interface Skeleton {
  readonly etc: string;
  readonly dev: string;
  /** The excerpt's files, and places for its folders. */
  readonly own: string;
}

function copyEtc(etc: string): void {
  for (const name of ETC_FILES) {
    const file = path.join("/etc", name);
    // Links (localtime) are followed: a box has not all that they lead to.
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) copyFileSync(file, path.join(etc, name));
  }
}

function copyExcerpt(own: string, excerpt: Excerpt): void {
  mkdirSync(own, { recursive: true });
  for (const name of excerpt.files) copyFileSync(path.join(excerpt.folder, name), path.join(own, name));
  for (const name of excerpt.folders) mkdirSync(path.join(own, name), { recursive: true });
}

/** Makes them below `folder`. `uid` is the program's, as it sees itself. */
export function makeSkeleton(folder: string, uid: number, excerpt: Excerpt): Skeleton {
  const [etc, dev] = [path.join(folder, "etc"), path.join(folder, "dev")];
  for (const made of [etc, path.join(etc, "ssl", "certs"), path.join(etc, "alternatives"), dev])
    mkdirSync(made, { recursive: true });
  copyEtc(etc);
  const users = uid === 0 ? [] : ["root:x:0:0:root:/:/bin/sh"];
  writeFileSync(path.join(etc, "passwd"), [...users, `program:x:${uid}:${uid}::/tmp:/bin/sh`, ""].join("\n"));
  writeFileSync(path.join(etc, "group"), `program:x:${uid}:\n`);
  writeFileSync(path.join(etc, "hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  for (const name of DEVICES) if (existsSync(`/dev/${name}`)) writeFileSync(path.join(dev, name), "");
  mkdirSync(path.join(dev, "shm"), { recursive: true });
  const own = path.join(folder, "own");
  copyExcerpt(own, excerpt);
  return { etc, dev, own };
}
