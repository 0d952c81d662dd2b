/** holdfast:host:File and holdfast:host:Template: one file on a host, with its content. */
import type { Machine } from "../connection/machine.ts";
import { parseConnection } from "../connection/spec.ts";
import { mapOf, type PlainMap } from "../grpc/value.ts";
import { done, trouble, type Outcome } from "../outcome.ts";
import type {
  CallContext,
  Checked,
  CheckRequest,
  Found,
  Present,
  ReadRequest,
  Resource,
} from "../resource.ts";
import {
  checkContent,
  CONTENT_KEYS,
  contentOf,
  contentProperties,
  factsAbout,
  MAX_CONTENT_BYTES,
  tooBig,
} from "./content.ts";
import {
  attributesNow,
  attributesToSet,
  checkPlacement,
  modeText,
  movedBy,
  parseImportId,
  parsePlacement,
  type Placement,
} from "./placement.ts";

interface FileInputs {
  readonly placement: Placement;
  readonly content: Buffer;
  readonly properties: PlainMap;
}

const NEW_FILE_MODE = 0o644;
/** A secret is for its owner, unless the program says otherwise. */
const SECRET_FILE_MODE = "0600";

function check({ inputs, isSecret }: CheckRequest): Checked {
  const checked = checkPlacement(inputs, CONTENT_KEYS);
  const problems = [...checked.problems, ...checkContent(checked.inputs)];
  const guarded = checked.inputs["mode"] === undefined && CONTENT_KEYS.some(isSecret);
  return { inputs: guarded ? { ...checked.inputs, mode: SECRET_FILE_MODE } : checked.inputs, problems };
}

function parse(inputs: PlainMap): FileInputs {
  const content = contentOf(inputs);
  if (!content) throw new TypeError("inputs without content");
  return { placement: parsePlacement(inputs), content, properties: inputs };
}

const stateOf = (inputs: FileInputs): PlainMap => ({ ...inputs.properties, ...factsAbout(inputs.content) });

/** Writes only what differs: an equal file is adopted as it is. */
async function ensure(machine: Machine, inputs: FileInputs, signal: AbortSignal): Promise<Outcome<Present>> {
  const { placement, content } = inputs;
  const there = await machine.read(placement.path, MAX_CONTENT_BYTES, signal);
  if (!there.ok) return there;
  if (!there.value?.content?.equals(content)) {
    const wanted = { ...placement, newMode: NEW_FILE_MODE };
    const written = await machine.write(placement.path, content, wanted, signal);
    return written.ok ? done({ state: stateOf(inputs) }) : written;
  }
  const missing = attributesToSet(placement, there.value);
  if (Object.keys(missing).length === 0) return done({ state: stateOf(inputs) });
  const set = await machine.setAttributes(placement.path, missing, signal);
  return set.ok ? done({ state: stateOf(inputs) }) : set;
}

const machineFor = (placement: Placement, context: CallContext): Machine =>
  context.connections.machine(placement.connection);

async function create(
  inputs: FileInputs,
  context: CallContext,
): Promise<Outcome<Present & { readonly id: string }>> {
  const ensured = await ensure(machineFor(inputs.placement, context), inputs, context.signal);
  return ensured.ok ? done({ ...ensured.value, id: inputs.placement.path }) : ensured;
}

async function read(request: ReadRequest, context: CallContext): Promise<Outcome<Found | undefined>> {
  const known = request.inputs ?? parseImportId(request.id);
  const connection = parseConnection(known?.["connection"]);
  const target = known?.["path"];
  if (!known || !connection || typeof target !== "string")
    return trouble(
      "refused",
      `cannot import ${request.id}: the id must be CONNECTION#PATH, for example ssh://user@host#/etc/motd`,
    );
  const there = await context.connections.machine(connection).read(target, MAX_CONTENT_BYTES, context.signal);
  if (!there.ok) return there;
  const entry = there.value;
  // A folder or a symlink in its place: the file that we wrote is gone.
  if (entry?.kind !== "file") return done(undefined);
  const isImport = request.inputs === undefined;
  if (!entry.content && isImport)
    return trouble(
      "refused",
      `cannot import ${target}: it holds ${entry.size} bytes, ${MAX_CONTENT_BYTES} is the most`,
    );
  const content = entry.content
    ? contentProperties(entry.content, request.inputs)
    : { content: tooBig(entry.size) };
  const rest = mapOf(Object.entries(known).filter(([key]) => key !== "content" && key !== "contentBase64"));
  const attributes = isImport ? importedMode(entry.mode) : attributesNow(known, entry);
  const inputs = { ...rest, ...attributes, ...content };
  const facts = entry.content ? factsAbout(entry.content) : { size: entry.size };
  return done({ id: target, inputs, state: { ...inputs, ...facts } });
}

const importedMode = (mode: number): PlainMap => (mode === NEW_FILE_MODE ? {} : { mode: modeText(mode) });

export function fileResource(type: string): Resource<FileInputs> {
  return {
    type,
    check,
    parse,
    replacedBy: movedBy,
    preview: inputs => {
      const content = contentOf(inputs);
      return content ? { ...inputs, ...factsAbout(content) } : inputs;
    },
    create,
    read,
    update: (_old, inputs, context) => ensure(machineFor(inputs.placement, context), inputs, context.signal),
    delete: ({ placement }, context) =>
      machineFor(placement, context).removeFile(placement.path, context.signal),
    derived: {
      content: ["contentBase64"],
      contentBase64: ["content"],
      // A digest of a short secret gives it away to whoever can guess.
      checksum: ["content", "contentBase64"],
    },
  };
}

export const file = fileResource("holdfast:host:File");
/** Rendered in the program: what arrives here is the content. A type of its own so that a plan reads well. */
export const template = fileResource("holdfast:host:Template");
