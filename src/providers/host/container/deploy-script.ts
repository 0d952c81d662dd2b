/**
 * The script that changes a container on its host, under a lock. A version (files, health check, whether it runs) is
 * received beside the good one, put in place, started and watched; healthy, it becomes the good one in one rename;
 * otherwise the good one is put back. Cut off anywhere, what is good stays known: the next run starts over.
 */
import { word } from "../../connection/shell-loop.ts";
import { checkScript } from "../health.ts";
import { configFolder } from "./arguments.ts";
import { LIST_SCRIPT, stateFolder } from "./facts.ts";
import { digestOf, type ContainerFile } from "./files.ts";
import type { Image } from "./image.ts";
import { sourceText, type ContainerInputs } from "./inputs.ts";
import { OWNER_LINE, unitName, unitPath, type Form } from "./units.ts";

export interface Deployment {
  readonly inputs: ContainerInputs;
  readonly form: Form;
  readonly image: Image;
  readonly files: readonly ContainerFile[];
  /** Whether what runs is to be ended first. */
  readonly restart: boolean;
}

/** A container that is up for so long is taken for started, where nothing better is known. */
const SETTLED_S = 1;
/** What ends as often as this will not become healthy. */
const MOST_RESTARTS = 3;
const LOG_LINES = 15;
const LOCK_S = 120;

export const names = (name: string): string => `n=${word(name)} u=${word(unitName(name))}
uf=${word(unitPath(name, "unit"))} qf=${word(unitPath(name, "quadlet"))}
c=${word(configFolder(name))} s=${word(stateFolder(name))} owner=${word(OWNER_LINE)}
fail() { echo "$1" >&2; exit 1; }
umask 077; mkdir -p -- "$s" /run/lock || exit 1
exec 9>"/run/lock/holdfast-container-$n.lock"
flock -w ${LOCK_S} 9 || fail 'another change of this container is under way'
[ -d "$s/good" ] || [ ! -d "$s/old" ] || mv -T -- "$s/old" "$s/good"`;

/** A unit that somebody else brought is not ours to replace. */
export const GUARD = `ours() { [ ! -e "$1" ] && [ ! -L "$1" ] || [ "$(readlink -- "$1")" = /dev/null ] || head -n 1 -- "$1" | grep -qxF -- "$owner"; }
if [ ! -d "$s/good" ]; then
  ours "$uf" && ours "$qf" || fail "there is a unit $u on this host that is not holdfast's: give the container another name"
  p=$(systemctl show --property=FragmentPath --value -- "$u")
  case $p in ''|"$uf"|/run/systemd/generator/"$u") ;; *) fail "there is a unit $u on this host already ($p): give the container another name";; esac
fi`;

const FUNCTIONS = `# $1 from, $2 to, $3 mode
place() {
  (umask 022; mkdir -p -- "\${2%/*}") && t=$(mktemp -- "\${2%/*}/.holdfast-XXXXXXXXXX") || return 1
  if cat -- "$1" >"$t" && chmod "$3" "$t" && sync -- "$t" && mv -fT -- "$t" "$2"; then return 0; fi
  rm -f -- "$t"; return 1
}
# $1: folder of a version
put() {
  case $(cat -- "$1/form") in quadlet) to=$qf other=$uf;; *) to=$uf other=$qf;; esac
  (umask 022; mkdir -p /etc/holdfast/containers) && mkdir -p -- "$c/secrets" && chmod 700 "$c" && chmod 755 "$c/secrets" || return 1
  for f in "$1"/settings/* "$1"/settings/secrets/*; do
    [ -f "$f" ] || continue
    place "$f" "$c/\${f#"$1"/settings/}" "$(stat -c %a -- "$f")" || return 1
  done
  for f in "$c"/* "$c"/secrets/* "$c"/.holdfast-* "$c"/secrets/.holdfast-*; do
    [ -f "$f" ] || [ -L "$f" ] || continue
    [ -f "$1/settings/\${f#"$c"/}" ] || rm -f -- "$f"
  done
  place "$1/unit" "$to" 644 && rm -f -- "$other"
}
# $1: folder of a version, $2: how: start or restart
run() {
  systemctl unmask --quiet -- "$u" 2>/dev/null; systemctl unmask --quiet --runtime -- "$u" 2>/dev/null
  systemctl daemon-reload || return 1
  if [ "$(cat -- "$1/form")" = unit ]; then systemctl "$(cat -- "$1/enabled")" --quiet -- "$u" || return 1; fi
  if [ "$(cat -- "$1/running")" = no ]; then systemctl stop -- "$u" || return 1; systemctl reset-failed -- "$u" 2>/dev/null; return 0; fi
  systemctl reset-failed -- "$u" 2>/dev/null
  systemctl "$2" -- "$u"
}
now() { cut -d. -f1 /proc/uptime; }
# $1: folder of a version; fails where it is not healthy in time, and says why
healthy() {
  [ "$(cat -- "$1/running")" = yes ] || return 0
  end=$(($(now) + $(cat -- "$1/within"))) why='it did not start' since=
  while :; do
    case $(systemctl is-active -- "$u") in
      active)
        i=$(systemctl show --property=InvocationID --value -- "$u")
        if [ "$i" != "$since" ]; then since=$i at=$(now); fi
        if [ $(($(now) - at)) -ge ${SETTLED_S} ] || [ -s "$1/checked" ]; then
          if why=$(timeout "$(cat -- "$1/within")" sh "$1/check" 9>&- </dev/null 2>&1); then return 0; fi
          why="its health check says: $(printf '%s' "$why" | tail -n 3 | cut -c -300)"
        fi;;
      failed|inactive) why='it ended'; return 1;;
      *)
        since= why='it ends and is started again'
        [ "$(systemctl show --property=NRestarts --value -- "$u")" -lt ${MOST_RESTARTS} ] || return 1;;
    esac
    [ "$(now)" -lt "$end" ] || return 1
    sleep 0.2
  done
}
list() { ${LIST_SCRIPT}
}`;

