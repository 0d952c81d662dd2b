/** What is really there: refreshes, targets, imports, providers. */
import { drop, thing, urn, write, type Story } from "./story.ts";

const chain = (content = "1"): string => {
  const follow = (name: string, of: string): string =>
    `const ${name} = new Thing("${name}", { path: mine("${name}"), content: ${of}.path });\n`;
  return (
    thing("a", content) + follow("b", "a") + follow("c", "b") + thing("d", content, "{ dependsOn: [a, c] }")
  );
};

const refreshed: Story = {
  name: "refreshed",
  steps: [
    { name: "a chain", program: chain(), left: ["a", "b", "c", "d"] },
    { name: "a refresh finds nothing", args: ["refresh"] },
    {
      name: "a refresh finds everything changed",
      args: ["refresh"],
      reality: async folder => {
        for (const name of ["a", "b", "c", "d"]) await write(name, "by hand")(folder);
      },
    },
    { name: "up puts it right", program: chain() },
    { name: "a refresh finds the first gone", args: ["refresh"], reality: drop("a"), left: ["b", "c", "d"] },
    { name: "what hung on it is there", program: chain(), left: ["a", "b", "c", "d"] },
    {
      name: "a refresh of one of two",
      args: ["refresh", "--target", urn("b")],
      reality: drop("b", "d"),
      left: ["a", "c", "d"],
    },
    { name: "a refresh without one", args: ["refresh", "--exclude", urn("d")], left: ["a", "c", "d"] },
    { name: "up with refresh", args: ["up", "--refresh"], program: chain("2"), left: ["a", "b", "c", "d"] },
    {
      name: "a refresh that runs the program",
      args: ["refresh", "--run-program"],
      program: chain("3"),
      reality: drop("c"),
    },
    { name: "up after that", program: chain("3"), left: ["a", "b", "c", "d"] },
    {
      name: "up with a refresh of a target",
      args: ["up", "--refresh", "--target", urn("a")],
      program: chain("4"),
      reality: write("a", "by hand"),
    },
    {
      name: "destroy of what is half gone",
      args: ["destroy", "--refresh"],
      reality: drop("b"),
      left: [],
    },
  ],
};

const targeted: Story = {
  name: "targeted",
  steps: [
    {
      name: "one of three is made",
      args: ["up", "--target", urn("b")],
      program: thing("a") + thing("b") + thing("c"),
      left: ["b"],
    },
    { name: "the others follow", program: thing("a") + thing("b") + thing("c"), left: ["a", "b", "c"] },
    {
      name: "one of three changes",
      args: ["up", "--target", urn("c")],
      program: thing("a", "2") + thing("b", "2") + thing("c", "2"),
    },
    {
      name: "all but one change",
      args: ["up", "--exclude", urn("a")],
      program: thing("a", "3") + thing("b", "3") + thing("c", "3"),
    },
    {
      name: "one is replaced by hand",
      args: ["up", "--target-replace", urn("a")],
      program: thing("a", "3", "{ deleteBeforeReplace: true }") + thing("b", "3") + thing("c", "3"),
    },
    { name: "one is marked by hand", args: ["state", "taint", urn("b"), "--yes"], quiet: true },
    {
      name: "and is replaced",
      program: thing("a", "3") + thing("b", "3", "{ deleteBeforeReplace: true }") + thing("c", "3"),
    },
    { name: "one goes", args: ["destroy", "--target", urn("b")], left: ["a", "c"] },
    { name: "all but one go", args: ["destroy", "--exclude", urn("c")], left: ["c"] },
    {
      name: "the last is taken out by hand",
      args: ["state", "delete", urn("c"), "--yes"],
      quiet: true,
      left: [],
    },
  ],
};

const found = (name: string, options = ""): string =>
  `const ${name} = new Thing("${name}", { path: mine("${name}"), content: "there" }, { ${options} });\n`;

