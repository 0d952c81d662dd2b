/** kill -9 of the daemon in the middle of a deploy. */
import path from "node:path";
import { expect, secondsSince, stackOf, StepFailed, type Stage } from "./demo-stage.ts";
import { stateOf, untilDeployed } from "./demo-state.ts";
import { countOf, expectFile, snapshot } from "./demo-target.ts";

/** Files of one deploy; more where the machine was too quick to hit its middle. */
const SIZES = [150, 500, 1500] as const;
/** So many are there at least when it is killed. */
const BEGUN = 10;
const FOLDER = "etc/app.d";

const program = (files: number): string => `import { File, type Host } from "holdfast/host";

export function addMany(host: Host): void {
  for (let n = 1; n <= ${files}; n++) {
    new File(\`many-\${n}\`, { host, path: \`/${FOLDER}/\${n}.conf\`, content: \`number = \${n}\\n\` });
  }
}
`;
const USE = 'if (name === "frodo") addMany(host);\n';
const IMPORT = 'import { addMany } from "./many";\n';
const useIt = (text: string): string => (text.includes(USE) ? text : `${IMPORT}${text}\n${USE}`);

/** How many files were there when the daemon died in the middle; undefined: it was over before. */
async function killInTheMiddle(stage: Stage, files: number): Promise<number | undefined> {
  const folder = path.join(stage.host("frodo"), FOLDER);
  const already = await countOf(folder);
  await stage.until("the first files of the deploy", async () =>
    (await countOf(folder)) >= already + BEGUN ? true : undefined,
  );
  const helpers = await stage.daemon.kill();
  const there = await countOf(folder);
  if (there >= files) return undefined;
  stage.say(
    `kill -9 of the daemon: ${there} of ${files} files are there, ${helpers} helper processes run on`,
  );
  return there;
}

async function expectWhole(stage: Stage, files: number): Promise<void> {
  const root = stage.host("frodo");
  for (let n = 1; n <= files; n++)
    await expectFile(root, `${FOLDER}/${n}.conf`, { content: new RegExp(`^number = ${n}\n$`) });
  const names = [...(await snapshot(root, stage.places)).keys()];
  const ours = names.filter(name => name.startsWith(`${FOLDER}/`));
  expect(ours.length === files, `${ours.length} entries in ${FOLDER}, not ${files}`);
  const drafts = names.filter(name => path.basename(name).startsWith(".holdfast-"));
  expect(drafts.length === 0, `unfinished files are left: ${drafts.join(", ")}`);
  const state = await stateOf(stage, "frodo");
  expect(state.pending === 0, `${state.pending} steps of the state have no end`);
  for (const key of ["urn", "path"] as const)
    expect(
      new Set(state.files.map(file => file[key])).size === state.files.length,
      `the state has a ${key} twice`,
    );
}

/** The records name the run that the kill ended: the proof that it was in its middle. */
async function expectEndedRun(stage: Stage, sha: string): Promise<void> {
  const runs = (await (await stage.daemon.control())?.runs({ stack: stackOf("frodo") })) ?? [];
  const ended = runs.filter(run => run.revision?.sha === sha && run.failure?.reason === "process-died");
  expect(ended.length > 0, "the history knows of no run that the kill ended");
}

/** The new daemon ended, or let go, whatever the killed one had started. */
async function expectHelpersGone(stage: Stage): Promise<void> {
  try {
    await stage.until("the end of the killed daemon's helpers", async () =>
      stage.daemon.leftovers().length === 0 ? true : undefined,
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    throw new StepFailed(`helpers of the killed daemon still run:\n${stage.daemon.leftovers().join("\n")}`);
  }
}

export async function surviveKill(stage: Stage): Promise<string> {
  for (const files of SIZES) {
    const { sha } = await stage.repository.commit(`Add ${files} files to frodo`, {
      "stacks/many.ts": () => program(files),
      "stacks/index.ts": useIt,
    });
    const there = await killInTheMiddle(stage, files);
    const start = performance.now();
    await stage.daemon.start();
    stage.say(`started again; it answers after ${secondsSince(start)}`);
    await untilDeployed(stage, sha);
    if (there !== undefined) {
      await expectWhole(stage, files);
      await expectEndedRun(stage, sha);
      await expectHelpersGone(stage);
      return `finished: ${files} files, each once, on the host and in the state, ${secondsSince(start)} after the start`;
    }
    stage.say(`too quick: all ${files} were there before the kill; once more with more of them`);
  }
  throw new StepFailed("the deploy was over before the kill, each time");
}
