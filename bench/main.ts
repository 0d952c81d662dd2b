/** `npm run bench`: what holdfast takes, beside the plain Automation API where that can do the same. */
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { locatePulumi } from "../src/pulumi/locate.ts";
import { groups } from "./all-rows.ts";
import type { Bench, Figure } from "./figure.ts";
import { jsonTable, textTable } from "./table.ts";

const USAGE = `usage: npm run bench -- [--only PATTERN] [--quick] [--slow] [--times N] [--json] [--list]
  --only PATTERN  only rows whose name holds this text; several: --only a --only b
  --quick         without the long ones
  --slow          also what takes more than an hour: 10,000 resources by the plain way
  --times N       rounds of what is short; medians are shown. Default 5
  --json          the figures as JSON
  --list          the names of the rows
  --help          this text
Exit: 0 measured, whether or not in budget, 1 a row could not be measured, 64 wrong usage.
`;
const WRONG_USAGE = 64;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function readArguments() {
  const options = {
    only: { type: "string", multiple: true, default: [] as string[] },
    quick: { type: "boolean", default: false },
    slow: { type: "boolean", default: false },
    times: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const times = Number(values.times);
  if (!(Number.isInteger(times) && times > 0)) throw new Error("--times wants a number");
  const chosen = groups
    .flatMap(({ rows }) => rows)
    .filter(({ name }) => values.only.length === 0 || values.only.some(text => name.includes(text)))
    .filter(({ long }) => !(values.quick && long))
    .map(({ name }) => name);
  if (chosen.length === 0) throw new Error("no row has such a name");
  return { ...values, times, chosen };
}

async function findCli(): Promise<string> {
  const tools = path.resolve(import.meta.dirname, "../tools");
  const located = await locatePulumi({ env: process.env, tools, install: true });
  if (!located.found) throw new Error(located.message);
  return located.path;
}

const machine = (times: number) => ({
  cores: os.availableParallelism(),
  processor: os.cpus()[0]?.model ?? "?",
  node: process.version,
  load: Number(os.loadavg()[0]?.toFixed(1)),
  times,
});

async function main({ chosen, times, slow, json }: ReturnType<typeof readArguments>): Promise<void> {
  const about = machine(times);
  const bench: Bench = { cli: await findCli(), times, slow, say };
  const figures: Figure[] = [];
  for (const group of groups) {
    const wanted = group.rows.map(({ name }) => name).filter(name => chosen.includes(name));
    if (wanted.length === 0) continue;
    await group
      .measure(wanted, bench, measured => figures.push(...measured))
      .catch((error: unknown) => {
        process.exitCode = 1;
        say(`${wanted.join(", ")}: ${error instanceof Error ? error.stack : String(error)}`);
      });
  }
  const { cores, processor, node, load } = about;
  const head = `${cores} × ${processor}, Node ${node}, load ${load} at the start; medians of ${times}, the sides in turn`;
  process.stdout.write(json ? `${jsonTable(about, figures)}\n` : `${head}\n\n${textTable(figures)}\n`);
}

let read: ReturnType<typeof readArguments>;
try {
  read = readArguments();
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exit(WRONG_USAGE);
}
if (read.help) process.stdout.write(USAGE);
else if (read.list) process.stdout.write(`${read.chosen.join("\n")}\n`);
else await main(read);
