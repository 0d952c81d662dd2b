/** The engine's side of the provider protocol, for tests: a gRPC client that speaks in plain objects. */
import grpc from "@grpc/grpc-js";
import serviceDefinition from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { decodeStruct, encodeStruct } from "../../../src/providers/grpc/codec.ts";
import type { ValueMap } from "../../../src/providers/grpc/value.ts";

type Callback<T> = (error: grpc.ServiceError | null, response: T) => void;

function answered<T>(call: (callback: Callback<T>) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  call((error, response) => (error ? reject(error) : resolve(response)));
  return promise;
}

export interface EngineSide {
  check(
    urn: string,
    news: ValueMap,
  ): Promise<{ inputs: ValueMap; failures: { property: string; reason: string }[] }>;
  diff(urn: string, old: ValueMap, news: ValueMap): Promise<providerPb.DiffResponse.AsObject>;
  create(urn: string, inputs: ValueMap, preview?: boolean): Promise<{ id: string; state: ValueMap }>;
  read(
    urn: string,
    id: string,
    inputs?: ValueMap,
  ): Promise<{ id: string; inputs: ValueMap; state: ValueMap }>;
  update(urn: string, id: string, old: ValueMap, inputs: ValueMap): Promise<ValueMap>;
  delete(urn: string, id: string, inputs: ValueMap): Promise<void>;
  cancel(): Promise<void>;
  close(): void;
}

/** What an error says of a resource that is there, but not whole. */
export function initFailure(error: unknown): { id: string; reasons: string[]; state: ValueMap } | undefined {
  const metadata = error instanceof Error && "metadata" in error ? error.metadata : undefined;
  const [bytes] = metadata instanceof grpc.Metadata ? metadata.get("grpc-status-details-bin") : [];
  if (!(bytes instanceof Buffer)) return undefined;
  const [any] = statusPb.Status.deserializeBinary(bytes).getDetailsList();
  if (any?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") return undefined;
  const detail = providerPb.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
  return {
    id: detail.getId(),
    reasons: detail.getReasonsList(),
    state: decodeStruct(detail.getProperties()),
  };
}

export function engineSide(port: number): EngineSide {
  const client = new serviceDefinition.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 },
  );
  return {
    async check(urn, news) {
      const request = new providerPb.CheckRequest().setUrn(urn).setNews(encodeStruct(news));
      const response = await answered<providerPb.CheckResponse>(callback => client.check(request, callback));
      const failures = response.getFailuresList().map(failure => failure.toObject());
      return { inputs: decodeStruct(response.getInputs()), failures };
    },
    async diff(urn, old, news) {
      const request = new providerPb.DiffRequest()
        .setUrn(urn)
        .setOldInputs(encodeStruct(old))
        .setOlds(encodeStruct(old))
        .setNews(encodeStruct(news));
      const response = await answered<providerPb.DiffResponse>(callback => client.diff(request, callback));
      return response.toObject();
    },
    async create(urn, inputs, preview = false) {
      const request = new providerPb.CreateRequest()
        .setUrn(urn)
        .setProperties(encodeStruct(inputs))
        .setPreview(preview);
      const response = await answered<providerPb.CreateResponse>(callback =>
        client.create(request, callback),
      );
      return { id: response.getId(), state: decodeStruct(response.getProperties()) };
    },
    async read(urn, id, inputs) {
      const request = new providerPb.ReadRequest().setUrn(urn).setId(id);
      if (inputs) request.setInputs(encodeStruct(inputs)).setProperties(encodeStruct(inputs));
      const response = await answered<providerPb.ReadResponse>(callback => client.read(request, callback));
      const [properties, found] = [response.getProperties(), response.getInputs()];
      return { id: response.getId(), inputs: decodeStruct(found), state: decodeStruct(properties) };
    },
    async update(urn, id, old, inputs) {
      const request = new providerPb.UpdateRequest()
        .setUrn(urn)
        .setId(id)
        .setOldInputs(encodeStruct(old))
        .setOlds(encodeStruct(old))
        .setNews(encodeStruct(inputs));
      const response = await answered<providerPb.UpdateResponse>(callback =>
        client.update(request, callback),
      );
      return decodeStruct(response.getProperties());
    },
    async delete(urn, id, inputs) {
      const request = new providerPb.DeleteRequest()
        .setUrn(urn)
        .setId(id)
        .setOldInputs(encodeStruct(inputs))
        .setProperties(encodeStruct(inputs));
      await answered<emptyPb.Empty>(callback => client.delete(request, callback));
    },
    async cancel() {
      await answered<emptyPb.Empty>(callback => client.cancel(new emptyPb.Empty(), callback));
    },
    close: () => client.close(),
  };
}

export const urnOf = (type: string, name = "x", stack = "hosts/dev"): string => {
  const [project, short] = stack.split("/");
  return `urn:pulumi:${short}::${project}::holdfast:host:Host$${type}::${name}`;
};
