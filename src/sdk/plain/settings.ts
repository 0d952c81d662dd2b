/** What the program of a stack without a program is told by the daemon (src/program/plain-program.ts). */

/** Of `paths` in holdfast.yaml: what holds for the paths on the host that it matches. */
export interface PathRule {
  /** With a slash at its end it means folders. */
  readonly pattern: string;
  readonly place: Place;
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
  readonly validate?: string;
  /** One of these three is done after a file that it matches has changed. */
  readonly reload?: string;
  readonly restart?: string;
  readonly command?: string;
  /** Must succeed before. */
  readonly check?: string;
}

export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface PlainSettings {
  /** Absolute folder of the checkout. */
  readonly root: string;
  /** The stack's name, without its project. */
  readonly stack: string;
  readonly connection: string | Readonly<Record<string, unknown>>;
  readonly sudo: boolean;
  /** Relative to `root`. */
  readonly folders: Readonly<Record<Kind, readonly string[]>>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly paths: readonly PathRule[];
}

/** What a folder holds. */
export type Kind = "files" | "units" | "cron" | "containers";
export const KINDS: readonly Kind[] = ["files", "units", "cron", "containers"];

/** The daemon writes it; nobody else can set a name that begins so. */
export const VARIABLE = "HOLDFAST_PLAIN_STACK";

export function readSettings(env: NodeJS.ProcessEnv): PlainSettings {
  const text = env[VARIABLE];
  if (text === undefined) throw new Error(`${VARIABLE} is not set: this program is started by holdfast`);
  return JSON.parse(text) as PlainSettings;
}

/** `holdfast.yaml:4:9` */
export const sayPlace = ({ file, line, column }: Place): string =>
  [file, line, column].filter(part => part !== undefined).join(":");
