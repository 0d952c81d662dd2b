/** The texts of files on a host, where there are some. */
import { done, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";
import { MAX_CONTENT_BYTES } from "./content.ts";

/** `most`: bytes. Undefined: there is no file, or a larger one. */
export async function textAt(
  { machine, signal }: Site,
  path: string,
  most = MAX_CONTENT_BYTES,
): Promise<Outcome<string | undefined>> {
  const there = await machine.read(path, most, signal);
  if (!there.ok) return there;
  return done(there.value?.kind === "file" ? there.value.content?.toString("utf8") : undefined);
}

/** By path; those that are not there are left out. */
export async function textsAt(
  site: Site,
  paths: Iterable<string>,
): Promise<Outcome<ReadonlyMap<string, string>>> {
  const texts = new Map<string, string>();
  for (const path of paths) {
    const text = await textAt(site, path);
    if (!text.ok) return text;
    if (text.value !== undefined) texts.set(path, text.value);
  }
  return done(texts);
}
