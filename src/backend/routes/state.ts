/** Export and import of a stack's state. */
import { isOwn, nameOfPrincipal, type ServiceContext, type StackRequest } from "../context.ts";
import { EMPTY_CHECKPOINT, toText, withAddress } from "../deployment/stored.ts";
import { answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { importDeployment } from "../import.ts";
import { outputsOnly } from "../outputs-only.ts";

async function exportState(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { stack, params, origin } = request;
  await context.settler.sweep(stack.id);
  if (!isOwn(request)) {
    if (params.version !== undefined)
      return problem(403, `A run may read only the current outputs of ${stack.name}.`);
    return { status: 200, text: withAddress(toText(await outputsOnly(context.store, stack)), origin) };
  }
  const version = params.version === undefined ? undefined : Number(params.version);
  const stored = await context.store.checkpoint(stack.id, version);
  if (!stored && version !== undefined)
    return problem(404, `Version ${version} of ${stack.name} is not kept any more.`);
  return { status: 200, text: withAddress(stored?.text ?? toText(EMPTY_CHECKPOINT), origin) };
}

async function importState(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const imported = await importDeployment(context, request.stack, request.body, {
    who: nameOfPrincipal(request.principal),
    holder: request.peer(),
    keepForeign: true,
  });
  return imported.ok
    ? answer({ updateId: imported.updateId })
    : problem(imported.busy ? 409 : 400, imported.why);
}

export const stateRoutes: readonly StackRoute[] = [
  { method: "GET", path: "export", audience: "any", handle: exportState },
  { method: "GET", path: "export/:version", audience: "any", handle: exportState },
  { method: "POST", path: "import", audience: "person", handle: importState },
];
