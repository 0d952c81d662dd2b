/** Reads one Pulumi.yaml: just what holdfast needs of it. */
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import { readCheckoutFile } from "./checkout-file.ts";
import { parseYaml, type YamlDocument } from "./yaml-document.ts";

export interface Project {
  readonly file: string;
  readonly folder: string;
  readonly name: string;
  readonly runtime: string;
  readonly main?: string;
  /** Where the stack files are, relative to the root. */
  readonly stackFolder: string;
}

export type Found<T> = { readonly value: T } | { readonly problems: readonly Problem[] };

/** What is known of a project whose file has a mistake. */
export interface BadProject {
  readonly problems: readonly Problem[];
  readonly name?: string;
  readonly stackFolder?: string;
}

/** What Pulumi takes as a project's name (sdk/go/common/tokens/names.go). */
const PROJECT_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `relative` from `folder` on, where it stays in the checkout. */
function below(folder: string, relative: string): string | undefined {
  const joined = path.posix.normalize(path.posix.join(folder || ".", relative));
  if (path.posix.isAbsolute(relative) || joined === ".." || joined.startsWith("../")) return undefined;
  return joined === "." ? "" : joined.replace(/\/$/, "");
}

function runtimeOf(value: unknown): string | undefined {
  const name = isRecord(value) ? value["name"] : value;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** The folder of the stack files: `stackConfigDir`, or `config` where that is text, its name of old. */
function stackFolderOf(value: Record<string, unknown>): unknown {
  if (value["stackConfigDir"] !== undefined) return value["stackConfigDir"];
  return typeof value["config"] === "string" ? value["config"] : "";
}

function check(file: string, doc: YamlDocument): { readonly value: Project } | BadProject {
  const value = doc.value;
  if (!isRecord(value))
    return { problems: [{ message: "not a Pulumi project file", place: { file, line: 1, column: 1 } }] };
  const folder = path.posix.dirname(file) === "." ? "" : path.posix.dirname(file);
  const problems: Problem[] = [];
  const wrong = (key: string, message: string): void =>
    void problems.push({ message, place: doc.place([key]) });
  const name = value["name"];
  const named = typeof name === "string" && PROJECT_NAME.test(name) ? name : undefined;
  if (named === undefined) wrong("name", "name: the project needs a name of letters, digits, - _ and .");
  const runtime = runtimeOf(value["runtime"]);
  if (runtime === undefined) wrong("runtime", 'runtime: the project needs a runtime, for example "nodejs"');
  const main = value["main"];
  if (main !== undefined && (typeof main !== "string" || below(folder, main) === undefined))
    wrong("main", "main: must be a path inside the repository");
  const stackDir = stackFolderOf(value);
  const stackFolder = typeof stackDir === "string" ? below(folder, stackDir) : undefined;
  if (stackFolder === undefined)
    wrong("stackConfigDir", "stackConfigDir: must be a folder inside the repository");
  if (problems.length > 0 || named === undefined || runtime === undefined || stackFolder === undefined)
    return {
      problems,
      ...(named === undefined ? {} : { name: named }),
      ...(stackFolder === undefined ? {} : { stackFolder }),
    };
  return {
    value: { file, folder, name: named, runtime, stackFolder, ...(typeof main === "string" ? { main } : {}) },
  };
}

/** `file` is relative to the root of the checkout. */
export async function readProjectFile(
  root: string,
  file: string,
): Promise<{ readonly value: Project } | BadProject> {
  const answer = await readCheckoutFile(root, file);
  if ("problem" in answer) return { problems: [{ message: `the file ${answer.problem}`, place: { file } }] };
  if ("missing" in answer) return { problems: [{ message: "the link leads nowhere", place: { file } }] };
  const doc = parseYaml(file, answer.text);
  return "problems" in doc ? doc : check(file, doc);
}
