/** holdfast:host:File and holdfast:host:Template: one file on a host, with its content. */
import { FILE } from "../../../sdk/shapes/file.ts";
import type { Machine } from "../../connection/machine.ts";
import type { Question } from "../../connection/questions.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import {
  checkContent,
  CONTENT_KEYS,
  contentOf,
  contentProperties,
  factsAbout,
  MAX_CONTENT_BYTES,
  tooBig,
} from "./content.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import {
  attributesNow,
  attributesToSet,
  modeText,
  parsePlacement,
  textOf,
  withCanonicalMode,
  type Placement,
} from "../placement.ts";

export interface FileInputs {
  readonly placement: Placement;
  readonly content: Buffer;
  /** Looks at a new file before it is in place. */
  readonly validate?: string;
}

const NEW_FILE_MODE = 0o644;
/** A secret is for its owner, unless the program says otherwise. */
const SECRET_FILE_MODE = "0600";

function complete({ inputs: given, isSecret }: CheckRequest): Checked {
  const inputs = withCanonicalMode(given);
  const guarded = inputs["mode"] === undefined && CONTENT_KEYS.some(isSecret);
  return { inputs: guarded ? { ...inputs, mode: SECRET_FILE_MODE } : inputs, problems: checkContent(inputs) };
}

function parse(properties: PlainMap): FileInputs {
  const content = contentOf(properties);
  if (!content) throw new TypeError("inputs without content");
  const validate = textOf(properties, "validate");
  return { placement: parsePlacement(properties), content, ...(validate !== undefined && { validate }) };
}

/** Writes only what differs: an equal file is adopted as it is. */
async function ensure(inputs: FileInputs, { machine, signal }: Site): Promise<Outcome<Done>> {
  const { placement, content, validate } = inputs;
  const there = await machine.read(placement.path, MAX_CONTENT_BYTES, signal);
  if (!there.ok) return there;
  if (!there.value?.content?.equals(content)) {
    const wanted = { ...placement, newMode: NEW_FILE_MODE, ...(validate !== undefined && { validate }) };
    const written = await machine.write(placement.path, content, wanted, signal);
    return written.ok ? done({}) : written;
  }
  const missing = attributesToSet(placement, there.value);
  if (Object.keys(missing).length === 0) return done({});
  const set = await machine.setAttributes(placement.path, missing, signal);
  return set.ok ? done({}) : set;
}

/** A name with a line break cannot be asked for with others. */
const look = ({ placement }: FileInputs): readonly Question[] =>
  placement.path.includes("\n") ? [] : [{ about: "entry", path: placement.path }];

const withoutContent = (properties: PlainMap): PlainMap =>
  mapOf(Object.entries(properties).filter(([key]) => key !== "content" && key !== "contentBase64"));

function seenFile(
  entry: Awaited<ReturnType<Machine["read"]>>,
  properties: PlainMap,
): Outcome<Seen | undefined> {
  if (!entry.ok) return entry;
  // A folder or a symlink in its place: the file that we wrote is gone.
  if (entry.value?.kind !== "file") return done(undefined);
  const { content, size } = entry.value;
  const said = content ? contentProperties(content, properties) : { content: tooBig(size) };
  return done({
    properties: { ...withoutContent(properties), ...attributesNow(properties, entry.value), ...said },
    outputs: content ? factsAbout(content) : { size },
  });
}

async function adopt(name: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const there = await machine.read(name, MAX_CONTENT_BYTES, signal);
  if (there.ok && there.value?.kind === "file" && !there.value.content)
    return trouble(
      "refused",
      `cannot import ${name}: it holds ${there.value.size} bytes, ${MAX_CONTENT_BYTES} is the most`,
    );
  const mode = there.ok && there.value && there.value.mode !== NEW_FILE_MODE ? there.value.mode : undefined;
  return seenFile(there, { path: name, ...(mode !== undefined && { mode: modeText(mode) }) });
}

export function fileFamily(type: string): Family<FileInputs> {
  return {
    type,
    shape: FILE,
    complete,
    identity: ["path"],
    id: ({ placement }) => placement.path,
    parse,
    needsSystem: false,
    look,
    see({ placement, content }, answers, properties) {
      const entry = answers.get({ about: "entry", path: placement.path });
      if (entry?.kind !== "file") return undefined;
      const facts = factsAbout(content);
      const now = { ...properties, ...attributesNow(properties, entry) };
      if (entry.checksum === facts["checksum"]) return { properties: now, outputs: facts };
      return { properties: { ...now, content: `sha256 ${entry.checksum ?? "unknown"}` } };
    },
    read: async ({ placement }, { machine, signal }, properties) =>
      seenFile(await machine.read(placement.path, MAX_CONTENT_BYTES, signal), properties),
    adopt,
    example: "/etc/motd",
    ensure,
    remove: ({ placement }, { machine, signal }) => machine.removeFile(placement.path, signal),
    outputs(properties): PlainMap {
      const content = contentOf(properties);
      return content ? factsAbout(content) : {};
    },
    derived: {
      content: ["contentBase64"],
      contentBase64: ["content"],
      // A digest of a short secret gives it away to whoever can guess.
      checksum: ["content", "contentBase64"],
    },
  };
}

export const file = fileFamily("holdfast:host:File");
/** Rendered in the program: what arrives here is the content. A type of its own so that a plan reads well. */
export const template = fileFamily("holdfast:host:Template");
