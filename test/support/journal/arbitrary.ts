/** Bases and journals for fast-check. */
import fc from "fast-check";
import type { Checkpoint, Resource } from "../../../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../../../src/backend/journal/entry.ts";
import { createEngine, type Command, type End, type RefreshOf } from "./engine.ts";
import type { Case } from "./oracle.ts";
import { fresh, isProvider, shapes, stackRoot, type Shape } from "./shape.ts";

const MANIFEST = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
const PENDING = ["creating", "updating", "deleting", "reading", "importing"] as const;

const ends: fc.Arbitrary<End> = fc.oneof(
  { arbitrary: fc.constant("ok" as const), weight: 12 },
  { arbitrary: fc.constant("failed" as const), weight: 1 },
  { arbitrary: fc.constant("lost" as const), weight: 1 },
);

const ACTS = {
  create: 6,
  same: 6,
  update: 3,
  replace: 3,
  replaceDeletingFirst: 3,
  rename: 3,
  delete: 5,
  import: 2,
  read: 2,
  refreshFirst: 2,
  outputs: 2,
  skipCreate: 1,
  snippets: 1,
  extension: 1,
  secrets: 1,
} satisfies Record<Command["act"], number>;

const acts = fc.oneof(
  ...Object.entries(ACTS).map(([act, weight]) => ({
    arbitrary: fc.constant(act as Command["act"]),
    weight,
  })),
);
const commands: fc.Arbitrary<Command> = fc.record({
  act: acts,
  on: fc.nat(20),
  shape: shapes,
  end: ends,
  delay: fc.nat(3),
});
const refreshes: fc.Arbitrary<RefreshOf> = fc.record({
  on: fc.nat(20),
  found: fc.constantFrom("same" as const, "changed" as const, "gone" as const),
  end: ends,
  delay: fc.nat(3),
});

interface BaseSpec {
  readonly shapes: readonly (readonly [Shape, "live" | "half" | "pending"])[];
  readonly operations: readonly (readonly [number, Shape])[];
  readonly byteString: boolean;
  readonly extension: boolean;
}

const bases: fc.Arbitrary<BaseSpec> = fc.record({
  shapes: fc.array(
    fc.tuple(
      shapes,
      fc.oneof(
        { arbitrary: fc.constant("live" as const), weight: 6 },
        { arbitrary: fc.constantFrom("half" as const, "pending" as const), weight: 1 },
      ),
    ),
    { maxLength: 8, size: "max" },
  ),
  operations: fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 1, 2, 3, 4), shapes), { maxLength: 2 }),
  byteString: fc.boolean(),
  extension: fc.boolean(),
});

function baseOf(spec: BaseSpec): Checkpoint {
  const resources: Resource[] = spec.shapes.length > 0 ? [stackRoot] : [];
  spec.shapes.forEach(([shape, kind], index) => {
    const made = fresh(shape, `b${index}`, index, resources);
    const replaced = made.custom && !made.type.startsWith("pulumi:");
    resources.push(kind === "pending" && replaced ? { ...made, pendingReplacement: true } : made);
    // Left by an update that ended between the two halves of a replacement.
    if (kind === "half" && replaced) resources.push({ ...made, id: `half-${index}`, delete: true });
  });
  const pending_operations = spec.operations.map(([type, shape], index) => ({
    type: PENDING[type] ?? "creating",
    // The first is of holdfast's own provider, which adopts what is there.
    resource: fresh(index === 0 ? { ...shape, type: 3 } : shape, `p${index}`, index, resources),
  }));
  return {
    version: spec.byteString ? 4 : 3,
    ...(spec.byteString && { features: ["byteString"] }),
    deployment: {
      manifest: MANIFEST,
      ...(resources.length > 0 && { resources }),
      ...(pending_operations.length > 0 && { pending_operations }),
      metadata: {},
      ...(spec.extension && {
        extensions: { extension: { name: "old", version: "1.0.0", value: "aGk=" } },
      }),
    },
  };
}

/** Journals as the engine writes them. */
export const engineJournals: fc.Arbitrary<Case> = fc
  .record({
    base: bases,
    refresh: fc.option(fc.array(refreshes, { maxLength: 6, size: "max" })),
    commands: fc.array(commands, { maxLength: 14, size: "max" }),
    // Of two programs in one update the second is the refresh of the first one's end (`refresh --run-program`).
    rebuiltAtEnd: fc.boolean(),
    byteString: fc.boolean(),
  })
  .map(({ base: spec, refresh, commands: all, rebuiltAtEnd, byteString }) => {
    const base = baseOf(spec);
    const engine = createEngine(base.deployment ?? { manifest: MANIFEST });
    if (refresh) engine.refresh(refresh);
    engine.run(all);
    const entries = [...engine.entries()];
    const sequenceID = entries.length + 1;
    if (rebuiltAtEnd && sequenceID % 3 === 0)
      entries.push({ version: 1, kind: KIND.rebuiltBaseState, sequenceID, operationID: 0 });
    const last = entries.at(-1);
    if (byteString && sequenceID % 5 === 0 && last)
      entries[entries.length - 1] = { ...last, requiresByteString: true };
    return { base, entries };
  });

