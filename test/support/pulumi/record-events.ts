/**
 * Records the engine's real events into test/fixtures/events/, one JSON event a line, for the pure tests of
 * src/pulumi. Run it by hand when the CLI's version changes: `node test/support/pulumi/record-events.ts`.
 * Beside each NAME.jsonl lies NAME.json with the exit code and what the CLI wrote to stderr.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../../../src/process/run.ts";
import { argumentsOf, type Operation } from "../../../src/pulumi/arguments.ts";
import { environmentOf } from "../../../src/pulumi/environment.ts";
import { openEventStream } from "../../../src/pulumi/event-stream.ts";
import { openStage, pulumiBinary } from "./stage.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
const folder = path.resolve(import.meta.dirname, "../../fixtures/events");
await mkdir(folder, { recursive: true });
const stage = await openStage();
const base = path.dirname(stage.target);

async function record(name: string, operation: Operation): Promise<void> {
  const lines: string[] = [];
  const socket = path.join(base, `${name}.sock`);
  const stream = await openEventStream(socket, json => lines.push(json.trim()));
  const worker = await stage.worker();
  const context = stage.context();
  const env = environmentOf({
    context,
    home: path.join(base, "home"),
    credentials: base,
    workerPort: worker.port,
    runtime: "nodejs",
    path: [path.dirname(process.execPath)],
    base: {},
  });
  const place = { stack: "organization/probe/dev", configFile: context.configFile, events: stream.address };
  const result = await run(pulumiBinary, argumentsOf(operation, place), {
    cwd: stage.root,
    env,
    deadlineMs: 60_000,
  });
  if (stream.opened()) await stream.ended;
  await stream.close();
  await worker.stop();
  const plain = (text: string): string =>
    text.replaceAll(stage.target, "/target").replaceAll(base, "/base").replaceAll(repository, "/repository");
  await writeFile(path.join(folder, `${name}.jsonl`), plain(lines.join("\n")) + "\n");
  const told = { code: result.code, stderr: plain(result.stderr.toString()), output: plain(worker.output()) };
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify(told, null, 2)}\n`);
  process.stdout.write(`${name}: ${result.code}, ${lines.length} events\n`);
}

const at = (name: string): string => path.join(stage.target, name);
const thing = (name: string, content: string, more = ""): string =>
  `new Thing("${name}", { path: process.env.TARGET + "/${name}", content: ${content} ${more} });\n`;
const preview: Operation = { kind: "preview", exclude: [] };
const check: Operation = { kind: "check", exclude: [] };
const up: Operation = { kind: "up", exclude: [] };

const group = `class Group extends pulumi.ComponentResource {
  constructor(name) { super("probe:index:Group", name, {}); this.registerOutputs({ made: true }); }
}
const group = new Group("group");
`;
const first =
  group +
  `const a = new Thing("a", { path: process.env.TARGET + "/a", content: "one" }, { parent: group });\n` +
  thing("b", `pulumi.secret("hush-hush")`) +
  thing("c", "pulumi.interpolate`id ${a.id}`") +
  `export const id = a.id; export const hidden = pulumi.secret("hush-hush");\n`;

try {
  await stage.program(first);
  await record("create-preview", preview);
  await record("create", up);
  await record("same-preview", preview);

  await stage.program(first.replace(`"one"`, `"two", tags: { "a.b": "x" }`));
  await record("update-preview", preview);
  await record("update", up);
  await stage.program(first);
  await record("update-back", up);

  await stage.program(first.replace(`"/a"`, `"/a2"`));
  await record("replace-preview", preview);
  await record("replace", up);
  await stage.program(first.replace(`"/a"`, `"/a3"`).replace(`"one"`, `"one", first: true`));
  await record("delete-before-replace-preview", preview);
  await record("delete-before-replace", up);
  await stage.program(first);
  await record("replace-back", up);

  await stage.program(first.replace("export const id = a.id", `export const id = "other"`));
  await record("outputs-preview", preview);
  await stage.program(first.replace("{ parent: group }", "{ parent: group, protect: true }"));
  await record("protect-preview", preview);
  await stage.program(first.replace(/new Thing\("b"[^\n]*\n/, ""));
  await record("delete-preview", preview);
  await stage.program(
    `${first}Thing.get = (n, id) => new Thing(n, {}, { id }); Thing.get("known", "${at("b")}");\n`,
  );
  await record("read-preview", preview);

  await stage.program(first);
  writeFileSync(at("a"), "by hand");
  writeFileSync(at("b"), "by hand, too");
  await record("drift-changed-preview", preview);
  await record("drift-changed-check", check);
  rmSync(at("b"));
  await record("drift-gone-preview", preview);
  await record("drift-gone-check", check);
  const urn = (name: string): string => `urn:pulumi:dev::probe::probe:index:Thing::${name}`;
  await record("drift-gone-refresh", { kind: "refresh", targets: [urn("b")] });
  await record("drift-repair", up);

  writeFileSync(at("b.unreadable"), "");
  await record("read-fails-preview", preview);
  await record("read-fails-check", check);
  rmSync(at("b.unreadable"));

  await stage.program(first + thing("bad", `"unmakeable"`) + thing("good", `"fine"`));
  await record("create-fails", up);
  await stage.program(first + thing("bad", `"refused"`));
  await record("check-fails-preview", preview);
  await record("check-fails", up);
  await stage.program(first + `throw new Error("no such thing: hush-hush");\n`);
  await record("program-throws-preview", preview);
  await record("program-throws", up);
  await stage.program(first + `Promise.reject(new Error("forgotten"));\n`);
  await record("program-rejects-preview", preview);
  await stage.program(first + `export { nothing } from "./nowhere.mjs";\n`);
  await record("program-missing-module-preview", preview);
  await stage.program(first + `process.exit(3);\n`);
  await record("program-exits-preview", preview);
  await stage.program(
    first + `new pulumi.CustomResource("nosuch:index:Thing", "x", {}, { version: "1.2.3" });\n`,
  );
  await record("plugin-missing-preview", preview);
  await stage.program(first);
  await record("destroy-preview", { kind: "destroy-preview" });
  await record("destroy", { kind: "destroy" });
  if (existsSync(at("a"))) throw new Error("destroy left a file");
} finally {
  await stage.close();
}
