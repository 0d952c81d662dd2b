/** Every resource type that holdfast itself provides. A new family adds its resources here and nowhere else. */
import { aptRepository } from "./host/apt-repository.ts";
import { archive } from "./host/archive.ts";
import { container } from "./host/container/container.ts";
import { cronJob } from "./host/cron-job.ts";
import { directory } from "./host/directory.ts";
import { file, template } from "./host/file.ts";
import { group } from "./host/group.ts";
import { handler } from "./host/handler.ts";
import { hostResource } from "./host/host-resource.ts";
import { authorizedKey } from "./host/authorized-key.ts";
import { block } from "./host/managed-block.ts";
import { nginxSite } from "./host/nginx/nginx-site.ts";
import { symlink } from "./host/symlink.ts";
import { packageFamily } from "./host/package.ts";
import { systemdUnit } from "./host/systemd-unit.ts";
import { timer } from "./host/timer.ts";
import { user } from "./host/user.ts";
import { closeOver, type AnyResource } from "./resource.ts";

const all: readonly AnyResource[] = [
  closeOver(hostResource(file)),
  closeOver(hostResource(template)),
  closeOver(hostResource(directory)),
  closeOver(hostResource(group)),
  closeOver(hostResource(container)),
  closeOver(hostResource(nginxSite)),
  closeOver(hostResource(packageFamily)),
  closeOver(hostResource(aptRepository)),
  closeOver(hostResource(user)),
  closeOver(hostResource(authorizedKey)),
  closeOver(hostResource(symlink)),
  closeOver(hostResource(block)),
  closeOver(hostResource(archive)),
  closeOver(hostResource(systemdUnit)),
  closeOver(hostResource(handler)),
  closeOver(hostResource(timer)),
  closeOver(hostResource(cronJob)),
];

export const resources: ReadonlyMap<string, AnyResource> = new Map(
  all.map(resource => [resource.type, resource]),
);