interface Wild {
  readonly kind: number;
  readonly fields: readonly (readonly [keyof typeof POINT, number])[];
  readonly shape: Shape | null;
  readonly aliases: readonly number[];
  readonly isRefresh: boolean;
}

/** Which fields point into the base, and which at an operation of the update. */
const POINT = {
  removeOld: "base",
  deleteOld: "base",
  pendingReplacementOld: "base",
  removeNew: "made",
  deleteNew: "made",
  pendingReplacementNew: "made",
} as const;

const wilds: fc.Arbitrary<Wild> = fc.record({
  kind: fc.oneof(
    {
      arbitrary: fc.constantFrom<number>(KIND.begin, KIND.success, KIND.success, KIND.refreshSuccess),
      weight: 6,
    },
    {
      arbitrary: fc.constantFrom<number>(KIND.failure, KIND.outputs, KIND.rebuiltBaseState, KIND.write),
      weight: 2,
    },
  ),
  fields: fc.array(fc.tuple(fc.constantFrom(...(Object.keys(POINT) as (keyof typeof POINT)[])), fc.nat(12)), {
    maxLength: 2,
  }),
  shape: fc.option(shapes),
  aliases: fc.array(fc.nat(20), { maxLength: 1 }),
  isRefresh: fc.oneof(
    { arbitrary: fc.constant(false), weight: 5 },
    { arbitrary: fc.constant(true), weight: 1 },
  ),
});

/** Any entries in any order: no engine would write them, the replayers must agree all the same. */
export const wildJournals: fc.Arbitrary<Case> = fc
  .record({ base: bases, next: bases, wilds: fc.array(wilds, { maxLength: 16, size: "max" }) })
  .map(({ base: spec, next, wilds: all }) => {
    const base = baseOf(spec);
    const known: Resource[] = [...(base.deployment?.resources ?? [])];
    const made: number[] = [];
    const entries = all.map((asked, index): JournalEntry => {
      // After new resources it is the last entry (SnapshotJournaler.snap demands it: the replayer loses count else).
      const last = index === all.length - 1;
      const early = asked.kind === KIND.rebuiltBaseState && made.length > 0 && !last;
      const wild = early ? { ...asked, kind: KIND.failure } : asked;
      const sequenceID = index + 1;
      // Two entries for each operation.
      const operationID = Math.floor(index / 2) + 1;
      const isAnotherRoot = wild.shape?.type === 5 && wild.aliases.length > 0;
      const other = isAnotherRoot && { ...stackRoot, urn: `${stackRoot.urn}-${index % 5}` };
      const plain = other || (wild.shape && fresh(wild.shape, `w${index % 5}`, index, known));
      // A provider that becomes something else is beyond both replayers.
      const alike = known.filter(one => plain && isProvider(one) === isProvider(plain));
      const aliases = wild.aliases.flatMap(pick => alike[pick]?.urn ?? []);
      const state = plain && { ...plain, ...(aliases.length > 0 && { aliases }) };
      if (state) known.push(state);
      // The engine says where a resource was once: in the base or among the new ones.
      const both = wild.fields.every(([field]) => field.startsWith("remove"));
      const fields = wild.fields.slice(0, both ? 1 : 2).flatMap(([field, pick]) => {
        const to = POINT[field] === "base" ? pick : made[pick % made.length];
        return to === undefined ? [] : [[field, to] as const];
      });
      const begun = wild.kind === KIND.begin && plain && wild.fields.length > 0;
      if (wild.kind === KIND.success && state) made.push(operationID);
      return {
        version: 1,
        kind: wild.kind,
        sequenceID,
        operationID,
        ...Object.fromEntries(fields),
        ...(state && wild.kind !== KIND.begin && { state }),
        ...(begun && { operation: { type: PENDING[index % PENDING.length] ?? "creating", resource: plain } }),
        ...(wild.isRefresh && { isRefresh: true }),
        ...(wild.kind === KIND.write && { newSnapshot: baseOf(next).deployment ?? null }),
      };
    });
    return { base, entries };
  });
