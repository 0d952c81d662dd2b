/** Updates: make, start, watch, cancel; and their history. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Binding, Refusal } from "../../engine/ports/state.ts";
import type { StateStore, StoredUpdate } from "../../engine/ports/state-store.ts";
import { nameOfPrincipal, type ServiceContext, type StackRequest } from "../context.ts";
import { isObject } from "../deployment/types.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { busyText } from "../leases.ts";
import { newToken } from "../tokens.ts";
import { tagsOf } from "./account.ts";

/** The CLI hard-codes five minutes and renews first after half of them (facts: Lease). */
export const LEASE_MS = 300_000;
/** A dry run leaves nothing; its row only serves the requests of its own process. */
const DRY_RUN_KEPT_MS = 86_400_000;
const JOURNAL_VERSION = 1;
const SECOND = 1000;

export const busy = async (store: StateStore, stack: string, holder: StoredUpdate): Promise<Answer> =>
  problem(409, await busyText(store, stack, holder));

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** How often the store is asked whether a plan is bound: the controller that binds it is another process. */
const PLAN_POLL_MS = 4;

const isAwaited = (binding: Binding | undefined): boolean =>
  binding?.kind === "awaited" || (binding?.kind === "refresh" && binding.upFollows === true);

/** An up that was started ahead of its plan waits until that is bound, or its run has ended. */
async function planned(store: StateStore, runId: string): Promise<void> {
  while (isAwaited((await store.run(runId))?.binding)) await setTimeout(PLAN_POLL_MS);
}

function createKind(kind: string): StackRoute["handle"] {
  return async ({ store, clock }, { stack, principal, body }) => {
    const request = isObject(body) ? body : {};
    const options = isObject(request.options) ? request.options : {};
    const metadata = isObject(request.metadata) ? request.metadata : {};
    const dryRun = kind === "preview" || options.dryRun === true;
    if (kind === "update" && !dryRun && principal.kind === "run") await planned(store, principal.run.runId);
    const id = randomUUID();
    const createdAt = clock.now();
    if (dryRun) await store.forgetDryRuns(createdAt - DRY_RUN_KEPT_MS);
    await store.createUpdate({
      id,
      stackId: stack.id,
      kind,
      dryRun,
      who: nameOfPrincipal(principal),
      ...(principal.kind === "run" && { runId: principal.run.runId }),
      createdAt,
      message: textOf(metadata.message),
      environment: tagsOf(metadata.environment),
      config: isObject(request.config) ? request.config : {},
    });
    return answer({ updateID: id, requiredPolicies: [], messages: [] });
  };
}

/** Why an update of a run may not start; undefined: it may. */
function startProblem(
  update: StoredUpdate,
  binding: Binding | undefined,
  version: number,
  journal: number,
): string | undefined {
  if (!binding || binding.kind === "awaited")
    return "this run has no approved plan, so it may preview and nothing else";
  const kinds = binding.kind === "refresh" ? ["refresh"] : ["update", "destroy"];
  if (!kinds.includes(update.kind)) return `its plan is for ${kinds.join(" or ")}, not for ${update.kind}`;
  if (journal < JOURNAL_VERSION)
    return "an update that is bound to a plan must write a journal (PULUMI_DISABLE_JOURNALING is set)";
  if (binding.stateVersion !== version)
    return `the plan was made from version ${binding.stateVersion} of the state, which is at version ${version} now`;
  return undefined;
}

async function refuseStart(context: ServiceContext, runId: string, why: string): Promise<Answer> {
  const refusal: Refusal = { urn: "", operation: "start", why };
  await context.store.addRefusals(runId, [refusal]);
  return problem(400, `holdfast refused to start this update: ${why}.`);
}

async function checkRun(
  context: ServiceContext,
  request: StackRequest,
  update: StoredUpdate,
  journal: number,
): Promise<Answer | undefined> {
  const { principal } = request;
  if (principal.kind !== "run" || update.dryRun) return undefined;
  const { runId } = principal.run;
  if (update.runId !== runId) return problem(403, "This update belongs to another run.");
  const stack = await context.store.stackById(request.stack.id);
  const run = await context.store.run(runId);
  const why = startProblem(update, run?.binding, stack?.version ?? 0, journal);
  return why === undefined ? undefined : refuseStart(context, runId, why);
}

