/** A Debian package on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { reporter, type Report } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { PACKAGE } from "./shapes/package.ts";
import { readBytes } from "./source.ts";

export interface PackageArgs extends Placed {
  /** As apt knows it: `"nginx"`, `"libc6:i386"`. Another name is another package: the old one is removed. */
  name: pulumi.Input<string>;
  /** Exactly this version, also where it is older than the one that is there. */
  version?: pulumi.Input<string>;
  /**
   * Instead of `version`. `"present"` (the default): any version. `"latest"`: the newest that the host's own package
   * lists know.
   */
  ensure?: pulumi.Input<"present" | "latest">;
  /** Whether apt may not change it. Left alone where it is not given. */
  held?: pulumi.Input<boolean>;
  /**
   * The package's file, by its path relative to the program's folder; at most 10 MB. Without `version`, that is taken
   * from a name of the form `app_1.0_amd64.deb`.
   */
  source?: string;
  /** Whether what it recommends comes with it. Default false. */
  recommends?: pulumi.Input<boolean>;
  /** What apt may remove besides, for what it brings or takes away. Anything else is refused. */
  mayRemove?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether its configuration goes with it when it is removed. Default false. */
  purge?: pulumi.Input<boolean>;
  /** How long others who work with packages are waited for, in seconds. Default 300. */
  lockWait?: pulumi.Input<number>;
}

/** `app_1.0-1_amd64.deb`. */
const FILE_NAME = /^[^_]+_([^_]+?)(?:_[^_]+)?\.deb$/;

function fromFile(source: unknown, version: unknown, report: Report): pulumi.Inputs {
  if (typeof source !== "string") return report("source", "must be the path of a .deb file");
  const named = FILE_NAME.exec(source.split("/").at(-1) ?? "")?.[1];
  if (version === undefined && named === undefined)
    report("version", `is missing: the name of ${source} does not say it`);
  return { deb: readBytes(source, report).toString("base64"), version: version ?? named };
}

/** A package, by apt. One that is there already is taken over. */
export class Package extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  /** The version that is installed. */
  declare readonly version: pulumi.Output<string>;
  declare readonly held: pulumi.Output<boolean | undefined>;

  constructor(name: string, args: PackageArgs, options: pulumi.CustomResourceOptions = {}) {
    const { deb: _deb, ...shape } = PACKAGE;
    checkArgs("Package", name, args, shape, ["source"]);
    const report = reporter("Package", name);
    if (args.version !== undefined && args.ensure !== undefined)
      report("ensure", "and version are both given; one of them is enough");
    if (args.source !== undefined && args.ensure !== undefined)
      report("ensure", "and source are both given; a file holds one version");
    const file = args.source === undefined ? {} : fromFile(args.source, args.version, report);
    const inputs = { ...hostInputs(args, PACKAGE, ["checksum"]), ...file };
    super("holdfast:host:Package", name, inputs, hostOptions(args, options));
  }
}
