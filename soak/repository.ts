/** The estate as files of a repository. */
import type { Files } from "../test/support/git.ts";
import { folderOf, type Estate, type WantedStack } from "./estate.ts";

const wantedFile = (stack: string): string => `wanted/${folderOf(stack)}.json`;

/** One program for all: what a stack has is in its own file. */
const program = (sandbox: string): string => `import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Directory, File, Template } from "holdfast/host";

const own = pulumi.getProject() + "-" + pulumi.getStack();
const wanted = JSON.parse(readFileSync("../wanted/" + own + ".json", "utf8"));
const connection = { local: true as const, root: ${JSON.stringify(sandbox)} + "/" + own };
async function slowly(text: string): Promise<string> {
  if (!pulumi.runtime.isDryRun()) await new Promise(resolve => setTimeout(resolve, 60));
  return text;
}
let before: pulumi.Resource | undefined;
for (const { kind, name, path, text, slow, chained } of wanted.items) {
  const options = chained && before ? { dependsOn: before } : {};
  const said = slow ? slowly(text) : text;
  if (kind === "folder") before = new Directory(name, { connection, path }, options);
  else if (kind === "template") before = new Template(name, { connection, path, text: "made of {{ text }}\\n", values: { text: said } }, options);
  else before = new File(name, { connection, path, content: pulumi.interpolate\`\${said}\\n\` }, options);
}
if (wanted.reads) {
  const read = new pulumi.StackReference("organization/" + wanted.reads).requireOutput("number");
  new File("seen", { connection, path: "/seen", content: pulumi.interpolate\`\${wanted.reads} is at \${read}\\n\` });
}
export const number = wanted.number;
`;

function settingsOf({ name, reads, always }: WantedStack): string {
  const files = [name, ...(reads === undefined ? [] : [reads])].map(wantedFile);
  const parts = [
    ...(always ? [] : [`inputs: [${files.join(", ")}]`]),
    ...(reads === undefined ? [] : [`dependsOn: [${reads}]`]),
  ];
  return `  "${name}": { ${parts.join(", ")} }\n`;
}

/** Everything that is the same in all commits. */
export function groundFiles(estate: Estate, sandbox: string): Files {
  const all =
    "firstApply: allow, interval: 1s, drift: { every: 1h }, limits: { deletes: 500, replaces: 500, percent: 100 }";
  const projects = [...new Set(estate.map(({ name }) => name.split("/")[0] ?? ""))];
  return {
    "holdfast.yaml": `stacks:\n  "*": { ${all} }\n${estate.map(settingsOf).join("")}`,
    ...Object.fromEntries(
      projects.flatMap(project => [
        [`${project}/Pulumi.yaml`, `name: ${project}\nruntime: nodejs\n`],
        [`${project}/index.ts`, program(sandbox)],
      ]),
    ),
    ...Object.fromEntries(estate.map(({ name }) => [`${name.replace("/", "/Pulumi.")}.yaml`, "{}\n"])),
  };
}

export const estateFiles = (estate: Estate): Files =>
  Object.fromEntries(
    estate.map(stack => [wantedFile(stack.name), `${JSON.stringify(stack, undefined, 1)}\n`]),
  );
