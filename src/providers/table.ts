/** Every resource type that holdfast itself provides. A new family adds its resources here and nowhere else. */
import { directory } from "./host/directory.ts";
import { file, template } from "./host/file.ts";
import { closeOver, type AnyResource } from "./resource.ts";

export const resources: ReadonlyMap<string, AnyResource> = new Map(
  [closeOver(file), closeOver(template), closeOver(directory)].map(resource => [resource.type, resource]),
);
