/** What a family of things on a host says of itself; host-resource.ts makes a Pulumi resource of it. */
import type { Shape } from "../../sdk/shapes/shape.ts";
import type { Machine } from "../connection/machine.ts";
import type { Answers, Question } from "../connection/questions.ts";
import type { PlainMap } from "../grpc/value.ts";
import type { Outcome } from "../outcome.ts";
import type { Checked, CheckRequest, Present } from "../resource.ts";

/** The host that a call is about. */
export interface Site {
  readonly machine: Machine;
  /** Fires when the engine cancels. */
  readonly signal: AbortSignal;
}

/** A thing as it is now: its properties without `connection`, and what else its state says. */
export interface Seen {
  /** Those that are managed (given in the inputs), as they now are: equal to the inputs where nothing differs. */
  readonly properties: PlainMap;
  /** What the state holds beside the inputs. */
  readonly outputs?: PlainMap;
}

/** `properties` are checked inputs without `connection`. */
export interface Family<Inputs> {
  /** `holdfast:host:Name` */
  readonly type: string;
  /** Rules of all properties but `connection`. */
  readonly shape: Shape;
  /** What is checked beyond the shape, defaults, canonical forms. Properties may be unknown. */
  complete?(request: CheckRequest): Checked;
  /** Top-level properties that say which thing it is: with another value it is another thing. */
  readonly identity: readonly string[];
  /** The thing's name on its host: the resource's id, and what follows the # of an import. */
  id(inputs: Inputs): string;
  parse(properties: PlainMap): Inputs;
  /**
   * True: it is nothing but a matter of the host's system (a package, a user). In a folder that stands for a host it
   * is passed over. False: it deals with a `machine.system` of false itself.
   */
  readonly needsSystem: boolean;
  /** What shows whether it is as it should be. Empty: that cannot be asked, `read` is called. */
  look(inputs: Inputs): readonly Question[];
  /**
   * Judges the answers; undefined: it is not there. A property that differs and cannot be told from answers (content,
   * of which only a checksum is known) may hold any other value: `read` tells what it is.
   */
  see(inputs: Inputs, answers: Answers, properties: PlainMap): Seen | undefined;
  /** The whole truth, where `see` found a difference in these answers and could not tell it. Default: `see`. */
  read?(
    inputs: Inputs,
    site: Site,
    properties: PlainMap,
    answers: Answers,
  ): Promise<Outcome<Seen | undefined>>;
  /** What is there under this name, with every property that is not at its default; undefined: nothing is. */
  adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>>;
  /** For messages: an import's name, such as `/etc/motd`. */
  readonly example: string;
  /** Makes it what it should be, and changes nothing where it is. `old`: what the state says it was; undefined: nothing. */
  ensure(inputs: Inputs, site: Site, old: Inputs | undefined): Promise<Outcome<Done>>;
  /** What is gone already is fine. */
  remove(inputs: Inputs, site: Site): Promise<Outcome<void>>;
  /** The state beside the inputs, as far as a preview knows it. Default: nothing. */
  outputs?(properties: PlainMap): PlainMap;
  /** Properties that tell something about others: secret as soon as one of those is. */
  readonly derived?: Readonly<Record<string, readonly string[]>>;
}

/** How an ensure ended: what the state holds beside the inputs, and what did not come to be. */
export interface Done extends Pick<Present, "problems"> {
  /** Default: what `outputs` says. */
  readonly outputs?: PlainMap;
}
