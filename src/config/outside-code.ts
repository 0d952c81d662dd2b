/** Code of a project that the Pulumi CLI would start outside of the program's box, where programs have boxes. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import type { Place, Problem } from "../engine/failure.ts";
import type { StackDefinition } from "../engine/ports/stack.ts";
import { readCheckoutFile } from "./checkout-file.ts";
import { isPath, namedPackages, pluginProblems } from "./outside-plugins.ts";
import { parseYaml, type YamlDocument } from "./yaml-document.ts";

export interface OutsideRules {
  /** Whether a program that cannot have a box is refused: another language than Node. */
  readonly required: boolean;
  /** Whether plugins of the repository may run outside. */
  readonly plugins: "refuse" | "unboxed";
}

const PLUGINS_HINT =
  "install it where the daemon looks for plugins, or let such plugins run as the daemon's user: programPlugins: unboxed in the daemon's settings";
const LANGUAGE_HINT =
  "write it for nodejs, or set isolation to auto in the daemon's settings: it then runs as the daemon's user";

/** The one language whose programs can have boxes. */
const BOXED = "nodejs";

const PROJECT_FILES = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

/** Undefined: nothing that can be read, which the estate's own checks have said. */
async function readProject(root: string, folder: string): Promise<YamlDocument | undefined> {
  for (const name of PROJECT_FILES) {
    const file = path.posix.join(folder, name);
    const answer = await readCheckoutFile(root, file);
    if (!("text" in answer)) continue;
    const doc = parseYaml(file, answer.text);
    if ("value" in doc) return doc;
  }
  return undefined;
}

/**
 * A provider's name may have slashes: the CLI then takes `pulumi-resource-NAME` for a path that starts in the project's
 * folder, and runs what is there (tried with 3.259.0: type `x/../evil:index:T` and a folder `pulumi-resource-x`).
 */
const WAY_FOR_PATHS = /^pulumi-[a-z]+-/;

async function ways(root: string, folder: string): Promise<readonly Problem[]> {
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  return entries
    .filter(entry => WAY_FOR_PATHS.test(entry.name) && !entry.isFile())
    .map(({ name }) => ({
      message: `a provider's name can lead through this folder to a file of the repository, which would run outside of the program's box`,
      place: { file: path.posix.join(folder, name) },
      hint: `give the folder another name, or set programPlugins: unboxed in the daemon's settings`,
    }));
}

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );

/** Names and URLs that are folders of the project, too: the CLI may fall back to them. */
async function packageFolders(root: string, folder: string, doc: YamlDocument): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { name, source, path: place } of namedPackages(doc).filter(one => !isPath(one.source))) {
    const bare = source.replace(/@[^@/]*$/, "");
    const there = await Promise.all(
      [source, bare].map(relative => isThere(path.join(root, folder, relative))),
    );
    if (!there.includes(true)) continue;
    const message = `packages: "${name}" may be taken from the folder ${bare}, and its plugin would run outside of the program's box`;
    problems.push({ message, place: doc.place(place), hint: PLUGINS_HINT });
  }
  return problems;
}

/** As the names of all language hosts are; anything else could be a path for the CLI, as a provider's name can. */
const LANGUAGE = /^[A-Za-z][A-Za-z0-9-]*$/;

function languageProblems(runtime: string, required: boolean, place: Place | undefined): readonly Problem[] {
  const problem = (message: string, hint: string): readonly Problem[] => [
    { message, hint, ...(place ? { place } : {}) },
  ];
  if (required && runtime !== BOXED)
    return problem(
      `runtime: programs in ${runtime} cannot be isolated, and the daemon's settings require isolation`,
      LANGUAGE_HINT,
    );
  if (LANGUAGE.test(runtime)) return [];
  return problem(
    `runtime: "${runtime}" is no language, and could lead to a file of the repository`,
    PLUGINS_HINT,
  );
}

/**
 * All that speaks against running this stack's program where programs have boxes. Another language has none; what its
 * project brings of plugins is refused all the same: they would run where no language host is installed.
 */
export async function outsideCode(
  root: string,
  { folder, runtime }: Pick<StackDefinition, "folder" | "runtime">,
  { required, plugins }: OutsideRules,
): Promise<readonly Problem[]> {
  const doc = await readProject(root, folder);
  const language = languageProblems(runtime, required, doc?.place(["runtime"]));
  if (required && language.length > 0) return language;
  if (plugins === "unboxed") return [];
  const named = doc
    ? [...pluginProblems(doc, PLUGINS_HINT), ...(await packageFolders(root, folder, doc))]
    : [];
  return [...language, ...named, ...(await ways(root, folder))];
}
