/**
 * A small engine that writes journals as Pulumi's does (pkg/engine/journal_snapshot.go): steps begin and end, several at
 * a time; what a step points at has ended before it; what others need is not deleted.
 */
import type { Deployment, Operation, Resource } from "../../../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../../../src/backend/journal/entry.ts";
import { typeOf, nameOf } from "../../../src/backend/deployment/types.ts";
import { body, fresh, isProvider, isRoot, pointers, urnOf, type Shape } from "./shape.ts";

/** `lost`: nobody hears how it ended. */
export type End = "ok" | "failed" | "lost";

export interface Command {
  readonly act:
    | "create"
    | "same"
    | "update"
    | "replace"
    | "replaceDeletingFirst"
    | "rename"
    | "delete"
    | "import"
    | "read"
    | "refreshFirst"
    | "outputs"
    | "skipCreate"
    | "snippets"
    | "extension"
    | "secrets";
  readonly on: number;
  readonly shape: Shape;
  readonly end: End;
  /** So many other steps begin before this one ends. */
  readonly delay: number;
}

export interface RefreshOf {
  readonly on: number;
  readonly found: "same" | "changed" | "gone";
  readonly end: End;
  readonly delay: number;
}

/** Where the engine finds a resource: in the base by its index, or by the operation that made it. */
type Ref = { readonly old: number } | { readonly made: number };
interface Known {
  readonly ref: Ref;
  readonly resource: Resource;
}

type Fields = Partial<JournalEntry>;
const remove = (ref: Ref): Fields => ("old" in ref ? { removeOld: ref.old } : { removeNew: ref.made });
const markDelete = (ref: Ref): Fields => ("old" in ref ? { deleteOld: ref.old } : { deleteNew: ref.made });
const markPending = (ref: Ref): Fields =>
  "old" in ref ? { pendingReplacementOld: ref.old } : { pendingReplacementNew: ref.made };

const parse = (reference: string): string => reference.slice(0, reference.lastIndexOf("::"));
function targets(resource: Resource): readonly string[] {
  const properties = Object.values(resource.propertyDependencies ?? {}).flatMap(urns => urns ?? []);
  const { parent, deletedWith, provider, dependencies = [] } = resource;
  const single = [parent, deletedWith, provider && parse(provider)].flatMap(urn => (urn ? [urn] : []));
  return [...single, ...dependencies, ...properties];
}

interface Open {
  readonly left: number;
  readonly close: () => void;
}

export interface EngineModel {
  refresh(commands: readonly RefreshOf[]): void;
  run(commands: readonly Command[]): void;
  entries(): readonly JournalEntry[];
}

