/** Whether a container is as it should be, told from answers. Pure. */
import type { Answers } from "../../connection/questions.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import type { Seen } from "../family.ts";
import { factsAbout, type ContainerFacts, type ContainerRecord } from "./facts.ts";
import { digestOf, filesOf, sha256, type ContainerFile } from "./files.ts";
import { sourceText, type ContainerInputs } from "./inputs.ts";
import { unitName, unitPath } from "./units.ts";

/** Properties that are not as they should be, with what is said in their place. */
export type Wrong = Readonly<Record<string, string | boolean>>;

function wrongFiles(files: readonly ContainerFile[], answers: Answers): Wrong {
  const isWrong = ({ path, content, mode }: ContainerFile): boolean => {
    const entry = answers.get({ about: "entry", path });
    return entry?.kind !== "file" || entry.checksum !== sha256(content) || entry.mode !== mode;
  };
  return mapOf(files.filter(isWrong).map(({ of, path }) => [of, `${path} was changed`]));
}

const isUp = (active: string | undefined): boolean => active === "active" || active === "reloading";

/** Of a unit that is loaded from the right file. */
function wrongUnit(inputs: ContainerInputs, { unit, record }: ContainerFacts): Wrong {
  if (!unit || !record) return {};
  const ours = record.form === "quadlet" ? unit.UnitFileState === "generated" : undefined;
  const path = unitPath(inputs.name, "unit");
  const loaded = ours ?? unit.FragmentPath === path;
  const enabled = record.form === "quadlet" ? inputs.enabled : unit.UnitFileState === "enabled";
  return {
    ...(!loaded && { unit: `systemd does not know it as it is: ${unit.LoadState}, ${unit.FragmentPath}` }),
    ...(loaded && unit.NeedDaemonReload === "yes" && { unit: "systemd has not loaded it as it is now" }),
    ...(enabled !== inputs.enabled && { enabled }),
    ...(isUp(unit.ActiveState) !== inputs.running && { running: isUp(unit.ActiveState) }),
  };
}

/** The property that says where the image comes from. */
const sourceProperty = ({ source }: ContainerInputs): string => source.from;

function wrongContainer(inputs: ContainerInputs, facts: ContainerFacts, record: ContainerRecord): Wrong {
  const { container, unit } = facts;
  if (!inputs.running || !isUp(unit?.ActiveState)) return {};
  if (!container) return { container: "it is not there, though its unit runs" };
  return {
    ...(container.image !== record.image && { [sourceProperty(inputs)]: `runs ${container.image}` }),
    ...(container.command !== record.command && { container: "it was started with other arguments" }),
  };
}

/** Where a whole host is behind it. */
export function wrongOnHost(inputs: ContainerInputs, answers: Answers): Wrong {
  const facts = factsAbout(inputs, answers);
  const { record } = facts;
  if (!record) return { container: "it was never deployed completely" };
  const files = filesOf(inputs, record.form, record.image);
  const wrong = wrongFiles(files, answers);
  return {
    ...(record.source !== sourceText(inputs.source) && { [sourceProperty(inputs)]: record.source }),
    ...(Object.keys(wrong).length === 0 &&
      record.digest !== digestOf(files) && { unit: "its last change did not become healthy" }),
    ...(record.pending && { unit: "its last change was cut off" }),
    ...wrongUnit(inputs, facts),
    ...wrongContainer(inputs, facts, record),
    ...wrong,
  };
}

export const outputsOf = (
  unit: string,
  record: Pick<ContainerRecord, "image" | "imageDigest">,
): PlainMap => ({
  unit,
  imageId: record.image,
  imageDigest: record.imageDigest,
});

/** Undefined: nothing is there under this name. */
export function seeContainer(
  inputs: ContainerInputs,
  answers: Answers,
  properties: PlainMap,
): Seen | undefined {
  const facts = factsAbout(inputs, answers);
  const forms = ["quadlet", "unit"] as const;
  if (!forms.some(form => answers.get({ about: "entry", path: unitPath(inputs.name, form) })))
    return undefined;
  const now = { ...properties, ...wrongOnHost(inputs, answers) };
  return {
    properties: now,
    ...(facts.record && { outputs: outputsOf(unitName(inputs.name), facts.record) }),
  };
}

export interface Deployable {
  /** As they are to be. */
  readonly files: readonly ContainerFile[];
  readonly facts: ContainerFacts;
  readonly answers: Answers;
  /** Id. */
  readonly image: string;
}

/** False: what runs was started with just these files, arguments and image. */
export function mustRestart({ files, facts, answers, image }: Deployable): boolean {
  const { record, container } = facts;
  // A unit that was edited says nothing of what runs; the command tells.
  const settings = files.filter(({ of }) => of !== "unit");
  return (
    record?.digest !== digestOf(files) ||
    record.pending ||
    Object.keys(wrongFiles(settings, answers)).length > 0 ||
    (container !== undefined && (container.image !== image || container.command !== record.command))
  );
}

/** In a folder that stands for a host there are files, and nothing runs. */
export function seeFiles(
  files: readonly ContainerFile[],
  answers: Answers,
  properties: PlainMap,
): Seen | undefined {
  const [first] = files;
  if (!first || !answers.get({ about: "entry", path: first.path })) return undefined;
  return { properties: { ...properties, ...wrongFiles(files, answers) } };
}
