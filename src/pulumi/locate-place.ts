/** Puts a CLI that was just got into the cache, whole or not at all. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import path from "node:path";
import { ownCopy } from "./locate-memory.ts";
import { exactly } from "./locate-present.ts";
import { notFound, type Attempt, type Search } from "./locate-way.ts";

/** `get` fills a new folder with `bin/pulumi` and answers why it could not, or nothing. */
export async function placeInCache(
  search: Search,
  get: (folder: string) => Promise<string | undefined>,
): Promise<Attempt> {
  const target = ownCopy(search.env);
  let folder: string;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    folder = await mkdtemp(`${target}.new-`);
  } catch (error) {
    return notFound(`the cache cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const why = await get(folder);
    if (why !== undefined) return notFound(why);
    const got = await exactly(search, path.join(folder, "bin", "pulumi"));
    if (!got.found) return got;
    return await moveInto(search, folder, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function moveInto(search: Search, folder: string, target: string): Promise<Attempt> {
  const file = path.join(target, "bin", "pulumi");
  const old = `${folder}.old`;
  // What is there is broken, or came a moment ago from another process and is as good as ours.
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(folder, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  await rm(old, { recursive: true, force: true });
  return exactly(search, file);
}
