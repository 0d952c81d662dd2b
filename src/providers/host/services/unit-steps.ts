/** What is done to a unit on its host. Each script may be cut off anywhere: the next one finds out how far it came. */
import type { HostScript } from "../../connection/machine.ts";
import { word } from "../../connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";
import { step } from "../step.ts";
import { dropInFolder, unitPath, type Health, type UnitInputs } from "./unit-inputs.ts";
import type { Verb } from "./unit-judgment.ts";
import { recordPath } from "./watched.ts";

const nothing = (outcome: Outcome<string>): Outcome<void> => (outcome.ok ? done(undefined) : outcome);

/** Of the files as they were before a change that is not known to be good yet. */
const formerFolder = (name: string): string => `${recordPath("units", name)}.former`;

/** Candidates reach the host as one body: each is as long as the script says. */
interface Candidate {
  readonly script: string;
  readonly body: Buffer;
}

function candidate({ name, content, dropIns }: UnitInputs): Candidate {
  const files = [
    ...(content === undefined ? [] : [[name, content] as const]),
    ...[...dropIns].map(([file, text]) => [`${name}.d/${file}`, text] as const),
  ].map(([file, text]) => ({ file, bytes: Buffer.from(text) }));
  const puts = files.map(({ file, bytes }) => `head -c ${bytes.length} >"$t"/${word(file)} || exit 1`);
  return { script: puts.join("\n"), body: Buffer.concat(files.map(({ bytes }) => bytes)) };
}

/**
 * systemd's own judgment of the files before they replace what works. Only complaints about this very unit count
 * (`--recursive-errors=no`, systemd 250; older ones tell what they cannot load at all). A program that is not there
 * yet is no mistake of a unit that is not to run now.
 */
export async function verify(site: Site, inputs: UnitInputs): Promise<Outcome<void>> {
  const { script, body } = candidate(inputs);
  const { name, content, running } = inputs;
  const missing =
    running === true ? "" : ` | grep -v 'Command .* is not executable: No such file or directory'`;
  const fragment = `f=$(systemctl show --property=FragmentPath --value -- "$u"); [ -z "$f" ] || cp -- "$f" "$t/$u" || exit 1`;
  const verifying = `u=${word(name)}
command -v systemd-analyze >/dev/null || exit 0
t=$(mktemp -d) && mkdir -- "$t/$u.d" || exit 1
trap 'rm -rf -- "$t"' EXIT; trap 'exit 1' HUP INT TERM
${script}
${content === undefined ? fragment : ""}
[ -f "$t/$u" ] || exit 0
o=; if systemd-analyze --help 2>/dev/null | grep -q -e --recursive-errors; then o=--recursive-errors=no; fi
said=$(cd "$t" && systemd-analyze verify --man=no $o -- "./$u" 2>&1) && exit 0
left=$(printf '%s\\n' "$said" | sed "s|$t/||g"${missing})
[ -z "$left" ] || { printf '%s\\n' "$left" >&2; exit 1; }`;
  return nothing(await step(site, `verify ${name}`, { script: verifying, body }));
}

/**
 * Before the first file changes. What is kept there already is from a change that was cut off, and stays: only what
 * was before that is known to work. The mark `pending` makes a record that says nothing, so that everything is due.
 */
export async function keepFormer(site: Site, name: string): Promise<Outcome<void>> {
  const script = `u=${word(name)} p=${word(unitPath(name))} d=${word(dropInFolder(name))} b=${word(formerFolder(name))} f=${word(recordPath("units", name))}
umask 077; mkdir -p -- ${word(recordPath("units", "").slice(0, -1))} || exit 1
[ -e "$f" ] || echo pending >"$f" || exit 1
[ ! -e "$b/whole" ] || exit 0
rm -rf -- "$b" && mkdir -p -- "$b/d" || exit 1
if [ -f "$p" ] && [ ! -L "$p" ]; then cp -p -- "$p" "$b/unit" || exit 1; fi
for one in "$d"/*.conf; do if [ -f "$one" ]; then cp -p -- "$one" "$b/d/" || exit 1; fi; done
systemctl show --property=ActiveState --value -- "$u" >"$b/active" 2>/dev/null
: >"$b/whole"`;
  return nothing(await step(site, `keep the former ${name}`, { script }));
}

