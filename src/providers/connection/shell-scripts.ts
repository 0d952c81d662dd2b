/** The scripts that run on a host. Paths travel as quoted words, content as standard input. */
import { STAT_FORMAT } from "./entry-facts.ts";
import type { Attributes, Exchange, Writing } from "./machine.ts";
import { word } from "./shell-loop.ts";

/** Exit code: `stat` of the path failed; its error text says why. */
export const NO_STAT = 44;
/** Exit code: we do not do that; the text says what. */
export const REFUSED = 45;
export const FAILED = 46;
/** Exit code: the validation did not like the new file; the text is what it said. */
export const INVALID = 47;
/** Exit code: the file is not any more what the new one was made from. */
export const CHANGED = 48;
/** Of a validation's words. */
const MOST_WORDS = 2000;
/** Whoever holds the lock on a folder compares and renames: milliseconds. */
const LOCK_SECONDS = 20;

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
const refuse = (why: string): string => `{ echo ${word(why)} >&2; exit ${REFUSED}; }`;

/** Facts on the first line, then the content of a regular file that is not too big. */
export const read = (path: string, maxBytes: number): string => `
p=${word(path)}
stat --printf '${STAT_FORMAT}\\n' -- "$p" || exit ${NO_STAT}
if [ -f "$p" ] && [ ! -L "$p" ] && [ "$(stat -c %s -- "$p")" -le ${maxBytes} ]; then
  head -c ${maxBytes} -- "$p" || exit ${FAILED}
fi`;

/** `$t` is the new file. The command is run by itself, so that a mistake in it is its own. */
export const validation = (command: string): string => `
said=$( (eval ${word(command.replaceAll("%s", '"$t"'))}) 2>&1 </dev/null )
code=$?
if [ "$code" != 0 ]; then
  if [ -n "$said" ]; then printf '%s' "$said" | tail -c ${MOST_WORDS} >&2; else echo "it ended with code $code" >&2; fi
  exit ${INVALID}
fi`;

/** flock, of util-linux, is in every Debian. The lock ends with the script. */
const comparison = (was: string | undefined): string => `
exec 9<"$d"
flock -w ${LOCK_SECONDS} 9 || { echo 'somebody else holds the lock on its folder' >&2; exit ${FAILED}; }
if [ -f "$p" ] && [ ! -L "$p" ]; then now=$(sha256sum < "$p") || exit ${FAILED}; now=\${now%% *}
elif [ -e "$p" ] || [ -L "$p" ]; then now=other
else now=; fi
[ "$now" = ${word(was ?? "")} ] || exit ${CHANGED}`;

/** Longer than any step of ours takes: what is older was left by one that was cut off, by a power cut for example. */
const LEFT_MINUTES = 30;

/** Costs nothing where nothing is left. */
const SWEEP = `
for l in "$d"/.holdfast-??????????; do
  if [ -f "$l" ] || [ -L "$l" ]; then find "$l" -maxdepth 0 ! -type d -mmin +${LEFT_MINUTES} -delete; fi
done`;

/** What the script has open, whatever its name stands for by now (proc(5)). */
const HELD = "/proc/self/fd/8";

/**
 * The new file is made beside the old one, owned and moded before it is seen, and flushed before it takes its
 * place. Whoever owns the folder could put a symlink in its place at any moment: it is made only where nothing is, and
 * written, owned and moded through what is open. Only a validation is told its name. The folder may be one that cannot be opened: its flush is worth a
 * try and no more.
 */
export const write = (path: string, folder: string, bytes: number, writing: Writing | Exchange): string => `
p=${word(path)} d=${word(folder)}
mkdir -p -- "$d" || exit ${FAILED}
if [ -d "$p" ] && [ ! -L "$p" ]; then echo 'it is a folder; it is not replaced by a file' >&2; exit ${FAILED}; fi
${SWEEP}
f=${HELD} k=$(umask) t=$(mktemp -u -- "$d/.holdfast-XXXXXXXXXX") || exit ${FAILED}
trap 'rm -f -- "$t"' EXIT
trap 'exit ${FAILED}' HUP INT TERM
umask 077; set -C
command exec 8>"$t" || exit ${FAILED}
set +C; umask "$k"
cat >&8 || exit ${FAILED}
if [ "$(stat -L -c %s -- "$f")" != ${bytes} ]; then echo 'the content arrived cut short' >&2; exit ${FAILED}; fi
u= g= m=
if [ -f "$p" ] && [ ! -L "$p" ]; then u=$(stat -c %u -- "$p") g=$(stat -c %g -- "$p") m=$(stat -c %a -- "$p"); fi
${writing.owner === undefined ? "" : `u=${word(writing.owner)}`}
${writing.group === undefined ? "" : `g=${word(writing.group)}`}
m=${writing.mode === undefined ? `\${m:-${octal(writing.newMode)}}` : octal(writing.mode)}
if [ -n "$u" ] && [ "$u" != "$(stat -L -c %u -- "$f")" ]; then chown -- "$u" "$f" || exit ${FAILED}; fi
if [ -n "$g" ] && [ "$g" != "$(stat -L -c %g -- "$f")" ]; then chgrp -- "$g" "$f" || exit ${FAILED}; fi
chmod -- "$m" "$f" || exit ${FAILED}
sync -- "$f" || exit ${FAILED}
exec 8>&-
${writing.validate === undefined ? "" : validation(writing.validate)}
${"was" in writing ? comparison(writing.was) : ""}
mv -fT -- "$t" "$p" || exit ${FAILED}
trap - EXIT
sync -- "$d" 2>/dev/null || :`;

