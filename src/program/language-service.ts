/** Pulumi's LanguageRuntime protocol, as far as an attached language host is asked: the gRPC side of a worker. */
import grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import languageRpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";

/** How a program's run ended, in the words of the protocol. */
export interface RunOutcome {
  /** For the CLI to show; empty: none. */
  readonly error: string;
  /** It failed, and the engine was told why already. */
  readonly bail: boolean;
}

export interface RequiredPackage {
  readonly name: string;
  readonly version: string;
  readonly server: string;
}

export interface LanguageHandlers {
  /** `engineAddress` is the one of the last handshake. */
  run(request: language.RunRequest, engineAddress: string): Promise<RunOutcome>;
  /** The CLI has given the run up. */
  abandon(): void;
  requiredPackages(): readonly RequiredPackage[];
}

export interface LanguageService {
  readonly port: number;
  close(): void;
}

/** The engine asks for the host's version to report it; the host is part of this Pulumi release. */
const HOST_VERSION = "3.259.0";

type Unary<Q, S> = grpc.handleUnaryCall<Q, S>;
const answer =
  <Q, S>(make: (request: Q) => S): Unary<Q, S> =>
  (call, callback) =>
    callback(null, make(call.request));

function requiredPackagesResponse(
  packages: readonly RequiredPackage[],
): language.GetRequiredPackagesResponse {
  const response = new language.GetRequiredPackagesResponse();
  for (const { name, version, server } of packages) {
    const dependency = new plugin.PackageDependency();
    dependency.setName(name);
    dependency.setKind("resource");
    dependency.setVersion(version);
    dependency.setServer(server);
    response.addPackages(dependency);
  }
  return response;
}

function aboutResponse(): language.AboutResponse {
  const response = new language.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  return response;
}

function pluginInfo(): plugin.PluginInfo {
  const info = new plugin.PluginInfo();
  info.setVersion(HOST_VERSION);
  return info;
}

function runHandler(
  handlers: LanguageHandlers,
  engineAddress: () => string,
): Unary<language.RunRequest, language.RunResponse> {
  return (call, callback) => {
    call.on("cancelled", () => handlers.abandon());
    handlers.run(call.request, engineAddress()).then(
      ({ error, bail }) => {
        const response = new language.RunResponse();
        response.setError(error);
        response.setBail(bail);
        callback(null, response);
      },
      (error: unknown) => callback({ code: grpc.status.INTERNAL, message: String(error) }),
    );
  };
}

function implementation(handlers: LanguageHandlers): grpc.UntypedServiceImplementation {
  let engineAddress = "";
  const handshake: Unary<language.LanguageHandshakeRequest, language.LanguageHandshakeResponse> = (
    call,
    callback,
  ) => {
    engineAddress = call.request.getEngineAddress();
    callback(null, new language.LanguageHandshakeResponse());
  };
  const served: grpc.UntypedServiceImplementation = {
    handshake,
    getRequiredPackages: answer(() => requiredPackagesResponse(handlers.requiredPackages())),
    getRequiredPlugins: answer(() => new language.GetRequiredPluginsResponse()),
    getPluginInfo: answer(pluginInfo),
    about: answer(aboutResponse),
    getProgramDependencies: answer(() => new language.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: answer(() => new language.RuntimeOptionsResponse()),
    run: runHandler(handlers, () => engineAddress),
    // The CLI opens and cancels one host to ask for packages before it opens the one that runs.
    cancel: answer(() => new empty.Empty()),
  };
  const unserved: grpc.handleUnaryCall<unknown, unknown> = (_call, callback) =>
    callback({ code: grpc.status.UNIMPLEMENTED, message: "holdfast's program worker only runs programs" });
  const names = Object.keys(languageRpc.LanguageRuntimeService);
  return Object.fromEntries(names.map(name => [name, served[name] ?? unserved]));
}

/** Listens on 127.0.0.1, on a port of the system's choice. */
export async function serveLanguage(handlers: LanguageHandlers): Promise<LanguageService> {
  // Configuration of any size: the engine sets no limit on its side either.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(languageRpc.LanguageRuntimeService, implementation(handlers));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
  const port = await promise;
  return { port, close: () => server.forceShutdown() };
}