const dropFormer = (name: string): string => `rm -rf -- ${word(formerFolder(name))}`;

export async function forgetFormer(site: Site, name: string): Promise<Outcome<void>> {
  return nothing(await step(site, `finish ${name}`, { script: dropFormer(name) }));
}

/** Of `ours`, those that were not there go; answers "none" where there is nothing to put back. */
const restoreFiles = (
  name: string,
  ours: readonly string[],
): string => `u=${word(name)} b=${word(formerFolder(name))}
p=${word(unitPath(name))} d=${word(dropInFolder(name))}
[ -e "$b/whole" ] || { echo none; exit 0; }
put() { if [ -f "$1" ]; then mkdir -p -- "\${2%/*}" && cp -p -- "$1" "$2.holdfast" && mv -fT -- "$2.holdfast" "$2"; else rm -f -- "$2"; fi; }
if [ -f "$b/unit" ] || [ -n "${ours.includes("") ? "own" : ""}" ]; then put "$b/unit" "$p" || exit 1; fi
for one in ${ours.filter(Boolean).map(word).join(" ")}; do put "$b/d/$one" "$d/$one" || exit 1; done
for one in "$b/d"/*.conf; do [ ! -f "$one" ] || [ -e "$d/\${one##*/}" ] || put "$one" "$d/\${one##*/}" || exit 1; done
rmdir -- "$d" 2>/dev/null; systemctl daemon-reload || exit 1`;

/** Answers whether there was anything to put back. */
export async function restoreFormer(site: Site, inputs: UnitInputs): Promise<Outcome<boolean>> {
  const { name, content, dropIns, health } = inputs;
  const files = [...(content === undefined ? [] : [""]), ...dropIns.keys()];
  const script = `${restoreFiles(name, files)}
a=$(cat -- "$b/active")
systemctl reset-failed -- "$u" 2>/dev/null
if [ "$a" = active ]; then timeout ${health.within} systemctl restart -- "$u" || { echo "the former $u does not start either" >&2; exit 1; }
else systemctl stop -- "$u" 2>/dev/null; systemctl reset-failed -- "$u" 2>/dev/null; fi
${dropFormer(name)}; echo back`;
  const deadlineMs = (health.within + 30) * 1000;
  const said = await step(site, `put the former ${name} back`, { script, deadlineMs });
  return said.ok ? done(said.value.trim() === "back") : said;
}

export async function daemonReload(site: Site): Promise<Outcome<void>> {
  return nothing(await step(site, "let systemd read its units", { script: "systemctl daemon-reload" }));
}

/** Both kinds of masks: of /etc, and of /run until the next boot. */
export async function setMask(site: Site, { name, masked }: UnitInputs): Promise<Outcome<void>> {
  const script = masked
    ? `systemctl mask -- ${word(name)}`
    : `systemctl unmask -- ${word(name)} && systemctl unmask --runtime -- ${word(name)}`;
  return nothing(await step(site, `${masked ? "mask" : "unmask"} ${name}`, { script }));
}

/** systemd takes it for a success where there is nothing to enable by. */
export async function setEnabled(site: Site, name: string, enabled: boolean): Promise<Outcome<void>> {
  const enable = `u=${word(name)}; systemctl reenable -- "$u" || exit 1
case $(systemctl is-enabled -- "$u" 2>/dev/null) in enabled|alias|indirect) ;; *) echo "$u has no [Install] section, so that it cannot be enabled" >&2; exit 1 ;; esac`;
  const disable = `u=${word(name)}; systemctl disable -- "$u" && systemctl disable --runtime -- "$u"`;
  const what = `${enabled ? "enable" : "disable"} ${name}`;
  return nothing(await step(site, what, { script: enabled ? enable : disable }));
}

