import assert from "node:assert/strict";
import { test } from "node:test";
import language from "@pulumi/pulumi/proto/language_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import {
  reached,
  readRuntimeOptions,
  splitNodeArgs,
  toRunMessage,
} from "../../../src/program/run-request.ts";

const context = {
  sdk: "/sdk",
  debug: false,
  env: { KUBECONFIG: "/k" },
};

function request(): language.RunRequest {
  const info = new language.ProgramInfo();
  info.setRootDirectory("/project");
  info.setProgramDirectory("/project/src");
  info.setEntryPoint("main.ts");
  info.setOptions(struct.Struct.fromJavaScript({ tsconfig: "tsconfig.pulumi.json" }));
  const made = new language.RunRequest();
  made.setInfo(info);
  made.setProject("hosts");
  made.setStack("frodo");
  made.setOrganization("organization");
  made.setMonitorAddress("127.0.0.1:1");
  made.setParallel(8);
  made.setDryrun(true);
  made.getConfigMap().set("hosts:port", "80");
  made.setConfigsecretkeysList(["hosts:password"]);
  return made;
}

test("a run is told with the flags, names and working folder of the language host", () => {
  const addresses = { monitor: "127.0.0.1:1", engine: "127.0.0.1:2" };
  assert.deepEqual(reached(toRunMessage(request(), context), addresses), {
    sdk: "/sdk",
    pwd: "/project/src",
    env: {
      KUBECONFIG: "/k",
      PULUMI_CONFIG: '{"hosts:port":"80"}',
      PULUMI_CONFIG_SECRET_KEYS: '["hosts:password"]',
      PULUMI_NODEJS_TSCONFIG_PATH: "tsconfig.pulumi.json",
    },
    args: [
      ...[
        "--monitor",
        "127.0.0.1:1",
        "--engine",
        "127.0.0.1:2",
        "--dry-run",
        "--organization",
        "organization",
      ],
      ...["--project", "hosts", "--root-directory", "/project", "--stack", "frodo", "--pwd", "/project/src"],
      ...["--parallel", "8", "main.ts"],
    ],
    typescript: true,
    debug: false,
    tsconfig: "tsconfig.pulumi.json",
  });
});

test("an update is no dry run, and a missing entry point is the folder itself", () => {
  const made = request();
  made.setDryrun(false);
  made.getInfo()?.setEntryPoint("");
  const { args } = toRunMessage(made, context);
  assert.equal(args.includes("--dry-run"), false);
  assert.equal(args.at(-1), ".");
});

test("runtime options: TypeScript is on unless it is turned off", () => {
  assert.deepEqual(readRuntimeOptions({}), { typescript: true, nodeArgs: [] });
  assert.deepEqual(readRuntimeOptions({ typescript: false, nodeargs: "--a --b=c" }), {
    typescript: false,
    nodeArgs: ["--a", "--b=c"],
  });
});

test("node arguments are split at blanks, and quotes hold them together", () => {
  assert.deepEqual(splitNodeArgs(`--max-old-space-size=4096  --require "./a b.js" --title='x y'`), [
    "--max-old-space-size=4096",
    "--require",
    "./a b.js",
    "--title=x y",
  ]);
  assert.deepEqual(splitNodeArgs(""), []);
});
