/** Which provider plugins a project's own dependencies ask for, so that the engine picks their versions. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { RequiredPackage } from "./language-service.ts";

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** A package.json that cannot be read is the program's to fail on, with Node's own words. */
function readManifest(file: string): Json {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function findUpwards(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, name);
    if (existsSync(file)) return file;
    if (at === path.dirname(at)) return undefined;
  }
}

/** The `pulumi` part of a provider SDK's package.json: { resource, name, version, server }. */
function toRequired(manifest: Json): RequiredPackage[] {
  const { pulumi } = manifest;
  if (!isObject(pulumi) || pulumi.resource !== true) return [];
  const named =
    text(pulumi.name) ||
    text(manifest.name)
      .replace(/^@pulumi\//, "")
      .replace(/^@[^/]+\/pulumi-/, "");
  return [
    { name: named, version: text(pulumi.version) || text(manifest.version), server: text(pulumi.server) },
  ];
}

/** Looks at the direct dependencies only: a provider SDK that comes along with another brings its version in each resource. */
export function requiredPackages(folder: string): RequiredPackage[] {
  const own = findUpwards(folder, "package.json");
  if (own === undefined) return [];
  const { dependencies, devDependencies } = readManifest(own);
  const names = [dependencies, devDependencies].flatMap(list => (isObject(list) ? Object.keys(list) : []));
  return names.flatMap(name => {
    const file = findUpwards(path.dirname(own), path.join("node_modules", name, "package.json"));
    return file === undefined ? [] : toRequired(readManifest(file));
  });
}