/** Hundredths of a second on a clock that nobody sets. */
const CLOCK = `now() { read -r up _ </proc/uptime; echo "\${up%.*}\${up#*.}"; }`;

/** Starts, and watches that it stays: another invocation is a crash that systemd made good. */
const healthScript = (
  name: string,
  verb: Verb,
  { within, stableFor, command = ":" }: Health,
): string => `u=${word(name)}
${CLOCK}
show() { systemctl show --property="$1" --value -- "$u"; }
fail() { journalctl --sync 2>/dev/null; echo "$1" >&2; journalctl --unit="$u" --lines=10 --output=cat --no-pager >&2; exit 1; }
end=$(($(now) + ${within}00))
systemctl reset-failed -- "$u" 2>/dev/null
timeout ${within} systemctl ${verb} -- "$u" || { [ $? != 124 ] || fail 'it did not ${verb} within ${within} s'; fail 'it did not ${verb}'; }
until [ "$(show ActiveState)" = active ]; do
case $(show ActiveState) in activating|reloading|refreshing) ;; *) fail "it did not stay active: it is $(show ActiveState) ($(show Result))" ;; esac
[ "$(now)" -lt "$end" ] || fail 'it did not become active within ${within} s'
sleep 0.1
done
i=$(show InvocationID) stable=$(($(now) + ${stableFor}00))
while :; do
[ "$(show ActiveState)" = active ] && [ "$(show InvocationID)" = "$i" ] || fail "it did not stay active: it is $(show ActiveState) ($(show Result))"
[ "$(now)" -lt "$stable" ] || break
sleep 0.1
done
until said=$( (eval ${word(command)}) 2>&1 </dev/null); do
[ "$(now)" -lt "$end" ] || fail "its health command did not succeed within ${within} s: $said"
sleep 0.3
done`;

const SHOWN = 2000;

/** The journal's last lines are the reason. */
async function told(site: Site, what: string, script: HostScript): Promise<Outcome<void>> {
  const { machine, signal } = site;
  const answer = await machine.run(script, signal);
  if (!answer.ok) return answer;
  const { code, stderr } = answer.value;
  if (code === 0) return done(undefined);
  const shown =
    stderr.length > SHOWN ? `${stderr.slice(0, SHOWN / 2)}\n…\n${stderr.slice(-SHOWN / 2)}` : stderr;
  return trouble("failed", `${machine.name}: ${what}: ${shown || `it ended with code ${code}`}`);
}

export async function act(site: Site, { name, health }: UnitInputs, verb: Verb): Promise<Outcome<void>> {
  const deadlineMs = (2 * health.within + health.stableFor + 30) * 1000;
  const stop = `systemctl stop -- ${word(name)}`;
  const script = verb === "stop" ? stop : healthScript(name, verb, health);
  return told(site, `${verb} ${name}`, { script, deadlineMs });
}

const REMOVE_MS = 120_000;

/** What was brought by a package stays, and goes on as it is. */
export async function removeUnit(site: Site, inputs: UnitInputs): Promise<Outcome<void>> {
  const { name, isTemplate, content, dropIns, masked } = inputs;
  const own = content !== undefined;
  const stop = isTemplate ? 'systemctl disable -- "$u"' : 'systemctl disable --now -- "$u"';
  const files = [...dropIns.keys()].map(file => `rm -f -- "$d"/${word(file)} || exit 1`);
  const script = `u=${word(name)} p=${word(unitPath(name))} d=${word(dropInFolder(name))}
${own ? `if [ -e "$p" ]; then ${stop} || exit 1; fi; rm -f -- "$p" || exit 1` : ""}
${files.join("\n")}
rmdir -- "$d" 2>/dev/null
${masked ? 'systemctl unmask -- "$u" || exit 1' : ""}
systemctl daemon-reload || exit 1
${own && !isTemplate ? 'systemctl reset-failed -- "$u" 2>/dev/null' : ""}
rm -f -- ${word(recordPath("units", name))} && ${dropFormer(name)}`;
  return nothing(await step(site, `remove ${name}`, { script, deadlineMs: REMOVE_MS }));
}
