/**
 * Files and folders on hosts.
 *
 * ```ts
 * import { File, Host } from "holdfast/host";
 *
 * const frodo = new Host("frodo", { connection: "ssh://deploy@frodo.example.org", sudo: true });
 * new File("motd", { host: frodo, path: "/etc/motd", content: "Kept equal to Git.\n" });
 * ```
 */
import * as pulumi from "@pulumi/pulumi";
import { connectionInput, connectionProblem, prepareConnection, type Connection } from "./connection.ts";
import { checkKeys, reporter } from "./mistakes.ts";

export type { Connection, LocalConnection, SshConnection } from "./connection.ts";

export interface HostArgs {
  /** `"ssh://user@host:port"`, `"local:FOLDER"`, or an object. */
  connection: pulumi.Input<Connection>;
  /** Work as root through `sudo -n`. Default false. Has no meaning for a local connection. */
  sudo?: pulumi.Input<boolean>;
}

/** A host: what is on it is its children, so a plan groups by host. It makes nothing by itself. */
export class Host extends pulumi.ComponentResource {
  readonly connection: pulumi.Output<Connection>;
  readonly #input: pulumi.Input<Connection>;
  readonly #folders = new Map<string, pulumi.Resource>();

  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    const report = reporter("Host", name);
    if (typeof args !== "object" || args === null) report("args", "are missing");
    checkKeys(args, ["connection", "sudo"], report);
    const problem = connectionProblem(args.connection);
    if (problem !== undefined) report("connection", problem);
    super("holdfast:host:Host", name, {}, options);
    this.connection = prepareConnection(args.connection, args.sudo);
    this.#input = connectionInput(args.connection, args.sudo);
    this.registerOutputs({});
  }

  /** @internal How its resources reach it. */
  connectionInput(): pulumi.Input<Connection> {
    return this.#input;
  }

  /** @internal Folders of this host that are resources themselves, by path. */
  addFolder(path: string, folder: pulumi.Resource): void {
    this.#folders.set(path, folder);
  }

  /** @internal Those of them that `path` lies in. */
  foldersAbove(path: string): pulumi.Resource[] {
    return [...this.#folders]
      .filter(([folder]) => path.startsWith(`${folder}/`))
      .map(([, resource]) => resource);
  }
}

export { AuthorizedKey, type AuthorizedKeyArgs } from "./authorized-key.ts";
export { Container, type Build, type ContainerArgs, type Health } from "./container.ts";
export { CronJob, type CronJobArgs } from "./cron-job.ts";
export { AptRepository, type AptRepositoryArgs } from "./apt-repository.ts";
export { Archive, type ArchiveArgs } from "./archive.ts";
export { Directory, type DirectoryArgs } from "./directory.ts";
export { File, type FileArgs } from "./file.ts";
export { Group, type GroupArgs } from "./group.ts";
export { Handler, type HandlerArgs } from "./handler.ts";
export { ManagedBlock, type ManagedBlockArgs } from "./managed-block.ts";
export { NginxSite, type NginxSiteArgs, type SiteTls } from "./nginx-site.ts";
export { Package, type PackageArgs } from "./package.ts";
export { Symlink, type SymlinkArgs } from "./symlink.ts";
export { SystemdUnit, type SystemdUnitArgs, type UnitHealth } from "./systemd-unit.ts";
export { Template, type TemplateArgs } from "./template.ts";
export { Timer, type TimerArgs } from "./timer.ts";
export type { Trigger } from "./triggers.ts";
export { User, type UserArgs } from "./user.ts";
