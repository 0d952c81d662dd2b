/** A gRPC server on one port of the loopback address. */
import grpc from "@grpc/grpc-js";
import serviceDefinition from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { createCalls } from "./scope.ts";
import { createService, type ServiceOptions } from "./service.ts";

export interface ProviderPort {
  readonly port: number;
  /** Aborts what is in flight, waits for it to end, and closes. */
  close(): Promise<void>;
}

/** `port` 0 takes a free one. Rejects where the port is taken. */
export async function openPort(options: Omit<ServiceOptions, "calls">, port: number): Promise<ProviderPort> {
  const calls = createCalls();
  // The engine's messages carry whole states; it sets no limit for itself either.
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  server.addService(serviceDefinition.ResourceProviderService, createService({ ...options, calls }));
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
    },
  };
}
