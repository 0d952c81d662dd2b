/** A gRPC server on one port of the loopback address. */
import grpc from "@grpc/grpc-js";
import serviceDefinition from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { UnknownResource } from "../../engine/ports/plan.ts";
import { createCalls } from "./scope.ts";
import { createService, type ServiceOptions } from "./service.ts";

export interface ProviderPort {
  readonly port: number;
  /** Aborts what is in flight, waits for it to end, and closes. Answers what nothing was done about for want of an answer. */
  close(): Promise<readonly UnknownResource[]>;
}

export type PortOptions = Omit<ServiceOptions, "calls" | "onUnreachable">;

/** `port` 0 takes a free one. Rejects where the port is taken. */
export async function openPort(options: PortOptions, port: number): Promise<ProviderPort> {
  const calls = createCalls();
  const unreached: UnknownResource[] = [];
  const onUnreachable = (urn: string, why: string): void => void unreached.push({ urn, why });
  // The engine's messages carry whole states; it sets no limit for itself either.
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // Statistics that nobody reads.
    "grpc.enable_channelz": 0,
  });
  server.addService(
    serviceDefinition.ResourceProviderService,
    createService({ ...options, calls, onUnreachable }),
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
  const bound = await promise;
  return {
    port: bound,
    close: async () => {
      calls.cancel();
      await calls.idle();
      server.forceShutdown();
      return unreached;
    },
  };
}