async function find(
  context: ServiceContext,
  { params, stack }: StackRequest,
): Promise<StoredUpdate | undefined> {
  const update = await context.store.update(params.update ?? "");
  return update?.stackId === stack.id ? update : undefined;
}

const UNKNOWN_UPDATE = problem(404, "This update is not known; holdfast forgets previews after a day.");

async function start(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { store, clock, settler } = context;
  await settler.sweep(request.stack.id);
  const update = await find(context, request);
  if (!update) return UNKNOWN_UPDATE;
  const body = isObject(request.body) ? request.body : {};
  const asked = typeof body.journalVersion === "number" ? body.journalVersion : 0;
  const refused = await checkRun(context, request, update, asked);
  if (refused) return refused;
  const { token, hash } = newToken("hfu");
  const at = clock.now();
  const expiresAt = at + LEASE_MS;
  const tags = isObject(body.tags) && { tags: tagsOf(body.tags) };
  // Of a run its own process is known.
  const holder = request.principal.kind === "person" && !update.dryRun && { holder: request.peer() };
  const asking = { id: update.id, tokenHash: hash, at, expiresAt, ...tags, ...holder };
  const started = await store.startUpdate(asking);
  if (started.outcome === "busy") return busy(store, request.stack.name, started.holder);
  if (started.outcome === "gone") return problem(409, "This update was started before.");
  return answer({
    version: started.update.number || request.stack.number,
    token,
    tokenExpiration: Math.floor(expiresAt / SECOND),
    journalVersion: Math.min(asked, JOURNAL_VERSION),
  });
}

/** What `pulumi stack import` polls. Events are not kept, so an ended update has nothing more to say. */
async function watch(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const update = await find(context, request);
  if (!update) return UNKNOWN_UPDATE;
  const running = ["not started", "running", "closing"].includes(update.status);
  return answer({ status: update.status, events: [], ...(running && { continuationToken: "0" }) });
}

async function cancel(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const update = await find(context, request);
  if (!update) return UNKNOWN_UPDATE;
  await context.settler.end(update, "cancelled");
  return NO_CONTENT;
}

const RESULTS: Readonly<Record<string, string>> = {
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "failed",
};
const seconds = (at: number | undefined): number => Math.floor((at ?? 0) / SECOND);

const info = (update: StoredUpdate): Record<string, unknown> => ({
  kind: update.kind,
  startTime: seconds(update.startedAt),
  message: update.message,
  environment: { "holdfast.who": update.who, ...update.environment },
  config: update.config,
  result: RESULTS[update.status] ?? "in-progress",
  endTime: seconds(update.endedAt),
  version: update.number,
  resourceChanges: update.changes ?? {},
});

/** A page of the history that nobody asked to limit. */
const MAX_PAGE = 1000;

async function history({ store }: ServiceContext, { stack, query }: StackRequest): Promise<Answer> {
  const size = Math.min(Math.max(Number(query.get("pageSize")) || MAX_PAGE, 1), MAX_PAGE);
  const page = Math.max(Number(query.get("page")) || 1, 1);
  const updates = await store.history(stack.id, size, (page - 1) * size);
  return answer({ updates: updates.map(info) });
}

async function latest({ store }: ServiceContext, { stack }: StackRequest): Promise<Answer> {
  const [update] = await store.history(stack.id, 1, 0);
  return update ? answer({ info: info(update) }) : problem(404, `${stack.name} was never updated.`);
}

export const updateRoutes: readonly StackRoute[] = [
  ...["preview", "update", "refresh", "destroy"].map(kind => ({
    method: "POST",
    path: kind,
    audience: "own" as const,
    handle: createKind(kind),
  })),
  { method: "POST", path: "update/:update", audience: "own", handle: start },
  { method: "GET", path: "update/:update", audience: "own", handle: watch },
  { method: "POST", path: "update/:update/cancel", audience: "person", handle: cancel },
  { method: "GET", path: "updates", audience: "own", handle: history },
  { method: "GET", path: "updates/latest", audience: "own", handle: latest },
];
