/** A container on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { archiveInputs, buildInputs, type Build } from "./image-source.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { CONTAINER, sourceFlaws } from "./shapes/container.ts";

export type { Build };

/** What shows that it works: one of `url` and `command` is given. */
export interface Health {
  /** Asked for on the host; any answer below 400 is health. */
  url?: pulumi.Input<string>;
  /** Run by the host's `sh`, as root; it is healthy where that ends with 0. */
  command?: pulumi.Input<string>;
  /** Seconds from the change until it must be healthy. Default 30. */
  within?: pulumi.Input<number>;
}

/** One of `image`, `archive` and `build` is given. */
export interface ContainerArgs extends Placed {
  /** Of the container and its unit. Default: the resource's name. */
  name?: pulumi.Input<string>;
  /** `"registry.example.org/app:1.4.2"`; with `@sha256:…` it is always that very image. */
  image?: pulumi.Input<string>;
  /** A file that `podman save` wrote, by its path relative to the program's folder. */
  archive?: string;
  /** A folder with a Containerfile, relative to the program's: built on the host. */
  build?: string | Build;
  /** Of `image`. "missing" (default): once per name. "always": with each change of the container. "never": it is there. */
  pull?: pulumi.Input<"missing" | "always" | "never">;
  /** By registry, for pulls and builds; they are on the host only while those run. Kept as secrets. */
  logins?: pulumi.Input<Record<string, pulumi.Input<{ username: string; password: string }>>>;
  /** Variables. Their values are in a file that only root reads; `podman inspect`, which is root's too, shows them. */
  environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files /run/secrets/NAME inside; nothing but those shows them. Always kept as secrets. */
  secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** By a name of your own: `{ http: "127.0.0.1:8080:80" }`, ADDRESS:HOSTPORT:PORT. */
  ports?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** `"/srv/data:/data"`, `"NAME:/data:ro"`. */
  volumes?: pulumi.Input<pulumi.Input<string>[]>;
  /** Program and arguments, instead of the image's. */
  command?: pulumi.Input<pulumi.Input<string>[]>;
  /** USER or USER:GROUP, as in the image, or numbers. */
  user?: pulumi.Input<string>;
  /** "bridge" (podman's default), "host", "none", or a network of podman. */
  network?: pulumi.Input<string>;
  /** When systemd starts it again. Default "always". */
  restart?: pulumi.Input<"always" | "on-failure" | "no">;
  /** After each start it must become so in time, or the former version is put back. */
  health?: pulumi.Input<Health>;
  /** More options for `podman run`, each one text: `"--memory=512m"`. */
  podmanArgs?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether it starts with the host. Default true. */
  enabled?: pulumi.Input<boolean>;
  /** Default true. */
  running?: pulumi.Input<boolean>;
}

/** `[ADDRESS:]HOSTPORT:PORT` as an address that this host itself can call. */
function callable(port: string): string {
  const [, address, hostPort] = /^(?:(.*):)?(\d+):\d+(?:\/(?:tcp|udp))?$/.exec(port) ?? [];
  const here = address === undefined || address === "0.0.0.0" ? "127.0.0.1" : address;
  return `${here === "[::]" ? "[::1]" : here}:${hostPort}`;
}

const OUTPUTS = ["unit", "imageId", "imageDigest"];

/**
 * A container of podman, run by systemd: a quadlet where podman has it, a unit of the same name where not. A change
 * starts it anew; where the new one does not become healthy, the former one is put back and the change fails with
 * its last lines.
 */
export class Container extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly image: pulumi.Output<string | undefined>;
  /** By the names of `ports`, as addresses for others on this host: `"127.0.0.1:8080"`. */
  declare readonly ports: pulumi.Output<Record<string, string>>;
  /** `NAME.service` */
  declare readonly unit: pulumi.Output<string>;
  /** Id of the image that runs. */
  declare readonly imageId: pulumi.Output<string>;
  /** Digest of its manifest, `sha256:…`. */
  declare readonly imageDigest: pulumi.Output<string>;

  constructor(name: string, args: ContainerArgs, options: pulumi.CustomResourceOptions = {}) {
    const report = reporter("Container", name);
    const given = typeof args === "object" && args !== null ? { name, ...args } : args;
    const { archive: _archive, build: _build, ...shape } = CONTAINER;
    checkArgs("Container", name, given, shape, ["archive", "build"]);
    const [flaw] = sourceFlaws({ ...args });
    if (flaw) report(flaw.at, flaw.reason);
    const inputs = {
      ...hostInputs(given, shape, OUTPUTS),
      ...(args.archive !== undefined && { archive: archiveInputs(args.archive, report) }),
      ...(args.build !== undefined && { build: buildInputs(args.build, report) }),
      ...(args.secrets !== undefined && { secrets: pulumi.secret(args.secrets) }),
      ...(args.logins !== undefined && { logins: pulumi.secret(args.logins) }),
    };
    super("holdfast:host:Container", name, inputs, hostOptions(given, options));
    const published: pulumi.Output<Record<string, string> | undefined> = this.ports;
    this.ports = published.apply(ports =>
      Object.fromEntries(Object.entries(ports ?? {}).map(([key, port]) => [key, callable(port)])),
    );
  }
}
