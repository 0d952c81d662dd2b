/**
 * A user's ~/.ssh/authorized_keys on a host. All of it is the user's to arrange, symlinks and pipes included, so root
 * never touches it: everything is done as that user.
 */
import { createHash } from "node:crypto";
import type { Question } from "../../connection/questions.ts";
import { word } from "../../connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";

/** Some 500 keys; a file of more is not kept by lines. */
const MOST_BYTES = 60_000;
/** A user could stop its own processes. */
const SECONDS = 20;
/** Whoever holds the lock compares and renames: milliseconds. */
const LOCK_SECONDS = 15;

const NO_USER = 2;
const CHANGED = 48;
/** Who came in between wrote the file; it is read again. */
const TRIES = 20;

/** `$1` of the inner script is the home folder. What it says itself is told apart by its exit code. */
const asUser = (name: string, inner: string, more = ""): string => `
n=${word(name)}
e=$(getent passwd -- "$n") || { echo "there is no user $n" >&2; exit ${NO_USER}; }
IFS=: read -r _ _ uid gid _ home _ <<END
$e
END
me=$(id -u)
if [ "$me" = "$uid" ]; then set -- sh
elif [ "$me" = 0 ]; then set -- timeout -s KILL ${SECONDS} setpriv --reuid "$uid" --regid "$gid" --init-groups --no-new-privs sh
else echo "only root or $n may see its keys" >&2; exit 1; fi
"$@" -c ${word(inner)} sh "$home" ${more}`;

const READ = `
cd -- "$1" 2>/dev/null || exit 0
f=.ssh/authorized_keys
[ -e "$f" ] || exit 0
[ -f "$f" ] || { echo "$1/$f is no file" >&2; exit 1; }
[ "$(stat -Lc %s -- "$f")" -le ${MOST_BYTES} ] || { echo "$1/$f holds more than ${MOST_BYTES} bytes, which is too much to be kept by lines" >&2; exit 1; }`;

/** The same text for all keys of a user: they are asked for once. */
export const keysQuestion = (user: string): Extract<Question, { about: "script" }> => ({
  about: "script",
  script: asUser(user, `${READ}\ncat -- "$f"`),
});
export const isNoUser = (code: number): boolean => code === NO_USER;

/** Bytes as characters; undefined: there is no such user. */
export async function readKeys(site: Site, user: string): Promise<Outcome<string | undefined>> {
  const script = asUser(user, `${READ}\nbase64 -w0 -- "$f"`);
  const answer = await site.machine.run({ script, maxOutput: 2 * MOST_BYTES }, site.signal);
  if (answer.ok && isNoUser(answer.value.code)) return done(undefined);
  if (answer.ok && answer.value.code === 0)
    return done(Buffer.from(answer.value.stdout.trim(), "base64").toString("latin1"));
  const { machine } = site;
  if (!answer.ok) return answer;
  const said = answer.value.stderr || `the step ended with code ${answer.value.code}`;
  return trouble("failed", `${machine.name}: keys of ${user}: ${said}`);
}

/**
 * `$2` is the checksum of what the new text was made from. A link of the user's own to the file is kept. The lock is
 * on the folder, and ends with the script.
 */
const WRITE = `
cd -- "$1" || { echo "its home $1 is not there" >&2; exit 1; }
umask 077
[ -d .ssh ] || mkdir .ssh || exit 1
exec 9<.ssh
flock -w ${LOCK_SECONDS} 9 || { echo "somebody else holds the lock on $1/.ssh" >&2; exit 1; }
f=$(readlink -f -- .ssh/authorized_keys) && [ -n "$f" ] || { echo "$1/.ssh/authorized_keys leads nowhere" >&2; exit 1; }
now=$(printf '' | sha256sum) || exit 1
if [ -e "$f" ]; then
  [ -O "$f" ] || { echo "$f belongs to somebody else" >&2; exit 1; }
  now=$(sha256sum <"$f") || exit 1
fi
[ "\${now%% *}" = "$2" ] || exit ${CHANGED}
t=$(mktemp -- "$f.XXXXXXXXXX") || exit 1
trap 'rm -f -- "$t"' EXIT
cat >"$t" || exit 1
[ "$(sha256sum <"$t" | cut -c1-64)" = "$3" ] || { echo "the keys arrived cut short" >&2; exit 1; }
if [ -e "$f" ]; then chmod --reference="$f" -- "$t" || exit 1; fi
sync -- "$t" && mv -fT -- "$t" "$f" || exit 1
trap - EXIT
sync -- "\${f%/*}" 2>/dev/null || :`;

const checksum = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Reads, changes and writes, again where somebody else wrote in between. Answers false: there is no such user. */
export async function changeKeys(
  site: Site,
  user: string,
  change: (text: string) => string,
): Promise<Outcome<boolean>> {
  const { machine, signal } = site;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const now = await readKeys(site, user);
    if (!now.ok) return now;
    if (now.value === undefined) return done(false);
    const wanted = change(now.value);
    if (wanted === now.value) return done(true);
    const [was, body] = [now.value, wanted].map(text => Buffer.from(text, "latin1")) as [Buffer, Buffer];
    const script = asUser(user, WRITE, `${checksum(was)} ${checksum(body)}`);
    const written = await machine.run({ script, body }, signal);
    if (!written.ok) return written;
    if (written.value.code === 0) return done(true);
    if (written.value.code !== CHANGED)
      return trouble(
        "failed",
        `${machine.name}: keys of ${user}: ${written.value.stderr || "writing them was cut off"}`,
      );
  }
  return trouble("failed", `${machine.name}: keys of ${user}: somebody else keeps changing them`);
}
