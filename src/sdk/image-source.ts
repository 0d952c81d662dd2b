/** Images that the program brings: archives, and folders to build. Looked at when the program runs. */
import { createHash } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Dirent,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Report } from "./mistakes.ts";
import {
  folderText,
  MOST_FOLDER_BYTES,
  MOST_FOLDER_ENTRIES,
  type FolderEntry,
} from "./shapes/folder-digest.ts";

/** A folder to build an image of. */
export interface Build {
  /** Relative to the program's folder. All of it is sent to the host. */
  folder: string;
  /** Name of the file in the folder. Default: Containerfile, else Dockerfile. */
  containerfile?: string;
  /** Build arguments. They are no place for secrets: they stay in the image. */
  args?: Record<string, pulumi.Input<string>>;
}

const PIECE_BYTES = 1024 * 1024;

const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

/** Reads with a mistake at `property` where that cannot be done. */
function attempt<T>(property: string, path: string, report: Report, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return report(property, `${path} cannot be read (${code}); it is looked for at ${resolve(path)}`);
  }
}

/** Images may be larger than memory should be. */
function fileDigest(path: string): string {
  const [hash, piece] = [createHash("sha256"), Buffer.alloc(PIECE_BYTES)];
  const handle = openSync(path, "r");
  try {
    for (let size = readSync(handle, piece); size > 0; size = readSync(handle, piece))
      hash.update(piece.subarray(0, size));
  } finally {
    closeSync(handle);
  }
  return hash.digest("hex");
}

/** An archive as `podman save` writes it, by its path relative to the program's folder. */
export function archiveInputs(file: unknown, report: Report): pulumi.Inputs {
  if (typeof file !== "string") return report("archive", "must be a path");
  const isFile = attempt("archive", file, report, () => lstatSync(resolve(file)).isFile());
  if (!isFile) report("archive", `${file} is not a file`);
  const digest = attempt("archive", file, report, () => fileDigest(resolve(file)));
  return { file: new pulumi.asset.FileAsset(resolve(file)), digest };
}

function entryOf(folder: string, entry: Dirent, report: Report): FolderEntry & { readonly size: number } {
  const real = join(entry.parentPath, entry.name);
  const at = { path: relative(folder, real), executable: false, content: "", size: 0 };
  if (entry.isSymbolicLink()) return { ...at, kind: "symlink", content: readlinkSync(real) };
  if (entry.isDirectory()) return { ...at, kind: "directory" };
  if (!entry.isFile()) return report("build", `${at.path} is neither file, folder nor link`);
  const { mode, size } = lstatSync(real);
  if (size > MOST_FOLDER_BYTES)
    return report("build", `${at.path} holds ${size} bytes; ${MOST_FOLDER_BYTES} is the most`);
  return { ...at, kind: "file", executable: (mode & 0o100) !== 0, content: sha256(readFileSync(real)), size };
}

/** Of all that is in it: names, kinds, contents, and what may be run. */
export function folderDigest(folder: string, report: Report): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  if (names.length > MOST_FOLDER_ENTRIES)
    report("build", `holds ${names.length} files and folders; ${MOST_FOLDER_ENTRIES} is the most`);
  const entries = names.map(entry => entryOf(folder, entry, report));
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_FOLDER_BYTES) report("build", `holds ${bytes} bytes; ${MOST_FOLDER_BYTES} is the most`);
  return sha256(folderText(entries));
}

const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** What reaches the provider: where the folder is, and the digest of all that is in it. */
export function buildInputs(build: unknown, report: Report): pulumi.Inputs {
  const given = typeof build === "string" ? { folder: build } : build;
  if (typeof given !== "object" || given === null || !("folder" in given) || typeof given.folder !== "string")
    return report("build", "must be a folder, or { folder, containerfile, args }");
  const stranger = Object.keys(given).find(key => !["folder", "containerfile", "args"].includes(key));
  if (stranger !== undefined)
    report(`build.${stranger}`, "is not known here; known are: folder, containerfile, args");
  const { containerfile, args } = given as Build;
  if (containerfile !== undefined && (typeof containerfile !== "string" || /[/\\]/.test(containerfile)))
    report("build.containerfile", "must be the name of a file in the folder");
  const folder = resolve(given.folder);
  const names = containerfile === undefined ? ["Containerfile", "Dockerfile"] : [containerfile];
  const name = names.find(one => isFile(join(folder, one)));
  if (name === undefined) return report("build", `${given.folder} has no ${names.join(" and no ")}`);
  const digest = attempt("build", given.folder, report, () => folderDigest(folder, report));
  return { file: new pulumi.asset.FileAsset(join(folder, name)), containerfile: name, digest, args };
}
