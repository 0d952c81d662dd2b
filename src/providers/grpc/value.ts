/** Property values as Pulumi's wire carries them: JSON, and what JSON does not know. */

export const kind: unique symbol = Symbol("kind");

/** A value that is known only after an apply. */
export interface Unknown {
  readonly [kind]: "unknown";
}
export interface Secret {
  readonly [kind]: "secret";
  readonly value: Value;
}
/** An output with what it depends on. `value` undefined: not known yet. */
export interface OutputValue {
  readonly [kind]: "output";
  readonly value?: Value;
  readonly secret: boolean;
  readonly dependencies: readonly string[];
}
/** One of text, path and uri is set. */
export interface Asset {
  readonly [kind]: "asset";
  readonly hash?: string;
  readonly text?: string;
  readonly path?: string;
  readonly uri?: string;
}
/** One of assets, path and uri is set. */
export interface Archive {
  readonly [kind]: "archive";
  readonly hash?: string;
  readonly assets?: Readonly<Record<string, Asset | Archive>>;
  readonly path?: string;
  readonly uri?: string;
}
export interface ResourceReference {
  readonly [kind]: "reference";
  readonly urn: string;
  /** Undefined for a component. */
  readonly id?: string | Unknown;
  readonly packageVersion: string;
}

export type Leaf = null | boolean | number | string;
export interface ValueMap {
  readonly [key: string]: Value;
}
export type Special = Unknown | Secret | OutputValue | Asset | Archive | ResourceReference;
export type Value = Leaf | readonly Value[] | ValueMap | Special;

/** A value without secrets and outputs: what resource families work on. Which parts were secret is kept beside it. */
export type Plain = Leaf | readonly Plain[] | PlainMap | Unknown | Asset | Archive | ResourceReference;
export interface PlainMap {
  readonly [key: string]: Plain;
}

export const UNKNOWN: Unknown = Object.freeze<Unknown>({ [kind]: "unknown" });
export const secret = (value: Value): Secret => ({ [kind]: "secret", value });

export function isSpecial(value: Value): value is Special {
  return typeof value === "object" && value !== null && kind in value;
}
export function isList(value: Value): value is readonly Value[];
export function isList(value: Plain): value is readonly Plain[];
export function isList(value: Value): boolean {
  return Array.isArray(value);
}
export function isUnknown(value: Plain | undefined): value is Unknown {
  return value !== undefined && isSpecial(value) && value[kind] === "unknown";
}
/** True for an ordinary map: no list, nothing special, not null. */
export function isMap(value: Plain | undefined): value is PlainMap;
export function isMap(value: Value | undefined): value is ValueMap;
export function isMap(value: Value | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(kind in value);
}

/** A map whose keys may be anything, also `__proto__`. */
export function mapOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(entries);
}

export function hasUnknown(value: Plain): boolean {
  if (isUnknown(value)) return true;
  if (isList(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}
