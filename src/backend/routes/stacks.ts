/** A stack itself: show, remove, rename, tags. */
import { randomUUID } from "node:crypto";
import { isOwn, nameOfPrincipal, type ServiceContext, type StackRequest } from "../context.ts";
import { isObject } from "../deployment/types.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { renameDeployment } from "../deployment/rename.ts";
import { beginEdit, endEdit } from "../edit.ts";
import { NAME, tagsOf } from "./account.ts";
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

async function remove(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { stack, query, principal, peer } = request;
  await context.settler.sweep(stack.id);
  const [active] = await context.store.openUpdates(stack.id);
  if (active) return busy(context.store, stack.name, active);
  const now = await context.store.stackById(stack.id);
  // The CLI knows this very sentence (client.go, isStackHasResourcesError) and then asks for --force.
  if (now && now.resources > 0 && query.get("force") !== "true")
    return problem(400, "Bad Request: Stack still contains resources.");
  const at = context.clock.now();
  await context.store.removeStack(stack.id, {
    id: randomUUID(),
    stack: stack.name,
    kind: "remove",
    who: nameOfPrincipal(principal),
    startedAt: at,
    endedAt: at,
    end: "succeeded",
    moved: true,
    message: "",
    environment: {},
    holder: peer(),
  });
  return NO_CONTENT;
}

async function retag(context: ServiceContext, { stack, body }: StackRequest): Promise<Answer> {
  await context.store.setTags(stack.id, tagsOf(body));
  return NO_CONTENT;
}

/** The new name, or what is wrong with it. */
async function wantedName(
  { store }: ServiceContext,
  { stack, body }: StackRequest,
): Promise<string | Answer> {
  const [project = "", name = ""] = stack.name.split("/");
  const asked = isObject(body) ? body : {};
  const textOr = (value: unknown, or: string): string => (typeof value === "string" && value ? value : or);
  const parts = [textOr(asked.newProject, project), textOr(asked.newName, name)];
  const wanted = parts.join("/");
  if (!parts.every(part => NAME.test(part))) return problem(400, `${wanted} is no name of a stack.`);
  if (wanted !== stack.name && (await store.stack(wanted)))
    return problem(409, `There is a stack ${wanted} already; remove it first, or choose another name.`);
  return wanted;
}

/** Its key, history and older states stay with it; the newest state gets URNs of the new name. */
async function rename(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { stack, principal, peer } = request;
  const wanted = await wantedName(context, request);
  if (typeof wanted !== "string") return wanted;
  const editor = { kind: "rename", who: nameOfPrincipal(principal), holder: peer() };
  const begun = await beginEdit(context, stack, editor);
  if (!begun.ok) return busy(context.store, stack.name, begun.holder);
  const cipher = await context.stackKeys.cipher(stack);
  const renaming = { from: stack.name, to: wanted, ...(cipher && { cipher }) };
  await endEdit(context, begun.update, deployment => renameDeployment(deployment, renaming), wanted);
  if ("pulumi:project" in stack.tags)
    await context.store.setTags(stack.id, { ...stack.tags, "pulumi:project": wanted.split("/")[0] ?? "" });
  return NO_CONTENT;
}

export const stackRoutes: readonly StackRoute[] = [
  { method: "GET", path: "", audience: "any", handle: show },
  { method: "DELETE", path: "", audience: "person", handle: remove },
  { method: "PATCH", path: "tags", audience: "person", handle: retag },
  { method: "POST", path: "rename", audience: "person", handle: rename },
  {
    method: "GET",
    path: "policypacks",
    audience: "own",
    handle: async () => answer({ requiredPolicies: [] }),
  },
];
