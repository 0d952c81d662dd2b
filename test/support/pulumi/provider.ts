/**
 * A small resource provider, `probe`, for tests of the CLI: `probe:index:Thing` with `path` and `content` is a file.
 * `path` forces a replacement (with `first: true` the old one goes first). It misbehaves on request: content
 * "refused" fails its check, "unmakeable" its creation, and a file PATH.unreadable its read; "slow" waits for
 * PATH.go to appear before the file is made.
 *
 * Its own settings: `root`, a folder that paths are below, and `token`, which must be what that folder's file TOKEN
 * says, where there is one: else it reads and changes nothing; where there is a file STRICT, it does not even start.
 * They are the process's: for several providers at a time run probe-plugin.ts.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import type * as PluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as StructMessages from "google-protobuf/google/protobuf/struct_pb.js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

const require = createRequire(import.meta.url);
const { ResourceProviderService } = require("@pulumi/pulumi/proto/provider_grpc_pb.js") as {
  ResourceProviderService: grpc.ServiceDefinition;
};
const p = require("@pulumi/pulumi/proto/provider_pb.js") as typeof messages;
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginMessages;
const struct = require("google-protobuf/google/protobuf/struct_pb.js") as typeof StructMessages;
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages;

type Properties = Record<string, unknown>;
type Json = Parameters<typeof Struct.fromJavaScript>[0];

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const read = (from: Struct | undefined): Properties => (from ? from.toJavaScript() : {});
const write = (properties: Properties): Struct => struct.Struct.fromJavaScript(properties as Json);

/** The text of a property, also of a secret one. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const marked = value as Properties | undefined;
  return marked?.[SIGNATURE] === SECRET ? textOf(marked["value"]) : "";
}

const isSecret = (value: unknown): boolean => (value as Properties | undefined)?.[SIGNATURE] === SECRET;

const settings = { root: "", token: "" };

/** Where a resource's file is. Throws where the token is not the one that the root wants. */
function place(path: string): string {
  const wanted = join(settings.root, "TOKEN");
  if (settings.root === "") return path;
  if (existsSync(wanted) && readFileSync(wanted, "utf8") !== settings.token)
    throw new Error(`401: this token may not see ${path}`);
  return join(settings.root, path);
}

async function make(inputs: Properties, call: { readonly cancelled: boolean }): Promise<void> {
  const path = place(textOf(inputs["path"]));
  const content = textOf(inputs["content"]);
  if (content === "unmakeable") throw new Error(`cannot make ${path}: it is unmakeable`);
  while (content === "slow" && !existsSync(`${path}.go`)) {
    // The engine is gone: nobody waits for this any more.
    if (call.cancelled) throw new Error(`making ${path} was cancelled`);
    await wait(5);
  }
  writeFileSync(path, content);
}

const failure = (error: unknown): Partial<grpc.ServiceError> => ({
  code: grpc.status.UNKNOWN,
  details: error instanceof Error ? error.message : String(error),
});

