/** holdfast's own resources, loaded while the process waits: 40 ms for each program that imports them. */
import { realpathSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What a program imports as `holdfast/host`, and the program of stacks without one. */
const ENTRIES = ["host.js", "plain/make.js"];

export interface OwnResources {
  /** holdfast's package folder. */
  readonly holdfast: string;
  /** Folder of the copy of `@pulumi/pulumi` that they are to use: there must be one copy of it. */
  readonly sdk: string;
}

/** Where they are, built. */
export const resourcesFolder = (holdfast: string): string =>
  path.join(realpathSync(holdfast), "dist") + path.sep;

/** Whether a module that imports something is one of them. */
export const isResource = (resources: string, parent: string | undefined): boolean =>
  parent?.startsWith("file:") === true && fileURLToPath(parent).startsWith(resources);

/** Declares one resource of ours. */
export type Declare = (name: string) => unknown;

interface Declared {
  readonly File: new (name: string, args: Readonly<Record<string, unknown>>) => unknown;
}

/** Where they are not built, nothing is loaded: a program that imports them hears of it. */
export function preloadResources({ holdfast, sdk }: OwnResources): Declare | undefined {
  const resources = resourcesFolder(holdfast);
  const fromSdk = createRequire(path.join(sdk, "package.json"));
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith("@pulumi/") || !isResource(resources, context.parentURL))
        return next(specifier, context);
      return { url: pathToFileURL(fromSdk.resolve(specifier)).href, shortCircuit: true };
    },
  });
  const require = createRequire(resources);
  try {
    const [host] = ENTRIES.map((entry): unknown => require(path.join(resources, "sdk", entry)));
    const { File } = host as Declared;
    return name => new File(name, { connection: { local: true }, path: `/${name}`, content: name });
  } catch (error) {
    forgetResources({ holdfast });
    if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) throw error;
    return undefined;
  } finally {
    hooks.deregister();
  }
}

/** For a program with another copy of the SDK: they are loaded anew when it imports them. */
export function forgetResources({ holdfast }: Pick<OwnResources, "holdfast">): void {
  const resources = resourcesFolder(holdfast);
  const { cache } = createRequire(resources);
  for (const file of Object.keys(cache)) if (file.startsWith(resources)) Reflect.deleteProperty(cache, file);
}
