/**
 * Calls like those of a program, made to nobody while the process waits. Node compiles a function when it is first
 * called: of what a run with 20 resources costs, half was compiling gRPC, HTTP/2 and protobuf. Only the protocol's
 * libraries are used, in the project's own copies; the SDK's runtime and its state are not touched.
 */
import type * as Grpc from "@grpc/grpc-js";
import type * as Messages from "@pulumi/pulumi/proto/resource_pb.js";
import type * as StructMessages from "google-protobuf/google/protobuf/struct_pb.js";
import { createRequire } from "node:module";
import path from "node:path";

/** After about ten calls of each kind a further one costs what all later ones cost. */
const ROUNDS = 10;
/** It takes 0.1 s; a machine that is too busy for it has nothing from it either. */
const DEADLINE_MS = 5_000;

type Request = Messages.RegisterResourceRequest;
type Answer = (error: Error | null, response?: Messages.RegisterResourceResponse) => void;
interface Monitor extends Grpc.Client {
  registerResource(request: Request, options: { deadline: number }, answer: Answer): unknown;
}
interface MonitorRpc {
  readonly ResourceMonitorService: Grpc.ServiceDefinition;
  readonly ResourceMonitorClient: new (address: string, credentials: Grpc.ChannelCredentials) => Monitor;
}
interface Libraries {
  readonly grpc: typeof Grpc;
  readonly rpc: MonitorRpc;
  readonly messages: typeof Messages;
  readonly struct: typeof StructMessages;
}

function load(sdk: string): Libraries {
  const require = createRequire(path.join(sdk, "package.json"));
  return {
    grpc: require("@grpc/grpc-js") as typeof Grpc,
    rpc: require("./proto/resource_grpc_pb.js") as MonitorRpc,
    messages: require("./proto/resource_pb.js") as typeof Messages,
    struct: require("google-protobuf/google/protobuf/struct_pb.js") as typeof StructMessages,
  };
}

function request({ messages, struct }: Libraries): Request {
  const made = new messages.RegisterResourceRequest();
  made.setType("rehearsal:index:Thing");
  made.setName("thing");
  made.setCustom(true);
  made.setAcceptsecrets(true);
  made.setObject(struct.Struct.fromJavaScript({ text: "text", nested: { list: [1, "two", true, null] } }));
  return made;
}

async function serve({ grpc, rpc, messages }: Libraries): Promise<{ server: Grpc.Server; port: number }> {
  const server = new grpc.Server();
  server.addService(rpc.ResourceMonitorService, {
    registerResource: (call: { request: Request }, answer: Answer) => {
      const response = new messages.RegisterResourceResponse();
      response.setUrn("urn");
      response.setObject(call.request.getObject());
      answer(null, response);
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { server, port: await promise };
}

function register(libraries: Libraries, client: Monitor): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  client.registerResource(request(libraries), { deadline: Date.now() + DEADLINE_MS }, (error, response) =>
    error ? reject(error) : resolve(response?.getObject()?.toJavaScript()),
  );
  return promise;
}

/** Rejects where the SDK does not have these parts, or the machine is too slow: then the run is just slower. */
export async function rehearseCalls(sdk: string): Promise<void> {
  const libraries = load(sdk);
  const { server, port } = await serve(libraries);
  const client = new libraries.rpc.ResourceMonitorClient(
    `127.0.0.1:${port}`,
    libraries.grpc.credentials.createInsecure(),
  );
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([register(libraries, client), register(libraries, client)]);
    }
  } finally {
    client.close();
    server.forceShutdown();
  }
}
