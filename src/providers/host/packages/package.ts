/** holdfast:host:Package: a package of Debian or Ubuntu, by apt. */
import { PACKAGE } from "../../../sdk/shapes/package.ts";
import type { CandidateFacts, PackageFacts, Question } from "../../connection/questions.ts";
import type { PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import {
  checksumOf,
  completePackage,
  isThere,
  packageNow,
  parsePackage,
  type PackageInputs,
} from "./package-inputs.ts";
import { hold, install, prepare, ship, uninstall } from "./package-steps.ts";

interface Now {
  readonly facts: PackageFacts | undefined;
  readonly candidate: CandidateFacts | undefined;
}

const aboutPackage = (name: string) => ({ about: "package", name }) as const;
const aboutCandidate = (name: string) => ({ about: "candidate", name }) as const;

/** Only where it matters: apt's answer costs more than dpkg's. */
const look = ({ name, latest }: PackageInputs): readonly Question[] =>
  latest ? [aboutPackage(name), aboutCandidate(name)] : [aboutPackage(name)];

async function lookNow(inputs: PackageInputs, { machine, signal }: Site): Promise<Outcome<Now>> {
  const answers = await machine.ask(look(inputs), signal);
  if (!answers.ok) return answers;
  const { get } = answers.value;
  return done({ facts: get(aboutPackage(inputs.name)), candidate: get(aboutCandidate(inputs.name)) });
}

/** Whether its version and state are as wanted; whether it is held is another matter. */
function isAsWanted(inputs: PackageInputs, { facts, candidate }: Now): boolean {
  if (!isThere(facts)) return false;
  const { held: _held, ...rest } = inputs;
  return Object.keys(packageNow(rest, facts, candidate, {})).length === 0;
}

/** A file of the same version, but of other content, is installed anew. */
const isOtherFile = ({ deb }: PackageInputs, old: PackageInputs | undefined): boolean =>
  deb !== undefined && old?.deb !== undefined && checksumOf(deb) !== checksumOf(old.deb);

async function bring(inputs: PackageInputs, site: Site, isOther: boolean): Promise<Outcome<Now>> {
  const prepared = await prepare(site, inputs);
  if (!prepared.ok) return prepared;
  const now = await lookNow(inputs, site);
  // What was missing was its end, or the newer lists know nothing newer.
  if (!now.ok || (isAsWanted(inputs, now.value) && !isOther)) return now;
  const file = inputs.deb ? await ship(site, inputs, inputs.deb) : undefined;
  if (file && !file.ok) return file;
  const installed = await install(site, inputs, file?.value);
  if (!installed.ok) return installed;
  const after = await lookNow(inputs, site);
  if (!after.ok || isAsWanted(inputs, after.value)) return after;
  const is = after.value.facts
    ? `it is ${after.value.facts.version}, ${after.value.facts.status}`
    : "it is not there";
  return trouble(
    "failed",
    `${site.machine.name}: package ${inputs.name}: apt is content, and yet ${is}; a virtual package cannot be installed by its name`,
  );
}

const outputsOf = ({ deb }: PackageInputs, facts: PackageFacts | undefined): PlainMap => ({
  ...(facts && { version: facts.version }),
  ...(deb && { checksum: checksumOf(deb) }),
});

async function ensure(
  inputs: PackageInputs,
  site: Site,
  old: PackageInputs | undefined,
): Promise<Outcome<Done>> {
  const before = await lookNow(inputs, site);
  if (!before.ok) return before;
  const isOther = isOtherFile(inputs, old);
  // Newer lists are looked for where somebody asks for the newest: when it is made, or asked for from now on.
  const isNewWish = inputs.latest && old?.latest !== true;
  const isFine = isAsWanted(inputs, before.value) && !isOther && !isNewWish;
  const now = isFine ? before : await bring(inputs, site, isOther);
  if (!now.ok) return now;
  const { facts } = now.value;
  if (inputs.held !== undefined && facts?.held !== inputs.held) {
    const set = await hold(site, inputs, inputs.held);
    if (!set.ok) return set;
  }
  return done({ outputs: outputsOf(inputs, facts) });
}

async function adopt(name: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const answers = await machine.ask([aboutPackage(name)], signal);
  if (!answers.ok) return answers;
  const facts = answers.value.get(aboutPackage(name));
  if (!isThere(facts)) return done(undefined);
  const { version, held } = facts;
  return done({ properties: { name, ensure: "present", ...(held && { held }) }, outputs: { version } });
}

export const packageFamily: Family<PackageInputs> = {
  type: "holdfast:host:Package",
  shape: PACKAGE,
  complete: completePackage,
  identity: ["name"],
  id: ({ name }) => name,
  parse: parsePackage,
  needsSystem: true,
  look,
  see(inputs, answers, properties) {
    const facts = answers.get(aboutPackage(inputs.name));
    if (!isThere(facts)) return undefined;
    const candidate = answers.get(aboutCandidate(inputs.name));
    return {
      properties: packageNow(inputs, facts, candidate, properties),
      outputs: outputsOf(inputs, facts),
    };
  },
  adopt,
  example: "nginx",
  ensure,
  async remove(inputs, site) {
    const now = await lookNow({ ...inputs, latest: false }, site);
    if (!now.ok) return now;
    const { facts } = now.value;
    if (!facts || (!inputs.purge && !isThere(facts))) return done(undefined);
    const gone = await uninstall(site, inputs);
    return gone.ok ? done(undefined) : gone;
  },
  derived: { checksum: ["deb"] },
};
