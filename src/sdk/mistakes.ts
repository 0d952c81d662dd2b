/** Mistakes in a program, told at the line that makes them, before anything runs. */

export function mistake(type: string, name: string, property: string, reason: string): Error {
  const error = new Error(`${type} "${name}": ${property} ${reason}`);
  error.name = "HoldfastError";
  return error;
}

export type Report = (property: string, reason: string) => never;

/** Throws at the constructor's caller. */
export function reporter(type: string, name: string): Report {
  return (property, reason) => {
    throw mistake(type, name, property, reason);
  };
}

/** A property that is not known is most often a typing mistake. */
export function checkKeys(args: object, known: readonly string[], report: Report): void {
  for (const key of Object.keys(args))
    if (!known.includes(key)) report(key, `is not known here; known are: ${known.join(", ")}`);
}
