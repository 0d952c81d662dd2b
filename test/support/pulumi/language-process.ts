/**
 * Serves Pulumi's LanguageRuntime for one program: a stand-in for a program worker. Prints its port. It may run several
 * times, one after the other, as long as each ends well: the program's own module is loaded anew.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import * as grpc from "@grpc/grpc-js";
import type * as LanguageMessages from "@pulumi/pulumi/proto/language_pb.js";
import type * as PluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";

const require = createRequire(import.meta.url);
const { LanguageServer } = require("@pulumi/pulumi/automation/server.js") as {
  LanguageServer: new (program: () => Promise<unknown>) => {
    run(call: unknown, answer: (error: unknown, response: unknown) => void): Promise<void>;
  };
};
const { LanguageRuntimeService } = require("@pulumi/pulumi/proto/language_grpc_pb.js") as {
  LanguageRuntimeService: grpc.ServiceDefinition;
};
const language = require("@pulumi/pulumi/proto/language_pb.js") as typeof LanguageMessages;
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginMessages;
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages;

type Answer = (error: unknown, response?: unknown) => void;

const entry = process.argv[2] ?? "";
let runs = 0;
const load = async (): Promise<unknown> => ({
  ...((await import(`${pathToFileURL(entry).href}?run=${++runs}`)) as object),
});

const calls: Record<string, (call: unknown, answer: Answer) => void> = {
  handshake: (_call, answer) => answer(null, new language.LanguageHandshakeResponse()),
  getRequiredPackages: (_call, answer) => answer(null, new language.GetRequiredPackagesResponse()),
  getPluginInfo(_call, answer) {
    const info = new PluginInfo();
    info.setVersion("3.259.0");
    answer(null, info);
  },
  run(call, answer) {
    let answered = false;
    void new LanguageServer(load).run(call, (error, response) => {
      if (!answered) answer(error, response);
      answered = true;
    });
  },
  cancel: (_call, answer) => answer(null, new Empty()),
};

const server = new grpc.Server();
server.addService(LanguageRuntimeService, calls as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
