/** holdfast:host:Timer: a timer of systemd with the service that it starts. */
import { TIMER } from "../../../sdk/shapes/timer.ts";
import type { Answers, Question } from "../../connection/questions.ts";
import { isList, isMap, mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import { factsAbout } from "../files/content.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { file, type FileInputs } from "../files/file.ts";
import { textsAt } from "../files/text-at.ts";
import { textOf } from "../placement.ts";
import { step } from "../step.ts";
import { systemdUnit } from "./systemd-unit.ts";
import {
  environmentPath,
  environmentText,
  parseTimer,
  serviceText,
  timerText,
  type TimerInputs,
} from "./timer-text.ts";
import { ensureUnit } from "./unit-ensure.ts";
import { parseUnit, unitPath, type UnitInputs } from "./unit-inputs.ts";
import { questionsAbout, seeUnit } from "./unit-judgment.ts";

const TEXTS = ["description", "user", "workingDirectory", "randomizedDelay", "accuracy", "timeout"] as const;

function parse(properties: PlainMap): TimerInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const { schedule, environment } = properties;
  const list = schedule !== undefined && isList(schedule) ? schedule : [schedule ?? ""];
  const settings = Object.entries(environment !== undefined && isMap(environment) ? environment : {});
  const said = TEXTS.flatMap(key => {
    const value = textOf(properties, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    ...Object.fromEntries(said),
    name,
    schedule: list.map(one => (typeof one === "string" ? one : "")),
    command: textOf(properties, "command") ?? "",
    environment: new Map(settings.map(([key, value]) => [key, typeof value === "string" ? value : ""])),
    persistent: properties["persistent"] === true,
    enabled: properties["enabled"] !== false,
  };
}

const serviceUnit = (inputs: TimerInputs): UnitInputs =>
  parseUnit({ name: `${inputs.name}.service`, content: serviceText(inputs), masked: false });

const timerUnit = (inputs: TimerInputs): UnitInputs =>
  parseUnit({
    name: `${inputs.name}.timer`,
    content: timerText(inputs),
    masked: false,
    enabled: inputs.enabled,
    running: inputs.enabled,
    health: { stableFor: 0 },
  });

const environmentFile = (inputs: TimerInputs): FileInputs => ({
  placement: { path: environmentPath(inputs.name), mode: 0o600 },
  content: Buffer.from(environmentText(inputs)),
});

const environmentQuestion = ({ name }: TimerInputs) =>
  ({ about: "entry", path: environmentPath(name) }) as const;

const look = (inputs: TimerInputs): readonly Question[] => [
  ...questionsAbout(serviceUnit(inputs)),
  ...questionsAbout(timerUnit(inputs)),
  ...(inputs.environment.size > 0 ? [environmentQuestion(inputs)] : []),
];

/** The whole of it: a text may hold what is secret. */
function environmentNow(inputs: TimerInputs, answers: Answers): PlainMap {
  if (inputs.environment.size === 0) return {};
  const entry = answers.get(environmentQuestion(inputs));
  const { checksum } = factsAbout(environmentFile(inputs).content);
  if (entry?.kind === "file" && entry.checksum === checksum && entry.mode === 0o600) return {};
  return { environment: entry ? `changed, sha256 ${entry.checksum ?? "unknown"}` : "gone" };
}

function enabledNow(inputs: TimerInputs, timer: PlainMap): PlainMap {
  if (timer["masked"] === true) return { enabled: "masked" };
  if (timer["enabled"] !== inputs.enabled) return { enabled: timer["enabled"] ?? null };
  return timer["running"] === inputs.enabled ? {} : { enabled: inputs.enabled ? "not running" : "running" };
}

/** A unit that others wrote to is shown by the property that fills it. */
function see(inputs: TimerInputs, answers: Answers, properties: PlainMap): Seen | undefined {
  const [service, timer] = [serviceUnit(inputs), timerUnit(inputs)];
  const files = { enabled: inputs.enabled, running: inputs.enabled, masked: false };
  const seenService = seeUnit(service, answers, { content: service.content ?? "", masked: false });
  const seenTimer = seeUnit(timer, answers, { content: timer.content ?? "", ...files });
  if (!seenService || !seenTimer) return undefined;
  const { content: done } = seenService.properties;
  const { content: timed } = seenTimer.properties;
  return {
    properties: {
      ...properties,
      ...(timed !== timer.content && { schedule: timed ?? null }),
      ...(done !== service.content && { command: done ?? null }),
      ...(seenService.properties["masked"] === true && { command: "its service is masked" }),
      ...environmentNow(inputs, answers),
      ...enabledNow(inputs, seenTimer.properties),
    },
  };
}

interface Texts {
  readonly service?: string | undefined;
  readonly timer?: string | undefined;
}

async function textsOf(name: string, site: Site): Promise<Outcome<Texts>> {
  const [service, timer] = [unitPath(`${name}.service`), unitPath(`${name}.timer`)];
  const texts = await textsAt(site, [service, timer]);
  return texts.ok ? done({ service: texts.value.get(service), timer: texts.value.get(timer) }) : texts;
}

/** With the units' texts where those differ. */
async function read(
  inputs: TimerInputs,
  site: Site,
  properties: PlainMap,
  answers: Answers,
): Promise<Outcome<Seen | undefined>> {
  const seen = see(inputs, answers, properties);
  const texts = await textsOf(inputs.name, site);
  if (!texts.ok || !seen) return texts.ok ? done(undefined) : texts;
  const { service, timer } = texts.value;
  const isOther = timer !== undefined && timer !== timerText(inputs);
  const isElse = service !== undefined && service !== serviceText(inputs);
  return done({
    properties: {
      ...seen.properties,
      ...(isOther && { schedule: timer }),
      ...(isElse && { command: service }),
    },
  });
}

async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const texts = await textsOf(name, site);
  if (!texts.ok) return texts;
  const { service, timer } = texts.value;
  if (service === undefined || timer === undefined) return done(undefined);
  const parsed = parseTimer(name, service, timer);
  if (!parsed)
    return trouble(
      "refused",
      `cannot import ${name}: its units say more than a Timer does; import them as SystemdUnit`,
    );
  const { schedule, environment: _environment, persistent, ...rest } = parsed;
  const enabled = await systemdUnit.adopt(`${name}.timer`, site);
  if (!enabled.ok) return enabled;
  const isOn = enabled.value?.properties["enabled"] !== false;
  const said = Object.entries(rest).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const given = mapOf(said.filter(([key, value]) => key !== "description" || value !== name));
  return done({
    properties: {
      ...given,
      schedule: schedule.length === 1 ? (schedule[0] ?? "") : schedule,
      ...(persistent && { persistent }),
      ...(!isOn && { enabled: false }),
    },
  });
}

/** systemd has the last word on times; a user that is not there would show only when its time has come. */
const CHECK = `command -v systemctl >/dev/null || { echo 'systemd is not there' >&2; exit 1; }
read -r user; if [ -n "$user" ]; then id -- "$user" >/dev/null || exit 1; fi
command -v systemd-analyze >/dev/null || exit 0
while read -r one; do systemd-analyze calendar -- "$one" >/dev/null || exit 1; done`;

async function ensure(inputs: TimerInputs, site: Site, old: TimerInputs | undefined): Promise<Outcome<Done>> {
  if (site.machine.system) {
    const body = Buffer.from(`${[inputs.user ?? "", ...inputs.schedule].join("\n")}\n`);
    const checked = await step(site, `timer ${inputs.name}`, { script: CHECK, body });
    if (!checked.ok) return checked;
  }
  if (inputs.environment.size > 0) {
    const written = await file.ensure(environmentFile(inputs), site, undefined);
    if (!written.ok) return written;
  }
  const service = await ensureUnit(serviceUnit(inputs), site, old && serviceUnit(old));
  if (!service.ok) return service;
  const timer = await ensureUnit(timerUnit(inputs), site, old && timerUnit(old));
  if (!timer.ok || inputs.environment.size > 0) return timer;
  const gone = await site.machine.removeFile(environmentPath(inputs.name), site.signal);
  return gone.ok ? done({}) : gone;
}

async function remove(inputs: TimerInputs, site: Site): Promise<Outcome<void>> {
  const timer = await systemdUnit.remove(timerUnit(inputs), site);
  if (!timer.ok) return timer;
  const service = await systemdUnit.remove(serviceUnit(inputs), site);
  if (!service.ok) return service;
  return site.machine.removeFile(environmentPath(inputs.name), site.signal);
}

export const timer: Family<TimerInputs> = {
  type: "holdfast:host:Timer",
  shape: TIMER,
  identity: ["name"],
  id: ({ name }) => name,
  parse,
  needsSystem: false,
  look,
  see,
  read,
  adopt,
  example: "backup",
  ensure,
  remove,
};
