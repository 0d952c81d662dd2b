/**
 * What a Pulumi.yaml names that the CLI would start by itself, as the daemon's user, from the repository's own files.
 * Pure. Rules as CLI 3.259.0 has them (sdk/go/common/workspace/project.go, pkg/resource/plugin/host.go).
 */
import type { Problem } from "../engine/failure.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** A plugin's or package's name as the CLI knows it, with a version or without: anything else is a path for it. */
const NAME =
  /^(?:(?:[a-zA-Z0-9-][\w.-]*[a-zA-Z0-9]\/)?[a-zA-Z0-9-][\w.-]*[a-zA-Z0-9]\/)?[a-zA-Z0-9-][\w.-]*[a-zA-Z0-9](?:@v?\d+(?:\.\d+){0,2})?$/;
const URL_OF_A_PLUGIN = /^(?:https?|git):\/\/[A-Za-z0-9][\w./@-]*$/;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys as Go's JSON decoder compares them: without case, and with the letters that Unicode folds into ASCII. */
const fold = (key: string): string => key.normalize("NFKC").toLowerCase();

export interface NamedPackage {
  readonly name: string;
  readonly source: string;
  readonly path: readonly PropertyKey[];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function sourceOf(value: unknown): string {
  if (!isRecord(value)) return text(value);
  return text(Object.entries(value).find(([key]) => fold(key) === "source")?.[1]);
}

/** The packages of the file, whatever their source. */
export function namedPackages({ value }: YamlDocument): readonly NamedPackage[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, packages]) =>
    fold(key) === "packages" && isRecord(packages)
      ? Object.entries(packages).map(([name, spec]) => ({
          name,
          source: sourceOf(spec),
          path: [key, name],
        }))
      : [],
  );
}

/** Whether the CLI looks for this package in a folder. A name that is a folder of the project as well is for the caller to find. */
export const isPath = (source: string): boolean =>
  source.includes("..") || !(NAME.test(source) || URL_OF_A_PLUGIN.test(source));

function pluginPaths({ value }: YamlDocument): readonly (readonly PropertyKey[])[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, plugins]) => {
    if (fold(key) !== "plugins" || !isRecord(plugins)) return [];
    return Object.entries(plugins).flatMap(([kind, list]) =>
      Array.isArray(list) ? list.map((_, at) => [key, kind, at]) : [],
    );
  });
}

/** `<<` is a merge for the CLI and a plain key for us: what it brings would not be seen. */
function mergesAt(value: unknown, path: readonly PropertyKey[]): readonly (readonly PropertyKey[])[] {
  if (Array.isArray(value)) return value.flatMap((item, at) => mergesAt(item, [...path, at]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "<<" ? [[...path, key]] : mergesAt(inner, [...path, key]),
  );
}

const RELEVANT: readonly string[] = ["plugins", "packages", "<<"];

function merges({ value }: YamlDocument): readonly (readonly PropertyKey[])[] {
  if (!isRecord(value)) return [];
  const relevant = Object.entries(value).filter(([key]) => RELEVANT.includes(fold(key)));
  return mergesAt(Object.fromEntries(relevant), []);
}

/** What the file names by a path, or hides; packages whose source merely could be one are left to the caller. */
export function pluginProblems(doc: YamlDocument, hint: string): readonly Problem[] {
  const problem = (path: readonly PropertyKey[], message: string): Problem => ({
    message,
    place: doc.place(path),
    hint,
  });
  return [
    ...merges(doc).map(path =>
      problem(path, "<<: a merge may bring in plugins; write out what it stands for"),
    ),
    ...pluginPaths(doc).map(path =>
      problem(
        path,
        `${path.slice(0, 2).map(String).join(".")}: a plugin of the repository's own would run outside of the program's box`,
      ),
    ),
    ...namedPackages(doc)
      .filter(({ source }) => isPath(source))
      .map(({ name, path }) =>
        problem(
          path,
          `packages: "${name}" is given by a path, and its plugin would run outside of the program's box`,
        ),
      ),
  ];
}
