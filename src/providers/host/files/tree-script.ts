/** Many files of a tree in one script: a step for each would cost ten processes a file. Pure. */
import { word } from "../../connection/shell-loop.ts";
import type { TreeEntry } from "./tree.ts";

export type TreeFile = TreeEntry & { readonly kind: "file" };

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

/** `command` once for all files that need the same, by their numbers. */
function together(files: readonly TreeFile[], commandOf: (file: TreeFile) => string | undefined): string {
  const groups = new Map<string, number[]>();
  for (const [index, file] of files.entries()) {
    const command = commandOf(file);
    if (command !== undefined) groups.set(command, [...(groups.get(command) ?? []), index]);
  }
  return [...groups].map(([command, numbers]) => `${command} ${numbers.join(" ")} || exit 1`).join("\n");
}

function ownership({ placement: { owner, group } }: TreeFile): string | undefined {
  if (owner === undefined) return group === undefined ? undefined : `chgrp -- ${word(group)}`;
  return `chown -- ${word(group === undefined ? owner : `${owner}:${group}`)}`;
}

/** What is not given is taken from the file that is replaced. */
function like(file: TreeFile, index: number): string {
  const { path, mode, owner, group } = file.placement;
  const kept = [
    ...(owner === undefined || group === undefined ? [`chown --reference="$p" ${index}`] : []),
    ...(mode === undefined ? [`chmod --reference="$p" ${index}`] : []),
  ];
  if (kept.length === 0) return "";
  return `p=${word(path)}; if [ -f "$p" ] && [ ! -L "$p" ]; then ${kept.join(" && ")} || exit 1; fi\n`;
}

/**
 * The contents are the body, one after the other. They are stored under numbers in a folder beside, get owners and modes,
 * are flushed together and then take their places one by one, each as a whole. Its folders are there. Whoever owns the
 * one above could put a symlink in the new folder's place: it is entered, and used only where it is what was made.
 */
export function placeFilesScript(root: string, files: readonly TreeFile[]): string {
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  return `d=${word(root)}
find "$d" -maxdepth 1 -name '.holdfast-??????????' -type d -mmin +30 -exec rm -rf {} +
w=$(mktemp -d -- "$d/.holdfast-XXXXXXXXXX") || exit 1
trap 'rm -rf -- "$w"' EXIT
trap 'exit 1' HUP INT TERM
cd -P -- "$w" || exit 1
case $(stat -c %a .) in 700 | 2700) [ -O . ] && [ -z "$(ls -A)" ] ;; *) false ;; esac || { echo "somebody else comes in between in $d" >&2; exit 1; }
${files.map(({ content }, index) => `head -c ${content.length} > ${index} || exit 1`).join("\n")}
if [ "$(find . -type f -printf '%s\\n' | awk '{ sum += $1 } END { print sum + 0 }')" != ${bytes} ]; then
  echo 'the content arrived cut short' >&2; exit 1
fi
${files.map(like).join("")}${together(files, ownership)}
${together(files, ({ placement: { mode } }) => (mode === undefined ? undefined : `chmod ${octal(mode)}`))}
sync -f . || exit 1
${files.map(({ placement }, index) => `mv -fT ${index} ${word(placement.path)} || exit 1`).join("\n")}
sync -- "$d" 2>/dev/null || :`;
}
