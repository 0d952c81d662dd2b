/**
 * `node_modules` in a checkout: a real folder of links. Third-party packages lead to the shared install, whose real
 * paths keep them one copy each; the repository's own packages lead to this very checkout.
 */
import { chmod, mkdir, readdir, realpath, rename, rm, stat, symlink } from "node:fs/promises";
import { readdirSync, readlinkSync, realpathSync } from "node:fs";
import path from "node:path";
import { randomUUID } from "node:crypto";

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
const isThere = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST");

/** A link to make: `name` below node_modules, and what it leads to. */
export interface ModuleLink {
  readonly name: string;
  readonly target: string;
}

/** Makes `folder/node_modules` of exactly these links, at once; where it is there already, it stays. */
export async function linkModules(folder: string, links: readonly ModuleLink[]): Promise<void> {
  const final = path.join(folder, "node_modules");
  const made = path.join(folder, `.node_modules-${randomUUID()}`);
  const { mode } = await stat(folder);
  // Checkouts are read-only; ours is the one name that is added to them.
  await chmod(folder, mode | 0o200);
  try {
    await mkdir(made);
    for (const { name, target } of links) {
      const link = path.join(made, name);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(target, link);
    }
    await rename(made, final);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (!isThere(error)) throw error;
  } finally {
    await chmod(folder, mode);
  }
}

async function namesIn(modules: string): Promise<string[]> {
  const top = await readdir(modules).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = await Promise.all(
    top.map(async name => {
      if (!name.startsWith("@")) return [name];
      return (await readdir(path.join(modules, name))).map(inner => `${name}/${inner}`);
    }),
  );
  return names.flat();
}

/** Where a link of the install must lead in a checkout: the install's own packages stay there, the repository's own are the checkout's. */
async function targetOf(entry: string, install: string, checkout: string): Promise<string | undefined> {
  const real = await realpath(entry).catch((error: unknown) => {
    // A `.bin` of a workspace package that is not built: nobody can use it.
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (real === undefined) return undefined;
  const inside = path.relative(install, real);
  const isOwn = !inside.split(path.sep).includes("node_modules");
  return isOwn ? path.join(checkout, inside) : entry;
}

/** Links for one folder of the install (its root, or a workspace's). */
export async function linksOf(install: string, folder: string, checkout: string): Promise<ModuleLink[]> {
  const modules = path.join(install, folder, "node_modules");
  const names = (await namesIn(modules)).filter(name => name !== ".package-lock.json");
  const links = await Promise.all(
    names.map(async name => ({ name, target: await targetOf(path.join(modules, name), install, checkout) })),
  );
  return links.flatMap(({ name, target }) => (target === undefined ? [] : [{ name, target }]));
}

/** Where a link leads, and the links one folder deeper, of scoped packages; nothing where it is a file. */
function targetsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const name = path.join(folder, entry.name);
    if (entry.isSymbolicLink()) return [readlinkSync(name)];
    return entry.isDirectory() && entry.name.startsWith("@") ? targetsIn(name) : [];
  });
}

/** The shared installs in `cache` that the links of `folder/node_modules` lead to, by their real paths. */
export function installsBehind(folder: string, cache: string): string[] {
  const modules = path.join(folder, "node_modules");
  let real: string;
  let targets: string[];
  try {
    real = realpathSync(cache);
    targets = targetsIn(modules);
  } catch (error) {
    if (isMissing(error)) return []; // nothing was ever installed, or the project needs nothing
    throw error;
  }
  const names = targets
    .map(target => path.relative(real, target).split(path.sep)[0] ?? "")
    .filter(name => name !== "" && name !== "..");
  return [...new Set(names)].map(name => path.join(real, name));
}
