/** Programs that change, and steps that fail. */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { drop, inRow, thing, urn, write, type Story } from "./story.ts";

const first = `new Thing("a", { path: mine("a"), content: "1" });
const b = new Thing("b", { path: mine("b"), content: pulumi.secret("hidden") });
new Thing("c", { path: mine("c"), content: b.path }, { parent: b });
const g = new Group("g");
g.registerOutputs({ made: b.path }); export const out = b.path;`;

const everyday: Story = {
  name: "everyday",
  steps: [
    { name: "create", program: first, left: ["a", "b", "c", "g"] },
    { name: "nothing to do", program: first },
    { name: "update", program: first.replace(`"1"`, `"2"`) },
    { name: "replace, create first", program: first.replace(`mine("b")`, `mine("b2")`) },
    {
      name: "replace, delete first",
      program: first
        .replace(`mine("b")`, `mine("b3")`)
        .replace(`pulumi.secret("hidden")`, `"x", first: true`),
    },
    { name: "delete", program: first.replace(/^.*"a".*$/m, ""), left: ["b", "c", "g"] },
    { name: "a create fails in the middle", good: false, program: first.replace(`"1"`, `"unmakeable"`) },
    {
      name: "an update fails in the middle",
      good: false,
      program: first.replace(`pulumi.secret("hidden")`, `"unmakeable"`),
    },
    { name: "repaired", program: first },
    {
      name: "refresh finds a change and a deletion",
      args: ["refresh"],
      reality: async folder => {
        await write("a", "by hand")(folder);
        await drop("b")(folder);
      },
      left: ["a", "c", "g"],
    },
    { name: "up after it", program: first, left: ["a", "b", "c", "g"] },
    {
      name: "refresh and up in one",
      args: ["up", "--refresh"],
      program: first.replace(`"1"`, `"3"`),
      reality: drop("a"),
    },
    {
      name: "a read fails in a refresh",
      good: false,
      args: ["refresh"],
      reality: write("a.unreadable", ""),
    },
    {
      name: "an alias renames",
      program: first
        .replace(`content: "1" }`, `content: "3" }, { aliases: [{ name: "a" }]}`)
        .replace(`Thing("a"`, `Thing("z"`),
      left: ["b", "c", "g", "z"],
    },
    { name: "destroy", args: ["destroy"], reality: drop("a.unreadable"), left: [] },
  ],
};

const tree = (over = `new Group("g")`, extra = "", inner = "{ parent: g }"): string =>
  `const g = ${over};\nconst h = new Group("h", ${inner});\n` +
  thing("a", "1", "{ parent: h }") +
  thing("b", "1", "{ parent: g }") +
  extra;

const components: Story = {
  name: "components",
  steps: [
    { name: "a tree of components", program: tree(), left: ["a", "b", "g", "h"] },
    { name: "a child in the middle", program: tree(undefined, thing("c", "1", "{ parent: h }")) },
    {
      name: "its component is renamed by an alias",
      program: tree(`new Group("k", { aliases: [{ name: "g" }] })`, thing("c", "1", "{ parent: h }")),
      left: ["a", "b", "c", "h", "k"],
    },
    {
      name: "its component gets another type",
      program: tree(
        `new Group("k", { aliases: [{ type: "probe:index:Group" }] }, "probe:index:Team")`,
        thing("c", "1", "{ parent: h }"),
      ),
    },
    {
      name: "a part moves to the top",
      program: tree(
        `new Group("k", {}, "probe:index:Team")`,
        thing("c", "1", "{ parent: h }"),
        `{ aliases: [{ parent: g }] }`,
      ),
    },
    {
      name: "two children change places",
      program: tree(
        `new Group("k", {}, "probe:index:Team")`,
        thing("c", "1", "{ parent: g, aliases: [{ parent: h }] }"),
        "{}",
      ).replace(`"1" }, { parent: g }`, `"2" }, { parent: h, aliases: [{ parent: g }] }`),
    },
    { name: "a part of it goes", program: `const g = new Group("k", {}, "probe:index:Team");`, left: ["k"] },
    { name: "all of it goes", program: "", left: [] },
  ],
};

