/** holdfast's own processes beside a daemon: what they take. Workers, which run programs, are apart. */
import { childrenOf } from "../soak/scene.ts";
import type { Figure } from "./figure.ts";
import type { ManyStacks } from "./many-stacks.ts";
import { commandOf, cpuSeconds, proportionalMegabytes } from "./usage.ts";

function own({ daemon }: ManyStacks): readonly { readonly name: string; readonly pid: number }[] {
  const named = childrenOf(daemon.pid).flatMap(pid => {
    const command = commandOf(pid);
    if (command.includes("wire-state-main")) return [{ name: "state service", pid }];
    return command.includes("providers/main.ts") ? [{ name: "provider host", pid }] : [];
  });
  return [{ name: "controller", pid: daemon.pid }, ...named];
}

export function memoryOf(scene: ManyStacks, when: string, about: string): readonly Figure[] {
  const each = own(scene).map(({ name, pid }) => ({ name, megabytes: proportionalMegabytes(pid) ?? NaN }));
  const all = each.reduce((sum, { megabytes }) => sum + megabytes, 0);
  return [
    { what: `${about} ${when}: memory`, unit: "MB", holdfast: all, budget: { under: 300 } },
    ...each.map(({ name, megabytes }) => ({
      what: `  ${name}`,
      unit: "MB" as const,
      holdfast: megabytes,
    })),
  ];
}

/** Seconds. */
export const ownCpu = (scene: ManyStacks, children = false): number =>
  own(scene).reduce((sum, { pid }) => sum + cpuSeconds(pid, children), 0);
