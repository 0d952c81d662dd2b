/** Every resource type that holdfast itself provides. A new family adds its resources here and nowhere else. */
import { aptRepository } from "./host/packages/apt-repository.ts";
import { archive } from "./host/files/archive.ts";
import { container } from "./host/container/container.ts";
import { cronJob } from "./host/services/cron-job.ts";
import { directory } from "./host/files/directory.ts";
import { file, template } from "./host/files/file.ts";
import { group } from "./host/accounts/group.ts";
import { handler } from "./host/services/handler.ts";
import { hostResource } from "./host/host-resource.ts";
import { authorizedKey } from "./host/accounts/authorized-key.ts";
import { block } from "./host/files/managed-block.ts";
import { nginxSite } from "./host/nginx/nginx-site.ts";
import { symlink } from "./host/files/symlink.ts";
import { packageFamily } from "./host/packages/package.ts";
import { systemdUnit } from "./host/services/systemd-unit.ts";
import { timer } from "./host/services/timer.ts";
import { user } from "./host/accounts/user.ts";
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
