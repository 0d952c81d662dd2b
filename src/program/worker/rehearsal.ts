/**
 * A program of a few resources, run for nobody while the process waits. Node compiles a function when it is first
 * called: of what a run with 20 resources costs, more than half was compiling gRPC, protobuf and the SDK. The project's
 * own copies are used; what the SDK keeps of a run is in a store of the rehearsal's own, as of automation API programs.
 */
import type * as Grpc from "@grpc/grpc-js";
import type * as EngineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/resource_pb.js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import { createRequire } from "node:module";
import path from "node:path";

/** Programs that are run one after the other. */
export interface Amount {
  readonly programs: number;
  /** Of each. */
  readonly resources: number;
}

/** It takes 0.2 s; a machine that is too busy for it has nothing from it either. */
const DEADLINE_MS = 5_000;

interface Rpc {
  readonly ResourceMonitorService: Grpc.ServiceDefinition;
}
interface EngineRpc {
  readonly EngineService: Grpc.ServiceDefinition;
}
interface Client {
  close(): void;
}
interface State {
  withLocalStorage<T>(work: () => T): T;
  getStore(): { readonly settings: { readonly monitor?: Client; readonly engine?: Client } };
}
interface Settings {
  resetOptions(...options: readonly (string | number | boolean)[]): void;
  disconnect(): Promise<void>;
}
interface Sdk {
  readonly grpc: typeof Grpc;
  readonly rpc: Rpc;
  readonly engineRpc: EngineRpc;
  readonly messages: typeof Messages;
  readonly engineMessages: typeof EngineMessages;
  readonly empty: typeof EmptyMessages;
  readonly state: State;
  readonly settings: Settings;
  readonly stack: { runInPulumiStack(program: () => Promise<void>): Promise<unknown> };
}

type Answer = (error: Error | null, response?: unknown) => void;
type Call<Q = unknown> = (call: { readonly request: Q }, answer: Answer) => void;

function load(sdk: string): Sdk {
  const require = createRequire(path.join(sdk, "package.json"));
  return {
    grpc: require("@grpc/grpc-js") as typeof Grpc,
    rpc: require("./proto/resource_grpc_pb.js") as Rpc,
    engineRpc: require("./proto/engine_grpc_pb.js") as EngineRpc,
    messages: require("./proto/resource_pb.js") as typeof Messages,
    engineMessages: require("./proto/engine_pb.js") as typeof EngineMessages,
    empty: require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages,
    state: require("./runtime/state.js") as State,
    settings: require("./runtime/settings.js") as Settings,
    stack: require("./runtime/stack.js") as Sdk["stack"],
  };
}

const featuresOf = ({ ResourceMonitorFeature: features }: typeof Messages) =>
  Object.values(features).filter(value => typeof value !== "string");

/** An engine that agrees to everything and does nothing. */
function monitorOf({ messages, empty }: Sdk): Record<string, Call> {
  const nothing: Call = (_call, answer) => answer(null, new empty.Empty());
  const registerResource: Call<Messages.RegisterResourceRequest> = ({ request }, answer) => {
    const response = new messages.RegisterResourceResponse();
    response.setUrn(`urn:pulumi:rehearsal::rehearsal::${request.getType()}::${request.getName()}`);
    response.setId("rehearsal");
    response.setObject(request.getObject());
    answer(null, response);
  };
  return {
    getDeploymentInfo: (_call, answer) => {
      const response = new messages.DeploymentInfo();
      response.setSupportedfeaturesList(featuresOf(messages));
      answer(null, response);
    },
    supportsFeature: (_call, answer) => {
      const response = new messages.SupportsFeatureResponse();
      response.setHassupport(true);
      answer(null, response);
    },
    registerResource: registerResource as Call,
    registerResourceOutputs: nothing,
    signalAndWaitForShutdown: nothing,
  };
}

async function serve(sdk: Sdk): Promise<{ readonly server: Grpc.Server; readonly address: string }> {
  const server = new sdk.grpc.Server();
  const { SetRootResourceResponse } = sdk.engineMessages;
  server.addService(sdk.rpc.ResourceMonitorService, monitorOf(sdk));
  server.addService(sdk.engineRpc.EngineService, {
    setRootResource: ((_call, answer) => answer(null, new SetRootResourceResponse())) as Call,
    log: ((_call, answer) => answer(null, new sdk.empty.Empty())) as Call,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", sdk.grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { server, address: `127.0.0.1:${await promise}` };
}

async function program(
  sdk: Sdk,
  address: string,
  resources: number,
  declare: (name: string) => unknown,
): Promise<void> {
  sdk.settings.resetOptions("rehearsal", "rehearsal", 16, address, address, true, "rehearsal");
  try {
    await sdk.stack.runInPulumiStack(() => {
      for (let index = 0; index < resources; index++) declare(`resource-${index}`);
      return Promise.resolve();
    });
    await sdk.settings.disconnect();
  } finally {
    const { monitor, engine } = sdk.state.getStore().settings;
    monitor?.close();
    engine?.close();
  }
}

/** Rejects after a while, where nobody answers. */
function withinDeadline<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("the rehearsal takes too long")), DEADLINE_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/**
 * `declare` declares one resource. Rejects where the SDK does not have these parts, or the machine is too slow: then the
 * run is just slower.
 */
export async function rehearse(
  folder: string,
  { programs, resources }: Amount,
  declare: (name: string) => unknown,
): Promise<void> {
  const sdk = load(folder);
  const { server, address } = await serve(sdk);
  const listeners = process.listeners("exit");
  try {
    for (let round = 0; round < programs; round++) {
      await withinDeadline(sdk.state.withLocalStorage(() => program(sdk, address, resources, declare)));
    }
  } finally {
    server.forceShutdown();
    // The SDK looks for leaks at the end of the process once, and as it stood in the rehearsal; boot.ts does so for the run.
    for (const listener of process.listeners("exit").filter(one => !listeners.includes(one)))
      process.off("exit", listener);
  }
}
