/** Packages that a project need not have: what it does not find itself comes from holdfast. */
import { realpathSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { forgetResources, isResource, resourcesFolder, type OwnResources } from "./own-resources.ts";

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND");

/** What programs may take from holdfast without naming it in a package.json. */
const PROVIDED = /^(holdfast|@pulumi\/pulumi)(\/|$)/;

export interface Fallback extends OwnResources {
  /** The program's folder: its SDK is the one that holdfast's own resources must use. */
  readonly program: string;
}

/** The folder of the SDK that imports there lead to; undefined: to none. */
function copyOf(require: NodeJS.Require): string | undefined {
  try {
    return path.dirname(realpathSync(require.resolve("@pulumi/pulumi/package.json")));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Node's own rules come first, but for the SDK as seen from holdfast's resources: there must be one copy of it. */
export function fallBackToOwnPackages({ holdfast, sdk, program }: Fallback): void {
  // Node takes a changed parent into account for `import` only, hence a resolver for each place.
  const fromHoldfast = createRequire(path.join(holdfast, "package.json"));
  const resources = resourcesFolder(holdfast);
  // A program of holdfast's own, for stacks without one, lies among the resources itself.
  const isOwn = `${realpathSync(program)}${path.sep}`.startsWith(resources);
  const fromProgram = isOwn ? fromHoldfast : createRequire(path.join(program, "package.json"));
  if (!isOwn && copyOf(fromProgram) !== realpathSync(sdk)) forgetResources({ holdfast });
  const found = (file: string) => ({ url: pathToFileURL(file).href, shortCircuit: true });
  registerHooks({
    resolve(specifier, context, next) {
      if (!PROVIDED.test(specifier)) return next(specifier, context);
      if (specifier.startsWith("@pulumi/") && isResource(resources, context.parentURL)) {
        return found(fromProgram.resolve(specifier));
      }
      try {
        return next(specifier, context);
      } catch (error) {
        // The resolver of our own folder comes by here as well.
        if (
          !isMissing(error) ||
          context.parentURL === pathToFileURL(path.join(holdfast, "package.json")).href
        ) {
          throw error;
        }
        return found(fromHoldfast.resolve(specifier));
      }
    },
  });
}
