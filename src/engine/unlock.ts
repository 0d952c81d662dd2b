/** A person's way out of a lease whose holder does not end it, and of steps that nobody knows the end of. */
import { noteHandwork, type HandworkParts } from "./by-hand.ts";
import { noteAdopted, unverified } from "./adopted.ts";
import { fail, ok, type Failure, type Result } from "./failure.ts";
import type { Control, Lock, Unlock } from "./ports/control.ts";
import { leaseText } from "./ports/lease-text.ts";
import type { Parts } from "./parts.ts";
import { provide } from "./select.ts";
import type { StackName } from "./ports/stack.ts";

export type UnlockParts = HandworkParts & Parts;

/** Failures: config-invalid. */
export async function lock(parts: UnlockParts, stack: StackName): Promise<Result<Lock>> {
  const { state, clock } = parts.world;
  const known = (await state.stacks()).map(({ name }) => name);
  if (!known.includes(stack)) {
    const problem = {
      message: `no stack is named ${stack}`,
      hint: `those with a state: ${known.join(", ")}`,
    };
    return fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });
  }
  const [lease] = await state.leases(stack);
  return ok({
    stack,
    ...(lease && { lease }),
    alive: lease?.run !== undefined && parts.loop.running().some(({ id }) => id === lease.run),
    underWay: await state.underWay(stack),
    pending: await state.pending(stack),
    at: clock.now(),
  });
}

/** A URN with a slip would else look as if its step had been ended. */
function unheardOf(wish: Unlock, { pending, underWay }: Lock): Result<never> | undefined {
  const { stack, forget = [], adopt = [] } = wish;
  const known = new Set([...pending, ...underWay].map(({ urn }) => urn));
  const wrong = [...forget, ...adopt.map(({ urn }) => urn)].filter(urn => !known.has(urn));
  if (wrong.length === 0) return undefined;
  const hint = `holdfast unlock ${stack} lists them`;
  const problems = wrong.map(urn => ({ message: `${stack} has no step of unknown end on ${urn}`, hint }));
  return fail({ kind: "stalled", reason: "config-invalid", problems });
}

const NOT_YET: Failure = { kind: "waiting", reason: "stack-busy", by: "no run has come to it yet" };

/** A look at what was adopted, now, so that whoever gave the id hears whether it is right. Undefined: it is. */
async function verify(parts: UnlockParts, stack: StackName, by: string): Promise<Failure | undefined> {
  const { world, requests } = parts;
  const halted = world.care.halted();
  if (halted) return halted;
  const known = await provide(parts, stack, undefined, "check");
  if (!known.ok) return known.failure;
  const run = requests.add({ stack, mode: "check", trigger: "manual", by }, world.clock.now());
  parts.loop.pump();
  const { failure } = await run;
  const waiting = await unverified(world.records, stack);
  if (failure?.reason === "outcome-unknown") return failure;
  return waiting.length > 0 ? (failure ?? NOT_YET) : undefined;
}

export async function unlock(parts: UnlockParts, wish: Unlock): ReturnType<Control["unlock"]> {
  const { stack, by, force = false, forget = [], adopt = [] } = wish;
  const before = await lock(parts, stack);
  if (!before.ok) return before;
  const { lease, alive } = before.value;
  if (lease && alive && !force)
    return fail({ kind: "waiting", reason: "stack-busy", by: `${leaseText(lease)}, and it is at work` });
  const unknown = unheardOf(wish, before.value);
  if (unknown) return unknown;
  await parts.world.state.unlock(stack, by);
  const word = forget.length + adopt.length > 0;
  if (adopt.length > 0) await noteAdopted(parts.world.records, stack, adopt);
  const said = word ? await parts.world.state.resolvePending(stack, { forget, adopt }, by) : ok(undefined);
  if (!said.ok) return said;
  const seen = adopt.length > 0 ? await verify(parts, stack, by) : undefined;
  await noteHandwork(parts);
  parts.loop.pump();
  if (seen?.reason === "outcome-unknown") return fail(seen);
  const after = await lock(parts, stack);
  return after.ok && seen ? ok({ ...after.value, unverified: seen }) : after;
}
