/**
 * What `pulumi-language-nodejs` does with a program, in few lines: it answers the engine, and starts the SDK's own
 * `cmd/run`. The real one is not to be had everywhere; with this one the real CLI runs programs the ordinary way, and
 * the outputs are what holdfast's must equal. Usage as the CLI starts it: ENGINE_ADDRESS; prints its port.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import grpc from "@grpc/grpc-js";
import languageRpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

const engineAddress = process.argv.slice(2).find(word => !word.startsWith("-")) ?? "";
const EXIT_ALREADY_TOLD = 32;

const run: grpc.handleUnaryCall<language.RunRequest, language.RunResponse> = ({ request }, callback) => {
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() ?? "";
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => (config[key] = value));
  const nodeArgs = typeof options.nodeargs === "string" ? options.nodeargs.split(" ") : [];
  const entry = path.join(folder, "node_modules/@pulumi/pulumi/cmd/run");
  const found = process.env.REFERENCE_SDK ? path.join(process.env.REFERENCE_SDK, "cmd/run") : entry;
  const flags = [
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engineAddress}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--root-directory=${info?.getRootDirectory() ?? ""}`,
    `--stack=${request.getStack()}`,
    `--pwd=${folder}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    `--parallel=${request.getParallel()}`,
  ];
  const child = spawn(process.execPath, [...nodeArgs, found, ...flags, info?.getEntryPoint() ?? "."], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      ...(options.typescript === false || process.env.REFERENCE_PLAIN
        ? {}
        : { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    },
  });
  child.once("close", code => {
    const response = new language.RunResponse();
    response.setBail(code === EXIT_ALREADY_TOLD);
    if (code !== 0 && code !== EXIT_ALREADY_TOLD) {
      response.setError(`Program exited with non-zero exit code: ${String(code)}`);
    }
    callback(null, response);
  });
};

const served: grpc.UntypedServiceImplementation = {
  run,
  handshake: (_call: unknown, callback: grpc.sendUnaryData<unknown>) =>
    callback(null, new language.LanguageHandshakeResponse()),
  getPluginInfo: (_call: unknown, callback: grpc.sendUnaryData<unknown>) =>
    callback(null, new plugin.PluginInfo()),
  getRequiredPackages: (_call: unknown, callback: grpc.sendUnaryData<unknown>) =>
    callback(null, new language.GetRequiredPackagesResponse()),
  cancel: (_call: unknown, callback: grpc.sendUnaryData<unknown>) => callback(null, new empty.Empty()),
};
const refuse = (_call: unknown, callback: grpc.sendUnaryData<unknown>): void =>
  callback({ code: grpc.status.UNIMPLEMENTED });
const names = Object.keys(languageRpc.LanguageRuntimeService);
const server = new grpc.Server();
server.addService(
  languageRpc.LanguageRuntimeService,
  Object.fromEntries(names.map(name => [name, served[name] ?? refuse])),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
