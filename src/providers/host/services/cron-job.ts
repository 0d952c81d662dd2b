/** holdfast:host:CronJob: one job of cron in a file of its own. */
import { CRON_JOB } from "../../../sdk/shapes/cron.ts";
import { isMap, mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import { factsAbout, MAX_CONTENT_BYTES } from "../files/content.ts";
import { cronPath, cronText, parseCronText, type CronJobInputs } from "./cron-text.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { file, type FileInputs } from "../files/file.ts";
import { attributesNow, modeText, textOf, withCanonicalMode } from "../placement.ts";
import { step } from "../step.ts";

const MODE = "0644";
/** What it holds is for root, where something of it is secret. */
const SECRET_MODE = "0600";

function complete({ inputs: given, isSecret }: CheckRequest): Checked {
  const inputs = withCanonicalMode(given);
  const mode = ["command", "environment"].some(isSecret) ? SECRET_MODE : MODE;
  return { inputs: { mode, ...inputs }, problems: modeProblems(inputs) };
}

/** cron refuses files that others than root may write. */
function modeProblems({ mode }: PlainMap): Checked["problems"] {
  const bits = typeof mode === "string" ? Number.parseInt(mode, 8) : 0;
  if ((bits & 0o022) === 0) return [];
  return [{ property: "mode", reason: "lets others write to it, and cron would not read it" }];
}

function parse(properties: PlainMap): CronJobInputs {
  const said = (key: string): string => {
    const value = textOf(properties, key);
    if (value === undefined) throw new TypeError(`inputs without ${key}`);
    return value;
  };
  const { environment, mode } = properties;
  const texts = Object.entries(environment !== undefined && isMap(environment) ? environment : {});
  return {
    name: said("name"),
    schedule: said("schedule"),
    user: said("user"),
    command: said("command"),
    environment: new Map(texts.map(([key, value]) => [key, typeof value === "string" ? value : ""])),
    ...(typeof mode === "string" && { mode }),
  };
}

/** It is a file of root's with this content. */
const asFile = (inputs: CronJobInputs, system: boolean): FileInputs => ({
  placement: {
    path: cronPath(inputs.name),
    mode: Number.parseInt(inputs.mode ?? MODE, 8),
    // cron reads no others' files.
    ...(system && { owner: "0" }),
  },
  content: Buffer.from(cronText(inputs)),
});

const OUTPUTS = ({ name }: { readonly name: string }): PlainMap => ({ path: cronPath(name) });

/** Debian's cron, cronie and systemd-cron read /etc/cron.d. */
const NEEDS_CRON = `PATH=$PATH:/usr/sbin:/sbin
command -v cron >/dev/null || command -v crond >/dev/null || [ -e /usr/lib/systemd/system-generators/systemd-crontab-generator ] ||
{ echo 'cron is not installed (package cron): nothing would run this job; a Timer needs systemd alone' >&2; exit 1; }
id -- "$(cat)" >/dev/null || { echo 'cron does not run a job of a user that is not there' >&2; exit 1; }`;

async function ensure(inputs: CronJobInputs, site: Site): Promise<Outcome<Done>> {
  if (site.machine.system) {
    const body = Buffer.from(inputs.user);
    const ready = await step(site, `cron job ${inputs.name}`, { script: NEEDS_CRON, body });
    if (!ready.ok) return ready;
  }
  const made = await file.ensure(asFile(inputs, site.machine.system), site, undefined);
  return made.ok ? done({ outputs: OUTPUTS(inputs) }) : made;
}

const propertiesOf = ({ environment, ...said }: ReturnType<typeof parseCronText> & object): PlainMap => ({
  schedule: said.schedule,
  user: said.user,
  command: said.command,
  ...(environment.size > 0 && { environment: mapOf(environment) }),
});

/** What the file says now. Neither its text nor a digest of it: it may hold secrets of the environment, and short ones. */
function textSeen(text: string, properties: PlainMap): PlainMap {
  const { environment: _environment, ...rest } = properties;
  const parsed = parseCronText(text);
  if (!parsed) return { ...properties, command: "[no single job any more]" };
  const now = { ...rest, ...propertiesOf(parsed) };
  // Equal in meaning: only its form is another, and is put back.
  const same = JSON.stringify(propertiesOf(parsed)) === JSON.stringify(propertiesOf(parse(properties)));
  return same ? { ...properties, command: "[written in another form]" } : now;
}

async function read(
  inputs: CronJobInputs,
  { machine, signal }: Site,
  properties: PlainMap,
): Promise<Outcome<Seen | undefined>> {
  const there = await machine.read(cronPath(inputs.name), MAX_CONTENT_BYTES, signal);
  if (!there.ok) return there;
  if (there.value?.kind !== "file") return done(undefined);
  const text = there.value.content?.toString("utf8");
  const said = text === undefined ? { ...properties, command: "[too big]" } : properties;
  const now = text === undefined || text === cronText(inputs) ? said : textSeen(text, properties);
  const ours = there.value.uid === 0 || !machine.system;
  const mode = ours ? modeText(there.value.mode) : `of ${there.value.owner}`;
  return done({ properties: { ...now, mode }, outputs: OUTPUTS(inputs) });
}

async function adopt(name: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const there = await machine.read(cronPath(name), MAX_CONTENT_BYTES, signal);
  if (!there.ok) return there;
  if (there.value?.kind !== "file") return done(undefined);
  const parsed = parseCronText(there.value.content?.toString("utf8") ?? "");
  if (!parsed)
    return trouble("refused", `cannot import ${name}: it holds more than one job; import it as a File`);
  const properties = { name, ...propertiesOf(parsed), mode: modeText(there.value.mode) };
  return done({ properties, outputs: OUTPUTS({ name }) });
}

export const cronJob: Family<CronJobInputs> = {
  type: "holdfast:host:CronJob",
  shape: CRON_JOB,
  complete,
  identity: ["name"],
  id: ({ name }) => name,
  parse,
  needsSystem: false,
  look: ({ name }) => [{ about: "entry", path: cronPath(name) }],
  see(inputs, answers, properties) {
    const entry = answers.get({ about: "entry", path: cronPath(inputs.name) });
    if (entry?.kind !== "file") return undefined;
    const ours = entry.uid === 0 || !answers.system;
    const mode = { ...attributesNow(properties, entry), ...(!ours && { mode: `of ${entry.owner}` }) };
    const now = { ...properties, ...mode };
    if (entry.checksum === factsAbout(Buffer.from(cronText(inputs)))["checksum"])
      return { properties: now, outputs: OUTPUTS(inputs) };
    return { properties: { ...now, command: `sha256 ${entry.checksum ?? "unknown"}` } };
  },
  read,
  adopt,
  example: "backup",
  ensure,
  remove: ({ name }, { machine, signal }) => machine.removeFile(cronPath(name), signal),
  outputs: properties => OUTPUTS({ name: textOf(properties, "name") ?? "" }),
};
