/** Mistakes in a program, told at the line that makes them, before anything runs. */

export function mistake(type: string, name: string, property: string, reason: string): Error {
  const error = new Error(`${type} "${name}": ${property} ${reason}`);
  error.name = "HoldfastError";
  return error;
}

type Report = (property: string, reason: string) => never;

/** Throws at the constructor's caller. */
export function reporter(type: string, name: string): Report {
  return (property, reason) => {
    throw mistake(type, name, property, reason);
  };
}

/** Checks what is known already; outputs and promises are left to the provider. */
export function checkPath(path: unknown, report: Report): void {
  if (path === undefined) report("path", "is missing: the absolute path on the host");
  if (typeof path !== "string") return;
  if (!path.startsWith("/")) report("path", `must be absolute, begin with /: ${JSON.stringify(path)}`);
  if (path.split("/").includes("..")) report("path", `must not hold "..": ${JSON.stringify(path)}`);
}

export function checkMode(mode: unknown, report: Report): void {
  if (mode === undefined || (typeof mode === "object" && mode !== null)) return;
  if (typeof mode === "string" && /^0?[0-7]{3,4}$/.test(mode)) return;
  report("mode", `must be a text of octal digits, for example "0644": ${JSON.stringify(mode)}`);
}

/** A property that is not known is most often a typing mistake. */
export function checkKeys(args: object, known: readonly string[], report: Report): void {
  for (const key of Object.keys(args))
    if (!known.includes(key)) report(key, `is not known here; known are: ${known.join(", ")}`);
}
