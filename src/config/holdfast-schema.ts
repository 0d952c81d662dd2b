/** The shape of holdfast.yaml, in one place: the check, the types and the JSON Schema for editors come from it. */
import { z } from "zod";
import {
  date,
  duration,
  durationOrOff,
  environmentName,
  environmentValue,
  relativePath,
  timeZone,
  windowTimes,
} from "./fields.ts";
import { hostSchema } from "./host-schema.ts";

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const name = z.string().min(1).max(500);
const count = z.int().min(0).max(1_000_000);

const drift = z
  .strictObject({
    every: duration(SECOND)
      .optional()
      .describe("How often reality is compared with what is deployed. Default 10m."),
    action: z
      .enum(["correct", "notify"])
      .optional()
      .describe("What happens with drift: it is corrected, or only shown. Default correct."),
    probe: durationOrOff(SECOND)
      .optional()
      .describe(
        "How often holdfast's own resources are compared with reality in between, without the Pulumi CLI; `off`: never. Default: as the daemon's settings say, 30s.",
      ),
    watch: z
      .boolean()
      .optional()
      .describe(
        "Whether hosts tell by themselves when something changes there, so that it is found at once; needs systemd there. Default false.",
      ),
  })
  .refine(({ probe, watch }) => probe !== "off" || watch !== true, {
    path: ["watch"],
    error: "what hosts tell is looked at by the probe, which is off here",
  });

const limits = z.strictObject({
  deletes: count.optional().describe("How many deletions one apply may make without approval."),
  replaces: count.optional().describe("How many replacements one apply may make without approval."),
  percent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("Deletions and replacements together, in percent of the stack's resources."),
});

const window = z.strictObject({
  allow: windowTimes.describe("Days and times, for example `Mon-Fri 08:00-17:00`."),
  zone: timeZone.optional().describe("IANA time zone. Default UTC."),
});

const ignoreDrift = z
  .strictObject({
    type: name.optional().describe("Pulumi type of the resources."),
    name: name.optional().describe("Name of the resource: the last part of its URN."),
    path: name.optional().describe("Property, for example `spec.replicas`."),
    owner: name.describe("Who changes it."),
    why: name.describe("Why that is all right."),
    until: date.optional().describe("First day on which the rule does not count any more. Default: no end."),
  })
  .refine(rule => rule.type !== undefined || rule.name !== undefined || rule.path !== undefined, {
    error: "say what is meant with at least one of type, name and path",
  });

/** What a pattern may say of the stacks that it matches; everything is optional. */
export const stackSchema = z.strictObject({
  interval: duration(SECOND, DAY)
    .optional()
    .describe("How often the repository is fetched; of all stacks the shortest counts. Default 30s."),
  drift: drift.optional(),
  dependsOn: z
    .array(name)
    .max(1000)
    .optional()
    .describe("Stacks that must be deployed first, `<project>/<stack>`."),
  secrets: z.array(relativePath).max(100).optional().describe("SOPS files that become config of the stack."),
  env: z
    .record(environmentName, environmentValue)
    .optional()
    .describe("Environment variables of the program and of provider plugins."),
  approval: z
    .enum(["none", "required"])
    .optional()
    .describe("Whether a person approves each plan. Default none."),
  limits: limits.optional(),
  protect: z
    .array(name)
    .max(1000)
    .optional()
    .describe("Patterns of Pulumi types that are not deleted or replaced without approval."),
  windows: z.array(window).max(100).optional().describe("When an apply may start. Default: always."),
  ignoreDrift: z.array(ignoreDrift).max(1000).optional().describe("Changes that somebody else may make."),
  firstApply: z
    .enum(["ask", "allow"])
    .optional()
    .describe("Whether a stack without state may be applied without a person's word. Default ask."),
  prune: z
    .boolean()
    .optional()
    .describe("Whether the resources of a stack that is gone from Git are destroyed. Default false."),
  inputs: z
    .array(relativePath)
    .min(1)
    .max(1000)
    .optional()
    .describe("Globs of the files that concern the stack. Default: the whole tree."),
  timeout: duration(SECOND, DAY).optional().describe("How long one plan or apply may take. Default 30m."),
  host: hostSchema
    .optional()
    .describe("Below the name of one stack: that stack has no program, it is files for this host."),
});

const organizationName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, "letters, digits, - and _");

export const holdfastSchema = z.strictObject({
  organization: organizationName
    .optional()
    .describe("Organization in the names of StackReferences. Default `organization`."),
  organizationAliases: z
    .array(organizationName)
    .max(100)
    .optional()
    .describe("Other organizations that StackReferences may name and that mean this one."),
  allowScripts: z
    .array(
      z
        .string()
        .regex(/^(@[a-z0-9~][a-z0-9~._-]*\/)?[a-z0-9~][a-z0-9~._-]*$/, "write the name of an npm package"),
    )
    .max(1000)
    .optional()
    .describe("npm packages whose install scripts may run."),
  stacks: z
    .record(z.string().max(200), stackSchema)
    .optional()
    .describe("Settings by pattern `<project>/<stack>`; `*` means all; later ones win, key by key."),
});

export type HoldfastFile = z.output<typeof holdfastSchema>;
export type StackEntry = z.output<typeof stackSchema>;

/** JSON Schema (draft 2020-12) of holdfast.yaml, for editors. */
export const holdfastJsonSchema = (): unknown => ({
  title: "holdfast.yaml",
  ...z.toJSONSchema(holdfastSchema, { io: "input" }),
});
