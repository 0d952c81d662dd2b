/** The scripts that make, change and remove a user. */
import { word } from "../../connection/shell-loop.ts";
import { done, type Outcome } from "../../outcome.ts";
import type { AccountFacts, UserInputs } from "./user-inputs.ts";
import type { Question, ScriptFacts } from "../../connection/questions.ts";
import type { Site } from "../family.ts";
import { step } from "../step.ts";

const NOBODY = 2;
const SECONDS_PER_DAY = 86_400;

/** Whether the home folder is there, and of the password a digest only: the hash itself stays on the host. */
export const accountQuestion = (name: string): Extract<Question, { about: "script" }> => ({
  about: "script",
  script: `n=${word(name)}; e=$(getent passwd -- "$n") || exit ${NOBODY}
h=\${e%:*} h=\${h##*:}; [ -d "$h" ] && echo home || echo none
[ -r /etc/shadow ] && getent shadow -- "$n" | { IFS=: read -r _ p _ _ _ _ _ x _ && printf '%s\\n' "$(printf %s "$p" | sha256sum)" "$x" "$(date +%s)"; }`,
});

export function parseAccount({ output }: ScriptFacts): AccountFacts {
  const [home, digest = "", expires = "", now = ""] = output.split("\n");
  const hasHome = home === "home";
  const [passwordDigest = ""] = digest.split(" ");
  if (passwordDigest.length !== 64) return { hasHome };
  const today = Math.floor(Number(now) / SECONDS_PER_DAY);
  return { hasHome, shadow: { passwordDigest, locked: expires !== "" && Number(expires) <= today } };
}

/** A user with a shell that is not there could not log in. */
const shellCheck = ({ shell }: UserInputs): string =>
  shell === undefined
    ? ""
    : `[ -x ${word(shell)} ] || { echo "its shell "${word(shell)}" is not there" >&2; exit 1; }`;

/** The password's hash comes as standard input. */
const passwordStep = ({ password }: UserInputs): string =>
  password === undefined ? "" : "chpasswd -e || exit 1";
const bodyOf = ({ name, password }: UserInputs): { readonly body?: Buffer } =>
  password === undefined ? {} : { body: Buffer.from(`${name}:${password}\n`) };

/**
 * As useradd would: what is in /etc/skel, with the host's mode for homes. Made beside, complete, and renamed. The folder
 * above may be somebody else's, who could put something else in the new folder's place at any moment: it is entered, and
 * filled only where it is what was made.
 */
const homeStep = `
h=$(getent passwd -- "$n" | cut -d: -f6)
if [ ! -d "$h" ]; then
  if [ -e "$h" ] || [ -L "$h" ]; then echo "its home $h is there and is no folder" >&2; exit 1; fi
  m=$(sed -n 's/^HOME_MODE[[:space:]]*//p' /etc/login.defs)
  mkdir -p -- "\${h%/*}/" && d=$(cd -P -- "\${h%/*}/" && pwd) && t=$(mktemp -d -- "\${d%/}/.holdfast-XXXXXXXXXX") || exit 1
  (cd -P -- "$t" || exit 1
    [ "$(pwd)" = "$t" ] && [ -O . ] && [ -z "$(ls -A)" ] || { echo "somebody else comes in between in $d" >&2; exit 1; }
    { [ ! -d /etc/skel ] || cp -RP /etc/skel/. .; } && chmod -- "\${m:-0755}" . &&
      chown -hR -- "$(id -u -- "$n"):$(id -g -- "$n")" .) && mv -T -- "$t" "$h" || { rm -rf -- "$t"; exit 1; }
fi`;

export interface Change {
  /** Words for usermod. */
  readonly words: readonly string[];
  readonly isOtherPassword: boolean;
  readonly needsHome: boolean;
}

export const modify = (site: Site, inputs: UserInputs, change: Change): Promise<Outcome<string>> =>
  step(site, `change user ${inputs.name}`, {
    script: [
      `n=${word(inputs.name)}`,
      change.words.some(one => one.startsWith("-s ")) ? shellCheck(inputs) : "",
      change.words.length > 0 ? `usermod ${change.words.join(" ")} -- "$n" || exit 1` : "",
      change.isOtherPassword ? passwordStep(inputs) : "",
      change.needsHome ? homeStep : "",
    ].join("\n"),
    ...(change.isOtherPassword ? bodyOf(inputs) : {}),
  });

/** `words`: for useradd. */
export const create = (site: Site, inputs: UserInputs, words: readonly string[]): Promise<Outcome<string>> =>
  step(site, `make user ${inputs.name}`, {
    script: [
      `n=${word(inputs.name)}`,
      shellCheck(inputs),
      `useradd ${words.join(" ")} -- "$n" || exit 1`,
      passwordStep(inputs),
    ].join("\n"),
    ...bodyOf(inputs),
  });

/** Who is on the way out gets this long. */
const END_SECONDS = 5;

/** Pids and names of the user's processes, from /proc: the shell and coreutils are all there is. */
const PROCESSES = `
processes() {
  for s in /proc/[0-9]*/status; do
    while read -r k v r; do
      case $k in
        Name:) name=$v ;;
        Pid:) pid=$v ;;
        Uid:) for i in $v $r; do [ "$i" = "$u" ] && { echo "$pid $name"; break; }; done; break ;;
      esac
    done <"$s"
  done 2>/dev/null
}
without() { tries=0; while [ -n "$(processes)" ]; do [ "$tries" -lt $1 ] || return 1; tries=$((tries + 1)); sleep 0.1; done; }
end() { processes | while read -r pid _; do kill "-$1" "$pid" 2>/dev/null; done; }`;

/** A group that the program named is not the user's: userdel takes it along where it has its name and no member. */
const groupBack = ({ group }: UserInputs): string =>
  group === undefined ? "" : `g=$(id -g -- "$n"); own=$(getent group -- "$g" | cut -d: -f1)`;
const restore = ({ group }: UserInputs): string =>
  group === undefined ? "" : `getent group -- "$own" >/dev/null || groupadd -g "$g" -- "$own"`;

export async function remove(site: Site, inputs: UserInputs): Promise<Outcome<void>> {
  const { name, removeHome, endProcesses } = inputs;
  const ending = endProcesses
    ? `without 5 || { end TERM; without ${END_SECONDS * 10} || { end KILL; without 20; }; }`
    : "";
  const script = `
n=${word(name)}
e=$(getent passwd -- "$n") || exit 0
u=$(id -u -- "$n") || exit 1
if [ "$u" = 0 ]; then echo 'it is root: that one is not removed' >&2; exit 1; fi
${PROCESSES}
${ending || `without ${END_SECONDS * 10}`}
left=$(processes | head -5 | tr '\\n' ',')
if [ -n "$left" ]; then echo "it has processes: \${left%,}; with endProcesses they are ended" >&2; exit 1; fi
${groupBack(inputs)}
userdel ${removeHome ? "-r" : ""} -- "$n" 2>&1 || exit 1
${restore(inputs)}`;
  const removed = await step(site, `remove user ${name}`, { script });
  return removed.ok ? done(undefined) : removed;
}
