/** A stack itself: show, remove, rename, tags. */
import { isOwn, type ServiceContext, type StackRequest } from "../context.ts";
import { isObject } from "../deployment/types.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { tagsOf } from "./account.ts";
import { busy } from "./updates.ts";

const SECOND = 1000;

async function show(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { stack, organization } = request;
  const [projectName, stackName] = stack.name.split("/");
  const [active] = isOwn(request) ? await context.store.openUpdates(stack.id) : [];
  return answer({
    id: String(stack.id),
    orgName: organization,
    projectName,
    stackName,
    version: stack.number,
    activeUpdate: active?.id ?? "",
    tags: isOwn(request) ? stack.tags : {},
    ...(active && {
      currentOperation: {
        kind: active.kind,
        author: active.who,
        started: Math.floor((active.startedAt ?? active.createdAt) / SECOND),
      },
    }),
  });
}

async function remove(context: ServiceContext, { stack, query }: StackRequest): Promise<Answer> {
  await context.settler.sweep(stack.id);
  const [active] = await context.store.openUpdates(stack.id);
  if (active) return busy(stack.name, active);
  const now = await context.store.stackById(stack.id);
  // The CLI knows this very sentence (client.go, isStackHasResourcesError) and then asks for --force.
  if (now && now.resources > 0 && query.get("force") !== "true")
    return problem(400, "Bad Request: Stack still contains resources.");
  await context.store.removeStack(stack.id);
  return NO_CONTENT;
}

async function retag(context: ServiceContext, { stack, body }: StackRequest): Promise<Answer> {
  await context.store.setTags(stack.id, tagsOf(body));
  return NO_CONTENT;
}

const renameNotSupported = async (): Promise<Answer> =>
  problem(
    501,
    "holdfast's state service does not rename stacks: the name comes from the repository. Export the stack, make the new one, and import it there.",
  );

async function config(_context: ServiceContext, { body }: StackRequest): Promise<Answer> {
  const environment = isObject(body) ? body.environment : undefined;
  return problem(
    501,
    `Configuration is kept in the stack's file, not in the service${environment ? ", and there are no ESC environments here" : ""}.`,
  );
}

export const stackRoutes: readonly StackRoute[] = [
  { method: "GET", path: "", audience: "any", handle: show },
  { method: "DELETE", path: "", audience: "person", handle: remove },
  { method: "PATCH", path: "tags", audience: "person", handle: retag },
  { method: "POST", path: "rename", audience: "person", handle: renameNotSupported },
  { method: "PUT", path: "config", audience: "person", handle: config },
  {
    method: "GET",
    path: "policypacks",
    audience: "own",
    handle: async () => answer({ requiredPolicies: [] }),
  },
];
