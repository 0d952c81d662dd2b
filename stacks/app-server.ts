import {
  ComponentResource,
  interpolate,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import type { Host } from "holdfast/host";
import { Directory, File, Template } from "holdfast/host";

export interface AppServerArgs {
  host: Host;
  hostname: string;
  /** The name that visitors use. */
  serverName: string;
  /** Where the application listens on the host itself. */
  port: number;
  /** When the nightly backup runs, as cron writes it. */
  backupAt: string;
  databasePassword: Input<string>;
}

/** An application behind nginx, with its unit, its settings and its backup: the same on every host. */
export class AppServer extends ComponentResource {
  readonly url: Output<string>;

  constructor(name: string, args: AppServerArgs, options?: ComponentResourceOptions) {
    super("starter:index:AppServer", name, {}, options);
    const { host, hostname, serverName, port, backupAt, databasePassword } = args;

    new Template("site", {
      host,
      path: "/etc/nginx/sites-enabled/app.conf",
      source: "templates/app.conf.tmpl",
      values: { serverName, port },
    });
    new File("proxy-headers", {
      host,
      path: "/etc/nginx/snippets/proxy-headers.conf",
      source: "files/proxy-headers.conf",
    });

    new Template("unit", {
      host,
      path: "/etc/systemd/system/app.service",
      source: "templates/app.service.tmpl",
      values: { port },
    });
    const settings = new Directory("settings", { host, path: "/etc/app", mode: "0750" });
    const environment = interpolate`DATABASE_PASSWORD=${databasePassword}\nPORT=${port}\n`;
    new File(
      "environment",
      { host, path: "/etc/app/environment", mode: "0600", content: environment },
      { dependsOn: settings },
    );
    new File("limits", {
      host,
      path: "/etc/systemd/system/app.service.d/limits.conf",
      content: "[Service]\nMemoryMax=512M\nTasksMax=128\n",
    });

    new File("backup", { host, path: "/usr/local/bin/backup", mode: "0755", source: "files/backup.sh" });
    new File("backup-cron", {
      host,
      path: "/etc/cron.d/backup",
      content: `${backupAt} root /usr/local/bin/backup\n`,
    });
    new File("logrotate", { host, path: "/etc/logrotate.d/app", source: "files/logrotate.conf" });

    new Template("motd", {
      host,
      path: "/etc/motd",
      source: "templates/motd.tmpl",
      values: { hostname, serverName },
    });
    new File("journal", {
      host,
      path: "/etc/systemd/journald.conf.d/size.conf",
      content: "[Journal]\nSystemMaxUse=500M\n",
    });
    new File("sysctl", { host, path: "/etc/sysctl.d/60-app.conf", content: "net.core.somaxconn = 1024\n" });
    new File("sshd", {
      host,
      path: "/etc/ssh/sshd_config.d/10-keys-only.conf",
      content: "PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
    });

    this.url = interpolate`https://${serverName}`;
    this.registerOutputs({ url: this.url });
  }
}
