/** A container in a folder that stands for a host: its files, as a host with quadlets would have them. */
import { done, type Outcome } from "../../outcome.ts";
import type { Done, Site } from "../family.ts";
import { filesOf, type ContainerFile } from "./files.ts";
import { tagOf } from "./image.ts";
import type { ContainerInputs } from "./inputs.ts";

/** No image has an id there: it is named. */
const imageName = ({ name, source }: ContainerInputs): string =>
  source.from === "image" ? source.name : tagOf(name, source);

export const folderFiles = (inputs: ContainerInputs): readonly ContainerFile[] =>
  filesOf(inputs, "quadlet", imageName(inputs));

async function remove(paths: readonly string[], { machine, signal }: Site): Promise<Outcome<void>> {
  for (const path of paths) {
    const removed = await machine.removeFile(path, signal);
    if (!removed.ok) return removed;
  }
  return done(undefined);
}

export const removeFolderFiles = (inputs: ContainerInputs, site: Site): Promise<Outcome<void>> =>
  remove(
    folderFiles(inputs).map(({ path }) => path),
    site,
  );

/** `old`: what may be there besides. */
export async function writeFolder(
  inputs: ContainerInputs,
  site: Site,
  old: ContainerInputs | undefined,
): Promise<Outcome<Done>> {
  const { machine, signal } = site;
  const files = folderFiles(inputs);
  for (const { path, content, mode } of files) {
    const written = await machine.write(path, content, { mode, newMode: mode }, signal);
    if (!written.ok) return written;
  }
  const kept = new Set(files.map(({ path }) => path));
  const left = (old ? folderFiles(old) : []).map(({ path }) => path).filter(path => !kept.has(path));
  const removed = await remove(left, site);
  return removed.ok ? done({}) : removed;
}
