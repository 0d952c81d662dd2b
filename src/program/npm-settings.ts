/** A project's .npmrc is the repository's word, not ours: only what cannot start a program or send a login is taken over. */

/** Registries, once they are judged, and how the tree is laid out. Logins are the operator's. */
const HARMLESS =
  /^(registry|@[^:=\s]+:registry|legacy-peer-deps|strict-peer-deps|install-strategy|engine-strict|omit|include)\s*=/;

export const keepHarmlessSettings = (npmrc: string): string =>
  npmrc
    .split(/\r?\n/)
    .filter(line => HARMLESS.test(line.trim()))
    .join("\n");

/** The registries that it names, with their lines, from 1. */
export function registriesNamed(npmrc: string): { readonly address: string; readonly line: number }[] {
  return npmrc.split(/\r?\n/).flatMap((text, index) => {
    const address = /^\s*(?:@[^:=\s]+:)?registry\s*=\s*(.*?)\s*$/.exec(text)?.[1];
    return address === undefined ? [] : [{ address, line: index + 1 }];
  });
}