/** `pending` is there from before the first file changes until a container runs that started with all of them. */
const RUN = `t0=$(date +%s)
touch -- "$s/pending" && sync -- "$s/pending" "$s" || exit 1
if put "$s/new" && run "$s/new" "$how" && healthy "$s/new"; then
  set -- $(list | grep -- "^$n ")
  command=; [ "$(cat -- "$s/new/running")" = no ] || command=\${4:-none}
  echo "command=$command" >>"$s/new/record"
  sync -- "$s"/new/* 2>/dev/null
  rm -rf -- "$s/old"
  [ ! -d "$s/good" ] || mv -T -- "$s/good" "$s/old"
  mv -T -- "$s/new" "$s/good" && sync -- "$s" || exit 1
  rm -rf -- "$s/old" "$s/pending"
  exit 0
fi
# The container's own lines; those of its unit where it wrote none.
journalctl --sync 2>/dev/null
{
  echo "\${why:-it did not start}. Its last lines:"
  own=$(journalctl --quiet --no-pager --output=cat --since="@$t0" CONTAINER_NAME="$n" | tail -n ${LOG_LINES} | cut -c -300)
  if [ -n "$own" ]; then printf '%s\\n' "$own"; else
    journalctl --quiet --no-pager --output=cat --since="@$t0" --unit="$u" | tail -n ${LOG_LINES} | cut -c -300
  fi
} >"$s/said"
if [ -d "$s/good" ]; then
  if put "$s/good" && run "$s/good" restart && healthy "$s/good"; then back='The former container runs again.'; rm -f -- "$s/pending"
  else back="The former container was put back, and did not become healthy: \${why:-it did not start}."; fi
else
  systemctl disable --quiet --now -- "$u" 2>/dev/null || systemctl stop -- "$u" 2>/dev/null
  rm -rf -- "$uf" "$qf" "$c" "$s/pending"; systemctl daemon-reload; systemctl reset-failed -- "$u" 2>/dev/null
  back='There was none before; it was taken away again.'
fi
cat -- "$s/said" >&2; echo "$back" >&2
rm -rf -- "$s/new" "$s/said"
exit 1`;

const settingName = (name: string, path: string): string => path.slice(configFolder(name).length + 1);

/** Files come one after the other in the body, and are told apart by their lengths. */
function receive(name: string, files: readonly ContainerFile[]): string {
  const lines = files.map(({ of, path, content, mode }) => {
    const at = of === "unit" ? "unit" : `settings/${settingName(name, path)}`;
    const file = word(at);
    return `head -c ${content.length} >"$s/new/"${file} && [ "$(stat -c %s -- "$s/new/"${file})" = ${content.length} ] && chmod ${mode.toString(8)} "$s/new/"${file} || fail 'the files arrived cut short'`;
  });
  return ['rm -rf -- "$s/new"; mkdir -p -- "$s/new/settings/secrets" || exit 1', ...lines].join("\n");
}

function recordText({ inputs, form, image, files }: Deployment): string {
  const lines = [
    `digest=${digestOf(files)}`,
    `form=${form}`,
    `image=${image.id}`,
    `imageDigest=${image.digest}`,
    `source=${sourceText(inputs.source)}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function deployScript(deployment: Deployment): string {
  const { inputs, form, files, restart } = deployment;
  const { name, enabled, running, health } = inputs;
  const say = (file: string, text: string): string => `printf %s ${word(text)} >"$s/new/${file}"`;
  const version = [
    say("form", form),
    say("enabled", enabled ? "enable" : "disable"),
    say("running", running ? "yes" : "no"),
    say("within", String(withinOf(inputs))),
    say("check", checkScript(health)),
    say("checked", health ? "yes" : ""),
    say("record", recordText(deployment)),
  ].join(" &&\n");
  return [
    names(name),
    GUARD,
    receive(name, files),
    `{ ${version}; } || exit 1`,
    FUNCTIONS,
    `how=${restart ? "restart" : "start"}`,
    RUN,
  ].join("\n");
}

/** Where nothing says when it is healthy: this long for systemd's own restarts to show. */
const UNCHECKED_S = 20;
export const withinOf = ({ health }: ContainerInputs): number => health?.within ?? UNCHECKED_S;

export const removeScript = (name: string): string => `${names(name)}
[ -d "$s/good" ] || { head -n 1 -- "$uf" 2>/dev/null || head -n 1 -- "$qf" 2>/dev/null; } | grep -qxF -- "$owner" || { rm -rf -- "$s"; exit 0; }
systemctl disable --quiet --now -- "$u" 2>/dev/null || systemctl stop -- "$u" 2>/dev/null
systemctl is-active --quiet -- "$u" && fail "$u does not stop"
if command -v podman >/dev/null; then podman rm --force --ignore --volumes -- "$n" >/dev/null || exit 1; fi
rm -rf -- "$uf" "$qf" "$c" "$s" || exit 1
systemctl daemon-reload && { systemctl reset-failed -- "$u" 2>/dev/null || :; }`;
