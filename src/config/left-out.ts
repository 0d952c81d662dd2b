/** What a checkout lacks because it could not be written safely: a flaw of the projects that it lies in, or everybody's. */
import type { Problem } from "../engine/failure.ts";
import type { Flaw, LeftOut, StackDefinition } from "../engine/ports/stack.ts";

const within = (path: string, folder: string): boolean =>
  folder === "" || path === folder || path.startsWith(`${folder}/`);

const sourcesOf = ({ host, folder }: StackDefinition): readonly string[] => host?.sources ?? [folder];

const problemOf = ({ path, why }: LeftOut): Problem => ({
  message: why,
  place: { file: path },
  hint: "take it out of the repository, or let it lead to something inside",
});

/** In no project's folder it may be something that all of them use. */
export function judgeLeftOut(
  leftOut: readonly LeftOut[],
  stacks: readonly StackDefinition[],
  flaws: readonly Flaw[],
): { readonly problems: readonly Problem[]; readonly flaws: readonly Flaw[] } {
  const problems: Problem[] = [];
  const found: Flaw[] = [];
  for (const one of leftOut) {
    const concerned = stacks.filter(stack => sourcesOf(stack).some(source => within(one.path, source)));
    const unread = flaws.some(({ project }) => project !== undefined && within(one.path, project.folder));
    if (concerned.length > 0)
      found.push({ problems: [problemOf(one)], stacks: concerned.map(({ name }) => name) });
    // In a project that stalls anyway it is only said.
    else if (unread) found.push({ problems: [problemOf(one)], stacks: [] });
    else problems.push(problemOf(one));
  }
  return { problems, flaws: found };
}
