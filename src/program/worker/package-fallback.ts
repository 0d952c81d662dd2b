/** Packages that a project need not have: what it does not find itself comes from holdfast. */
import { registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const isBare = (specifier: string): boolean => !/^(\.{0,2}\/|\.{1,2}$|#|[a-z][a-z0-9+.-]*:)/i.test(specifier);
const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND");

/** What programs may take from holdfast without naming it in a package.json. */
const PROVIDED = /^(holdfast|@pulumi\/pulumi)(\/|$)/;

export interface Fallback {
  /** holdfast's package folder. */
  readonly holdfast: string;
  /** The program's folder: its SDK is the one that holdfast's own resources must use. */
  readonly program: string;
}

/** Node's own rules come first, but for the SDK as seen from holdfast's resources: there must be one copy of it. */
export function fallBackToOwnPackages({ holdfast, program }: Fallback): void {
  const ownParent = pathToFileURL(path.join(holdfast, "package.json")).href;
  const programParent = pathToFileURL(path.join(program, "package.json")).href;
  const ownSdk = path.join(holdfast, "dist") + path.sep;
  const fromOwnSdk = (parent: string | undefined): boolean =>
    parent?.startsWith("file:") === true && fileURLToPath(parent).startsWith(ownSdk);
  registerHooks({
    resolve(specifier, context, next) {
      if (!isBare(specifier) || !PROVIDED.test(specifier)) return next(specifier, context);
      const parentURL =
        specifier.startsWith("@pulumi/pulumi") && fromOwnSdk(context.parentURL)
          ? programParent
          : context.parentURL;
      try {
        return next(specifier, { ...context, parentURL });
      } catch (error) {
        if (!isMissing(error)) throw error;
        return next(specifier, { ...context, parentURL: ownParent });
      }
    },
  });
}
