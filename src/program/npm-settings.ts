/** A project's .npmrc is the repository's word, not ours: only what cannot start a program is taken over. */

/** Registries and their credentials, and how the tree is laid out. */
const HARMLESS =
  /^(registry|@[^:=\s]+:registry|\/\/[^=\s]+|legacy-peer-deps|strict-peer-deps|install-strategy|engine-strict|omit|include)\s*=/;

export function keepHarmlessSettings(npmrc: string): string {
  const lines = npmrc.split(/\r?\n/).filter(line => HARMLESS.test(line.trim()));
  // npm would take `//host/:tokenHelper=program` for a program to start.
  return lines.filter(line => !/tokenhelper/i.test(line)).join("\n");
}
