/** Stacks and estates: what a revision of the repository wants to exist. */
import type { Place, Problem, Result } from "../failure.ts";

/** `<project>/<stack>`, for example `hosts/frodo`. */
export type StackName = string;

export interface Limits {
  /** How many deletions one apply may make. */
  readonly deletes?: number;
  /** How many replacements one apply may make. */
  readonly replaces?: number;
  /** Deletions and replacements together, in percent of the stack's resources. */
  readonly percent?: number;
}

/** A change that somebody else is allowed to make; `until` (ISO date) ends the permission. */
export interface IgnoreDrift {
  readonly type?: string;
  readonly name?: string;
  readonly path?: string;
  readonly owner: string;
  readonly why: string;
  readonly until?: string;
}

export interface Window {
  /** For example `Mon-Fri 08:00-17:00`. */
  readonly allow: string;
  /** IANA time zone; default UTC. */
  readonly zone?: string;
}

/** What holdfast.yaml says of one stack, defaults filled in. All durations are milliseconds. */
export interface StackSettings {
  /** True where holdfast.yaml names this stack (a pattern matched); otherwise it is planned, never applied. */
  readonly managed: boolean;
  readonly interval: number;
  readonly drift: {
    readonly every: number;
    readonly action: "correct" | "notify";
    readonly probe?: number | "off";
    /** Whether hosts tell by themselves when something changes there. Default: no. */
    readonly watch?: boolean;
  };
  readonly dependsOn: readonly StackName[];
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly approval: "none" | "required";
  readonly limits: Limits;
  readonly protect: readonly string[];
  readonly windows: readonly Window[];
  readonly ignoreDrift: readonly IgnoreDrift[];
  readonly firstApply: "ask" | "allow";
  readonly prune: boolean;
  /** Globs below the checkout that concern this stack; undefined: the whole tree does. */
  readonly inputs?: readonly string[];
  /** How long one plan or apply may take. */
  readonly timeout: number;
}

/** What holds for what a path on the host matches. */
export interface PathRule {
  /** With a slash at its end it means folders. */
  readonly pattern: string;
  readonly place: Place;
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
  readonly validate?: string;
  /** One of these three is done once, after a file has changed. */
  readonly reload?: string;
  readonly restart?: string;
  readonly command?: string;
  /** Must succeed before. */
  readonly check?: string;
}

/** What a stack without a program is made of: files of the repository, and the host that they are for. */
export interface PlainHost {
  /** As in a program's `Host`. */
  readonly connection: string | Readonly<Record<string, unknown>>;
  readonly sudo: boolean;
  /** Folders of the repository by what is in them. */
  readonly folders: Readonly<Record<PlainKind, readonly string[]>>;
  /** What templates may use, besides the stack's secrets. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Later ones win. */
  readonly paths: readonly PathRule[];
  /** All files and folders of the repository that it comes from. */
  readonly sources: readonly string[];
}

export type PlainKind = "files" | "units" | "cron" | "containers";

/** One stack of one revision. Paths are relative to the checkout's root, with `/`. */
export interface StackDefinition {
  readonly name: StackName;
  readonly project: string;
  readonly stack: string;
  /** Folder of the Pulumi.yaml; "" is the root. */
  readonly folder: string;
  /** The Pulumi.<stack>.yaml; undefined where the stack is known only from holdfast.yaml, as those without a program are. */
  readonly stackFile?: string;
  /** `nodejs`, `yaml`, `go` … */
  readonly runtime: string;
  /** The project's `main`, relative to its folder. */
  readonly main?: string;
  readonly settings: StackSettings;
  /** Set where the stack has no program: its `folder` and `main` mean nothing then. */
  readonly host?: PlainHost;
}

/** An entry of the revision's tree that was not written, because it could not be safely. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/** A project of which it cannot be said which stacks it has. */
export interface UnreadProject {
  /** Folder of its project file; "" is the root. */
  readonly folder: string;
  /** Undefined: not even that. */
  readonly name?: string;
  /** What stands between `Pulumi.` and the ending of its stacks' files, as far as those can be seen. */
  readonly stacks: readonly string[];
}

/** What of a revision cannot be known. The stacks that it concerns stay as they are deployed; all others go on. */
export interface Flaw {
  readonly problems: readonly Problem[];
  /** Those concerned whose names are known. None of them is in the estate's `stacks`. */
  readonly stacks: readonly StackName[];
  /** Others may be concerned: a stack that is missing may be in here. */
  readonly project?: UnreadProject;
}

/** Everything that one revision holds. */
export interface Estate {
  /** Without those that a flaw concerns. */
  readonly stacks: readonly StackDefinition[];
  readonly flaws: readonly Flaw[];
  readonly organization: string;
  readonly organizationAliases: readonly string[];
  /** Folders whose dependencies may run their install scripts, by package name. */
  readonly allowScripts: readonly string[];
}

/**
 * Reads a checkout. What concerns some stacks is a flaw of the estate; what concerns all of them a failure: `config-invalid`,
 * with all problems, also those that would be flaws. `leftOut`: what the checkout lacks, by its path.
 */
export interface EstateReader {
  read(root: string, leftOut?: readonly LeftOut[]): Promise<Result<Estate>>;
}
