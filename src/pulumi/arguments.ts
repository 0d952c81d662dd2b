/** The CLI's arguments for each operation. Pure. Flags as `pulumi … --help` of 3.259.0 with PULUMI_DEBUG_COMMANDS shows them. */

import type { Targets } from "../engine/ports/pulumi.ts";

export interface Place {
  /** `ORG/PROJECT/STACK`: never the selected stack, which is one for all operations of a folder. */
  readonly stack: string;
  readonly configFile: string;
  /** For `--event-log`. */
  readonly events: string;
}

export type Operation =
  | {
      readonly kind: "preview";
      readonly exclude: readonly string[];
      /** Default true. */
      readonly refresh?: boolean | undefined;
      readonly runProgramForRefresh?: boolean | undefined;
      readonly targets?: Targets | undefined;
    }
  | { readonly kind: "check"; readonly exclude: readonly string[] }
  | {
      readonly kind: "refresh";
      readonly targets: readonly string[];
      readonly runProgram?: boolean | undefined;
    }
  | {
      readonly kind: "up";
      readonly exclude: readonly string[];
      readonly refresh?: boolean | undefined;
      readonly targets?: Targets | undefined;
      /** With a preview of its own before it. Default false. */
      readonly previews?: boolean | undefined;
    }
  | { readonly kind: "destroy-preview" }
  | { readonly kind: "destroy" };

/**
 * Linux refuses more than 2 MiB of arguments and environment together (execve(2); a quarter of the 8 MiB stack).
 * With more targets than fit, everything is looked at: the binding still refuses what the plan does not hold.
 */
export const MAX_LIST_BYTES = 1024 * 1024;

/** Whether a list of URNs can be given at all. */
export const fitsInArguments = (urns: readonly string[]): boolean =>
  urns.reduce((sum, urn) => sum + Buffer.byteLength(urn) + 16, 0) <= MAX_LIST_BYTES;

const excludes = (urns: readonly string[]): readonly string[] =>
  urns.length > 0 ? [...urns.map(urn => `--exclude=${urn}`), "--exclude-dependents"] : [];

const only = (urns: readonly string[]): readonly string[] => urns.map(urn => `--target=${urn}`);

const narrowed = (targets: Targets | undefined): readonly string[] =>
  targets && fitsInArguments(targets.urns)
    ? [...only(targets.urns), ...(targets.dependents ? ["--target-dependents"] : [])]
    : [];

function specific(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "preview":
      return [
        "preview",
        ...(operation.refresh === false ? [] : ["--refresh"]),
        ...(operation.runProgramForRefresh ? ["--run-program"] : []),
        ...excludes(operation.exclude),
        ...narrowed(operation.targets),
      ];
    case "check":
      return ["refresh", "--preview-only", ...excludes(operation.exclude)];
    case "refresh":
      return [
        "refresh",
        "--yes",
        "--skip-preview",
        ...(operation.runProgram ? ["--run-program"] : []),
        ...(fitsInArguments(operation.targets) ? only(operation.targets) : []),
      ];
    case "up":
      return [
        "up",
        "--yes",
        ...(operation.previews ? [] : ["--skip-preview"]),
        "--continue-on-error",
        ...(operation.refresh ? ["--refresh"] : []),
        ...excludes(operation.exclude),
        ...narrowed(operation.targets),
      ];
    case "destroy-preview":
      return ["destroy", "--preview-only", "--refresh"];
    case "destroy":
      return ["destroy", "--yes", "--skip-preview", "--continue-on-error"];
  }
}

/** All arguments of one operation. */
export function argumentsOf(operation: Operation, place: Place): readonly string[] {
  return [
    ...specific(operation),
    `--stack=${place.stack}`,
    `--config-file=${place.configFile}`,
    `--event-log=${place.events}`,
    "--non-interactive",
    "--color=never",
    "--suppress-progress",
    "--suppress-outputs",
    "--skip-plugin-pre-install",
  ];
}