export function createEngine(base: Deployment): EngineModel {
  const entries: JournalEntry[] = [];
  let sequence = 0;
  let operation = 0;
  let version = 100;
  /** Not yet dealt with by this update. */
  let waiting: Known[] = (base.resources ?? []).map((resource, old) => ({ ref: { old }, resource }));
  /** Steps under way on them, or ended badly: they stay in the state. */
  const busy = new Set<Known>();
  const registered: Known[] = [];
  let open: Open[] = [];

  const write = (kind: number, operationID: number, more: Fields = {}): void => {
    entries.push({ version: 1, kind, sequenceID: ++sequence, operationID, ...more });
  };
  const settle = (all: boolean): void => {
    const due = open.filter(({ left }) => all || left <= 0);
    open = open.filter(one => !due.includes(one)).map(({ left, close }) => ({ left: left - 1, close }));
    for (const { close } of due) close();
  };
  /** Ends later, as told; what comes of it counts from then on. */
  const step = (
    how: { readonly end: End; readonly delay: number },
    begin: Operation | undefined,
    end: Fields,
    done: (id: number) => void,
    kind: number = KIND.success,
  ): void => {
    settle(false);
    const id = ++operation;
    write(KIND.begin, id, begin ? { operation: begin } : {});
    if (how.end === "lost") return;
    const close = (): void => {
      write(how.end === "ok" ? kind : KIND.failure, id, end);
      if (how.end === "ok") done(id);
    };
    open.push({ left: how.delay, close });
  };
  const take = (known: Known): void => {
    waiting = waiting.filter(one => one !== known);
    busy.add(known);
  };
  const register = (resource: Resource, id: number): void =>
    void registered.push({ ref: { made: id }, resource });
  const before = (): Resource[] => registered.map(({ resource }) => resource);
  const isNeeded = (known: Known): boolean => {
    const twin = registered.some(({ resource }) => resource.urn === known.resource.urn);
    const rest = [...waiting, ...busy, ...registered].filter(one => one !== known);
    const reference = `${known.resource.urn}::${known.resource.id}`;
    return rest.some(
      ({ resource }) =>
        resource.provider === reference || (!twin && targets(resource).includes(known.resource.urn)),
    );
  };

  /** The resource as the program has it now; undefined while its parent is not registered. */
  const again = (known: Known, shape: Shape): Resource | undefined => {
    const { urn, parent, id } = known.resource;
    if (parent && !registered.some(({ resource }) => resource.urn === parent)) return undefined;
    const { provider, ...rest } = pointers(shape, before());
    const made = body(urn, shape, ++version);
    return {
      ...made,
      ...rest,
      ...(provider && made.custom && !isProvider(made) && { provider }),
      ...(parent && { parent }),
      ...(made.custom && { id: id ?? "id" }),
    };
  };

  const operationOf = (type: string, resource: Resource): Operation => ({ type, resource });

  const deletable = (): Known[] => waiting.filter(known => !isNeeded(known) && !known.resource.protect);
  const candidates = (): Known[] => waiting.filter(({ resource }) => !resource.delete);

  const drop = (known: Known, how: Command): void => {
    take(known);
    if (known.resource.pendingReplacement) {
      step(how, undefined, remove(known.ref), () => void busy.delete(known));
      return;
    }
    const begin = operationOf("deleting", known.resource);
    step(how, begin, remove(known.ref), () => void busy.delete(known));
  };

  const createOver = (known: Known, next: Resource, how: Command, type = "creating"): void => {
    const made = next.custom ? { ...next, id: `id-${++version}` } : next;
    const pending = known.resource.pendingReplacement === true;
    const fields = pending ? remove(known.ref) : markDelete(known.ref);
    take(known);
    step(how, operationOf(type, made), { state: made, ...fields }, id => {
      register(made, id);
      busy.delete(known);
      if (!pending) waiting.push({ ref: known.ref, resource: { ...known.resource, delete: true } });
    });
  };

  const onOld = (known: Known, how: Command): void => {
    const next = again(known, how.shape);
    if (!next) return;
    const over = (): void => createOver(known, next, how, how.act === "import" ? "importing" : "creating");
    const replaceable = next.custom && !isRoot(next);
    if (known.resource.pendingReplacement) return over();
    if (how.act === "replace" || how.act === "import") return replaceable ? over() : undefined;
    if (how.act === "replaceDeletingFirst") {
      if (!replaceable || isProvider(next)) return;
      take(known);
      step(how, operationOf("deleting", known.resource), markPending(known.ref), () => {
        busy.delete(known);
        waiting.push({ ref: known.ref, resource: { ...known.resource, pendingReplacement: true } });
      });
      return;
    }
    take(known);
    const done = (id: number): void => {
      register(next, id);
      busy.delete(known);
    };
    const end = { state: next, ...remove(known.ref) };
    if (how.act === "same") step(how, undefined, end, done);
    else if (how.act === "read")
      step(how, operationOf("reading", next), { ...end, state: { ...next, external: true } }, done);
    else if (how.act === "refreshFirst")
      step(how, undefined, { ...end, isRefresh: true }, id => {
        busy.delete(known);
        waiting.push({ ref: { made: id }, resource: next });
      });
    else step(how, operationOf("updating", next), end, done);
  };

  const rename = (known: Known, how: Command): void => {
    const next = again(known, how.shape);
    if (!next || isRoot(next) || isProvider(next) || known.resource.pendingReplacement) return;
    const urn = urnOf(next.parent, typeOf(next.urn), `${nameOf(next.urn)}x`);
    // Its children are known by their old names until the program comes to them.
    const renamed = { ...next, urn, aliases: [known.resource.urn] };
    take(known);
    const end = { state: renamed, ...remove(known.ref) };
    step(how, undefined, end, id => {
      register(renamed, id);
      busy.delete(known);
    });
  };

  /** The program comes to a resource after its parent. */
  const parentFirst = (known: Known, how: Command): void => {
    const { parent } = known.resource;
    if (!parent || registered.some(({ resource }) => resource.urn === parent)) return;
    const over = candidates().find(({ resource }) => resource.urn === parent);
    if (!over) return;
    parentFirst(over, how);
    onOld(over, { ...how, act: "same", end: "ok", delay: 0 });
    settle(true);
  };
  const FITS: Partial<Record<Command["act"], (resource: Resource) => boolean>> = {
    replace: resource => resource.custom,
    import: resource => resource.custom,
    replaceDeletingFirst: resource => resource.custom && !isProvider(resource),
    rename: resource => !isRoot(resource) && !isProvider(resource),
  };

  /** What an earlier update began to create and nobody knows about: the program still wants it. */
  const created = ({ act, on }: Command): Resource | undefined => {
    const begun = base.pending_operations?.filter(({ type }) => type === "creating") ?? [];
    const wanted = act === "create" && on % 3 === 0 ? begun[on % begun.length]?.resource : undefined;
    if (!wanted || entries.some(({ operation }) => operation?.resource.urn === wanted.urn)) return undefined;
    const { urn, type, custom, inputs, outputs } = wanted;
    return {
      urn,
      type,
      custom,
      ...(inputs && { id: `id-${++version}`, inputs }),
      ...(outputs && { outputs }),
    };
  };

  const one = (how: Command): void => {
    const { act, shape, on } = how;
    const pick = <T>(from: readonly T[]): T | undefined => from[on % from.length];
    if (act === "create" || act === "skipCreate" || (act === "import" && on % 2 === 0)) {
      const made = created(how) ?? fresh(shape, `n${++version}`, version, before());
      if (act === "skipCreate") return step(how, undefined, {}, () => undefined);
      const imported = act === "import" && { importID: "given" };
      const type = imported ? "importing" : "creating";
      const state = { ...made, ...imported };
      return step(how, operationOf(type, state), { state }, id => register(state, id));
    }
    if (act === "snippets")
      return write(KIND.snippets, 0, {
        snippets: registered.slice(0, 2).map(({ resource }, index) => ({
          uuid: `u${index}`,
          name: "s",
          type: "t:m:Thing",
          code: "",
          descriptor: { name: "t" },
          references: { it: resource.urn },
        })),
      });
    if (act === "extension")
      return write(KIND.extensionParameterize, ++operation, {
        extensionRef: on % 2 === 0 ? "extension" : "__proto__",
        extension: { name: "e", version: `1.0.${on}`, value: "aGk=" },
      });
    if (act === "secrets")
      return write(KIND.secretsManager, 0, { secretsProvider: { type: "service", state: { stack: on } } });
    if (act === "outputs") {
      const known = pick(registered);
      if (!known || !("made" in known.ref)) return;
      const state = { ...known.resource, outputs: { registered: shape.value } };
      return write(KIND.outputs, ++operation, { state, ...remove(known.ref) });
    }
    if (act === "delete") {
      const known = pick(deletable());
      return known && drop(known, how);
    }
    const fits = FITS[act] ?? ((): boolean => true);
    const known = pick(candidates().filter(({ resource }) => fits(resource)));
    if (!known) return;
    parentFirst(known, how);
    (act === "rename" ? rename : onOld)(known, how);
  };

  return {
    refresh: commands => {
      const seen = new Set<number>();
      const gone = new Set<Known>();
      const changed = new Map<Known, Known>();
      for (const { on, found, end, delay } of commands) {
        const index = waiting.length > 0 ? on % waiting.length : 0;
        const known = waiting[index];
        if (!known || seen.has(index) || known.resource.delete || !known.resource.custom) continue;
        seen.add(index);
        const isGone = found === "gone" && !isProvider(known.resource);
        const outputs = found === "changed" ? { outputs: { seen: ++version } } : {};
        const state = { ...known.resource, ...outputs };
        const fields = { isRefresh: true, ...remove(known.ref), ...(!isGone && { state }) };
        const done = (): void => {
          if (isGone) gone.add(known);
          else changed.set(known, { ref: known.ref, resource: state });
        };
        step({ end, delay }, undefined, fields, done, KIND.refreshSuccess);
      }
      settle(true);
      write(KIND.rebuiltBaseState, 0);
      const kept = waiting.filter(known => !gone.has(known)).map(known => changed.get(known) ?? known);
      const urns = new Set(kept.map(({ resource }) => resource.urn));
      waiting = kept.map(({ resource }, old) => {
        const { parent, ...rest } = resource;
        return { ref: { old }, resource: parent && urns.has(parent) ? resource : rest };
      });
    },
    run: commands => {
      for (const command of commands) one(command);
      settle(true);
    },
    entries: () => entries,
  };
}
