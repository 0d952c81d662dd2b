/** holdfast:host:SystemdUnit: a unit of systemd, its drop-ins, and whether it is enabled, masked and running. */
import { UNIT, unitMistakes } from "../../../sdk/shapes/unit.ts";
import type { Answers } from "../../connection/questions.ts";
import { word } from "../../connection/shell-loop.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import { textAt, textsAt } from "../files/text-at.ts";
import type { Family, Seen, Site } from "../family.ts";
import { step } from "../step.ts";
import { ensureUnit } from "./unit-ensure.ts";
import {
  dropInFolder,
  dropInPath,
  filesOf,
  parseUnit,
  unitPath,
  watchesOf,
  type UnitInputs,
} from "./unit-inputs.ts";
import { isMasked, questionsAbout, recordOf, seeUnit, withTexts } from "./unit-judgment.ts";
import { removeUnit } from "./unit-steps.ts";
import { lookNow } from "./watched.ts";

function complete({ inputs }: CheckRequest): Checked {
  const all = { masked: false, ...inputs };
  return { inputs: all, problems: unitMistakes(all).map(([property, reason]) => ({ property, reason })) };
}

/** With the texts of the files that are not as they should be. */
async function read(
  inputs: UnitInputs,
  site: Site,
  properties: PlainMap,
  answers: Answers,
): Promise<Outcome<Seen | undefined>> {
  const looked = await lookNow(site, recordOf(inputs.name), watchesOf(inputs));
  if (!looked.ok) return looked;
  const seen = seeUnit(inputs, answers, properties, looked.value);
  if (!seen) return done(undefined);
  const wanted = filesOf(inputs);
  const texts = await textsAt(site, wanted.keys());
  if (!texts.ok) return texts;
  const others = [...texts.value].filter(([path, text]) => text !== wanted.get(path));
  return done(withTexts(inputs, seen, new Map(others)));
}

const DROP_INS_MS = 10_000;

async function dropInsOf(name: string, site: Site): Promise<Outcome<PlainMap>> {
  const script = `cd -- ${word(dropInFolder(name))} 2>/dev/null || exit 0
for f in *.conf; do [ ! -f "$f" ] || printf '%s\\n' "$f"; done`;
  const said = await step(site, `list the drop-ins of ${name}`, { script, deadlineMs: DROP_INS_MS });
  if (!said.ok) return said;
  const files = said.value.split("\n").filter(Boolean);
  const texts = await textsAt(
    site,
    files.map(file => dropInPath(name, file)),
  );
  if (!texts.ok) return texts;
  return done(mapOf(files.map(file => [file, texts.value.get(dropInPath(name, file)) ?? ""])));
}

/** With `enabled` and `running` asked for, whatever they are: the answers tell. */
async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const there = await textAt(site, unitPath(name));
  if (!there.ok) return there;
  const dropIns = await dropInsOf(name, site);
  if (!dropIns.ok) return dropIns;
  const files: PlainMap = {
    name,
    ...(there.value !== undefined && { content: there.value }),
    ...(Object.keys(dropIns.value).length > 0 && { dropIns: dropIns.value }),
  };
  const inputs = parseUnit(files);
  const asking = { ...inputs, masked: true };
  const answers = await site.machine.ask(questionsAbout(asking), site.signal);
  if (!answers.ok) return answers;
  const unit = answers.value.get({ about: "unit", name });
  if (unit?.LoadState === "not-found") return done(undefined);
  if (inputs.isTemplate && there.value === undefined)
    return trouble("refused", `cannot import ${name}: import its drop-ins with one of its instances`);
  if (!unit) return done({ properties: { ...files, masked: false } });
  const state = unit.UnitFileState;
  const enabled: PlainMap =
    state === "enabled" || state === "disabled" ? { enabled: state === "enabled" } : {};
  const runs = unit.ActiveState === "active";
  const ends = unit.Type === "oneshot" && unit.RemainAfterExit !== "yes";
  const running: PlainMap = ends ? {} : { running: runs };
  return done({ properties: { ...files, masked: isMasked(state), ...enabled, ...running } });
}

export const systemdUnit: Family<UnitInputs> = {
  type: "holdfast:host:SystemdUnit",
  shape: UNIT,
  complete,
  identity: ["name"],
  id: ({ name }) => name,
  parse: parseUnit,
  needsSystem: false,
  look: questionsAbout,
  see: seeUnit,
  read,
  adopt,
  example: "nginx.service",
  ensure: ensureUnit,
  async remove(inputs, site) {
    if (site.machine.system) return removeUnit(site, inputs);
    for (const path of filesOf(inputs).keys()) {
      const removed = await site.machine.removeFile(path, site.signal);
      if (!removed.ok) return removed;
    }
    return done(undefined);
  },
};
