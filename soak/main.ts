/** `npm run soak`: an estate that is deployed, changed and reverted while holdfast is hit by faults. */
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { faults } from "./faults/table.ts";
import { createRandom } from "./random.ts";
import { violationReport, withFigures } from "./report.ts";
import { openScene } from "./scene.ts";
import { soak } from "./soak.ts";
import { tally, textTable } from "./tally.ts";

const USAGE = `usage: npm run soak -- [--minutes N] [--seed S] [--stacks N] [--only PATTERN] [--report FILE.md]
  --minutes N       how long; default 10
  --seed S          the same seed makes the same choices; default: by the time
  --stacks N        stacks of the estate; default 20
  --only PATTERN    only faults whose kind holds this text
  --report FILE.md  writes the figures there; in a page like docs/reliability.md into their place
Exit: 0 all was survived, 1 a violation, 64 wrong usage.
`;
const WRONG_USAGE = 64;
const MINUTE = 60_000;
const FAULTS_OF_ROUND = [36, 72] as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function readArguments() {
  const options = {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    stacks: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    report: { type: "string" },
  } as const;
  const { values } = parseArgs({ options });
  const [minutes, seed, stacks] = [values.minutes, values.seed, values.stacks].map(Number) as [
    number,
    number,
    number,
  ];
  const chosen = faults.filter(({ kind }) => kind.includes(values.only));
  if (!(minutes > 0 && Number.isInteger(seed) && stacks > 0 && chosen.length > 0))
    throw new Error("wrong value");
  return { minutes, seed, stacks, faults: chosen, report: values.report };
}

/** What is put away at the end, in order. */
function createEnding() {
  const work: (() => unknown)[] = [];
  return {
    after: (one: () => unknown): void => void work.push(one),
    run: async (): Promise<void> => {
      for (const one of work) await one();
    },
  };
}

async function main({ minutes, seed, stacks, faults: chosen, report }: ReturnType<typeof readArguments>) {
  const ending = createEnding();
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupted.abort());
  const started = Date.now();
  const scene = openScene(ending, { random: createRandom(seed), stacks, say });
  try {
    say(
      `seed ${seed}, ${stacks} stacks, ${minutes} minutes, ${os.availableParallelism()} cores, Node ${process.version}`,
    );
    const soaked = await soak({
      scene,
      seed,
      faults: chosen,
      faultsOfRound: FAULTS_OF_ROUND,
      goOn: () => Date.now() - started < minutes * MINUTE && !interrupted.signal.aborted,
      onRound: (round, count, ms) =>
        say(`round ${round}: ${count} faults, well again after ${(ms / 1000).toFixed(1)} s`),
    });
    const took = Date.now() - started;
    const rows = tally(soaked.happened);
    say(`\n${textTable(rows)}\n`);
    const facts = { seed, stacks, took, rounds: soaked.rounds, starts: scene.daemon.starts(), rows };
    const page = report !== undefined && existsSync(report) ? readFileSync(report, "utf8") : undefined;
    if (report !== undefined) writeFileSync(report, withFigures(page, facts));
    if (soaked.violations.length === 0) {
      say(
        `${soaked.rounds} rounds, ${soaked.happened.length} faults in ${(took / MINUTE).toFixed(1)} minutes: all survived`,
      );
      return 0;
    }
    const kept = mkdtempSync(path.join(os.tmpdir(), `holdfast-soak-${seed}-`));
    cpSync(scene.data, path.join(kept, "data"), { recursive: true, filter: name => !/\.sock$/.test(name) });
    cpSync(scene.stage.sandbox, path.join(kept, "sandbox"), { recursive: true });
    const full = violationReport(facts, soaked, scene.daemon.log());
    writeFileSync(path.join(kept, "report.txt"), full);
    say(
      `${soaked.violations.map(text => `VIOLATION: ${text}`).join("\n")}\nseed ${seed}; faults, logs and data folder: ${kept}`,
    );
    return 1;
  } finally {
    await ending.run();
  }
}

let chosen: ReturnType<typeof readArguments>;
try {
  chosen = readArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exit(WRONG_USAGE);
}
process.exitCode = await main(chosen);
