/** Whether a commit concerns a stack: the whole tree does, unless `inputs` narrows it. One without a program is its files. */
import picomatch from "picomatch";
import type { StackDefinition } from "./ports/stack.ts";

const below = (path: string, folder: string): boolean =>
  folder === "" || path === folder || path.startsWith(`${folder}/`);

/** Files at the root that mean something to every stack. */
const EVERYBODYS = [
  "holdfast.yaml",
  ".sops.yaml",
  "package.json",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
];

/** `changed` undefined (unknown) concerns everybody: in doubt, plan. */
export function concerns(stack: StackDefinition, changed: readonly string[] | undefined): boolean {
  const { inputs, secrets } = stack.settings;
  const narrowed = inputs ?? (stack.host ? [] : undefined);
  if (narrowed === undefined || changed === undefined) return true;
  const own = stack.host ? stack.host.sources : [stack.folder];
  const matches = narrowed.map(pattern => picomatch(pattern, { dot: true }));
  return changed.some(
    path =>
      own.some(source => below(path, source)) ||
      path === stack.stackFile ||
      secrets.includes(path) ||
      EVERYBODYS.includes(path) ||
      matches.some(match => match(path)),
  );
}
