/** Which parts of the machine a box shows, and where: text for mount(8), in order. Pure but for looking what is there. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import path from "node:path";
import { DEVICES, type Excerpt, type Skeleton } from "./skeleton.ts";

/** 256 MiB: what a program may leave in /tmp. It is memory, and gone with the program. */
const TMP_SIZE = "size=256m,nr_inodes=65536";
const SHARED_MEMORY_SIZE = "size=64m,nr_inodes=1024";
/** For the places that other things are mounted on. */
const PLACES_SIZE = "size=1m,nr_inodes=4096";

/** Programs and libraries. Links among them (`/bin` to `usr/bin`) are links in the box too. */
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];
/** Certificates that are no secrets, and Debian's choices of programs. */
const ETC_FOLDERS = ["/etc/ssl/certs", "/etc/alternatives", "/etc/ca-certificates", "/etc/pki/tls/certs"];

/** Where a box finds the sockets of its door. */
export const INSIDE = "/run/holdfast";

export interface BoxView {
  /** Folder that the root is mounted on. */
  readonly root: string;
  readonly skeleton: Skeleton;
  /** Shown in part. */
  readonly excerpt: Excerpt;
  /** Absolute folders that every box shows, read-only. */
  readonly common: readonly string[];
  /** Covered, so that nothing shows of it but what is named in `readable`; it may be in a folder that all boxes show. */
  readonly data: string;
  /** Shown at `INSIDE`. */
  readonly own: string;
  /** Absolute, shown read-only at the same place. */
  readonly readable: readonly string[];
  /** Absolute, shown at the same place for writing. */
  readonly writable: readonly string[];
}

/** fstab(5): blanks and backslashes as octal numbers. */
const word = (text: string): string =>
  text.replace(/[\s\\#]/g, letter => `\\${letter.charCodeAt(0).toString(8).padStart(3, "0")}`);

const isLink = (file: string): boolean =>
  lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
const isThere = (file: string): boolean => existsSync(file) && !isLink(file);

/** `bin=usr/bin …`, for those of the system that are links. */
export const rootLinks = (): string =>
  SYSTEM.filter(isLink)
    .map(file => `${file.slice(1)}=${readlinkSync(file).replace(/^\//, "")}`)
    .join(" ");

export function mountsOf(view: BoxView): string {
  const at = (place: string): string => word(path.join(view.root, place));
  const memory = (place: string, options: string): string =>
    `tmpfs ${at(place)} tmpfs ${options},nosuid,nodev,X-mount.mkdir`;
  const show = (from: string, place: string, options: string): string =>
    `${word(from)} ${at(place)} none ${options}`;
  const readOnly = (from: string, place = from): string =>
    show(from, place, "rbind,ro,nosuid,nodev,X-mount.mkdir");
  return [
    memory("/", `${PLACES_SIZE},mode=755`),
    ...SYSTEM.filter(isThere).map(folder => readOnly(folder)),
    readOnly(view.skeleton.etc, "/etc"),
    ...ETC_FOLDERS.filter(isThere)
      .filter(folder => existsSync(path.join(view.skeleton.etc, folder.slice(5))))
      .map(folder => readOnly(folder)),
    show(view.skeleton.dev, "/dev", "bind,ro,nosuid,X-mount.mkdir"),
    ...DEVICES.filter(name => existsSync(`/dev/${name}`)).map(name =>
      show(`/dev/${name}`, `/dev/${name}`, "bind"),
    ),
    memory("/dev/shm", `${SHARED_MEMORY_SIZE},mode=1777`),
    `proc ${at("/proc")} proc nosuid,nodev,noexec,X-mount.mkdir`,
    memory("/tmp", `${TMP_SIZE},mode=1777`),
    memory("/var/tmp", `${TMP_SIZE},mode=1777`),
    readOnly(view.own, INSIDE),
    readOnly(view.skeleton.own, view.excerpt.folder),
    ...view.excerpt.folders.map(name => readOnly(path.join(view.excerpt.folder, name))),
    ...view.common.map(folder => readOnly(folder)),
    memory(view.data, `${PLACES_SIZE},mode=755`),
    ...view.readable.map(folder => readOnly(folder)),
    ...view.writable.map(folder => show(folder, folder, "bind,nosuid,nodev,X-mount.mkdir")),
    "",
  ].join("\n");
}
