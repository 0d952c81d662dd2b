/** An archive unpacked on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { ARCHIVE, formatOf, type ArchiveFormat } from "./shapes/archive.ts";
import { readBytes } from "./source.ts";

/** One of `source` and `url` is given. */
export interface ArchiveArgs extends Placed {
  /** The folder that the archive becomes; nothing else may be in it. Another path is another resource. */
  path: pulumi.Input<string>;
  /** An archive of the repository, by its path relative to the program's folder. At most 10 MB. */
  source?: string;
  /** Where the host itself fetches the archive, with curl or wget. */
  url?: pulumi.Input<string>;
  /** SHA-256 of the archive, hex; checked before anything is unpacked. Needed with `url`. */
  checksum?: pulumi.Input<string>;
  /** Default: by how the name ends. */
  format?: pulumi.Input<ArchiveFormat>;
  /** How many folders to leave out from the top; each must be the only thing where it is. Default 0. */
  strip?: pulumi.Input<number>;
  /** Owner of all that is unpacked; name or number, as a text. Default: who unpacks it. */
  owner?: pulumi.Input<string>;
  group?: pulumi.Input<string>;
}

/** The content is read here. */
const { contentBase64: _base64, ...PLAIN } = ARCHIVE;

/**
 * An archive (tar.gz, tar.xz, tar.zst, tar.bz2, tar, zip) unpacked into a folder of its own. It is unpacked beside the
 * folder, and takes its place as a whole. What is changed, added or removed in it by hand is drift, and is put back.
 *
 * ```ts
 * new Archive("tool", {
 *   host: frodo,
 *   path: "/opt/tool",
 *   url: "https://downloads.example.org/tool-1.4.2.tar.gz",
 *   checksum: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
 *   strip: 1,
 * });
 * ```
 */
export class Archive extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly url: pulumi.Output<string | undefined>;
  declare readonly checksum: pulumi.Output<string>;

  constructor(name: string, args: ArchiveArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Archive", name, args, PLAIN, ["source"]);
    const report = reporter("Archive", name);
    const { source, url, checksum } = args;
    if (source === undefined && url === undefined) report("source", "is missing: give source or url");
    if (source !== undefined && url !== undefined)
      report("url", "and source are both given; one of them is enough");
    if (url !== undefined && checksum === undefined)
      report("checksum", "is missing: what is fetched is checked before it is unpacked");
    if (source !== undefined && typeof source !== "string") report("source", "must be a path");
    const named = source ?? (typeof url === "string" ? url : undefined);
    const format = args.format ?? (named === undefined ? undefined : formatOf(named));
    if (named !== undefined && format === undefined)
      report("format", `is missing, and ${named} does not end with a known one`);
    const contentBase64 = source === undefined ? undefined : readBytes(source, report).toString("base64");
    const inputs = { ...hostInputs(args, PLAIN), format, contentBase64 };
    super("holdfast:host:Archive", name, inputs, hostOptions(args, options, args.path));
  }
}
