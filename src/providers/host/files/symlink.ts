/** holdfast:host:Symlink: a symlink on a host. What it leads to is not looked at. */
import { SYMLINK } from "../../../sdk/shapes/symlink.ts";
import type { Answers, EntryFacts, Question } from "../../connection/questions.ts";
import type { PlainMap } from "../../grpc/value.ts";
import { done, type Outcome } from "../../outcome.ts";
import type { Family, Site } from "../family.ts";
import { textOf } from "../placement.ts";

interface SymlinkInputs {
  readonly path: string;
  readonly target: string;
}

function parse(properties: PlainMap): SymlinkInputs {
  const [path, target] = [textOf(properties, "path"), textOf(properties, "target")];
  if (path === undefined || target === undefined) throw new TypeError("inputs without a path or a target");
  return { path, target };
}

const look = ({ path }: Pick<SymlinkInputs, "path">): readonly Question[] => [{ about: "entry", path }];

/** Undefined where something else, or nothing, is there. */
function linkOf(path: string, answers: Answers): EntryFacts | undefined {
  const entry = answers.get({ about: "entry", path });
  return entry?.kind === "symlink" ? entry : undefined;
}

async function remove({ path }: SymlinkInputs, { machine, signal }: Site): Promise<Outcome<void>> {
  const answers = await machine.ask(look({ path }), signal);
  if (!answers.ok) return answers;
  // What took the link's place is not ours.
  return linkOf(path, answers.value) ? machine.removeFile(path, signal) : done(undefined);
}

export const symlink: Family<SymlinkInputs> = {
  type: "holdfast:host:Symlink",
  shape: SYMLINK,
  identity: ["path"],
  id: ({ path }) => path,
  parse,
  needsSystem: false,
  look,
  see({ path }, answers, properties) {
    const link = linkOf(path, answers);
    return link && { properties: { ...properties, target: link.target ?? "" } };
  },
  async adopt(path, { machine, signal }) {
    const answers = await machine.ask(look({ path }), signal);
    if (!answers.ok) return answers;
    const link = linkOf(path, answers.value);
    return done(link && { properties: { path, target: link.target ?? "" } });
  },
  example: "/srv/app/current",
  async ensure({ path, target }, { machine, signal }) {
    const made = await machine.makeSymlink(path, target, signal);
    return made.ok ? done({}) : made;
  },
  remove,
};