const adopted: Story = {
  name: "adopted",
  steps: [
    {
      name: "what is there is imported",
      reality: async folder => {
        for (const name of ["a", "b", "c"]) await write(name, "there")(folder);
      },
      program: found("a", `import: mine("a")`),
      left: ["a"],
    },
    { name: "and is the program's own", program: found("a"), left: ["a"] },
    {
      name: "what is imported differs from the program",
      program: found("a") + found("b", `import: mine("b")`).replace("there", "other"),
      left: ["a", "b"],
    },
    { name: "and goes", program: found("a"), left: ["a"] },
    {
      name: "one is only read",
      reality: write("b", "there"),
      program: `${found("a")}${found("b", `id: mine("b")`)}`,
      left: ["a", "b"],
    },
    {
      name: "it changes by hand",
      program: `${found("a")}${found("b", `id: mine("b")`)}`,
      reality: write("b", "by hand"),
    },
    {
      name: "one that is missing cannot be read",
      good: false,
      program: `${found("a")}${found("d", `id: mine("d")`)}`,
    },
    { name: "what was read becomes the program's", program: found("a") + found("b"), left: ["a", "b"] },
    {
      name: "what was the program's is only read",
      program: `${found("a", `id: mine("a")`)}${found("b")}`,
      left: ["a", "b"],
    },
    { name: "what was read is let go", program: found("b"), left: ["b"] },
    {
      name: "one is imported by hand",
      args: [
        "import",
        "probe:index:Thing",
        "c",
        "FOLDER/c",
        "--generate-code=false",
        "--protect=false",
        "--skip-preview",
      ],
      program: "",
      left: ["b", "c"],
    },
  ],
};

const provider = (name: string, options = "{}"): string =>
  `const ${name} = new pulumi.ProviderResource("probe", "${name}", {}, ${options});\n`;
const many = Array.from(
  { length: 30 },
  (_, index) => `new Thing("m${index}", { path: mine("m${index}"), content: "1" });`,
).join("\n");

const varied: Story = {
  name: "varied",
  steps: [
    { name: "nothing but an output", program: `export const out = "1";`, left: [] },
    {
      name: "an output changes, and one is secret",
      program: `export const out = "2"; export const key = pulumi.secret("k");`,
    },
    { name: "outputs go", program: "" },
    { name: "thirty at once", program: many },
    { name: "thirty go at once", program: "", left: [] },
    {
      name: "a provider of its own",
      program: provider("p") + thing("a", "1", "{ provider: p }"),
      left: ["a", "p"],
    },
    {
      name: "another provider",
      program: provider("q") + thing("a", "1", "{ provider: q }"),
      left: ["a", "q"],
    },
    { name: "the default provider", program: thing("a"), left: ["a"] },
    {
      name: "options that only the state holds",
      program: thing(
        "a",
        "1",
        `{ customTimeouts: { create: "5m" }, additionalSecretOutputs: ["content"], ignoreChanges: ["content"] }`,
      ),
    },
    { name: "a change that is let be", program: thing("a", "9", `{ ignoreChanges: ["content"] }`) },
    {
      name: "a change that replaces",
      program: thing("a", "9", `{ replaceOnChanges: ["content"], deleteBeforeReplace: true }`),
    },
    {
      name: "one is replaced with another",
      program: thing("a", "9") + thing("b", "1", "{ replaceWith: [a] }"),
    },
    {
      name: "and is",
      program:
        thing("a", "9").replace(`mine("a")`, `mine("a5")`) +
        thing("b", "1", "{ replaceWith: [a], deleteBeforeReplace: true }"),
    },
    {
      name: "two change their names",
      program:
        thing("f", "9", `{ aliases: [{ name: "a" }] }`).replace(`mine("f")`, `mine("a5")`) +
        thing("e", "1", `{ aliases: [{ name: "b" }] }`).replace(`mine("e")`, `mine("b")`),
      left: ["e", "f"],
    },
    { name: "destroy", args: ["destroy"], left: [] },
  ],
};

export const storiesOfReality: readonly Story[] = [refreshed, targeted, adopted, varied];
