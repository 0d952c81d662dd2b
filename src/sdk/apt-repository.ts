/** A repository that a host's apt takes packages from. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { APT_REPOSITORY } from "./shapes/apt-repository.ts";

export interface AptRepositoryArgs extends Placed {
  /** Its file is /etc/apt/sources.list.d/NAME.sources. Another name is another repository: the old one is removed. */
  name: pulumi.Input<string>;
  /** `["https://deb.example.org/debian"]`. */
  uris: pulumi.Input<pulumi.Input<string>[]>;
  /** `["bookworm"]`, or paths that end with `/` for a flat one. */
  suites: pulumi.Input<pulumi.Input<string>[]>;
  /** `["main"]`. A flat one has none. */
  components?: pulumi.Input<pulumi.Input<string>[]>;
  /** Default `["deb"]`. */
  types?: pulumi.Input<pulumi.Input<"deb" | "deb-src">[]>;
  /** Default: the host's. */
  architectures?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * The public key that signs it, in armor (`-----BEGIN PGP PUBLIC KEY BLOCK-----…`), or the path of a keyring on the
   * host. Default: the keys that the host trusts for every repository.
   */
  signedBy?: pulumi.Input<string>;
  /** Whether it is used without a signature. Default false. */
  trusted?: pulumi.Input<boolean>;
}

/** A repository in a file of its own, with its key in it; its lists are fetched before the file takes its place. */
export class AptRepository extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  /** Of the file. */
  declare readonly path: pulumi.Output<string>;
  /** SHA-256 of the file's content, hex. */
  declare readonly checksum: pulumi.Output<string>;

  constructor(name: string, args: AptRepositoryArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("AptRepository", name, args, APT_REPOSITORY);
    const inputs = hostInputs(args, APT_REPOSITORY, ["path", "checksum"]);
    super("holdfast:host:AptRepository", name, inputs, hostOptions(args, options));
  }
}
