/** Images that the program brings: archives, and folders to build. Looked at when the program runs. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Dirent } from "node:fs";
import { join, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Report } from "./mistakes.ts";
import { folderText, type FolderEntry } from "./shapes/folder-digest.ts";

/** A folder to build an image of. */
export interface Build {
  /** Relative to the program's folder. All of it is sent to the host. */
  folder: string;
  /** Name of the file in the folder. Default: Containerfile, else Dockerfile. */
  containerfile?: string;
  /** Build arguments. They are no place for secrets: they stay in the image. */
  args?: Record<string, pulumi.Input<string>>;
}

/** It is packed in memory. */
const MOST_BYTES = 100_000_000;
const MOST_ENTRIES = 10_000;

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

/** An archive as `podman save` writes it, by its path relative to the program's folder. */
export function archiveAsset(file: unknown, report: Report): pulumi.asset.FileAsset {
  if (typeof file !== "string") return report("archive", "must be a path");
  const isFile = attempt("archive", file, report, () => lstatSync(resolve(file)).isFile());
  if (!isFile) report("archive", `${file} is not a file`);
  return new pulumi.asset.FileAsset(resolve(file));
}

function entryOf(folder: string, entry: Dirent, report: Report): FolderEntry & { readonly size: number } {
  const real = join(entry.parentPath, entry.name);
  const at = { path: relative(folder, real), executable: false, content: "", size: 0 };
  if (entry.isSymbolicLink()) return { ...at, kind: "symlink", content: readlinkSync(real) };
  if (entry.isDirectory()) return { ...at, kind: "directory" };
  if (!entry.isFile()) return report("build", `${at.path} is neither file, folder nor link`);
  const { mode, size } = lstatSync(real);
  if (size > MOST_BYTES) return report("build", `${at.path} holds ${size} bytes; ${MOST_BYTES} is the most`);
  return { ...at, kind: "file", executable: (mode & 0o100) !== 0, content: sha256(readFileSync(real)), size };
}

/** Of all that is in it: names, kinds, contents, and what may be run. */
export function folderDigest(folder: string, report: Report): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  if (names.length > MOST_ENTRIES)
    report("build", `holds ${names.length} files and folders; ${MOST_ENTRIES} is the most`);
  const entries = names.map(entry => entryOf(folder, entry, report));
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_BYTES) report("build", `holds ${bytes} bytes; ${MOST_BYTES} is the most`);
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
  return { containerfile: new pulumi.asset.FileAsset(join(folder, name)), digest, args };
}
