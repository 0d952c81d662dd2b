/** Whether a commit concerns a stack: the whole tree does, unless `inputs` narrows it. */
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
  if (inputs === undefined || changed === undefined) return true;
  const matches = inputs.map(pattern => picomatch(pattern, { dot: true }));
  return changed.some(
    path =>
      below(path, stack.folder) ||
      path === stack.stackFile ||
      secrets.includes(path) ||
      EVERYBODYS.includes(path) ||
      matches.some(match => match(path)),
  );
}
