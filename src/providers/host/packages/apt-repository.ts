/** holdfast:host:AptRepository: where a host's apt takes packages from; one file in deb822 form, its key in it. */
import { createHash } from "node:crypto";
import { APT_REPOSITORY } from "../../../sdk/shapes/apt-repository.ts";
import { word } from "../../connection/shell-loop.ts";
import { diffInputs } from "../../grpc/diff.ts";
import { hasUnknown, isList, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckProblem, CheckRequest } from "../../resource.ts";
import { APT, aptRun, WORK } from "./apt.ts";
import { readSources, writeSources } from "./deb822.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { textAt } from "../files/text-at.ts";
import { textOf } from "../placement.ts";
import { step } from "../step.ts";

interface Repository {
  readonly name: string;
  readonly path: string;
  /** Of its file. */
  readonly text: string;
}

const MODE = 0o644;
const MOST_BYTES = 200_000;
/** For others who fetch lists. */
const LOCK_WAIT = 60;

const pathOf = (name: string): string => `/etc/apt/sources.list.d/${name}.sources`;

function parse(properties: PlainMap): Repository {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  return { name, path: pathOf(name), text: writeSources(properties) };
}

/** A suite that ends with a slash is a path, and has no components; any other has some. */
function problemsOf({ suites, components, trusted, signedBy }: PlainMap): readonly CheckProblem[] {
  if (trusted === true && signedBy !== undefined)
    return [{ property: "trusted", reason: "means that nobody looks at signatures; and signedBy is given" }];
  if (suites === undefined || !isList(suites) || !suites.every(one => typeof one === "string")) return [];
  const flat = suites.filter(suite => suite.endsWith("/")).length;
  if (flat > 0 && flat < suites.length)
    return [{ property: "suites", reason: "must all be paths that end with /, or none of them" }];
  if (flat > 0 && components !== undefined)
    return [{ property: "components", reason: "cannot be given where the suites are paths that end with /" }];
  if (flat === 0 && components === undefined)
    return [{ property: "components", reason: 'missing: its components, for example ["main"]' }];
  return [];
}

const complete = ({ inputs }: CheckRequest): Checked => ({ inputs, problems: problemsOf(inputs) });

const checksumOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const outputsOf = ({ path, text }: Repository): PlainMap => ({ path, checksum: checksumOf(text) });

/** apt reads this file alone and fetches its lists; those of others stay. `--error-on=any`: unreachable is an error. */
const fetchLists = (draft: string): string =>
  `patiently ${APT} update --error-on=any -o Dir::Etc::SourceList=${word(draft)} -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=0`;

/** A draft is tried before it takes its place: one that cannot be used would stop every later apt. */
async function tryOut(site: Site, { name, text }: Repository): Promise<Outcome<string>> {
  const what = `try repository ${name}`;
  const script = `mkdir -p -- ${WORK} && d=$(mktemp -d -- ${WORK}/apt-try-XXXXXXXXXX) && chmod 0755 -- "$d" && cat >"$d/${name}.sources" && printf %s "$d/${name}.sources"`;
  const draft = await step(site, what, { script, body: Buffer.from(text) });
  if (!draft.ok) return draft;
  const tried = await aptRun(site, { what, script: fetchLists(draft.value), lockWait: LOCK_WAIT });
  const cleared = await step(site, what, { script: `f=${word(draft.value)}; rm -rf -- "\${f%/*}"` });
  return tried.ok && !cleared.ok ? cleared : tried;
}

async function ensure(wanted: Repository, site: Site): Promise<Outcome<Done>> {
  const { path, text } = wanted;
  const { machine, signal } = site;
  const there = await machine.read(path, MOST_BYTES, signal);
  if (!there.ok) return there;
  const file = there.value;
  if (file?.kind === "file" && file.content?.toString("utf8") === text)
    return done({ outputs: outputsOf(wanted) });
  if (machine.system) {
    const tried = await tryOut(site, wanted);
    if (!tried.ok) return tried;
  }
  const written = await machine.write(path, Buffer.from(text), { mode: MODE, newMode: MODE }, signal);
  return written.ok ? done({ outputs: outputsOf(wanted) }) : written;
}

/** What a file says that is not as it is wanted; where the properties cannot say it, it is told all the same. */
function seenFrom(wanted: Repository, text: string, properties: PlainMap): Seen {
  if (text === wanted.text) return { properties, outputs: outputsOf(wanted) };
  const said = readSources(text);
  if (!said) return { properties: { ...properties, uris: ["[something that is not known]"] } };
  const defaults = {
    ...(properties["types"] && { types: ["deb"] }),
    ...(properties["trusted"] === false && { trusted: false }),
  };
  const now = { name: wanted.name, ...defaults, ...said };
  if (diffInputs(properties, now).length > 0) return { properties: now };
  return { properties: { ...properties, uris: ["[the same in other words]"] } };
}

async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const text = await textAt(site, pathOf(name), MOST_BYTES);
  if (!text.ok || text.value === undefined) return text.ok ? done(undefined) : text;
  const said = readSources(text.value);
  if (!said)
    return trouble(
      "refused",
      `cannot import ${pathOf(name)}: it holds more than one repository, or fields that are not known`,
    );
  const properties = { name, ...said };
  return done({ properties, outputs: outputsOf(parse(properties)) });
}

export const aptRepository: Family<Repository> = {
  type: "holdfast:host:AptRepository",
  shape: APT_REPOSITORY,
  complete,
  identity: ["name"],
  id: ({ name }) => name,
  parse,
  needsSystem: false,
  look: ({ path }) => [{ about: "entry", path }],
  see(wanted, answers, properties) {
    const entry = answers.get({ about: "entry", path: wanted.path });
    if (entry?.kind !== "file") return undefined;
    return entry.checksum === checksumOf(wanted.text)
      ? { properties, outputs: outputsOf(wanted) }
      : { properties: { ...properties, uris: [`sha256 ${entry.checksum ?? "unknown"}`] } };
  },
  async read(wanted, site, properties) {
    const text = await textAt(site, wanted.path, MOST_BYTES);
    if (!text.ok) return text;
    return done(text.value === undefined ? undefined : seenFrom(wanted, text.value, properties));
  },
  adopt,
  example: "example",
  ensure,
  remove: ({ path }, { machine, signal }) => machine.removeFile(path, signal),
  outputs(properties): PlainMap {
    if (!hasUnknown(properties)) return outputsOf(parse(properties));
    const name = textOf(properties, "name");
    return name === undefined ? {} : { path: pathOf(name) };
  },
};
