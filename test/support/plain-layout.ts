/** Layouts of hosts that are plain files, for tests of what becomes of the files. */
import assert from "node:assert/strict";
import { layOut, type Layout } from "../../src/sdk/plain/layout.ts";
import type { Kind, PathRule } from "../../src/sdk/plain/settings.ts";
import type { Entry } from "../../src/sdk/plain/tree.ts";
import { valuesOf } from "../../src/sdk/plain/values.ts";

export interface Given {
  /** Path below the repository → text; what begins with `hosts/cron` is cron's, and so on. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly more?: Readonly<Record<string, Partial<Entry>>>;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly paths?: Readonly<Record<string, Partial<PathRule>>>;
}

const FOLDERS: Readonly<Record<Kind, readonly string[]>> = {
  files: ["frodo/files", "all/files"],
  units: ["frodo/units"],
  cron: ["frodo/cron"],
  containers: ["frodo/containers"],
};

const entry = (folder: string, source: string, more: Partial<Entry> = {}): Entry => ({
  source,
  name: source.slice(folder.length + 1),
  kind: "file",
  executable: false,
  bytes: 1,
  legible: true,
  ...more,
});

export function lay({ files, more = {}, values = {}, secrets = {}, paths = {} }: Given): Layout {
  const of = (kind: Kind): Entry[] =>
    FOLDERS[kind].flatMap(folder =>
      Object.keys(files)
        .filter(source => source.startsWith(`${folder}/`))
        .map(source => entry(folder, source, more[source])),
    );
  return layOut({
    entries: { files: of("files"), units: of("units"), cron: of("cron"), containers: of("containers") },
    values: valuesOf(values, secrets, "box").values,
    paths: Object.entries(paths).map(([pattern, rule], index) => ({
      pattern,
      place: { file: "holdfast.yaml", line: index + 1, column: 9 },
      ...rule,
    })),
    read: source => Buffer.from(files[source] ?? assert.fail(source)),
  });
}

export const problems = (given: Given): readonly string[] => lay(given).problems;
