/** A file made from a Liquid template. */
import * as pulumi from "@pulumi/pulumi";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import type { Place } from "./placement.ts";
import { parseTemplate } from "./render.ts";
import { FILE } from "./shapes/file.ts";
import { readBytes } from "./source.ts";

/** The content is made here. */
const { content: _content, contentBase64: _base64, ...TEMPLATE } = FILE;

/** One of `source` and `text` is given. */
export interface TemplateArgs extends Place {
  /** Template file, by its path relative to the program's folder. */
  source?: string;
  /** The template itself. */
  text?: string;
  /** What the template may use. A name that is used and not given is an error. */
  values?: pulumi.Inputs;
  /** A command of the host that looks at a new file before it is in place: `"nginx -t -c %s"` (see File). */
  validate?: pulumi.Input<string>;
}

/**
 * A file whose content is a Liquid template, rendered when the program runs. Names and filters that do not exist are
 * errors with file, line and column; templates reach no files. With a secret among the values the content is a secret.
 */
export class Template extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly content: pulumi.Output<string>;
  declare readonly mode: pulumi.Output<string | undefined>;
  declare readonly owner: pulumi.Output<string | undefined>;
  declare readonly group: pulumi.Output<string | undefined>;
  declare readonly validate: pulumi.Output<string | undefined>;
  /** SHA-256 of the content, hex. */
  declare readonly checksum: pulumi.Output<string>;
  /** In bytes. */
  declare readonly size: pulumi.Output<number>;

  constructor(name: string, args: TemplateArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Template", name, args, TEMPLATE, ["source", "text", "values"]);
    const content = contentOf(name, args);
    const inputs = { ...hostInputs(args, TEMPLATE, ["checksum", "size"]), content };
    super("holdfast:host:Template", name, inputs, hostOptions(args, options, args.path));
  }
}

function contentOf(name: string, args: TemplateArgs): pulumi.Output<string> {
  const report = reporter("Template", name);
  const { source, text } = args;
  if (source === undefined && text === undefined) report("source", "is missing: give source or text");
  if (source !== undefined && text !== undefined)
    report("text", "and source are both given; one of them is enough");
  if (text === undefined && typeof source !== "string") report("source", "must be a path");
  const template = text ?? readBytes(String(source), report).toString("utf8");
  const parsed = parseTemplate(template, source ?? "text", report);
  return pulumi.output(args.values ?? {}).apply(values => parsed.render(values));
}
