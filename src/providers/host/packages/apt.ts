/**
 * Runs of apt and dpkg on a host. They go on when the connection is lost: a package that is cut off in the middle is
 * worse than one that comes without a witness. Whoever else works with packages is waited for.
 */
import type { HostScript } from "../../connection/machine.ts";
import { word } from "../../connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import { tellingEnd } from "./apt-words.ts";
import type { Site } from "../family.ts";

/** Large packages over slow lines. */
const RUN_MS = 45 * 60_000;
/** Of a log: its end. */
const LOG_BYTES = 24 * 1024;
/** Work files of ours, readable for apt's own user. They are gone after a reboot. */
export const WORK = "/run/holdfast";

/** Nobody is there to answer: a changed configuration file stays as it is, the package's own goes beside it. */
const KEEP_OLD = "--force-confdef --force-confold";
export const APT = `apt-get -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20`;

const DEFINITIONS = `
export LC_ALL=C DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical
export APT_LISTCHANGES_FRONTEND=none UCF_FORCE_CONFFOLD=1
umask 022
said=$(mktemp) || exit 1
trap 'rm -f -- "$said"' EXIT
waited=0
patiently() {
  while :; do
    "$@" >"$said" 2>&1; code=$?
    [ "$code" != 0 ] && grep -qE 'Could not get lock|was locked by another process|is held by process' "$said" || break
    [ "$waited" -lt "$wait" ] || break
    waited=$((waited + 1)); sleep 1
  done
  cat -- "$said"
  if [ "$code" != 0 ] && grep -qE 'Could not get lock|was locked by another process' "$said"; then
    echo "E: somebody else works with packages on this host, and was waited for $waited s"
  fi
  return "$code"
}
settle() {
  if [ -n "$(dpkg --audit)" ] || [ -n "$(find /var/lib/dpkg/updates -name '[0-9]*' 2>/dev/null)" ]; then
    patiently dpkg ${KEEP_OLD} --configure -a || :
  fi
}
fresh() {
  for s in ${WORK}/apt-lists /var/lib/apt/periodic/update-success-stamp; do
    [ -n "$(find "$s" -mmin -"$1" 2>/dev/null)" ] || continue
    [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer "$s" 2>/dev/null)" ] && return 0
  done
  return 1
}
refresh() { patiently ${APT} update && touch ${WORK}/apt-lists; }
`;

/** Outlives the shell that began it; answers with the end of what it said. */
const detached = (script: string, lockWait: number): string => `
mkdir -p -- ${WORK} || exit 1
find ${WORK} -mindepth 1 -maxdepth 1 -name 'apt-*' ! -name apt-lists -mmin +1440 -exec rm -rf -- {} +
log=$(mktemp -- ${WORK}/apt-log-XXXXXXXXXX) || exit 1
trap 'rm -f -- "$log"' EXIT
setsid sh -c ${word(`wait=${lockWait}${DEFINITIONS}${script}`)} >"$log" 2>&1 </dev/null &
wait $!
code=$?
tail -c ${LOG_BYTES} -- "$log"
exit "$code"`;

const DENIED = /permission denied|are you root|requires superuser|must be root|operation not permitted/i;

/** Who waits for apt would hold one of a host's few shells: those of one host go one after another. */
const lines = new Map<string, Promise<unknown>>();

async function inTurn<T>({ machine, signal }: Site, act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const before = lines.get(machine.name);
  const turn = async (): Promise<Outcome<T>> => {
    // What went wrong with another is told to who asked for it.
    await before?.catch(() => undefined);
    return signal.aborted ? trouble("cancelled", "cancelled before it began") : act();
  };
  const mine = turn();
  lines.set(machine.name, mine);
  try {
    return await mine;
  } finally {
    if (lines.get(machine.name) === mine) lines.delete(machine.name);
  }
}

export interface AptRun {
  /** For people: "install app". */
  readonly what: string;
  /** May use `patiently COMMAND…`, `settle`, `fresh MINUTES`, `refresh`. */
  readonly script: string;
  /** Seconds. */
  readonly lockWait: number;
}

/** Answers the end of what it said. */
export async function aptRun(site: Site, { what, script, lockWait }: AptRun): Promise<Outcome<string>> {
  const { machine, signal } = site;
  const hostScript: HostScript = {
    script: detached(script, lockWait),
    deadlineMs: RUN_MS + lockWait * 1000,
  };
  const answer = await inTurn(site, () => machine.run(hostScript, signal));
  if (!answer.ok) return answer;
  const { code, stdout, stderr } = answer.value;
  if (code === 0) return done(stdout);
  const said = tellingEnd(`${stdout}\n${stderr}`) || `it ended with code ${code}`;
  return trouble(DENIED.test(said) ? "denied" : "failed", `${machine.name}: ${what}: ${said}`);
}
