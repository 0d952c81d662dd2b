/** Every resource type that holdfast itself provides. A new family adds its resources here and nowhere else. */
import { directory } from "./host/directory.ts";
import { file, template } from "./host/file.ts";
import { group } from "./host/group.ts";
import { hostResource } from "./host/host-resource.ts";
import { closeOver, type AnyResource } from "./resource.ts";

const all: readonly AnyResource[] = [
  closeOver(hostResource(file)),
  closeOver(hostResource(template)),
  closeOver(hostResource(directory)),
  closeOver(hostResource(group)),
];

export const resources: ReadonlyMap<string, AnyResource> = new Map(
  all.map(resource => [resource.type, resource]),
);
