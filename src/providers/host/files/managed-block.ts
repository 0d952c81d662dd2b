/** holdfast:host:ManagedBlock: some lines between two marks, in a file that others write too. */
import { createHash } from "node:crypto";
import { MANAGED_BLOCK } from "../../../sdk/shapes/managed-block.ts";
import { findBlock, linesIn, type Marks } from "../../connection/marked.ts";
import type { BlockFacts, Question } from "../../connection/questions.ts";
import type { PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest, CheckProblem } from "../../resource.ts";
import { putBlock, takeBlock, type Edited, type Position } from "./block-text.ts";
import { MAX_CONTENT_BYTES } from "./content.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { canonicalMode, textOf } from "../placement.ts";

interface BlockInputs {
  readonly path: string;
  readonly marker: string;
  readonly marks: Marks;
  readonly content: string;
  readonly position: Position;
  /** The mode of a file that is made; undefined: none is made. */
  readonly newMode?: number;
  readonly validate?: string;
}

const NEW_FILE_MODE = "0644";
const SECRET_FILE_MODE = "0600";
const POSITIONS = ["at", "before", "after"] as const;
/** Each time somebody else was faster: each time one of them is done. */
const MOST_TRIES = 50;

const marksOf = (marker: string, comment: string, commentEnd: string | undefined): Marks => {
  const mark = (word: string): string =>
    [comment, `${word} holdfast: ${marker}`, commentEnd].filter(part => part !== undefined).join(" ");
  return { begin: mark("BEGIN"), end: mark("END") };
};

function positionOf(properties: PlainMap): Position {
  const [before, after] = [textOf(properties, "before"), textOf(properties, "after")];
  if (before !== undefined) return { before };
  if (after !== undefined) return { after };
  return { at: properties["at"] === "start" ? "start" : "end" };
}

function newModeOf({ create }: PlainMap): number | undefined {
  if (create === true) return Number.parseInt(NEW_FILE_MODE, 8);
  return typeof create === "string" ? Number.parseInt(create, 8) : undefined;
}

const withEnd = (content: string): string =>
  content === "" || content.endsWith("\n") ? content : `${content}\n`;

function parse(properties: PlainMap): BlockInputs {
  const [path, marker] = [textOf(properties, "path"), textOf(properties, "marker")];
  if (path === undefined || marker === undefined) throw new TypeError("inputs without a path or a marker");
  const [newMode, validate] = [newModeOf(properties), textOf(properties, "validate")];
  return {
    path,
    marker,
    marks: marksOf(marker, textOf(properties, "comment") ?? "#", textOf(properties, "commentEnd")),
    content: withEnd(textOf(properties, "content") ?? ""),
    position: positionOf(properties),
    ...(newMode !== undefined && { newMode }),
    ...(validate !== undefined && { validate }),
  };
}

function complete({ inputs, isSecret }: CheckRequest): Checked {
  const [first, second] = POSITIONS.filter(key => inputs[key] !== undefined);
  const problems: CheckProblem[] = [];
  if (second !== undefined)
    problems.push({ property: second, reason: `and ${first} are both given; one of them is enough` });
  const { create } = inputs;
  const guarded = create === true && isSecret("content") ? SECRET_FILE_MODE : canonicalMode(create ?? null);
  return { inputs: guarded === undefined ? inputs : { ...inputs, create: guarded }, problems };
}

const question = ({ path, marks }: Pick<BlockInputs, "path" | "marks">) =>
  ({ about: "block", path, ...marks }) as const;

/** Undefined: the block, or its file, is not there. */
function contentIn({ lines }: BlockFacts, marks: Marks): string | undefined {
  const found = findBlock(lines, marks);
  if (typeof found === "string") return `[${found}]`;
  return found && lines.slice(found.from + 1, found.to).join("");
}

interface Source {
  readonly text: string;
  /** Undefined: there is no file. */
  readonly checksum: string | undefined;
}

async function readText({ path }: BlockInputs, { machine, signal }: Site): Promise<Outcome<Source>> {
  const there = await machine.read(path, MAX_CONTENT_BYTES, signal);
  if (!there.ok) return there;
  if (!there.value) return done({ text: "", checksum: undefined });
  const { kind, content, size } = there.value;
  const refuse = (why: string): Outcome<never> => trouble("refused", `${machine.name}: ${path}: ${why}`);
  if (kind === "symlink") return refuse("it is a symlink; give the path of the file that it leads to");
  if (kind !== "file") return refuse("it is no file");
  if (!content) return refuse(`it holds ${size} bytes, ${MAX_CONTENT_BYTES} is the most for a block`);
  const checksum = createHash("sha256").update(content).digest("hex");
  return done({ text: content.toString("latin1"), checksum });
}

