/** The lifecycle calls of a custom resource, from wire messages to a family and back. */
import grpc from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { AnyResource, CallContext, Present } from "../resource.ts";
import { decodeStruct, encodeStruct } from "./codec.ts";
import { diffInputs, type PropertyChange } from "./diff.ts";
import { open, seal, type Opened, type Path } from "./secrecy.ts";
import { errorOf, statusOf, unfinishedStatus } from "./status.ts";
import { hasUnknown, type PlainMap, type ValueMap } from "./value.ts";

type Struct = structPb.Struct;

const opened = (struct: Struct | undefined): Opened => open(decodeStruct(struct));

/** Secret paths, and those of the properties that tell something about a secret one. */
function spread(resource: AnyResource, secrets: readonly Path[]): readonly Path[] {
  const tops = new Set(secrets.map(path => path[0]));
  const more = Object.entries(resource.derived).flatMap(([property, from]) =>
    from.some(source => tops.has(source)) ? [[property] as const] : [],
  );
  const covered = new Set<string>();
  return [...secrets, ...more].filter(path => {
    const key = JSON.stringify(path);
    return covered.has(key) ? false : covered.add(key);
  });
}

const sealed = (resource: AnyResource, properties: PlainMap, secrets: readonly Path[]): ValueMap =>
  seal(properties, spread(resource, secrets));

export function check(resource: AnyResource, request: providerPb.CheckRequest): providerPb.CheckResponse {
  const { properties, secrets } = opened(request.getNews());
  const isSecret = (property: string): boolean => secrets.some(path => path[0] === property);
  const { inputs, problems } = resource.check({ inputs: properties, isSecret });
  const response = new providerPb.CheckResponse();
  response.setInputs(encodeStruct(sealed(resource, inputs, secrets)));
  response.setFailuresList(
    problems.map(({ property, reason }) => {
      const failure = new providerPb.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

const Kind = providerPb.PropertyDiff.Kind;
const KINDS = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

function detail(change: PropertyChange, replaces: boolean): providerPb.PropertyDiff {
  const difference = new providerPb.PropertyDiff();
  difference.setKind(KINDS[change.kind][replaces ? 1 : 0]);
  difference.setInputdiff(true);
  return difference;
}

/** `ignoreChanges` needs nothing here: the engine puts the old values back before it asks. */
export function diff(resource: AnyResource, request: providerPb.DiffRequest): providerPb.DiffResponse {
  const old = opened(request.hasOldInputs() ? request.getOldInputs() : request.getOlds()).properties;
  const now = opened(request.getNews()).properties;
  const changes = diffInputs(old, now);
  const properties = [...new Set(changes.map(change => change.property))];
  const replacing = properties.filter(property =>
    resource.replacedBy(property, old[property], now[property]),
  );
  const response = new providerPb.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = providerPb.DiffResponse.DiffChanges;
  response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(properties);
  response.setReplacesList(replacing);
  // First away with the old: two paths, or two names of a host, may turn out to be one and the same file.
  response.setDeletebeforereplace(replacing.length > 0);
  response.setHasdetaileddiff(true);
  const details = response.getDetaileddiffMap();
  for (const change of changes) details.set(change.path, detail(change, replacing.includes(change.property)));
  return response;
}

interface Ended {
  readonly id: string;
  readonly inputs: PlainMap;
  readonly present: Present;
  readonly secrets: readonly Path[];
}

/** The state to store; throws the status that carries it where the resource is there but not whole. */
function stateOf(resource: AnyResource, { id, inputs, present, secrets }: Ended): Struct {
  const state = sealed(resource, present.state, secrets);
  if (!present.problems?.length) return encodeStruct(state);
  throw unfinishedStatus({
    id,
    state,
    inputs: sealed(resource, inputs, secrets),
    problems: present.problems,
  });
}

export async function create(
  resource: AnyResource,
  request: providerPb.CreateRequest,
  context: CallContext,
): Promise<providerPb.CreateResponse> {
  const { properties: inputs, secrets } = opened(request.getProperties());
  const response = new providerPb.CreateResponse();
  if (request.getPreview())
    return response.setProperties(encodeStruct(sealed(resource, resource.preview(inputs), secrets)));
  refuseUnknown(inputs);
  const made = await resource.create(inputs, context);
  if (!made.ok) throw statusOf(made.trouble);
  response.setId(made.value.id);
  const ended = { id: made.value.id, inputs, present: made.value, secrets };
  return response.setProperties(stateOf(resource, ended));
}

export async function update(
  resource: AnyResource,
  request: providerPb.UpdateRequest,
  context: CallContext,
): Promise<providerPb.UpdateResponse> {
  const { properties: inputs, secrets } = opened(request.getNews());
  const response = new providerPb.UpdateResponse();
  if (request.getPreview())
    return response.setProperties(encodeStruct(sealed(resource, resource.preview(inputs), secrets)));
  refuseUnknown(inputs);
  const old = opened(request.hasOldInputs() ? request.getOldInputs() : request.getOlds()).properties;
  const updated = await resource.update(old, inputs, context);
  if (!updated.ok) throw statusOf(updated.trouble);
  const ended = { id: request.getId(), inputs, present: updated.value, secrets };
  return response.setProperties(stateOf(resource, ended));
}

function refuseUnknown(inputs: PlainMap): void {
  if (hasUnknown(inputs))
    throw errorOf(
      grpc.status.INVALID_ARGUMENT,
      "an input is still unknown; only a preview may hold such values",
    );
}

export async function read(
  resource: AnyResource,
  request: providerPb.ReadRequest,
  context: CallContext,
): Promise<providerPb.ReadResponse> {
  const oldInputs = opened(request.getInputs());
  const oldState = opened(request.getProperties());
  const known = [oldInputs, oldState].find(({ properties }) => Object.keys(properties).length > 0);
  const asked = known ? { id: request.getId(), inputs: known.properties } : { id: request.getId() };
  const found = await resource.read(asked, context);
  if (!found.ok) throw statusOf(found.trouble);
  const response = new providerPb.ReadResponse();
  if (!found.value) return response;
  // What was secret in either of them stays secret, or a refresh would show it.
  const secrets = [...oldInputs.secrets, ...oldState.secrets];
  const { id, inputs } = found.value;
  response.setId(id);
  response.setInputs(encodeStruct(sealed(resource, inputs, secrets)));
  return response.setProperties(stateOf(resource, { id, inputs, present: found.value, secrets }));
}

export async function remove(
  resource: AnyResource,
  request: providerPb.DeleteRequest,
  context: CallContext,
): Promise<emptyPb.Empty> {
  const { properties } = opened(request.hasOldInputs() ? request.getOldInputs() : request.getProperties());
  const removed = await resource.delete(properties, context);
  if (!removed.ok) throw statusOf(removed.trouble);
  return new emptyPb.Empty();
}
