/** Property paths as Pulumi writes them: `spec.replicas`, `ports[0].name`, `tags["a.b"]`. */

const STEP = /\.?([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/gy;

/** Keys and indices along the path; undefined where the text is no path. */
export function parsePropertyPath(path: string): (string | number)[] | undefined {
  const keys: (string | number)[] = [];
  STEP.lastIndex = 0;
  let end = 0;
  for (let match = STEP.exec(path); match; match = STEP.exec(path)) {
    const [, key, index, quoted] = match;
    keys.push(index !== undefined ? Number(index) : (key ?? quoted?.replace(/\\(.)/g, "$1") ?? ""));
    end = STEP.lastIndex;
  }
  return end === path.length ? keys : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** The value at a path; undefined where nothing is there. */
export function valueAt(properties: unknown, path: string): unknown {
  let value: unknown = properties;
  for (const key of parsePropertyPath(path) ?? [path]) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
