/**
 * What a resource's properties may be, as values: the program's constructors and the provider hold inputs to the same
 * rules. Pure, and imports nothing: both sides load it.
 */

/** A mistake, and where below the checked value it is: "" is the value itself, `[0]` and `.name` are parts of it. */
export interface Flaw {
  readonly at: string;
  readonly reason: string;
}

/** Whether a value (or a part of one) is not known yet: it is checked once it is. */
export type IsLater = (value: unknown) => boolean;
export type Rule = (value: unknown, isLater: IsLater) => readonly Flaw[];

export interface Property {
  readonly rule: Rule;
  /** What is missing where it is not given. Undefined: it may be left out. */
  readonly missing?: string;
}
export type Shape = Readonly<Record<string, Property>>;

const FINE: readonly Flaw[] = [];
export const flaw = (reason: string, at = ""): readonly Flaw[] => [{ at, reason }];

export const optional = (rule: Rule): Property => ({ rule });
/** `what` follows "missing: ". */
export const required = (rule: Rule, what: string): Property => ({ rule, missing: what });

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface TextOptions {
  /** Default: any text without NUL. */
  readonly pattern?: RegExp;
  /** Follows "must be ". Default: a text. */
  readonly what?: string;
  /** Default 65536 characters. */
  readonly most?: number;
  /** Whether it may hold NUL characters. */
  readonly nul?: boolean;
}

export function text({ pattern, what = "a text", most = 65_536, nul = false }: TextOptions = {}): Rule {
  return value => {
    if (typeof value !== "string" || (!nul && value.includes("\0"))) return flaw(`must be ${what}`);
    if (value.length > most) return flaw(`is longer than ${most} characters`);
    return pattern && !pattern.test(value) ? flaw(`must be ${what}`) : FINE;
  };
}

/** A text without line breaks. */
export const line = (what = "a single line of text"): Rule => text({ pattern: /^[^\n\r]+$/, what });

export const yesOrNo: Rule = value => (typeof value === "boolean" ? FINE : flaw("must be true or false"));

export const whole =
  (least: number, most: number): Rule =>
  value => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return FINE;
    return flaw(`must be a whole number from ${least} to ${most}`);
  };

export const oneOf =
  (...allowed: readonly (string | boolean)[]): Rule =>
  value =>
    allowed.includes(value as string | boolean)
      ? FINE
      : flaw(`must be one of ${allowed.map(one => JSON.stringify(one)).join(", ")}`);

const below = (flaws: readonly Flaw[], at: string): readonly Flaw[] =>
  flaws.map(one => ({ at: at + one.at, reason: one.reason }));

export const listOf =
  (rule: Rule, what = "a list"): Rule =>
  (value, isLater) => {
    if (!Array.isArray(value)) return flaw(`must be ${what}`);
    return value.flatMap((item, index) => (isLater(item) ? FINE : below(rule(item, isLater), `[${index}]`)));
  };

/** A map whose keys are free within `key`. */
export const mapOf =
  (key: Rule, rule: Rule, what = "a map"): Rule =>
  (value, isLater) => {
    if (!isObject(value)) return flaw(`must be ${what}`);
    return Object.entries(value).flatMap(([name, item]) => [
      ...below(key(name, isLater), `.${name}`),
      ...(isLater(item) || !isGiven(item) ? FINE : below(rule(item, isLater), `.${name}`)),
    ]);
  };

/** Fine where one of the rules lets it pass; otherwise `what` is told. */
export const either =
  (what: string, ...rules: readonly Rule[]): Rule =>
  (value, isLater) =>
    rules.some(rule => rule(value, isLater).length === 0) ? FINE : flaw(`must be ${what}`);

export const object =
  (shape: Shape, what = "an object"): Rule =>
  (value, isLater) =>
    isObject(value)
      ? flawsOf(shape, value, isLater).map(({ at, reason }) => ({ at: `.${at}`, reason }))
      : flaw(`must be ${what}`);

/** Mistakes in named properties; `at` begins with the property's name. */
export function flawsOf(
  shape: Shape,
  given: Readonly<Record<string, unknown>>,
  isLater: IsLater,
  /** Known besides, and checked elsewhere. */
  besides: readonly string[] = [],
): readonly Flaw[] {
  const known = [...besides, ...Object.keys(shape)];
  const strangers = Object.keys(given)
    .filter(key => !known.includes(key) && !key.startsWith("__") && isGiven(given[key]))
    .flatMap(key => flaw(`is not known here; known are: ${known.join(", ")}`, key));
  const wrong = Object.entries(shape).flatMap(([key, { rule, missing }]) => {
    const value = given[key];
    if (!isGiven(value)) return missing === undefined ? FINE : flaw(`missing: ${missing}`, key);
    return isLater(value) ? FINE : below(rule(value, isLater), key);
  });
  return [...strangers, ...wrong];
}
