/** Errors as the engine understands them: gRPC status codes, and the detail that means "there, but not whole". */
import grpc from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import type { Trouble } from "../outcome.ts";
import { encodeStruct } from "./codec.ts";
import type { ValueMap } from "./value.ts";

const CODES: Readonly<Record<Trouble["kind"], grpc.status>> = {
  // Not UNAVAILABLE: the engine would take that for a provider that died, and hide the message.
  unreachable: grpc.status.UNKNOWN,
  "timed-out": grpc.status.DEADLINE_EXCEEDED,
  denied: grpc.status.PERMISSION_DENIED,
  refused: grpc.status.FAILED_PRECONDITION,
  cancelled: grpc.status.CANCELLED,
  failed: grpc.status.UNKNOWN,
};

/** An error that is an answer: thrown by a call, sent as it is. Any other error is a bug. */
export type StatusError = Error & Pick<grpc.StatusObject, "code" | "details"> & { metadata?: grpc.Metadata };

const answers = new WeakSet<Error>();
const ofSilentHosts = new WeakSet<Error>();

export const isStatusError = (error: unknown): error is StatusError =>
  error instanceof Error && answers.has(error);

export function errorOf(code: grpc.status, details: string, metadata?: grpc.Metadata): StatusError {
  const error = Object.assign(new Error(details), { code, details, ...(metadata ? { metadata } : {}) });
  answers.add(error);
  return error;
}

export function statusOf({ kind, message }: Trouble): StatusError {
  const error = errorOf(CODES[kind], message);
  if (kind === "unreachable") ofSilentHosts.add(error);
  return error;
}

/** Whether it says that a target did not answer, so that nothing was done. */
export const isUnreachable = (error: unknown): error is StatusError =>
  error instanceof Error && ofSilentHosts.has(error);

export interface Unfinished {
  readonly id: string;
  readonly state: ValueMap;
  readonly inputs: ValueMap;
  readonly problems: readonly string[];
}

/** The resource is there and goes into the state, with what is wrong about it. */
export function unfinishedStatus(unfinished: Unfinished): StatusError {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(unfinished.id);
  detail.setProperties(encodeStruct(unfinished.state));
  detail.setInputs(encodeStruct(unfinished.inputs));
  detail.setReasonsList([...unfinished.problems]);
  const any = new anyPb.Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const details = unfinished.problems.join("; ");
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(details);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return errorOf(grpc.status.UNKNOWN, details, metadata);
}
