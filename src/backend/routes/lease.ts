/** What only the holder of an update's token may do: journal, checkpoint, lease, events, end. */
import type { UpdateEnd } from "../../engine/ports/state-store.ts";
import { judge, refusalMessage } from "../binding/judge.ts";
import type { ServiceContext, StackRequest } from "../context.ts";
import { toText } from "../deployment/stored.ts";
import { isCheckpoint, isObject } from "../deployment/types.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { isJournalEntry, type JournalEntry } from "../journal/entry.ts";
import type { LiveUpdate } from "../live-updates.ts";
import { LEASE_MS } from "./updates.ts";

const SECOND = 1000;
const ENDED = problem(403, "This update has ended or lost its lease; what it did up to then is stored.");

async function liveUpdate({ live }: ServiceContext, { params }: StackRequest): Promise<LiveUpdate> {
  const found = await live.find(params.update ?? "");
  if (!found) throw new Error("the update was there a moment ago");
  return found;
}

function entriesOf(body: unknown): readonly JournalEntry[] | undefined {
  const entries = isObject(body) ? (body.entries ?? []) : undefined;
  return Array.isArray(entries) && entries.every(isJournalEntry) ? entries : undefined;
}

const store = (context: ServiceContext, id: string, entries: readonly JournalEntry[]): Promise<boolean> =>
  context.store.appendJournal(
    id,
    entries.map(entry => ({ sequence: entry.sequenceID, text: JSON.stringify(entry) })),
  );

/** A refused batch is not dropped: results of steps that ran are stored, no step of it begins (design section 6). */
async function journal(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const entries = entriesOf(request.body);
  if (!entries)
    return problem(400, "A journal entry is of a form or kind that holdfast's state service does not know.");
  const { update, plan, base } = await liveUpdate(context, request);
  const verdict = plan ? await judge(plan, entries, base) : { keep: entries, refusals: [] };
  if (verdict.refusals.length > 0 && update.runId)
    await context.store.addRefusals(update.runId, verdict.refusals);
  if (!(await store(context, update.id, verdict.keep))) return ENDED;
  return verdict.refusals.length > 0 ? problem(403, refusalMessage(verdict.refusals)) : NO_CONTENT;
}

/** A whole checkpoint: from a CLI without journal. A bound update never comes here (it was refused at its start). */
async function checkpoint(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { update, plan } = await liveUpdate(context, request);
  if (plan) return problem(403, "An update that is bound to a plan may write its journal only.");
  if (!isCheckpoint(request.body) || !request.body.deployment) return problem(400, "This is no checkpoint.");
  const { version, features, deployment } = request.body;
  const text = toText({ version, ...(features && { features }), deployment });
  return (await context.store.putCheckpoint(update.id, text)) ? NO_CONTENT : ENDED;
}

async function renew(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { update } = await liveUpdate(context, request);
  const at = context.clock.now();
  const expiresAt = at + LEASE_MS;
  if (!(await context.store.renewLease(update.id, expiresAt, at))) return ENDED;
  const token = request.principal.kind === "update" ? request.principal.token : "";
  return answer({ token, tokenExpiration: Math.floor(expiresAt / SECOND) });
}

const SUMMARY = "summaryEvent";

/** The word without which nobody reads a request's body: 2 KB of each step's events are not parsed for nothing. */
export const readFor = (pathname: string): string | undefined =>
  /\/events(\/batch)?$/.test(pathname) ? SUMMARY : undefined;

function changesOf(body: unknown): Record<string, number> | undefined {
  const events: readonly unknown[] = isObject(body) && Array.isArray(body.events) ? body.events : [];
  for (const event of events) {
    const summary = isObject(event) && isObject(event[SUMMARY]) ? event[SUMMARY] : undefined;
    if (!isObject(summary?.resourceChanges)) continue;
    const counts = Object.entries(summary.resourceChanges);
    return Object.fromEntries(
      counts.flatMap(([op, count]) => (typeof count === "number" ? [[op, count]] : [])),
    );
  }
  return undefined;
}

/** Of the events only the summary is kept, for the history. */
async function events(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { update } = await liveUpdate(context, request);
  const changes = changesOf(request.body);
  if (changes && !update.dryRun) await context.store.setChanges(update.id, changes);
  return NO_CONTENT;
}

const ENDS: readonly UpdateEnd[] = ["succeeded", "failed", "cancelled"];

async function complete(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const { update } = await liveUpdate(context, request);
  const said = isObject(request.body) ? request.body.status : undefined;
  await context.settler.end(update, ENDS.find(end => end === said) ?? "failed");
  context.live.forget(update.id);
  return NO_CONTENT;
}

const at = (action: string): string => `update/:update/${action}`;

export const leaseRoutes: readonly StackRoute[] = [
  { method: "PATCH", path: at("journalentries"), audience: "lease", handle: journal },
  { method: "PATCH", path: at("checkpoint"), audience: "lease", handle: checkpoint },
  { method: "POST", path: at("renew_lease"), audience: "lease", handle: renew },
  { method: "POST", path: at("events/batch"), audience: "lease", handle: events },
  { method: "POST", path: at("events"), audience: "lease", handle: events },
  { method: "POST", path: at("complete"), audience: "lease", handle: complete },
];