const calls: Partial<IResourceProviderServer> = {
  handshake(_call, answer) {
    const response = new p.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    response.setAcceptOutputs(false);
    response.setAcceptResources(true);
    answer(null, response);
  },
  attach: (_call, answer) => answer(null, new Empty()),
  getPluginInfo(_call, answer) {
    const response = new PluginInfo();
    response.setVersion("0.1.0");
    answer(null, response);
  },
  getSchema(_call, answer) {
    const response = new p.GetSchemaResponse();
    response.setSchema("{}");
    answer(null, response);
  },
  checkConfig(call, answer) {
    const response = new p.CheckResponse();
    response.setInputs(call.request.getNews());
    answer(null, response);
  },
  diffConfig(call, answer) {
    const [before, after] = [read(call.request.getOldInputs()), read(call.request.getNews())];
    const changed = ["root", "token"].filter(name => textOf(before[name]) !== textOf(after[name]));
    const { DIFF_NONE, DIFF_SOME } = p.DiffResponse.DiffChanges;
    const response = new p.DiffResponse();
    response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
    response.setDiffsList(changed);
    answer(null, response);
  },
  configure(call, answer) {
    const given = read(call.request.getArgs());
    settings.root = textOf(given["root"]);
    settings.token = textOf(given["token"]);
    try {
      if (existsSync(join(settings.root, "STRICT"))) place("anything");
    } catch (error) {
      answer(failure(error));
      return;
    }
    const response = new p.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    response.setAcceptresources(true);
    answer(null, response);
  },
  check(call, answer) {
    const response = new p.CheckResponse();
    response.setInputs(call.request.getNews());
    if (textOf(read(call.request.getNews())["content"]) === "refused") {
      const found = new p.CheckFailure();
      found.setProperty("content");
      found.setReason("must not be refused");
      response.setFailuresList([found]);
    }
    answer(null, response);
  },
  diff(call, answer) {
    const before = read(call.request.getOldInputs());
    const after = read(call.request.getNews());
    const response = new p.DiffResponse();
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = names.filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
    const { DIFF_NONE, DIFF_SOME } = p.DiffResponse.DiffChanges;
    response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
    response.setDiffsList(changed);
    response.setHasdetaileddiff(true);
    for (const name of changed) {
      const { ADD, DELETE, UPDATE, UPDATE_REPLACE } = p.PropertyDiff.Kind;
      const kind = name in before ? (name in after ? UPDATE : DELETE) : ADD;
      const one = new p.PropertyDiff();
      one.setKind(name === "path" ? UPDATE_REPLACE : kind);
      response.getDetaileddiffMap().set(name, one);
    }
    if (changed.includes("path")) response.setReplacesList(["path"]);
    response.setDeletebeforereplace(after["first"] === true);
    answer(null, response);
  },
  create(call, answer) {
    const inputs = read(call.request.getProperties());
    const made = call.request.getPreview() ? Promise.resolve() : make(inputs, call);
    made.then(
      () => {
        const response = new p.CreateResponse();
        // What only a creation gives is unknown before it.
        if (!call.request.getPreview()) response.setId(textOf(inputs["path"]));
        response.setProperties(write(inputs));
        answer(null, response);
      },
      error => answer(failure(error)),
    );
  },
  update(call, answer) {
    const inputs = read(call.request.getNews());
    const made = call.request.getPreview() ? Promise.resolve() : make(inputs, call);
    made.then(
      () => {
        const response = new p.UpdateResponse();
        response.setProperties(write(inputs));
        answer(null, response);
      },
      error => answer(failure(error)),
    );
  },
  read(call, answer) {
    const path = call.request.getId();
    const response = new p.ReadResponse();
    let file;
    try {
      file = place(path);
    } catch (error) {
      answer(failure(error));
      return;
    }
    if (existsSync(`${file}.unreadable`)) {
      answer(failure(new Error(`cannot read ${path}: host does not answer`)));
      return;
    }
    if (!existsSync(file)) {
      answer(null, response);
      return;
    }
    const before = read(call.request.getInputs());
    const text = readFileSync(file, "utf8");
    const content = isSecret(before["content"]) ? { [SIGNATURE]: SECRET, value: text } : text;
    const now = write({ ...before, path, content });
    response.setId(path);
    response.setProperties(now);
    response.setInputs(now);
    answer(null, response);
  },
  delete(call, answer) {
    rmSync(place(call.request.getId()), { force: true });
    answer(null, new Empty());
  },
  cancel: (_call, answer) => answer(null, new Empty()),
};

/** Serves `probe` until closed; `attach` is for PULUMI_DEBUG_PROVIDERS. */
export async function openProbeProvider(): Promise<{ attach: string; close(): void }> {
  const server = new grpc.Server();
  server.addService(ResourceProviderService, calls as grpc.UntypedServiceImplementation);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { attach: `probe:${await promise}`, close: () => server.forceShutdown() };
}
