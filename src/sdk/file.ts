/** A file on a host. */
import * as pulumi from "@pulumi/pulumi";
import { readSource } from "./source.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import type { Place } from "./placement.ts";
import { FILE } from "./shapes/file.ts";

/** One of `content`, `contentBase64` and `source` is given. */
export interface FileArgs extends Place {
  /** The text to write, as UTF-8. A secret stays one, and its file gets mode 0600 where `mode` is not given. */
  content?: pulumi.Input<string>;
  /** For content that is no text. */
  contentBase64?: pulumi.Input<string>;
  /** A file to copy, by its path relative to the program's folder, or a Pulumi asset. At most 10 MB. */
  source?: string | pulumi.asset.Asset;
  /**
   * A command of the host that looks at a new file before it takes the place of the old one; `%s` stands for the new
   * file's path, without quotes: `"visudo -cf %s"`. Where it does not end with 0, the old file stays, and the apply
   * fails with the command's words. Passed over in a folder that stands for a host.
   */
  validate?: pulumi.Input<string>;
}

const CONTENT_KEYS = ["content", "contentBase64", "source"] as const;

/**
 * A file with this content; missing folders above it are made. It is written as a whole or not at all, and left alone
 * where it is equal already. A different file at this path is overwritten.
 */
export class File extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly content: pulumi.Output<string | undefined>;
  declare readonly contentBase64: pulumi.Output<string | undefined>;
  declare readonly mode: pulumi.Output<string | undefined>;
  declare readonly owner: pulumi.Output<string | undefined>;
  declare readonly group: pulumi.Output<string | undefined>;
  declare readonly validate: pulumi.Output<string | undefined>;
  /** SHA-256 of the content, hex. */
  declare readonly checksum: pulumi.Output<string>;
  /** In bytes. */
  declare readonly size: pulumi.Output<number>;

  constructor(name: string, args: FileArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("File", name, args, FILE, ["source"]);
    const given = CONTENT_KEYS.filter(key => args[key] !== undefined);
    const report = reporter("File", name);
    if (given.length === 0) report("content", "is missing: give content, contentBase64 or source");
    if (given.length > 1)
      report(given[1] ?? "content", `and ${given[0]} are both given; one of them is enough`);
    const content =
      args.source === undefined
        ? { content: args.content, contentBase64: args.contentBase64 }
        : readSource(args.source, report);
    const inputs = { ...hostInputs(args, FILE, ["checksum", "size"]), ...content };
    super("holdfast:host:File", name, inputs, hostOptions(args, options, args.path));
  }
}
