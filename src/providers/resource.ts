/** What a family of resources implements; the gRPC frame, secrets and previews are done for it once, in grpc/. */
import type { ConnectionPool } from "./connection/pool.ts";
import type { Answers, Question } from "./connection/questions.ts";
import type { Connection } from "./connection/spec.ts";
import type { Plain, PlainMap } from "./grpc/value.ts";
import type { Outcome } from "./outcome.ts";

/** A mistake in the inputs, told at the property. */
export interface CheckProblem {
  /** Property path as Pulumi writes it; "" is the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  /** The inputs in canonical form, defaults filled in: what is compared and stored. */
  readonly inputs: PlainMap;
  readonly problems: readonly CheckProblem[];
}

export interface CheckRequest {
  readonly inputs: PlainMap;
  /** Whether this top-level property holds a secret. */
  readonly isSecret: (property: string) => boolean;
}

export interface CallContext {
  /** Fires when the engine cancels, or the run's port is closed. */
  readonly signal: AbortSignal;
  readonly connections: ConnectionPool;
}

/** A resource as it now is. `problems`: it is there, but not all of it came to be; the engine repairs it in the next up. */
export interface Present {
  readonly state: PlainMap;
  readonly problems?: readonly string[];
}

export interface Found extends Present {
  readonly id: string;
  /** The inputs that would describe what is there now. */
  readonly inputs: PlainMap;
}

export interface ReadRequest {
  readonly id: string;
  /** Inputs of the state; undefined on import, when the id is all that is known. */
  readonly inputs?: PlainMap;
}

/** What a probe asks of a host about a resource, together with what it asks about others. */
export interface Watch {
  readonly connection: Connection;
  /** Empty: a probe cannot tell. */
  readonly questions: readonly Question[];
  /** Paths of properties that are not as the inputs say; "" is the resource as a whole. Pure. */
  differences(answers: Answers): readonly string[];
}

export interface Resource<Inputs> {
  /** `package:module:Name` */
  readonly type: string;
  check(request: CheckRequest): Checked;
  /** Typed inputs of what a check let pass and where nothing is unknown. */
  parse(inputs: PlainMap): Inputs;
  /** Top-level properties whose change makes it another resource. */
  replacedBy(property: string, old: Plain | undefined, now: Plain | undefined): boolean;
  /** State as far as a preview knows it; inputs may hold unknown values. */
  preview(inputs: PlainMap): PlainMap;
  create(inputs: Inputs, context: CallContext): Promise<Outcome<Present & { readonly id: string }>>;
  /** Undefined: it is not there. */
  read(request: ReadRequest, context: CallContext): Promise<Outcome<Found | undefined>>;
  update(old: Inputs, inputs: Inputs, context: CallContext): Promise<Outcome<Present>>;
  delete(inputs: Inputs, context: CallContext): Promise<Outcome<void>>;
  /** Of inputs as the state holds them. */
  watch(inputs: PlainMap): Watch;
  /** Properties that tell something about another one: secret as soon as one of those is. */
  readonly derived: Readonly<Record<string, readonly string[]>>;
}

/** A family with its input type closed over, so that families of different inputs fit into one table. */
export interface AnyResource extends Omit<Resource<never>, "parse" | "create" | "update" | "delete"> {
  create(inputs: PlainMap, context: CallContext): Promise<Outcome<Present & { readonly id: string }>>;
  update(old: PlainMap, inputs: PlainMap, context: CallContext): Promise<Outcome<Present>>;
  delete(inputs: PlainMap, context: CallContext): Promise<Outcome<void>>;
}

export function closeOver<Inputs>(resource: Resource<Inputs>): AnyResource {
  const parse = (inputs: PlainMap): Inputs => resource.parse(inputs);
  return {
    type: resource.type,
    derived: resource.derived,
    check: request => resource.check(request),
    replacedBy: (property, old, now) => resource.replacedBy(property, old, now),
    preview: inputs => resource.preview(inputs),
    read: (request, context) => resource.read(request, context),
    watch: inputs => resource.watch(inputs),
    create: (inputs, context) => resource.create(parse(inputs), context),
    update: (old, inputs, context) => resource.update(parse(old), parse(inputs), context),
    delete: (inputs, context) => resource.delete(parse(inputs), context),
  };
}
