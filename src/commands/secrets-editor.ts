/** The person's editor, and the question whether to go back to it. */
import path from "node:path";
import { createInterface } from "node:readline";
import { isProgram } from "../process/find-program.ts";
import { runInteractive } from "../process/interactive.ts";
import type { Io } from "./command.ts";

/** What the secrets tools ask for; the type stands in src/secrets/edit.ts, which only wiring may see. */
export interface Editor {
  edit(
    file: string,
    stop: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly value: undefined }
    | { readonly ok: false; readonly why: string; readonly hint?: string }
  >;
  again(why: string, stop: AbortSignal): Promise<boolean>;
}

type SplitWords = (line: string) => readonly string[] | undefined;

/** Tried in this order where no variable names one. */
const USUAL = ["vim", "nano", "vi"];
const NO_EDITOR = {
  ok: false,
  why: "no editor is there: neither SOPS_EDITOR, VISUAL nor EDITOR is set, and none of vim, nano, vi was found",
  hint: "set EDITOR, for example EDITOR=nano",
} as const;

function editorOf(env: NodeJS.ProcessEnv, split: SplitWords): readonly string[] | undefined {
  const chosen = env["SOPS_EDITOR"] || env["VISUAL"] || env["EDITOR"];
  if (chosen) return split(chosen);
  const folders = (env["PATH"] ?? "").split(path.delimiter);
  const found = USUAL.find(name => folders.some(folder => isProgram(path.join(folder, name))));
  return found === undefined ? undefined : [found];
}

/** An editor is the person's own program and gets the person's environment, but not the key. */
const editorEnv = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || name === "SOPS_AGE_KEY" ? [] : [[name, value]],
    ),
  );

function askForReturn(io: Io, stop: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const lines = createInterface({ input: io.stdin });
  const answer = (back: boolean): void => {
    resolve(back);
    lines.close();
  };
  lines.once("line", line => answer(!/^\s*q/i.test(line)));
  // Nobody is there to answer.
  lines.once("close", () => resolve(false));
  stop.addEventListener("abort", () => answer(false), { once: true });
  return promise;
}

export function createEditor(io: Io, split: SplitWords): Editor {
  return {
    async edit(file, stop) {
      const [program, ...args] = editorOf(io.env, split) ?? [];
      if (program === undefined) return NO_EDITOR;
      const ended = await runInteractive(program, [...args, file], {
        cwd: io.cwd,
        env: editorEnv(io.env),
        signal: stop,
      });
      if (ended.startError)
        return {
          ok: false,
          why: `the editor ${program} could not be started: ${ended.startError.code}`,
          hint: NO_EDITOR.hint,
        };
      if (ended.code === 0) return { ok: true, value: undefined };
      return {
        ok: false,
        why: `the editor ${program} ended with ${ended.code ?? ended.signal}; the file is as it was`,
      };
    },
    again(why, stop) {
      io.stderr(
        `holdfast: this cannot be taken: ${why}\nEnter: back to the editor. q and Enter: give up the edit. `,
      );
      return askForReturn(io, stop);
    },
  };
}