/** Whoever changed the file since it was read is not overwritten: the block is put into what is there then. */
async function edit(
  inputs: BlockInputs,
  site: Site,
  act: (text: string) => Edited,
): Promise<Outcome<string | undefined>> {
  const { path, newMode, validate } = inputs;
  const { machine, signal } = site;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const source = await readText(inputs, site);
    if (!source.ok) return source;
    const { text, checksum: was } = source.value;
    if (was === undefined && newMode === undefined) return done(undefined);
    const next = act(text);
    if (!next.ok) return trouble("refused", `${machine.name}: ${path}: ${next.why}`);
    if (next.text === text && was !== undefined) return done(text);
    const writing = { newMode: newMode ?? 0, was, ...(validate !== undefined && { validate }) };
    const content = Buffer.from(next.text, "latin1");
    const written = await machine.exchange(path, content, writing, signal);
    if (!written.ok) return written;
    if (written.value) return done(next.text);
  }
  return trouble("failed", `${machine.name}: ${path}: it changes all the time`);
}

const bytesOf = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const inBytes = (inputs: BlockInputs) => ({
  marks: { begin: bytesOf(inputs.marks.begin), end: bytesOf(inputs.marks.end) },
  content: bytesOf(inputs.content),
  position: Object.fromEntries(
    Object.entries(inputs.position).map(([key, value]: [string, string]) => [key, bytesOf(value)]),
  ) as Position,
});

async function ensure(inputs: BlockInputs, site: Site, old: BlockInputs | undefined): Promise<Outcome<Done>> {
  const moved = old !== undefined && JSON.stringify(old.position) !== JSON.stringify(inputs.position);
  const put = await edit(inputs, site, text => putBlock(text, inBytes(inputs), moved));
  if (!put.ok) return put;
  if (put.value !== undefined) return done({});
  return trouble(
    "refused",
    `${site.machine.name}: ${inputs.path}: there is no such file; with create it would be made`,
  );
}

/** Without a validation: it is about what is to be there. A file that we may have made, and in which nothing is left, goes too. */
async function remove(inputs: BlockInputs, site: Site): Promise<Outcome<void>> {
  const { newMode, validate: _validate, ...rest } = inputs;
  const there = await site.machine.read(inputs.path, 0, site.signal);
  if (!there.ok) return there;
  // What took the file's place is not ours.
  if (there.value?.kind !== "file") return done(undefined);
  const left = await edit(rest, site, text => takeBlock(text, inBytes(inputs).marks));
  if (!left.ok) return left;
  if (newMode === undefined || left.value === undefined || left.value !== "") return done(undefined);
  return site.machine.removeFile(inputs.path, site.signal);
}

/** `PATH#MARKER`; how comments look is seen in the file. */
async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const cut = name.lastIndexOf("#");
  const [path, marker] = [name.slice(0, cut), name.slice(cut + 1)];
  if (cut <= 0 || marker === "")
    return trouble("refused", `cannot import ${name}: the name must be PATH#MARKER, as in ${block.example}`);
  const source = await readText(parse({ path, marker, content: "" }), site);
  if (!source.ok) return source;
  const lines = linesIn(Buffer.from(source.value.text, "latin1").toString("utf8"));
  const styles = lines.flatMap(line => {
    const [, comment, after, commentEnd] = /^(\S.*?) BEGIN holdfast: (.*?)( \S+)?\s*$/.exec(line) ?? [];
    if (comment === undefined) return [];
    if (`${after}${commentEnd ?? ""}` === marker) return [{ comment }];
    return after === marker && commentEnd ? [{ comment, commentEnd: commentEnd.trim() }] : [];
  });
  const [style] = styles;
  if (!style) return done(undefined);
  const { comment, ...rest } = style;
  const own = { path, marker, ...rest, ...(comment !== "#" && { comment }) };
  const content = contentIn({ lines }, parse(own).marks);
  return done(content === undefined ? undefined : { properties: { ...own, content } });
}

export const block: Family<BlockInputs> = {
  type: "holdfast:host:ManagedBlock",
  shape: MANAGED_BLOCK,
  complete,
  identity: ["path", "marker", "comment", "commentEnd"],
  id: ({ path, marker }) => `${path}#${marker}`,
  parse,
  needsSystem: false,
  look: (inputs): readonly Question[] => [question(inputs)],
  see(inputs, answers, properties) {
    const facts = answers.get(question(inputs));
    const content = facts && contentIn(facts, inputs.marks);
    if (content === undefined) return undefined;
    return { properties: withEnd(content) === inputs.content ? properties : { ...properties, content } };
  },
  adopt,
  example: "/etc/hosts#app",
  ensure,
  remove,
};
