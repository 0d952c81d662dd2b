/** The steps that bring a package to a host and take it away. */
import type { Outcome } from "../../outcome.ts";
import { done, trouble } from "../../outcome.ts";
import { word } from "../../connection/shell-loop.ts";
import { APT, aptRun, WORK } from "./apt.ts";
import {
  alsoRemoved,
  alsoUnheld,
  MORE_FOLLOWS,
  parseSimulation,
  wantsNewerLists,
  type Simulation,
} from "./apt-words.ts";
import type { Site } from "../family.ts";
import { checksumOf, type PackageInputs } from "./package-inputs.ts";
import { step } from "../step.ts";

/** Lists of the host that are older are renewed first. */
const LISTS_MINUTES = 24 * 60;
const LISTS_MINUTES_FOR_LATEST = 60;
/** 10 MB over a slow line, with what stands before it. */
const SHIP_MS = 10 * 60_000;
/** A transaction of thousands of packages. */
const MAX_SIMULATION = 1024 * 1024;

/** What was cut off earlier is brought to its end, and the lists are renewed where they are old. */
export const prepare = (site: Site, { name, latest, lockWait }: PackageInputs): Promise<Outcome<string>> =>
  aptRun(site, {
    what: `prepare package ${name}`,
    // Without newer lists the old ones are used; what is then missing is said by the next step.
    script: `settle; fresh ${latest ? LISTS_MINUTES_FOR_LATEST : LISTS_MINUTES} || refresh || :`,
    lockWait,
  });

/** Puts the package's file where apt finds it, and makes sure that it is what the program says; answers its path. */
export function ship(site: Site, { name, version }: PackageInputs, deb: Buffer): Promise<Outcome<string>> {
  const [bare = name] = name.split(":");
  const script = `
mkdir -p -- ${WORK} && d=$(mktemp -d -- ${WORK}/apt-deb-XXXXXXXXXX) && chmod 0755 -- "$d" || exit 1
f=$d/${bare}.deb
cat >"$f" || { rm -rf -- "$d"; exit 1; }
if [ "$(sha256sum <"$f")" != '${checksumOf(deb)}  -' ]; then echo 'the package arrived cut short' >&2; rm -rf -- "$d"; exit 1; fi
p=$(dpkg-deb -f "$f" Package) && v=$(dpkg-deb -f "$f" Version) || { rm -rf -- "$d"; exit 1; }
if [ "$p $v" != ${word(`${bare} ${version}`)} ]; then
  echo "the file holds $p $v, and the program says" ${word(`${bare} ${version}`)} >&2; rm -rf -- "$d"; exit 1
fi
printf %s "$f"`;
  return step(site, `ship package ${name}`, { script, body: deb, deadlineMs: SHIP_MS });
}

const options = ({ recommends }: PackageInputs): string =>
  `${recommends ? "--install-recommends" : "--no-install-recommends"} --allow-downgrades --allow-change-held-packages`;

interface Act {
  /** What apt-get is to do: `install app=1.0`. */
  readonly words: string;
  readonly what: string;
  readonly inputs: PackageInputs;
  /** Where newer lists could help once more. */
  readonly mayRefresh: boolean;
}

const listed = (names: readonly string[]): string => names.slice(0, 20).join(", ");

/** Refused: what nobody asked for would happen besides. */
function refusalOf(simulation: Simulation, { what, inputs }: Act): string | undefined {
  const removed = alsoRemoved(simulation, inputs);
  if (removed.length > 0)
    return `${what}: apt would also remove ${listed(removed)}; where that is meant, name them in mayRemove`;
  const unheld = alsoUnheld(simulation, inputs);
  return unheld.length > 0
    ? `${what}: apt would also change ${listed(unheld)}, which somebody holds`
    : undefined;
}

async function simulate(site: Site, act: Act): Promise<Outcome<Simulation>> {
  const script = `LC_ALL=C ${APT} -s ${options(act.inputs)} ${act.words} 2>&1 && echo '${MORE_FOLLOWS}' && dpkg --print-architecture && apt-mark showhold`;
  const said = await step(site, act.what, { script, maxOutput: MAX_SIMULATION });
  if (said.ok) return done(parseSimulation(said.value));
  if (!act.mayRefresh || !wantsNewerLists(said.trouble.message)) return said;
  const { name, lockWait } = act.inputs;
  const renewed = await aptRun(site, {
    what: `renew the lists for ${name}`,
    script: "refresh || :",
    lockWait,
  });
  return renewed.ok ? simulate(site, { ...act, mayRefresh: false }) : renewed;
}

/** Looks what it would do, refuses what nobody asked for, and does it. */
async function act(site: Site, wanted: Act): Promise<Outcome<string>> {
  const simulation = await simulate(site, wanted);
  if (!simulation.ok) return simulation;
  const refusal = refusalOf(simulation.value, wanted);
  if (refusal !== undefined) return trouble("refused", `${site.machine.name}: ${refusal}`);
  const { inputs, words, what } = wanted;
  // Should the host have changed since the look, apt itself refuses.
  const guard = words.startsWith("install") && simulation.value.removes.length === 0 ? "--no-remove" : "";
  const script = `patiently ${APT} ${guard} ${options(inputs)} ${words}`;
  return aptRun(site, { what, script, lockWait: inputs.lockWait });
}

/** `file`: of the package, on the host. */
export async function install(site: Site, inputs: PackageInputs, file?: string): Promise<Outcome<string>> {
  const { name, version } = inputs;
  const target = file ?? (version === undefined ? name : `${name}=${version}`);
  const what = `install package ${name}${version === undefined ? "" : ` ${version}`}`;
  // The same version of another file is another package; for one of a repository that changes nothing.
  const words = `install ${file === undefined ? "" : "--reinstall"} -- ${word(target)}`;
  const installed = await act(site, { words, what, inputs, mayRefresh: true });
  if (file === undefined) return installed;
  const cleared = await step(site, what, { script: `f=${word(file)}; rm -rf -- "\${f%/*}"` });
  return installed.ok && !cleared.ok ? cleared : installed;
}

const ESSENTIAL = `dpkg-query -W -f='\${Essential} \${Protected}' -- `;

export async function uninstall(site: Site, inputs: PackageInputs): Promise<Outcome<string>> {
  const { name, purge, lockWait } = inputs;
  const what = `${purge ? "purge" : "remove"} package ${name}`;
  const kind = await step(site, what, { script: `${ESSENTIAL}${word(name)}` });
  if (!kind.ok) return kind;
  if (kind.value.includes("yes"))
    return trouble(
      "refused",
      `${site.machine.name}: ${what}: the host cannot do without it (it is essential)`,
    );
  const settled = await aptRun(site, { what, script: "settle", lockWait });
  if (!settled.ok) return settled;
  return act(site, {
    words: `${purge ? "purge" : "remove"} -- ${word(name)}`,
    what,
    inputs,
    mayRefresh: false,
  });
}

export const hold = (
  site: Site,
  { name, lockWait }: PackageInputs,
  held: boolean,
): Promise<Outcome<string>> =>
  aptRun(site, {
    what: `${held ? "hold" : "unhold"} package ${name}`,
    script: `patiently apt-mark ${held ? "hold" : "unhold"} ${word(name)}`,
    lockWait,
  });
