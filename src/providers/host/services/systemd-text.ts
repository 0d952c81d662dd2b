/** Texts as systemd's files want them. Pure. */

const CONTROL: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const hex = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** One word of a command line: no specifier is expanded in it, no variable, no quote taken away. */
export function commandWord(text: string): string {
  const plain = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[A-Za-z0-9_@%+=:,./$-]+$/.test(plain)) return plain;
  const escaped = plain
    .replace(/["\\]/g, "\\$&")
    .replace(/[\x01-\x1f\x7f]/g, char => CONTROL[char] ?? hex(char));
  return `"${escaped}"`;
}

/** One line of an EnvironmentFile=; the value may hold line ends. */
export const environmentLine = (key: string, value: string): string =>
  `${key}="${value.replace(/["\\`$]/g, "\\$&")}"\n`;
