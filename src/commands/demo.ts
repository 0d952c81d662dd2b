/** `holdfast demo`: the story end to end, on real processes; each step is verified by looking at the hosts. */
import { jsonText } from "../report/documents.ts";
import { defineCommand, type Io } from "./command.ts";
import { createTeller, type Teller } from "./demo-teller.ts";
import { secondsSince, StepFailed, Stopped } from "./demo-stage.ts";
import { story } from "./demo-story.ts";
import { sayFailure } from "./with-control.ts";
import type { OwnStage } from "./wire-demo.ts";

const INTERRUPTED = 130;

interface Played {
  readonly title: string;
  readonly ok: boolean;
  readonly said: string;
  readonly ms: number;
}

async function play(stage: OwnStage, teller: Teller): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const [index, step] of story.entries()) {
    const { title } = step;
    const start = performance.now();
    teller.title(index + 1, title);
    try {
      const said = await step.play(stage);
      teller.good(said, secondsSince(start));
      played.push({ title, ok: true, said, ms: Math.round(performance.now() - start) });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      teller.bad(error.message, secondsSince(start));
      return [
        ...played,
        { title, ok: false, said: error.message, ms: Math.round(performance.now() - start) },
      ];
    }
  }
  return played;
}

function goOn({ settings, folder, repository, program }: OwnStage): string {
  const exports = Object.entries(settings).map(([name, value]) => `  export ${name}='${value}'`);
  return [
    `Kept: ${folder}. To go on playing:`,
    ...exports,
    `  ${program} serve --repo ${repository.bare} --listen 127.0.0.1:0`,
    `  cd ${folder}/work        # edit, commit, git push origin main; the hosts are in ${folder}/data/sandbox`,
  ].join("\n");
}

async function run(
  args: { readonly json: boolean; readonly keep: boolean; readonly pulumi: string | undefined },
  io: Io,
): Promise<number> {
  const { openStage } = await import("./wire-demo.ts");
  const teller = createTeller(io, args.json);
  const signal = io.stopSignal();
  const start = performance.now();
  const flags = args.pulumi === undefined ? [] : ["--pulumi", args.pulumi];
  let stage: OwnStage | undefined;
  try {
    const opened = await openStage({ io, signal, say: text => teller.say(text), flags });
    if (!opened.ok) return sayFailure(io, args.json, opened.failure);
    stage = opened.value;
    teller.line(`Everything is in ${stage.folder}${args.keep ? "" : ", and is removed at the end"}.`);
    const played = await play(stage, teller);
    const ok = played.every(step => step.ok) && played.length === story.length;
    teller.end(ok, played.filter(step => step.ok).length, story.length, secondsSince(start));
    if (args.json) io.stdout(jsonText({ version: 1, ok, steps: played }));
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof StepFailed) io.stderr(`holdfast: ${error.message}\n`);
    else if (error instanceof Stopped || signal.aborted) io.stderr("holdfast: stopped; cleaning up\n");
    else throw error;
    return error instanceof StepFailed ? 1 : INTERRUPTED;
  } finally {
    await stage?.close(args.keep);
    if (stage && args.keep) teller.line(goOn(stage));
  }
}

export const command = defineCommand({
  verb: "demo",
  describe: "the story end to end, in a temporary folder",
  builder: { keep: { type: "boolean", describe: "leave the folder, and say how to go on playing" } },
  run,
});