/** Made beside, and renamed: a link that is there leads to the old or to the new, never nowhere. */
export const makeSymlink = (path: string, folder: string, target: string): string => `
p=${word(path)} d=${word(folder)} to=${word(target)}
mkdir -p -- "$d" || exit ${FAILED}
if [ -L "$p" ] && [ "$(readlink -n -- "$p"; echo .)" = "$to." ]; then exit 0; fi
if [ ! -L "$p" ] && [ -e "$p" ]; then ${refuse("it is there and is not a symlink; it is not replaced by one")}; fi
${SWEEP}
t=$(mktemp -u -- "$d/.holdfast-XXXXXXXXXX") && ln -s -- "$to" "$t" || exit ${FAILED}
mv -fT -- "$t" "$p" || { rm -f -- "$t"; exit ${FAILED}; }`;

export const zeroEnded = (paths: readonly string[]): Buffer =>
  Buffer.from(paths.map(one => `${one}\0`).join(""));

/**
 * Paths come as standard input, ended by zero bytes. Whoever owns the folder could put a symlink on the way at any
 * moment: the shell goes there, sees where it is, and removes what is right there.
 */
export const removeInside = (folder: string): string => `
f=${word(folder)}
if [ -L "$f" ]; then ${refuse("it is a symlink")}; fi
[ -e "$f" ] || exit 0
cd -P -- "$f" || exit ${FAILED}
xargs -0 -r sh -c '
root=$(pwd -P; echo .) root=\${root%??}
for n do
  case $n in */*) d=/\${n%/*} ;; *) d= ;; esac
  [ -d "$root$d" ] || continue
  cd -P -- "$root$d" || exit 1
  [ "$(pwd -P; echo .)" = "$root$d
." ] || { echo "$d: a symlink is on the way" >&2; exit 1; }
  if [ -d "./\${n##*/}" ] && [ "$(stat -c %d -- "./\${n##*/}")" != "$(stat -c %d .)" ]; then
    [ -L "./\${n##*/}" ] || { echo "$n: another file system is mounted there" >&2; exit 1; }
  fi
  rm -rf --one-file-system -- "./\${n##*/}" || exit 1
done' sh || exit ${FAILED}`;

export const makeDirectory = (path: string, folder: string, mode: number): string => `
p=${word(path)}
if [ -L "$p" ]; then echo 'it is there and is not a folder' >&2; exit ${FAILED}; fi
if [ -d "$p" ]; then exit 0; fi
mkdir -p -- ${word(folder)} && mkdir -m ${octal(mode)} -- "$p" || exit ${FAILED}`;

/**
 * The mode comes last and always: a change of owner takes the set-id bits away. Root keeps open what it changes, and looks
 * whether it is what stands there: whoever owns the folder could put a symlink in its place in between.
 */
export const setAttributes = (path: string, attributes: Attributes): string => `
p=${word(path)} f=$p
if [ -L "$p" ]; then ${refuse("it is a symlink")}; fi
if [ -O / ] && { [ -f "$p" ] || [ -d "$p" ]; }; then
  command exec 8<"$p" || exit ${FAILED}
  f=${HELD}
  [ "$(stat -c %d:%i -- "$p")" = "$(stat -L -c %d:%i -- "$f")" ] || ${refuse("somebody else replaces it just now")}
fi
m=${attributes.mode === undefined ? '$(stat -L -c %a -- "$f")' : octal(attributes.mode)} || exit ${FAILED}
${attributes.owner === undefined ? "" : `chown -- ${word(attributes.owner)} "$f" || exit ${FAILED}`}
${attributes.group === undefined ? "" : `chgrp -- ${word(attributes.group)} "$f" || exit ${FAILED}`}
chmod -- "$m" "$f" || exit ${FAILED}`;

export const removeFile = (path: string): string => `
p=${word(path)}
if [ -d "$p" ] && [ ! -L "$p" ]; then ${refuse("it is a folder now; it is not removed as a file")}; fi
rm -f -- "$p" || exit ${FAILED}`;

export const removeDirectory = (path: string): string => `
p=${word(path)}
stat -c '' -- "$p" >/dev/null || exit ${NO_STAT}
if [ ! -d "$p" ] || [ -L "$p" ]; then ${refuse("it is not a folder any more; it is not removed")}; fi
rmdir -- "$p" || exit ${FAILED}`;
