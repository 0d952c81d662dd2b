/** A stack's own file, Pulumi.<stack>.yaml, read with places. It comes from the repository: size and shape are checked. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { isMap, isScalar, LineCounter, parseAllDocuments, type Document } from "yaml";
import { fail, ok, type Place, type Problem, type Result } from "../engine/failure.ts";
import { repeatedKeys } from "../process/repeated-keys.ts";

/** 1 MiB: real ones are a few kilobytes. */
const MAX_STACK_FILE = 1024 * 1024;
/** `*alias` may be used this often: enough for people, too little for a bomb. */
const MAX_ALIASES = 100;
/** Of one file: the rest mostly follows from the first few. */
const MAX_ERRORS = 10;

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

/** By the key's path, as JSON: one walk, since a file may hold a hundred thousand of them. */
function placesOf(document: Document, at: (offset: number) => Place): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const add = (map: unknown, above: readonly string[]): void => {
    for (const { key } of isMap(map) ? map.items : [])
      if (isScalar(key) && key.range)
        places.set(JSON.stringify([...above, String(key.value)]), at(key.range[0]));
  };
  add(document.contents, []);
  if (isMap(document.contents)) add(document.contents.get("config", true), ["config"]);
  return places;
}

function parse(file: string, text: string): Result<Parsed | undefined> {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "silent",
  });
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
  const wrong = [
    ...document.errors.map(({ message, pos }) => ({ message, place: at(pos[0]) })),
    ...repeatedKeys(document, MAX_ERRORS).map(offset => ({
      message: "this key is there twice; keep one of them",
      place: at(offset),
    })),
  ];
  if (wrong.length > 0) return configInvalid(...wrong.slice(0, MAX_ERRORS));
  const places = placesOf(document, at);
  const placeOf = (...keys: readonly string[]): Place => places.get(JSON.stringify(keys)) ?? { file };
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
  const seen = await stat(absolute).catch(() => undefined);
  if (!seen) return configInvalid({ message: "is not there", place: { file } });
  if (!seen.isFile()) return configInvalid({ message: "is not a plain file", place: { file } });
  if (seen.size > MAX_STACK_FILE)
    return configInvalid({
      message: `is larger than ${MAX_STACK_FILE} bytes`,
      place: { file },
      hint: "configuration is for small values: put files into the program's folder and read them there",
    });
  return parseStackFile(file, await readFile(absolute, "utf8"));
}

/** `file` is for places. Failures: config-invalid. */
export function parseStackFile(file: string, text: string): Result<StackFile> {
  try {
    const parsed = parse(file, text);
    if (!parsed.ok) return parsed;
    return parsed.value ? contentOf(file, parsed.value) : ok({ file, entries: [], other: {} });
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return configInvalid({ message: "nested too deeply", place: { file } });
    throw error;
  }
}
