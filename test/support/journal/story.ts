/** What people do with stacks, step by step: each story on stacks of its own, each step compared. */
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

export interface Step {
  readonly name: string;
  /** Body of a program; without one the CLI runs none. */
  readonly program?: string;
  /** Default `up`. STACK and FOLDER stand for the stack's name and the folder of its files. */
  readonly args?: readonly string[];
  /** What happened outside before it. */
  readonly reality?: (folder: string) => Promise<void>;
  /** Whether the CLI ends well; default true. */
  readonly good?: boolean;
  /** Names of resources in the state after it, of those with a name of one letter (and a number). */
  readonly left?: readonly string[];
  /** Resources that wait for their replacement after it. */
  readonly pending?: number;
  /** It makes no update, or nothing happens in it: no journal is written. */
  readonly quiet?: boolean;
}

export interface Story {
  readonly name: string;
  readonly steps: readonly Step[];
}

export const write =
  (name: string, text: string) =>
  (folder: string): Promise<void> =>
    writeFile(path.join(folder, name), text);
export const drop =
  (...names: readonly string[]) =>
  async (folder: string): Promise<void> => {
    for (const name of names) await rm(path.join(folder, name));
  };
export const urn = (name: string, type = "probe:index:Thing"): string =>
  `urn:pulumi:STACK::probe::${type}::${name}`;

/** A resource of one letter: its file, its content, its options. */
export const thing = (name: string, content = "1", options = "{}", more = ""): string =>
  `const ${name} = new Thing("${name}", { path: mine("${name}"), content: "${content}"${more} }, ${options});\n`;
/** Each after the one before: steps of a program that fails come in one order. */
export const inRow = (...contents: readonly string[]): string =>
  contents
    .map((content, index) => {
      const name = "abcdefgh"[index] ?? "z";
      const before = "abcdefgh"[index - 1];
      return thing(name, content, before ? `{ dependsOn: [${before}] }` : "{}");
    })
    .join("");
