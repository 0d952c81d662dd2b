/** Pulumi's ResourceProvider service over the table of resources, for one port. */
import grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type serviceDefinition from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { ConnectionPool } from "../connection/pool.ts";
import type { AnyResource, CallContext } from "../resource.ts";
import { refusalOf, type Calls, type Scope } from "./scope.ts";
import { errorOf, isStatusError, isUnreachable, type StatusError } from "./status.ts";
import * as steps from "./steps.ts";

export interface ServiceOptions {
  readonly resources: ReadonlyMap<string, AnyResource>;
  readonly connections: ConnectionPool;
  readonly scope: Scope;
  readonly calls: Calls;
  readonly version: string;
  /** Told of each call that did nothing because its target did not answer. */
  readonly onUnreachable: (urn: string, why: string) => void;
}

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Turns an async function into a handler. Thrown statuses are answers; anything else thrown is a bug and is said to be one. */
function unary<Request, Response>(
  act: (request: Request) => Promise<Response> | Response,
): Unary<Request, Response> {
  return (call, callback) => {
    const answer = async (): Promise<Response> => act(call.request);
    answer().then(
      response => callback(null, response),
      (error: unknown) => callback(isStatusError(error) ? error : bug(error)),
    );
  };
}

function bug(error: unknown): StatusError {
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return errorOf(grpc.status.INTERNAL, `holdfast's provider has a bug: ${said}`);
}

const unimplemented = (what: string): StatusError =>
  errorOf(grpc.status.UNIMPLEMENTED, `the holdfast provider has no ${what}`);

/** Which resource a call is for; the type is the last part of the URN's chain of types. */
function resourceOf(options: ServiceOptions, urn: string): AnyResource {
  const refusal = refusalOf(options.scope, urn);
  if (refusal !== undefined) throw errorOf(grpc.status.PERMISSION_DENIED, refusal);
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const resource = options.resources.get(type);
  if (resource) return resource;
  const known = [...options.resources.keys()].join(", ");
  throw errorOf(
    grpc.status.INVALID_ARGUMENT,
    `the holdfast provider has no resource ${type}; it has ${known}`,
  );
}

async function refuseMutation(scope: Scope, urn: string): Promise<void> {
  if (await scope.mayMutate(scope.runId, urn)) return;
  throw errorOf(
    grpc.status.PERMISSION_DENIED,
    `${urn} may not be changed now: the state service holds no begun step for it (its run has ended, or lost its lease)`,
  );
}

function lifecycle(options: ServiceOptions) {
  const context = (signal: AbortSignal): CallContext => ({ signal, connections: options.connections });
  type Step<Request, Response> = (
    r: AnyResource,
    request: Request,
    context: CallContext,
  ) => Promise<Response>;
  const told = <Response>(request: { getUrn(): string }, answer: Promise<Response>): Promise<Response> =>
    answer.catch((error: unknown) => {
      if (isUnreachable(error)) options.onUnreachable(request.getUrn(), error.message);
      throw error;
    });
  const reading = <Request extends { getUrn(): string }, Response>(step: Step<Request, Response>) =>
    unary<Request, Response>(request =>
      options.calls.run(async signal =>
        told(request, step(resourceOf(options, request.getUrn()), request, context(signal))),
      ),
    );
  const changing = <Request extends { getUrn(): string; getPreview?(): boolean }, Response>(
    step: Step<Request, Response>,
  ) =>
    unary<Request, Response>(request =>
      options.calls.run(async signal => {
        const resource = resourceOf(options, request.getUrn());
        if (request.getPreview?.() !== true) await refuseMutation(options.scope, request.getUrn());
        return told(request, step(resource, request, context(signal)));
      }),
    );
  return {
    check: reading<providerPb.CheckRequest, providerPb.CheckResponse>(async (r, request) =>
      steps.check(r, request),
    ),
    diff: reading<providerPb.DiffRequest, providerPb.DiffResponse>(async (r, request) =>
      steps.diff(r, request),
    ),
    read: reading(steps.read),
    create: changing(steps.create),
    update: changing(steps.update),
    delete: changing(steps.remove),
  };
}

function configuration(version: string) {
  return {
    handshake: unary<providerPb.ProviderHandshakeRequest, providerPb.ProviderHandshakeResponse>(() =>
      new providerPb.ProviderHandshakeResponse()
        .setAcceptSecrets(true)
        .setAcceptResources(true)
        .setAcceptOutputs(true),
    ),
    attach: unary<pluginPb.PluginAttach, emptyPb.Empty>(() => new emptyPb.Empty()),
    getPluginInfo: unary<emptyPb.Empty, pluginPb.PluginInfo>(() =>
      new pluginPb.PluginInfo().setVersion(version),
    ),
    getSchema: unary<providerPb.GetSchemaRequest, providerPb.GetSchemaResponse>(() =>
      new providerPb.GetSchemaResponse().setSchema(JSON.stringify({ name: "holdfast", version })),
    ),
    checkConfig: unary<providerPb.CheckRequest, providerPb.CheckResponse>(request =>
      new providerPb.CheckResponse().setInputs(request.getNews()),
    ),
    diffConfig: unary<providerPb.DiffRequest, providerPb.DiffResponse>(() =>
      new providerPb.DiffResponse().setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE),
    ),
    configure: unary<providerPb.ConfigureRequest, providerPb.ConfigureResponse>(() =>
      new providerPb.ConfigureResponse()
        .setAcceptsecrets(true)
        .setAcceptresources(true)
        .setAcceptoutputs(true)
        .setSupportspreview(true),
    ),
  };
}

export function createService(options: ServiceOptions): serviceDefinition.IResourceProviderServer {
  function absent<Request, Response>(what: string): Unary<Request, Response> {
    return unary<Request, Response>(() => {
      throw unimplemented(what);
    });
  }
  return {
    ...configuration(options.version),
    ...lifecycle(options),
    cancel: unary<emptyPb.Empty, emptyPb.Empty>(() => {
      options.calls.cancel();
      return new emptyPb.Empty();
    }),
    invoke: absent("functions"),
    call: absent("methods"),
    construct: absent("components"),
    parameterize: absent("parameters"),
    getMapping: unary<providerPb.GetMappingRequest, providerPb.GetMappingResponse>(
      () => new providerPb.GetMappingResponse(),
    ),
    getMappings: unary<providerPb.GetMappingsRequest, providerPb.GetMappingsResponse>(
      () => new providerPb.GetMappingsResponse(),
    ),
    list: call => {
      call.emit("error", unimplemented("listing of resources"));
    },
  };
}
