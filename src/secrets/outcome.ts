/** What an operation inside this room answers; the file's name is added where it is known. Texts never hold secret bytes, ciphertext or key material. */
export interface Fault {
  readonly ok: false;
  readonly why: string;
  readonly hint?: string;
}
export type Outcome<T> = { readonly ok: true; readonly value: T } | Fault;

export const good = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const fault = (why: string, hint?: string): Fault =>
  hint === undefined ? { ok: false, why } : { ok: false, why, hint };
