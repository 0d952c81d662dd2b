/** `holdfast secrets`: SOPS files with age, without another tool. */
import path from "node:path";
import { defineCommand, type Io } from "./command.ts";
import { createEditor } from "./secrets-editor.ts";
import { sayCheck, sayDone, sayProblem, shown, type Problem } from "./secrets-report.ts";

const FOLDER = "secrets";
const ACTIONS = ["edit", "encrypt", "check", "rotate", "key"] as const;
type Action = (typeof ACTIONS)[number];

interface Task {
  readonly files: readonly string[];
  readonly recipients: readonly string[];
  readonly output: string | undefined;
  readonly json: boolean;
  readonly io: Io;
}

const wiring = () => import("./wire-secrets.ts");
type Refusal = Omit<Problem, "file">;

const refuse = (task: Task, file: string, { why, hint }: Refusal): number =>
  sayProblem(task.io, task.json, hint === undefined ? { file, why } : { file, why, hint });

async function edit(task: Task, file: string): Promise<number> {
  const { secretTools, splitWords } = await wiring();
  const { io } = task;
  const session = createEditor(io, splitWords);
  const result = await secretTools(io.env).edit(file, task.recipients, session, io.stopSignal());
  if (!result.ok) return refuse(task, file, result);
  return sayDone(
    io,
    task.json,
    { file: shown(io, file), result: result.value },
    `${shown(io, file)}: ${result.value}`,
  );
}

async function seal(task: Task, file: string, action: "encrypt" | "rotate"): Promise<number> {
  const tools = (await wiring()).secretTools(task.io.env);
  const { io, recipients } = task;
  const output = task.output === undefined ? file : path.resolve(io.cwd, task.output);
  const sealed =
    action === "encrypt"
      ? await tools.encrypt(file, output, recipients)
      : await tools.rotate(file, recipients);
  if (!sealed.ok) return refuse(task, file, sealed);
  const { encrypted, recipients: readers } = sealed.value;
  const name = shown(io, sealed.value.file);
  const line = `${name}: ${encrypted} ${encrypted === 1 ? "value" : "values"} encrypted for ${readers.join(", ")}`;
  return sayDone(io, task.json, { file: name, encrypted, recipients: readers }, line);
}

async function check(task: Task): Promise<number> {
  const { io } = task;
  const folder = path.resolve(io.cwd, FOLDER);
  const report = await (await wiring()).secretTools(io.env).check(task.files, folder);
  return report.ok ? sayCheck(io, task.json, report.value) : refuse(task, folder, report);
}

async function key(task: Task): Promise<number> {
  const [file] = task.files;
  const made = await (await wiring()).secretTools(task.io.env).newKey(file);
  if (!made.ok) return refuse(task, file ?? "key", made);
  const line = `${made.value.recipient}\nThe secret key is in ${made.value.file}; keep a copy of it in a safe place. The line above is the recipient for .sops.yaml.`;
  return sayDone(task.io, task.json, { ...made.value }, line);
}

const NEEDED = { why: "which file? holdfast secrets edit|encrypt|rotate FILE" };

/** One file after the other; the first problem's exit code is the command's, the others are tried all the same. */
async function each(task: Task, one: (file: string) => Promise<number>): Promise<number> {
  if (task.files.length === 0) return refuse(task, FOLDER, NEEDED);
  let code = 0;
  for (const file of task.files) code = Math.max(code, await one(file));
  return code;
}

function perform(action: Action, task: Task): Promise<number> {
  switch (action) {
    case "edit":
      return each(task, file => edit(task, file));
    case "encrypt":
    case "rotate":
      return each(task, file => seal(task, file, action));
    case "check":
      return check(task);
    case "key":
      return key(task);
  }
}

export const command = defineCommand({
  verb: "secrets",
  describe: "edit, encrypt, check SOPS files with age; make a key",
  builder: {
    action: { type: "string", describe: "what to do", choices: ACTIONS, required: true },
    files: { type: "list", describe: "files; check takes all below secrets/ where none is named" },
    recipient: { type: "list", describe: "age recipient (age1…) instead of those in .sops.yaml" },
    output: { type: "string", describe: "encrypt: write here instead of in place" },
  },
  run(args, io) {
    const files = args.files.map(file => path.resolve(io.cwd, file));
    const recipients = args.recipient.flatMap(text => text.split(",")).map(text => text.trim());
    return perform(args.action, { files, recipients, output: args.output, json: args.json, io });
  },
});
