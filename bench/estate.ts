/** What both sides work on: one stack of N files, on a sandbox host where nothing else is said. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Content {
  /** Files of each host. */
  readonly count: number;
  /** Changes each host's first file only. */
  readonly version: number;
}

export const contentOf = (index: number, version: number): string =>
  `file ${index}, version ${index === 0 ? version : 0}\n`;

/** A connection as a program writes it. */
export type BenchConnection = Readonly<Record<string, string | number | boolean>>;

const program = (
  { count, version }: Content,
  connections: readonly BenchConnection[],
): string => `import { File, type Connection } from "holdfast/host";
const connections: Connection[] = ${JSON.stringify(connections)};
connections.forEach((connection, host) => {
  for (let index = 0; index < ${count}; index++) {
    const content = \`file \${index}, version \${index === 0 ? ${version} : 0}\\n\`;
    new File(\`h\${host}f\${index}\`, { connection, path: \`/data/f\${index}\`, content });
  }
});
`;

export interface Repository {
  readonly folder: string;
  commit(content: Content): void;
}

/** A repository whose commits are the estate's versions. `settings`: more of each stack in holdfast.yaml, in YAML's flow form. */
export function makeRepository(
  folder: string,
  connections: readonly BenchConnection[],
  settings = "",
): Repository {
  const git = (...args: string[]): void =>
    void execFileSync(
      "git",
      ["-C", folder, "-c", "user.name=bench", "-c", "user.email=bench@localhost", ...args],
      { stdio: "ignore" },
    );
  mkdirSync(path.join(folder, "bench"), { recursive: true });
  writeFileSync(path.join(folder, "bench/Pulumi.yaml"), "name: bench\nruntime: nodejs\n");
  writeFileSync(path.join(folder, "bench/Pulumi.dev.yaml"), "config: {}\n");
  writeFileSync(
    path.join(folder, "holdfast.yaml"),
    `stacks:\n  "bench/*": { firstApply: allow, ${settings} }\n`,
  );
  git("init", "--quiet", "--initial-branch", "main");
  return {
    folder,
    commit(content) {
      writeFileSync(path.join(folder, "bench/index.ts"), program(content, connections));
      git("add", "--all");
      git("commit", "--quiet", "--message", `${content.count} files, version ${content.version}`);
    },
  };
}
