/** Colours, only where they are asked for. */

export interface Colors {
  readonly added: (text: string) => string;
  readonly removed: (text: string) => string;
  readonly changed: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const code =
  (start: number, end: number) =>
  (text: string): string =>
    `\u001b[${start}m${text}\u001b[${end}m`;
const none = (text: string): string => text;

const PLAIN: Colors = { added: none, removed: none, changed: none, strong: none, faint: none };
const COLORED: Colors = {
  added: code(32, 39),
  removed: code(31, 39),
  changed: code(33, 39),
  strong: code(1, 22),
  faint: code(2, 22),
};

export const colors = (color: boolean | undefined): Colors => (color ? COLORED : PLAIN);
