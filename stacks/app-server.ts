import {
  ComponentResource,
  interpolate,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import type { Host } from "holdfast/host";
import {
  Container,
  CronJob,
  Directory,
  File,
  Handler,
  NginxSite,
  SystemdUnit,
  Template,
  Timer,
} from "holdfast/host";

export interface AppServerArgs {
  host: Host;
  hostname: string;
  /** The name that visitors use. */
  serverName: string;
  /** The application, as a container image. */
  image: string;
  /** Where the application listens on the host itself; inside the container it is 80. */
  port: number;
  /** When the nightly backup runs, as systemd writes it: systemd.time(7). */
  backupAt: string;
  databasePassword: Input<string>;
}

/** An application in a container behind nginx, with its settings, its watcher and its backup: the same on every host. */
export class AppServer extends ComponentResource {
  readonly url: Output<string>;

  constructor(name: string, args: AppServerArgs, options?: ComponentResourceOptions) {
    super("starter:index:AppServer", name, {}, options);
    const { host, hostname, serverName, image, port, backupAt, databasePassword } = args;

    const settings = new Directory("settings", { host, path: "/etc/app", mode: "0750" });
    const environment = new File(
      "environment",
      {
        host,
        path: "/etc/app/environment",
        mode: "0600",
        content: interpolate`DATABASE_PASSWORD=${databasePassword}\nPORT=${port}\n`,
      },
      { dependsOn: settings },
    );
    const app = new Container("app", {
      host,
      image,
      ports: { http: `127.0.0.1:${port}:80` },
      environment: { DATABASE_PASSWORD: databasePassword },
      health: { url: `http://127.0.0.1:${port}/` },
    });
    new NginxSite("app", {
      host,
      name: "app.conf",
      serverName,
      proxyTo: app.ports["http"],
      extra: "client_max_body_size 1m;",
    });

    const watch = new File("watch-script", {
      host,
      path: "/usr/local/bin/watch-app",
      mode: "0755",
      source: "files/watch-app.sh",
    });
    new SystemdUnit("watch", {
      host,
      name: "watch-app.service",
      content: `[Unit]\nDescription=Notes when the application does not answer\n\n[Service]\nExecStart=/usr/local/bin/watch-app ${port}\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n`,
      dropIns: { "limits.conf": "[Service]\nMemoryMax=64M\nTasksMax=32\n" },
      enabled: true,
      running: true,
      restartOn: [watch],
    });

    addBackups(host, backupAt, environment);
    new Template("motd", {
      host,
      path: "/etc/motd",
      source: "templates/motd.tmpl",
      values: { hostname, serverName },
    });
    addLogs(host);
    addKeysOnly(host);

    this.url = interpolate`https://${serverName}`;
    this.registerOutputs({ url: this.url });
  }
}

/** A copy each night, for a month. */
function addBackups(host: Host, backupAt: string, environment: File): void {
  const script = new File("backup", {
    host,
    path: "/usr/local/bin/backup",
    mode: "0755",
    source: "files/backup.sh",
  });
  new Timer(
    "nightly-backup",
    { host, schedule: backupAt, command: "/usr/local/bin/backup", persistent: true },
    { dependsOn: [script, environment] },
  );
  new CronJob("old-backups", {
    host,
    schedule: "30 4 * * sun",
    user: "root",
    command: "find /var/backups/app -name '*.tar.gz' -mtime +30 -delete",
  });
}

/** Neither files nor the journal fill the disk. */
function addLogs(host: Host): void {
  new File("logrotate", { host, path: "/etc/logrotate.d/app", source: "files/logrotate.conf" });
  const journal = new File("journal", {
    host,
    path: "/etc/systemd/journald.conf.d/size.conf",
    content: "[Journal]\nSystemMaxUse=500M\n",
  });
  new Handler("journal", { host, restart: "systemd-journald.service", when: [journal] });
}

/** Who has no key does not get in. */
function addKeysOnly(host: Host): void {
  const sshd = new File("sshd", {
    host,
    path: "/etc/ssh/sshd_config.d/50-keys-only.conf",
    content: "PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
    validate: "sshd -t -f %s",
  });
  new Handler("sshd", { host, reload: "ssh.service", check: "sshd -t", when: [sshd] });
}