const guarded: Story = {
  name: "guarded",
  steps: [
    {
      name: "protected and retained",
      program:
        thing("a", "1", "{ protect: true }") + thing("b", "1", "{ retainOnDelete: true }") + thing("c"),
      left: ["a", "b", "c"],
    },
    {
      name: "what is protected is not deleted",
      good: false,
      program: thing("b", "1", "{ retainOnDelete: true }") + thing("c"),
      left: ["a", "b", "c"],
    },
    {
      name: "a retained one leaves the state",
      program: thing("a", "1", "{ protect: true }") + thing("c"),
      left: ["a", "c"],
    },
    { name: "destroy but for what is protected", args: ["destroy", "--exclude-protected"], left: ["a"] },
    { name: "destroy stops at it", good: false, args: ["destroy"], quiet: true, left: ["a"] },
    { name: "unprotected", program: thing("a"), left: ["a"] },
    { name: "protected by hand", args: ["state", "protect", urn("a"), "--yes"], quiet: true },
    { name: "unprotected by the program", program: thing("a") },
    {
      name: "a replacement of what is retained",
      program: thing("a", "1", "{ retainOnDelete: true }"),
    },
    {
      name: "leaves the old one where it is",
      program: thing("a", "1", "{ retainOnDelete: true }").replace(`mine("a")`, `mine("a2")`),
      left: ["a"],
    },
    {
      name: "what is deleted with another",
      program: thing("a", "1") + thing("b", "1", "{ deletedWith: a }"),
    },
    { name: "goes with it", program: "", left: [] },
  ],
};

const failing: Story = {
  name: "failing",
  steps: [
    {
      name: "the second of three cannot be made",
      good: false,
      program: inRow("1", "unmakeable", "1"),
      left: ["a"],
    },
    { name: "then all three can", program: inRow("1", "1", "1"), left: ["a", "b", "c"] },
    { name: "the second update fails", good: false, program: inRow("2", "unmakeable", "2") },
    {
      name: "the others go on",
      good: false,
      args: ["up", "--continue-on-error"],
      program: thing("a", "3") + thing("b", "unmakeable") + thing("d", "1") + thing("c", "3"),
      left: ["a", "b", "c", "d"],
    },
    { name: "a check refuses", good: false, program: inRow("3", "refused") },
    {
      name: "the program throws",
      good: false,
      program: `${thing("a", "4")}await new Promise(r => a.urn.apply(r));\nthrow new Error("no");`,
    },
    {
      name: "a replacement cannot be made",
      good: false,
      program: inRow("5", "unmakeable").replace(`mine("b")`, `mine("b2")`),
    },
    {
      name: "a replacement cannot be made after the old one went",
      good: false,
      program: inRow("5", "unmakeable")
        .replace(`content: "unmakeable"`, `content: "unmakeable", first: true`)
        .replace(`mine("b")`, `mine("b3")`),
      pending: 1,
    },
    {
      name: "it is made in the end",
      program: inRow("5", "5")
        .replace(`content: "5" }, { depends`, `content: "5", first: true }, { depends`)
        .replace(`mine("b")`, `mine("b3")`),
      pending: 0,
    },
    {
      name: "another one goes the same way",
      good: false,
      program: inRow("5", "unmakeable")
        .replace(`content: "unmakeable"`, `content: "unmakeable", first: true`)
        .replace(`mine("b")`, `mine("b4")`),
      pending: 1,
    },
    { name: "and is not wanted any more", program: inRow("5"), pending: 0, left: ["a"] },
    {
      name: "a deletion fails",
      good: false,
      program: "",
      reality: async folder => {
        await drop("a")(folder);
        await mkdir(path.join(folder, "a"));
      },
      left: ["a"],
    },
    {
      name: "and then it does not",
      program: "",
      reality: folder => rm(path.join(folder, "a"), { recursive: true }),
      left: [],
    },
  ],
};

export const storiesOfChange: readonly Story[] = [everyday, components, guarded, failing];
