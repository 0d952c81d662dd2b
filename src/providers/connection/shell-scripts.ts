/** The scripts that run on a host. Paths travel as quoted words, content as standard input. */
import { STAT_FORMAT } from "./entry-facts.ts";
import type { Attributes } from "./machine.ts";
import { word } from "./shell-loop.ts";

/** Exit code: `stat` of the path failed; its error text says why. */
export const NO_STAT = 44;
/** Exit code: we do not do that; the text says what. */
export const REFUSED = 45;
const FAILED = 46;

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
const refuse = (why: string): string => `{ echo ${word(why)} >&2; exit ${REFUSED}; }`;

/** Facts on the first line, then the content of a regular file that is not too big. */
export const read = (path: string, maxBytes: number): string => `
p=${word(path)}
stat --printf '${STAT_FORMAT}\\n' -- "$p" || exit ${NO_STAT}
if [ -f "$p" ] && [ ! -L "$p" ] && [ "$(stat -c %s -- "$p")" -le ${maxBytes} ]; then
  head -c ${maxBytes} -- "$p" || exit ${FAILED}
fi`;

/**
 * The new file is made beside the old one, owned and moded before it is seen, and flushed before it takes its
 * place. The folder may be one that cannot be opened: its flush is worth a try and no more.
 */
export const write = (
  path: string,
  folder: string,
  bytes: number,
  attributes: Attributes & { readonly newMode: number },
): string => `
p=${word(path)} d=${word(folder)}
mkdir -p -- "$d" || exit ${FAILED}
if [ -d "$p" ] && [ ! -L "$p" ]; then echo 'it is a folder; it is not replaced by a file' >&2; exit ${FAILED}; fi
t=$(mktemp -- "$d/.holdfast-XXXXXXXXXX") || exit ${FAILED}
trap 'rm -f -- "$t"' EXIT
trap 'exit ${FAILED}' HUP INT TERM
cat > "$t" || exit ${FAILED}
if [ "$(stat -c %s -- "$t")" != ${bytes} ]; then echo 'the content arrived cut short' >&2; exit ${FAILED}; fi
u= g= m=
if [ -f "$p" ] && [ ! -L "$p" ]; then u=$(stat -c %u -- "$p") g=$(stat -c %g -- "$p") m=$(stat -c %a -- "$p"); fi
${attributes.owner === undefined ? "" : `u=${word(attributes.owner)}`}
${attributes.group === undefined ? "" : `g=${word(attributes.group)}`}
m=${attributes.mode === undefined ? `\${m:-${octal(attributes.newMode)}}` : octal(attributes.mode)}
if [ -n "$u" ] && [ "$u" != "$(stat -c %u -- "$t")" ]; then chown -- "$u" "$t" || exit ${FAILED}; fi
if [ -n "$g" ] && [ "$g" != "$(stat -c %g -- "$t")" ]; then chgrp -- "$g" "$t" || exit ${FAILED}; fi
chmod -- "$m" "$t" || exit ${FAILED}
sync -- "$t" || exit ${FAILED}
mv -fT -- "$t" "$p" || exit ${FAILED}
trap - EXIT
sync -- "$d" 2>/dev/null || :`;

export const makeDirectory = (path: string, folder: string, mode: number): string => `
p=${word(path)}
if [ -L "$p" ]; then echo 'it is there and is not a folder' >&2; exit ${FAILED}; fi
if [ -d "$p" ]; then exit 0; fi
mkdir -p -- ${word(folder)} && mkdir -m ${octal(mode)} -- "$p" || exit ${FAILED}`;

/** The mode comes last and always: a change of owner takes the set-id bits away. */
export const setAttributes = (path: string, attributes: Attributes): string => `
p=${word(path)}
if [ -L "$p" ]; then ${refuse("it is a symlink")}; fi
m=${attributes.mode === undefined ? '$(stat -c %a -- "$p")' : octal(attributes.mode)} || exit ${FAILED}
${attributes.owner === undefined ? "" : `chown -- ${word(attributes.owner)} "$p" || exit ${FAILED}`}
${attributes.group === undefined ? "" : `chgrp -- ${word(attributes.group)} "$p" || exit ${FAILED}`}
chmod -- "$m" "$p" || exit ${FAILED}`;

export const removeFile = (path: string): string => `
p=${word(path)}
if [ -d "$p" ] && [ ! -L "$p" ]; then ${refuse("it is a folder now; it is not removed as a file")}; fi
rm -f -- "$p" || exit ${FAILED}`;

export const removeDirectory = (path: string): string => `
p=${word(path)}
stat -c '' -- "$p" >/dev/null || exit ${NO_STAT}
if [ ! -d "$p" ] || [ -L "$p" ]; then ${refuse("it is not a folder any more; it is not removed")}; fi
rmdir -- "$p" || exit ${FAILED}`;
