/**
 * The SDK makes an Output for each property of each resource, some thirty promises, and most are never looked at: of a
 * program of 200 files it was the larger half. Here they are made when somebody asks for one.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { inspect } from "node:util";
import { loadIfThere } from "./sdk-preload.ts";

type Settled = readonly [
  value: unknown,
  isKnown: boolean,
  isSecret: boolean,
  dependencies: readonly unknown[],
];
type Resolve = (
  value: unknown,
  isKnown: boolean,
  isSecret: boolean,
  dependencies?: readonly unknown[],
  error?: unknown,
) => void;
type Properties = Readonly<Record<string, unknown>>;
type Transfer = (onto: object, label: string, properties: Properties) => Record<string, Resolve>;

const MODULES = ["./runtime/rpc.js", "./output.js", "./runtime/debuggable.js", "./errors.js"];

interface Sdk {
  readonly rpc: { transferProperties: Transfer };
  readonly output: {
    readonly Output: new (resource: object, ...parts: readonly Promise<unknown>[]) => object;
  };
  readonly debuggable: {
    readonly debugPromiseLeaks: boolean;
    readonly debuggablePromise: (promise: Promise<unknown>, context: string) => Promise<unknown>;
  };
  readonly errors: { readonly isGrpcError: (error: unknown) => boolean };
}

/** Undefined where one of these is not there, as in an SDK of long ago. */
function load(sdk: string): Sdk | undefined {
  const require = createRequire(path.join(sdk, "package.json"));
  const [rpc, output, debuggable, errors] = MODULES.map(name => loadIfThere(require, name));
  if (!rpc || !output || !debuggable || !errors) return undefined;
  return { rpc, output, debuggable, errors } as Sdk;
}

/** The parts of an Output, in the order that its constructor takes them. */
const PARTS = ["transferProperty", "transferIsStable", "transferIsSecret", "transferDeps"] as const;
const RESOLVER = "(v, isKnown, isSecret, deps = [], err)";

/** What is put in its place does what this one does; of one that reads otherwise nobody knows. */
function isKnown({ transferProperties }: Sdk["rpc"]): boolean {
  const text = String(transferProperties);
  const named = [...text.matchAll(/`(transfer\w+)\(\$\{label\}, \$\{k\}, \$\{propString\}\)`/g)].map(
    ([, name]) => name,
  );
  return named.join() === PARTS.join() && text.includes(RESOLVER) && text.includes("isGrpcError");
}

/** What a property is to become, and who is told. */
class Pending {
  readonly #sdk: Sdk;
  readonly #resource: object;
  readonly #what: string;
  #output: object | undefined;
  #tell: readonly PromiseWithResolvers<unknown>[] = [];
  #settled: Settled | undefined;
  /** It asks what is behind a proxy, not the proxy. */
  readonly [inspect.custom] = (): object => this.output();

  constructor(sdk: Sdk, resource: object, what: string) {
    this.#sdk = sdk;
    this.#resource = resource;
    this.#what = what;
  }

  output(): object {
    if (this.#output) return this.#output;
    const { output, debuggable } = this.#sdk;
    this.#tell = PARTS.map(() => Promise.withResolvers<unknown>());
    const parts = this.#tell.map(({ promise }, index) =>
      debuggable.debuggablePromise(promise, `${PARTS[index] ?? ""}(${this.#what})`),
    );
    this.#output = new output.Output(this.#resource, ...parts);
    if (this.#settled) this.settle(this.#settled);
    return this.#output;
  }

  settle(settled: Settled): void {
    this.#settled ??= settled;
    for (const [index, { resolve }] of this.#tell.entries()) resolve(settled[index]);
  }

  /** One that nobody hears ends the program: as if it had been asked for. */
  fail(error: unknown): void {
    this.output();
    for (const { reject } of this.#tell) reject(error);
  }
}

/** Whatever is done to it is done to the Output. */
const WHEN_ASKED: ProxyHandler<Pending> = {
  get: (pending, key) => Reflect.get(pending.output(), key) as unknown,
  set: (pending, key, value) => Reflect.set(pending.output(), key, value),
  has: (pending, key) => Reflect.has(pending.output(), key),
  deleteProperty: (pending, key) => Reflect.deleteProperty(pending.output(), key),
  defineProperty: (pending, key, descriptor) => Reflect.defineProperty(pending.output(), key, descriptor),
  ownKeys: pending => Reflect.ownKeys(pending.output()),
  getOwnPropertyDescriptor: (pending, key) => Reflect.getOwnPropertyDescriptor(pending.output(), key),
  getPrototypeOf: pending => Reflect.getPrototypeOf(pending.output()),
};

/** False where the SDK's way of making them is not the known one: it stays. */
export function makeOutputsWhenAsked(folder: string): boolean {
  const sdk = load(folder);
  if (!sdk || !isKnown(sdk.rpc)) return false;
  const ordinary = sdk.rpc.transferProperties;
  sdk.rpc.transferProperties = (onto, label, properties) => {
    // Who looks for promises that never settle wants to see all.
    if (sdk.debuggable.debugPromiseLeaks) return ordinary(onto, label, properties);
    const resolvers: Record<string, Resolve> = {};
    for (const key of Object.keys(properties)) {
      if (key === "id" || key === "urn") continue;
      if (Object.hasOwn(onto, key))
        throw new Error(`Property '${key}' is already initialized on target '${label}`);
      const pending = new Pending(sdk, onto, `${label}, ${key}`);
      resolvers[key] = (value, known, secret, dependencies = [], error) => {
        if (!error) pending.settle([value, known, secret, dependencies]);
        // The engine is going away: the SDK leaves everything as it is, too.
        else if (!sdk.errors.isGrpcError(error)) pending.fail(error);
      };
      Reflect.set(onto, key, new Proxy(pending, WHEN_ASKED));
    }
    return resolvers;
  };
  return true;
}
