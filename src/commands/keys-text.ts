/** The answer of `holdfast keys list`. */
import { ago } from "../report/age.ts";

/** As the store has it (StoredKey); only what is shown. */
interface Key {
  readonly id: string;
  readonly stack: string;
  readonly stackId?: number;
  readonly recipients?: readonly string[];
  readonly createdAt: number;
  readonly pending: boolean;
}

interface KeyList {
  readonly keys: readonly Key[];
  readonly recipients: readonly string[];
  readonly here: readonly string[];
}

/** Keys of each stack, newest first. */
function byStack(keys: readonly Key[]): ReadonlyMap<string, readonly [Key, ...Key[]]> {
  const stacks = new Map<string, [Key, ...Key[]]>();
  for (const key of keys) {
    const known = stacks.get(key.stack);
    if (known) known.push(key);
    else stacks.set(key.stack, [key]);
  }
  return stacks;
}

function everybody({ keys, recipients }: KeyList): readonly string[] {
  return [...new Set([...recipients, ...keys.flatMap(({ recipients: some = [] }) => some)])];
}

export function keysDocument(list: KeyList): unknown {
  return {
    version: 1,
    recipients: everybody(list).map(recipient => ({
      recipient,
      here: list.here.includes(recipient),
      newKeys: list.recipients.includes(recipient),
    })),
    stacks: [...byStack(list.keys)].map(([stack, keys]) => ({
      stack,
      removed: keys[0].stackId === undefined,
      encryptingAnew: keys.some(({ pending }) => pending),
      keys: keys.map(({ id, createdAt, recipients }) => ({
        id,
        createdAt: new Date(createdAt).toISOString(),
        recipients: recipients ?? null,
      })),
    })),
  };
}

function stackLine(stack: string, keys: readonly [Key, ...Key[]], now: number): string {
  const [newest] = keys;
  const count = keys.length === 1 ? "1 key" : `${keys.length} keys`;
  const notes = [
    ...(newest.stackId === undefined ? ["the stack is gone"] : []),
    ...(keys.some(({ pending }) => pending) ? ["stored values are being encrypted anew"] : []),
    ...(newest.recipients ? [] : ["wrapped by state.key until the next start"]),
  ].map(note => `; ${note}`);
  return `${stack.padEnd(24)} ${count}, newest ${newest.id}, made ${ago(newest.createdAt, now)}${notes.join("")}`;
}

export function listText(list: KeyList, now: number): string {
  const who = everybody(list).map(recipient => {
    const key = list.here.includes(recipient) ? "its key is here" : "its key is not here";
    return `${recipient} ${key}${list.recipients.includes(recipient) ? "" : "; old keys only"}`;
  });
  const stacks = [...byStack(list.keys)].map(([stack, keys]) => stackLine(stack, keys, now));
  return [...(who.length > 0 ? who : ["No age key yet: the first start looks for one."]), ...stacks].join(
    "\n",
  );
}
