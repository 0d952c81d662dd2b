/** One operation of the Pulumi CLI. */
import type { ResourceError, Result } from "../failure.ts";
import type { Change, UnknownResource } from "./plan.ts";
import type { PreparedProgram, Worker } from "./program.ts";
import type { ProviderAccess } from "./provider.ts";
import type { SecretTree } from "./secrets.ts";
import type { StackDefinition } from "./stack.ts";
import type { StateAccess } from "./state.ts";

/** What every operation of a run shares. */
export interface OperationContext {
  readonly runId: string;
  readonly stack: StackDefinition;
  readonly root: string;
  readonly program: PreparedProgram;
  readonly state: StateAccess;
  readonly providers: ProviderAccess;
  /** The run's own config file, absolute. */
  readonly configFile: string;
  /** Of that (`RunConfig.hash`). */
  readonly configHash: string;
  readonly env: Readonly<Record<string, string>>;
  /** The state holds no custom resources but holdfast's and the engine's own. Default false, which is slower. */
  readonly onlyOwn?: boolean;
  /** Custom resources in the state when the run began, the engine's own not counted. Undefined: nobody knows. */
  readonly resources?: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Each engine event as it comes, redacted; for progress. */
  readonly onProgress?: (step: StepProgress) => void;
}

export interface StepProgress {
  readonly urn: string;
  readonly op: string;
  readonly phase: "begin" | "done" | "failed";
  readonly message?: string;
}

/** What a read-only operation saw. */
export interface Observation {
  readonly drift: readonly Change[];
  readonly changes: readonly Change[];
  /** Resources seen unchanged. */
  readonly same: number;
  readonly diagnostics: readonly string[];
}

/** What a changing operation did. */
export interface Applied {
  /** `create` → how many … as the engine's summary says. */
  readonly counts: Readonly<Record<string, number>>;
  readonly done: readonly { readonly urn: string; readonly op: string }[];
  readonly errors: readonly ResourceError[];
  readonly exitCode: number;
  readonly diagnostics: readonly string[];
}

/** What alone an operation looks at and changes. Not together with resources to leave out. */
export interface Targets {
  readonly urns: readonly string[];
  /** Also what depends on those. Default false. */
  readonly dependents?: boolean;
}

export interface ConfigFileRequest {
  readonly root: string;
  readonly stack: StackDefinition;
  readonly secrets: SecretTree;
  /** Encrypts with the stack's key (StateControl.encrypt). */
  readonly encrypt: (plaintexts: readonly string[]) => Promise<readonly string[]>;
  /** Opens what the stack's key closed (StateControl.decrypt): `config set --secret` writes such values. Default: none can be opened. */
  readonly decrypt?: (ciphertexts: readonly string[]) => Promise<readonly (string | undefined)[]>;
}

export interface RunConfig {
  /** Absolute path of a file on tmpfs. */
  readonly file: string;
  /** SHA-256, hex, of the config in the clear (keyed, so that it tells nothing). */
  readonly hash: string;
  dispose(): Promise<void>;
}

export interface Pulumi {
  /** Merges stack file and secrets into the run's own config file. Failures: config-invalid, secret-unreadable. */
  writeConfig(request: ConfigFileRequest): Promise<Result<RunConfig>>;
  /** `preview --refresh`: drift and changes in one pass. Failures: program-failed, plugin-missing, check-failed, timed-out, cli-failed. */
  preview(
    context: OperationContext,
    worker: Worker,
    options: {
      readonly exclude: readonly string[];
      /** Default true. */ readonly refresh?: boolean;
      /** Reads with the provider settings of the program instead of those in the state. Default false. */
      readonly runProgramForRefresh?: boolean;
      /** Default: all. */
      readonly targets?: Targets;
    },
  ): Promise<Result<Observation>>;
  /** `refresh --preview-only`: drift without running the program. */
  check(
    context: OperationContext,
    options: { readonly exclude: readonly string[] },
  ): Promise<Result<Observation>>;
  /**
   * `refresh --target` of exactly these, written to the state. With a worker it runs the program and reads with the
   * provider settings of that, which it writes to the state as well.
   */
  refresh(
    context: OperationContext,
    options: { readonly targets: readonly string[] },
    worker?: Worker,
  ): Promise<Result<Applied>>;
  /** An `Applied` with errors is a result, not a failure. */
  up(
    context: OperationContext,
    worker: Worker,
    options: {
      readonly exclude: readonly string[];
      /** Reads everything once more and takes what it finds into the state, before the program runs. Default false. */
      readonly refresh?: boolean;
      /** Default: all. */
      readonly targets?: Targets;
      /**
       * Given, it makes a preview of its own before, in the same words (`refresh`, `targets`, `exclude`), and tells what that
       * saw when it has succeeded. Then it asks for its update, and waits for the plan; until then it has changed nothing.
       * A preview that fails is what the up fails of.
       */
      readonly onSeen?: (seen: Observation) => void;
      /** Kills the CLI at once: for one that was started ahead of its plan and may have changed nothing yet. */
      readonly abandon?: AbortSignal;
    },
  ): Promise<Result<Applied>>;
  /** `destroy --preview-only --refresh`, then `destroy`. */
  destroyPreview(context: OperationContext): Promise<Result<Observation>>;
  destroy(context: OperationContext): Promise<Result<Applied>>;
}

export type { UnknownResource };
