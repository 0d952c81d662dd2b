/**
 * What runs on a host that tells when something changes there: a transient service that keeps the session's two pipes, and
 * a transient path unit bound to it. However the service ends, systemd takes away its folder and stops the path unit, so
 * nothing stays behind and nothing is installed. Pure.
 */
import { word } from "../connection/shell-loop.ts";
import type { Places } from "./places.ts";

/** Runs a script that comes by length on standard input, and leaves the rest of that to it. No single quotes in here. */
export const LOADER = 'read -r n && eval "$(head -c "$n")"';
/** systemd reads dollars in a command line in its own way. */
const LOADER_IN_UNIT = LOADER.replaceAll("$", "$$$$");

/** What comes on standard output, a line each. */
export const SAYS = { opened: "opened", ready: "ready", told: "told" } as const;

/** A line must come on standard input more often than this, or the other end is gone. */
const SILENCE_S = 90;
export const ALIVE_MS = 20_000;
/**
 * systemd does not watch while the service that tells runs, so that it tells again at its end; and it must run for a
 * while, or a file that is written all the time would start it all the time.
 */
const TELLING_S = 0.5;

const PATH = "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH; LC_ALL=C; export LC_ALL";
/** Of units: what they say in the journal, and that nothing of them is kept once they are over. */
const QUIET = ["--property=LogLevelMax=warning", "--property=CollectMode=inactive-or-failed"];

function opener(unit: string): string {
  const options = [
    ...["--quiet", "--no-ask-password", "--pipe", "--wait", "--collect", `--unit=${unit}.service`],
    ...[`--property=RuntimeDirectory=${unit}`, "--property=RuntimeDirectoryMode=0700", ...QUIET],
    ...["--property=TimeoutStopSec=5", `--description=holdfast: tells of changes`],
  ];
  return `${PATH}
[ -d /run/systemd/system ] || { echo 'systemd does not run there' >&2; echo ${SAYS.opened}; exit 1; }
echo ${SAYS.opened}
exec systemd-run ${options.map(word).join(" ")} sh -c ${word(LOADER_IN_UNIT)}`;
}

/** Opens the pipe for both directions: it must not wait for a reader that is gone. */
const teller = (unit: string): string => `[ -p /run/${unit}/tell ] || exit 0
exec 3<>/run/${unit}/tell
echo ${SAYS.told} >&3
sleep ${TELLING_S}
echo ${SAYS.told} >&3`;

/** A reader in the background sees the end of standard input, or of the path unit. Where a unit does not run, its usual place is taken. */
function keeper(unit: string, { paths, services }: Places): string {
  const tell = `${unit}-tell`;
  const options = [
    ...["--quiet", "--no-ask-password", `--unit=${tell}.service`, "--property=Type=oneshot"],
    ...["--property=StartLimitIntervalSec=0", `--description=holdfast: tells of changes`, ...QUIET],
    ...["BindsTo", "After"].map(name => `--path-property=${name}=${unit}.service`),
    "--path-property=CollectMode=inactive-or-failed",
    ...paths.map(place => `--path-property=PathModified=${place}`),
  ];
  return `${PATH}
cd /run/${unit} && umask 077 && mkfifo tell && exec 3<>tell 4<&0 </dev/null || exit 1
printf '%s\\n' ${word(teller(unit))} >tell.sh
set -- ${options.map(word).join(" ")}
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  for unit in ${services.map(word).join(" ")}; do
    group=$(systemctl show --property=ControlGroup --value -- "$unit")
    set -- "$@" --path-property=PathModified="/sys/fs/cgroup\${group:-/system.slice/$unit}/cgroup.events"
  done
fi
systemd-run "$@" sh /run/${unit}/tell.sh || exit 1
{
  while timeout ${SILENCE_S} sh -c 'read -r line' <&4; do
    systemctl is-active --quiet ${tell}.path || break
  done
  echo end >tell
} 3>&- &
echo ${SAYS.ready} || exit 1
while read -r line <&3; do
  [ "$line" != end ] && echo "$line" || exit 0
done`;
}

const frame = (script: string): string => `${Buffer.byteLength(script)}\n${script}`;

/** Standard input of a session, up to the lines that keep it alive. `unit`: a name that nobody else has. */
export const sessionInput = (unit: string, places: Places): string =>
  frame(opener(unit)) + frame(keeper(unit, places));
