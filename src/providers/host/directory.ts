/** holdfast:host:Directory: a folder on a host. What is in it is not looked at. */
import { parseConnection } from "../connection/spec.ts";
import type { PlainMap } from "../grpc/value.ts";
import { done, trouble, type Outcome } from "../outcome.ts";
import type { CallContext, Found, Present, ReadRequest, Resource } from "../resource.ts";
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

interface DirectoryInputs {
  readonly placement: Placement;
  readonly properties: PlainMap;
}

const NEW_FOLDER_MODE = 0o755;

async function ensure(inputs: DirectoryInputs, context: CallContext): Promise<Outcome<Present>> {
  const { placement, properties } = inputs;
  const machine = context.connections.machine(placement.connection);
  const made = await machine.makeDirectory(placement.path, placement.mode ?? NEW_FOLDER_MODE, context.signal);
  if (!made.ok) return made;
  const there = await machine.read(placement.path, 0, context.signal);
  if (!there.ok) return there;
  if (!there.value) return trouble("failed", `${placement.path} vanished right after it was made`);
  const missing = attributesToSet(placement, there.value);
  if (Object.keys(missing).length === 0) return done({ state: properties });
  const set = await machine.setAttributes(placement.path, missing, context.signal);
  // The folder is there, so the state must know it; the next up tries the rest again.
  return set.ok ? done({ state: properties }) : done({ state: properties, problems: [set.trouble.message] });
}

async function read(request: ReadRequest, context: CallContext): Promise<Outcome<Found | undefined>> {
  const known = request.inputs ?? parseImportId(request.id);
  const connection = parseConnection(known?.["connection"]);
  const target = known?.["path"];
  if (!known || !connection || typeof target !== "string")
    return trouble(
      "refused",
      `cannot import ${request.id}: the id must be CONNECTION#PATH, for example ssh://user@host#/srv`,
    );
  const there = await context.connections.machine(connection).read(target, 0, context.signal);
  if (!there.ok) return there;
  const entry = there.value;
  if (entry?.kind !== "directory") return done(undefined);
  const imported: PlainMap = entry.mode === NEW_FOLDER_MODE ? {} : { mode: modeText(entry.mode) };
  const attributes = request.inputs === undefined ? imported : attributesNow(known, entry);
  const inputs: PlainMap = { ...known, ...attributes };
  return done({ id: target, inputs, state: inputs });
}

export const directory: Resource<DirectoryInputs> = {
  type: "holdfast:host:Directory",
  check: ({ inputs }) => checkPlacement(inputs, []),
  parse: inputs => ({ placement: parsePlacement(inputs), properties: inputs }),
  replacedBy: movedBy,
  preview: inputs => inputs,
  create: async (inputs, context) => {
    const ensured = await ensure(inputs, context);
    return ensured.ok ? done({ ...ensured.value, id: inputs.placement.path }) : ensured;
  },
  read,
  update: (_old, inputs, context) => ensure(inputs, context),
  delete: async ({ placement }, context) => {
    const machine = context.connections.machine(placement.connection);
    const removed = await machine.removeDirectory(placement.path, context.signal);
    // A folder that others put something into stays: it is not ours any more.
    return removed.ok ? done(undefined) : removed;
  },
  derived: {},
};
