/** A stack's own file, Pulumi.<stack>.yaml, read with places. It comes from the repository: size and shape are checked. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { isMap, isScalar, LineCounter, parseAllDocuments, type Document } from "yaml";
import { fail, ok, type Place, type Problem, type Result } from "../engine/failure.ts";

/** 1 MiB: real ones are a few kilobytes. */
const MAX_STACK_FILE = 1024 * 1024;
/** `*alias` may be used this often: enough for people, too little for a bomb. */
const MAX_ALIASES = 100;

export interface ConfigEntry {
  /** As written, for example `hosts:motd` or `motd`. */
  readonly key: string;
  readonly value: unknown;
  readonly place: Place;
}

export interface StackFile {
  readonly file: string;
  readonly entries: readonly ConfigEntry[];
  /** Of the passphrase that `secure:` values are under. */
  readonly encryptionSalt?: string;
  readonly secretsProvider?: string;
  /** A Pulumi ESC environment is imported. */
  readonly environment?: Place;
  /** Top-level keys that we do not know; kept as they are. */
  readonly other: Readonly<Record<string, unknown>>;
}

export const configInvalid = (...problems: readonly Problem[]): ReturnType<typeof fail> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface Parsed {
  readonly document: Document;
  readonly placeOf: (...keys: readonly string[]) => Place;
}

function parse(file: string, text: string): Result<Parsed | undefined> {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) return ok(undefined);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [document, second] = documents;
  if (!document) return ok(undefined);
  if (second)
    return configInvalid({
      message: "holds more than one YAML document",
      place: at(second.range?.[0] ?? 0),
      hint: "keep one",
    });
  if (document.errors.length > 0)
    return configInvalid(...document.errors.map(({ message, pos }) => ({ message, place: at(pos[0]) })));
  const placeOf = (...keys: readonly string[]): Place => {
    const [last] = keys.slice(-1);
    const parent = keys.length > 1 ? document.getIn(keys.slice(0, -1), true) : document.contents;
    if (!isMap(parent)) return { file };
    const pair = parent.items.find(item => isScalar(item.key) && String(item.key.value) === last);
    return isScalar(pair?.key) && pair.key.range ? at(pair.key.range[0]) : { file };
  };
  return ok({ document, placeOf });
}

function contentOf(file: string, { document, placeOf }: Parsed): Result<StackFile> {
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return configInvalid({
      message: error instanceof Error ? error.message : String(error),
      place: { file },
    });
  }
  if (content === null) return ok({ file, entries: [], other: {} });
  if (!isObject(content)) return configInvalid({ message: "is not a map", place: { file } });
  const { config, encryptionsalt, secretsprovider, environment, encryptedkey: _key, ...other } = content;
  if (config !== undefined && config !== null && !isObject(config))
    return configInvalid({ message: "`config` is not a map", place: placeOf("config") });
  const entries = Object.entries(config ?? {}).map(([key, value]) => ({
    key,
    value,
    place: placeOf("config", key),
  }));
  return ok({
    file,
    entries,
    ...(typeof encryptionsalt === "string" && { encryptionSalt: encryptionsalt }),
    ...(typeof secretsprovider === "string" && secretsprovider && { secretsProvider: secretsprovider }),
    ...(environment !== undefined && environment !== null && { environment: placeOf("environment") }),
    other,
  });
}

/** Reads `file` below `root`. Failures: config-invalid. */
export async function readStackFile(root: string, file: string): Promise<Result<StackFile>> {
  const absolute = path.join(root, file);
  const size = await stat(absolute).then(
    found => found.size,
    () => undefined,
  );
  if (size === undefined) return configInvalid({ message: "is not there", place: { file } });
  if (size > MAX_STACK_FILE)
    return configInvalid({
      message: `is larger than ${MAX_STACK_FILE} bytes`,
      place: { file },
      hint: "configuration is for small values: put files into the program's folder and read them there",
    });
  const parsed = parse(file, await readFile(absolute, "utf8"));
  if (!parsed.ok) return parsed;
  return parsed.value ? contentOf(file, parsed.value) : ok({ file, entries: [], other: {} });
}
