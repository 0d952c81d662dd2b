/** One line of doctor's table. */
export interface Finding {
  readonly name: string;
  /** `missing`: holdfast does not work without it. `warning`: some part of it does not, or not well. */
  readonly state: "ok" | "warning" | "missing";
  /** What is there, or what is wrong. */
  readonly found: string;
  /** What to do, where it is not ok. */
  readonly wayOut?: string;
}

export const fine = (name: string, found: string): Finding => ({ name, state: "ok", found });
export const warning = (name: string, found: string, wayOut: string): Finding => ({
  name,
  state: "warning",
  found,
  wayOut,
});
export const missing = (name: string, found: string, wayOut: string): Finding => ({
  name,
  state: "missing",
  found,
  wayOut,
});
