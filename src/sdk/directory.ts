/** A folder on a host, alone or with a tree of files. */
import * as pulumi from "@pulumi/pulumi";
import { reporter, type Report } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import type { Place } from "./placement.ts";
import { DIRECTORY } from "./shapes/directory.ts";
import { mode } from "./shapes/place.ts";
import { readTree, type Entries } from "./tree.ts";

/** `mode` is that of the folder itself: a new one gets 0755 where it is not given. `owner` and `group` go for all of a tree. */
export interface DirectoryArgs extends Place {
  /**
   * A folder to copy with all that is in it, by its path relative to the program's folder: at most 10 MB and 2,000
   * files. Symlinks that lead to something in it are kept, others are a mistake.
   */
  source?: string;
  /** Mode of the tree's files. Default `"0644"`. Who may read an executable file may also run it. */
  fileMode?: string;
  /** Mode of the tree's folders. Default `"0755"`. */
  directoryMode?: string;
  /** Whether what is in the folder and not in the tree is removed. Default false. Needs `source`. */
  purge?: pulumi.Input<boolean>;
}

const TREE_KEYS = ["source", "fileMode", "directoryMode"] as const;
/** The tree is made here. */
const { entries: _entries, ...PLAIN } = DIRECTORY;

/**
 * A folder, with what is missing above it. Without `source`, what others put into it is not looked at; on delete it is
 * removed if it is empty, and stays otherwise. Files and folders of the same `Host` below it, declared after it, come
 * after it.
 *
 * ```ts
 * new Directory("site", { host: frodo, path: "/srv/www", source: "files/www", purge: true });
 * ```
 *
 * With `source`, every file of the tree is kept equal to the repository's, in content and mode. A file that is not in
 * the tree any more is removed. With `purge`, so is what others put there; a plan names it before.
 */
export class Directory extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly mode: pulumi.Output<string | undefined>;
  declare readonly owner: pulumi.Output<string | undefined>;
  declare readonly group: pulumi.Output<string | undefined>;
  declare readonly purge: pulumi.Output<boolean | undefined>;

  constructor(name: string, args: DirectoryArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Directory", name, args, PLAIN, TREE_KEYS);
    const inputs = { ...hostInputs(args, PLAIN), entries: treeOf(args, reporter("Directory", name)) };
    super("holdfast:host:Directory", name, inputs, hostOptions(args, options, args.path));
    if (args.host && typeof args.path === "string") args.host.addFolder(args.path, this);
  }
}

function treeOf(args: DirectoryArgs, report: Report): Entries | undefined {
  const { source, fileMode = "0644", directoryMode = "0755" } = args;
  if (source === undefined) {
    const alone = (["fileMode", "directoryMode", "purge"] as const).find(key => args[key] !== undefined);
    return alone === undefined ? undefined : report(alone, "needs source: it is about a tree");
  }
  if (typeof source !== "string") return report("source", "must be a path");
  for (const [key, value] of Object.entries({ fileMode, directoryMode }))
    for (const { reason } of mode(value, () => false)) report(key, reason);
  return readTree(source, { file: fileMode, directory: directoryMode }, report);
}
