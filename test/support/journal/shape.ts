/** Resources of generated journals: made from plain numbers, so that a failing case shrinks to a small one. */
import fc from "fast-check";
import type { Resource } from "../../../src/backend/deployment/types.ts";
import { ROOT_TYPE, typeOf } from "../../../src/backend/deployment/types.ts";

/** Numbers choose among what is there at that moment; what cannot be is left out. */
export interface Shape {
  readonly type: number;
  readonly parent: number;
  readonly provider: number;
  readonly dependencies: readonly number[];
  readonly properties: readonly (readonly [string, readonly number[] | null])[];
  readonly deletedWith: number;
  readonly viewOf: number;
  readonly replaceWith: readonly number[];
  readonly marks: number;
  readonly value: unknown;
}

const some = fc.nat(12);
const few: fc.Arbitrary<readonly number[]> = fc.array(some, { maxLength: 2 });
const maybeFew: fc.Arbitrary<readonly number[] | null> = fc.option(few);
const seldomFew: fc.Arbitrary<readonly number[]> = fc.nat(5).chain(n => (n === 5 ? few : fc.constant([])));

export const shapes: fc.Arbitrary<Shape> = fc.record({
  type: fc.nat(5),
  parent: some,
  provider: some,
  dependencies: few,
  // A name that JavaScript treats as no other.
  properties: fc.array(fc.tuple(fc.constantFrom("path", "content", "__proto__"), maybeFew), {
    maxLength: 2,
  }),
  deletedWith: fc.nat(30),
  viewOf: fc.nat(60),
  replaceWith: seldomFew,
  marks: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(255), weight: 1 }),
  value: fc.constantFrom<unknown>(
    "a",
    1,
    0.5,
    true,
    null,
    [],
    { deep: ["x", { y: 1 }] },
    JSON.parse('{"__proto__": "own"}'),
  ),
});

export const GROUP = "t:m:Group";
export const PROVIDER = "pulumi:providers:t";
const TYPES = ["t:m:Thing", GROUP, "t:m:Other", "holdfast:host:File", PROVIDER, "t:m:Thing"];

const chain = (urn: string): string => urn.split("::")[2] ?? "";

export function urnOf(parent: string | undefined, type: string, name: string): string {
  const under = parent && chain(parent) !== ROOT_TYPE ? `${chain(parent)}$` : "";
  return `urn:pulumi:dev::web::${under}${type}::${name}`;
}

export const isProvider = ({ type }: Resource): boolean => type.startsWith("pulumi:providers:");
export const isRoot = ({ type }: Resource): boolean => type === ROOT_TYPE;

/** Pick 0 is nobody. */
const picked = <T>(from: readonly T[], pick: number): T | undefined =>
  pick === 0 || from.length === 0 ? undefined : from[(pick - 1) % from.length];
const urnsOf = (from: readonly Resource[], picks: readonly number[]): string[] => [
  ...new Set(picks.flatMap(pick => picked(from, pick)?.urn ?? [])),
];

const MARKS: readonly Partial<Resource>[] = [
  { protect: true },
  { retainOnDelete: true },
  { taint: true },
  { refreshBeforeUpdate: true },
  { resourceHooks: { "before-create": ["hook"] } },
  { snippetID: "snippet" },
  { initErrors: ["half made"], sourcePosition: "project:///index.ts#1,1", created: "2026-01-01T00:00:00Z" },
  { extensionRef: "extension", additionalSecretOutputs: ["content"], customTimeouts: { create: 60 } },
];
const marksOf = ({ marks }: Shape): Partial<Resource> =>
  Object.assign({}, ...MARKS.filter((_, bit) => marks & (1 << bit))) as Partial<Resource>;

/** Pointers of a resource to those that stand before it. */
export function pointers(shape: Shape, before: readonly Resource[]): Partial<Resource> {
  const dependencies = urnsOf(before, shape.dependencies);
  const properties = shape.properties.map(([name, picks]) => [name, picks && urnsOf(before, picks)] as const);
  const provider = picked(before.filter(isProvider), shape.provider);
  const seldom = (pick: number): string | undefined => (pick > 0 ? before[pick - 1]?.urn : undefined);
  const deletedWith = seldom(shape.deletedWith);
  const viewOf = seldom(shape.viewOf);
  const replaceWith = urnsOf(before, shape.replaceWith);
  return {
    ...(provider && { provider: `${provider.urn}::${provider.id}` }),
    ...(dependencies.length > 0 && { dependencies }),
    ...(properties.length > 0 && { propertyDependencies: Object.fromEntries(properties) }),
    ...(deletedWith && { deletedWith }),
    ...(viewOf && { viewOf }),
    ...(replaceWith.length > 0 && { replaceWith }),
  };
}

/** The resource's own: what does not point anywhere. */
export function body(urn: string, shape: Shape, version: number): Resource {
  const type = typeOf(urn);
  const custom = type !== GROUP && type !== ROOT_TYPE;
  const inputs = { content: shape.value };
  return {
    urn,
    type,
    custom,
    ...(custom && { id: `id-${version}`, inputs }),
    outputs: { ...inputs, version },
    ...marksOf(shape),
  };
}

/** A new resource under one of those that are there. */
export function fresh(shape: Shape, name: string, version: number, before: readonly Resource[]): Resource {
  const root = before.find(isRoot);
  const parent = picked(
    before.filter(({ type }) => type === GROUP || type === ROOT_TYPE),
    shape.parent,
  );
  const type = TYPES[shape.type % TYPES.length] ?? GROUP;
  const over = parent ?? root;
  const made = body(urnOf(over?.urn, type, name), shape, version);
  // A provider has no provider.
  const { provider, ...rest } = pointers(shape, before);
  return {
    ...made,
    ...rest,
    ...(provider && made.custom && type !== PROVIDER && { provider }),
    ...(over && { parent: over.urn }),
  };
}

export const stackRoot: Resource = {
  urn: `urn:pulumi:dev::web::${ROOT_TYPE}::web-dev`,
  type: ROOT_TYPE,
  custom: false,
};
