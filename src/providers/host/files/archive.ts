/** holdfast:host:Archive: an archive unpacked into a folder of its own. */
import { createHash } from "node:crypto";
import { ARCHIVE, ARCHIVE_FORMATS, formatOf } from "../../../sdk/shapes/archive.ts";
import type { Answers, Question } from "../../connection/questions.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckProblem, CheckRequest } from "../../resource.ts";
import {
  lookScript,
  removeScript,
  stampOf,
  stampScript,
  unpackScript,
  type ArchiveInputs,
} from "./archive-scripts.ts";
import { MAX_CONTENT_BYTES } from "./content.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { textOf } from "../placement.ts";
import { step } from "../step.ts";

/** A download over a slow line; an unpacking on a slow disk. */
const UNPACK_MS = 15 * 60_000;

function sourceOf(properties: PlainMap): ArchiveInputs["source"] | undefined {
  const [url, base64] = [textOf(properties, "url"), textOf(properties, "contentBase64")];
  if (url !== undefined) return { url };
  return base64 === undefined ? undefined : { content: Buffer.from(base64, "base64") };
}

const sumOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

function parse(properties: PlainMap): ArchiveInputs {
  const source = sourceOf(properties);
  const [path, checksum] = [textOf(properties, "path"), textOf(properties, "checksum")];
  const format = ARCHIVE_FORMATS.find(one => one === properties["format"]);
  if (!source || path === undefined || checksum === undefined || !format)
    throw new TypeError("inputs without a path, a source, a checksum or a format");
  const { strip } = properties;
  const [owner, group] = [textOf(properties, "owner"), textOf(properties, "group")];
  return {
    path,
    source,
    checksum,
    format,
    strip: typeof strip === "number" ? strip : 0,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
  };
}

function checkSource(inputs: PlainMap): CheckProblem | undefined {
  const given = ["url", "contentBase64"].filter(key => inputs[key] !== undefined);
  if (given.length !== 1) return { property: "url", reason: "give one of url and contentBase64" };
  const source = sourceOf(inputs);
  if (source && "content" in source && source.content.length > MAX_CONTENT_BYTES)
    return { property: "contentBase64", reason: `holds more than ${MAX_CONTENT_BYTES} bytes; give a url` };
  if (inputs["url"] !== undefined && inputs["checksum"] === undefined)
    return { property: "checksum", reason: "missing: what is fetched is checked before it is unpacked" };
  if (!source || !("content" in source)) return undefined;
  const checksum = textOf(inputs, "checksum");
  const reason = `is not that of the archive: ${sumOf(source.content)}`;
  return checksum === undefined || checksum === sumOf(source.content)
    ? undefined
    : { property: "checksum", reason };
}

/** With the checksum of what is at hand, and the format by the address. */
function complete({ inputs }: CheckRequest): Checked {
  const problem = checkSource(inputs);
  const problems: CheckProblem[] = problem ? [problem] : [];
  const path = textOf(inputs, "path");
  // What an archive takes the place of goes as a whole.
  if (path !== undefined && path.split("/").length <= 2)
    problems.push({ property: "path", reason: `must not be right below /: ${path}` });
  const source = sourceOf(inputs);
  const checksum = source && "content" in source ? sumOf(source.content) : inputs["checksum"];
  const format = inputs["format"] ?? (source && "url" in source ? formatOf(source.url) : undefined);
  // An address that is not known yet tells it later.
  if (source && format === undefined)
    problems.push({ property: "format", reason: `missing: one of ${ARCHIVE_FORMATS.join(", ")}` });
  const filled = Object.entries({ ...inputs, checksum, format });
  return {
    inputs: mapOf(filled.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    problems,
  };
}

const question = ({ path }: Pick<ArchiveInputs, "path">): Question & { readonly about: "script" } => ({
  about: "script",
  script: lookScript(path),
});

/** `shown`: what takes the place of the checksum, strip, owner and group. */
type Judged = "gone" | "same" | { readonly shown: PlainMap };

function judge(inputs: ArchiveInputs, answers: Answers): Judged {
  const { checksum, strip, owner, group } = inputs;
  const told = answers.get(question(inputs))?.output.trimEnd() ?? "";
  const [first = "", ...paths] = told.split("\n");
  if (first === "gone" || first === "") return "gone";
  const own = { strip, owner: owner ?? "-", group: group ?? "-" };
  if (first === "unknown") return { shown: { ...own, checksum: "[it is not known what was unpacked here]" } };
  if (paths.length > 0) return { shown: { ...own, checksum: `[changed on the host: ${paths.join(", ")}]` } };
  if (first === stampOf(inputs)) return "same";
  const [, sum = checksum, left, ...accounts] = first.split(" ");
  return {
    shown: { checksum: sum, strip: Number(left), owner: accounts[0] ?? "-", group: accounts[1] ?? "-" },
  };
}

const DEFAULTS: PlainMap = { strip: 0, owner: "-", group: "-" };

function see(inputs: ArchiveInputs, answers: Answers, properties: PlainMap): Seen | undefined {
  const judged = judge(inputs, answers);
  if (judged === "gone") return undefined;
  if (judged === "same") return { properties };
  const { shown } = judged;
  // What is at its default is not said, unless the program says it.
  const said = Object.entries(shown).filter(
    ([key, value]) => value !== DEFAULTS[key] || properties[key] === value,
  );
  const rest = Object.entries(properties).filter(([key]) => shown[key] === undefined);
  return { properties: mapOf([...rest, ...said]) };
}

async function ensure(
  inputs: ArchiveInputs,
  site: Site,
  old: ArchiveInputs | undefined,
): Promise<Outcome<Done>> {
  const answers = await site.machine.ask([question(inputs)], site.signal);
  if (!answers.ok) return answers;
  if (judge(inputs, answers.value) === "same") return done({});
  const { source } = inputs;
  const body = "url" in source ? Buffer.from(source.url) : source.content;
  const script = { script: unpackScript(inputs, old !== undefined), body, deadlineMs: UNPACK_MS };
  const unpacked = await step(site, `unpack ${inputs.path}`, script);
  return unpacked.ok ? done({}) : unpacked;
}

/** Of an address, the host knows it; an archive of a program is not kept there. */
async function adopt(path: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const said = await step(site, `look at ${path}`, { script: stampScript(path) });
  if (!said.ok) return said;
  if (said.value.trim() === "") return done(undefined);
  const [stamp = "", url] = said.value.trimEnd().split("\n");
  if (url === undefined) {
    const why = "it was unpacked from a file of a program; declare it, and it is taken over as it is";
    return trouble("refused", `cannot import ${path}: ${why}`);
  }
  const [, checksum = "", strip, owner, group] = stamp.split(" ");
  const format = formatOf(url);
  return done({
    properties: {
      path,
      url,
      checksum,
      ...(format && { format }),
      ...(strip !== "0" && { strip: Number(strip) }),
      ...(owner !== "-" && owner !== undefined && { owner }),
      ...(group !== "-" && group !== undefined && { group }),
    },
  });
}

export const archive: Family<ArchiveInputs> = {
  type: "holdfast:host:Archive",
  shape: ARCHIVE,
  complete,
  identity: ["path"],
  id: ({ path }) => path,
  parse,
  needsSystem: true,
  look: inputs => [question(inputs)],
  see,
  adopt,
  example: "/opt/tool",
  ensure,
  async remove({ path }, site) {
    const removed = await step(site, `remove ${path}`, { script: removeScript(path), deadlineMs: UNPACK_MS });
    return removed.ok ? done(undefined) : removed;
  },
  derived: { checksum: ["contentBase64"] },
};
