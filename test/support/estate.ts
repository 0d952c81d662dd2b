/** Files of small repositories for tests: projects whose programs write files into a sandbox. */

/** Path → content, as a commit takes them. */
export type EstateFiles = Readonly<Record<string, string>>;

/** Top of every program: the sandbox's resources by their type, so that no package is needed. */
function prelude(box: string): string {
  return `import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
export class File extends pulumi.CustomResource {
  constructor(name, args, options) { super("holdfast:host:File", name, { ...args, checksum: undefined, size: undefined }, options); }
}
const connection = { local: true, root: ${JSON.stringify(box)} };
const file = (name, content, options) => new File(name, { connection, path: "/" + name, content }, options);
`;
}

/** A program with \`file(name, content, options?)\`, \`connection\`, \`File\`, \`pulumi\` and \`fs\` at hand. */
export function program(box: string, body: string): string {
  return `${prelude(box)}${body}\n`;
}

/** Content by file name, below the sandbox's root. */
export function fileProgram(box: string, files: EstateFiles, more = ""): string {
  const lines = Object.entries(files).map(
    ([name, content]) => `file(${JSON.stringify(name)}, ${JSON.stringify(content)});`,
  );
  return program(box, [...lines, more].join("\n"));
}

/** One project with one stack \`dev\`: its name is \`<name>/dev\`. */
export function project(name: string, text: string, config = ""): EstateFiles {
  return {
    [`${name}/Pulumi.yaml`]: `name: ${name}\nruntime: nodejs\n`,
    [`${name}/Pulumi.dev.yaml`]: config,
    [`${name}/index.mjs`]: text,
    [`${name}/package.json`]: `{ "name": "${name}", "main": "index.mjs" }\n`,
  };
}

/** A holdfast.yaml; settings by pattern, in YAML's flow form. By default everything may be applied at once. */
export function settings(stacks: Readonly<Record<string, string>> = {}): EstateFiles {
  const lines = Object.entries({ "*": "{ firstApply: allow }", ...stacks });
  return {
    "holdfast.yaml": `stacks:\n${lines.map(([key, value]) => `  ${JSON.stringify(key)}: ${value}\n`).join("")}`,
  };
}
