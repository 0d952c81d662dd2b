/** Host names of a boxed program: the door looks them up. */
import dns from "node:dns";
import net from "node:net";
import { ask, asError, doorError, isLoopback } from "./ask.ts";

interface Found {
  readonly address: string;
  readonly family: number;
}
type Callback = (error: Error | null, address?: unknown, family?: number) => void;

const field = (options: unknown, name: "family" | "all"): unknown =>
  typeof options === "object" && options !== null ? (options as Record<string, unknown>)[name] : undefined;

function familyOf(options: unknown): number {
  const family = typeof options === "number" ? options : field(options, "family");
  return family === "IPv4" ? 4 : family === "IPv6" ? 6 : Number(family ?? 0);
}

const isOwn = (host: string): boolean => isLoopback(host) || net.isIP(host) !== 0;

export function sendLookupsThrough(door: string): void {
  const find = async (host: string, options: unknown): Promise<readonly Found[]> => {
    const { addresses = [] } = await ask(door, { ask: "lookup", host });
    const family = familyOf(options);
    const fitting = addresses.filter(found => family === 0 || found.family === family);
    if (fitting.length === 0) throw doorError("ENOTFOUND", `getaddrinfo ENOTFOUND ${host}`);
    return fitting;
  };
  const plain = dns.lookup;
  const lookup = (host: string, ...rest: unknown[]): void => {
    const callback = rest.at(-1) as Callback;
    const options = rest.length > 1 ? rest[0] : {};
    if (isOwn(host)) return void Reflect.apply(plain, dns, [host, ...rest]);
    find(host, options).then(
      found =>
        field(options, "all") === true
          ? callback(null, found)
          : callback(null, found[0]?.address, found[0]?.family),
      (error: unknown) => callback(asError(error)),
    );
  };
  const promised = dns.promises.lookup;
  const lookupPromised = async (host: string, options?: unknown): Promise<unknown> => {
    if (isOwn(host)) return Reflect.apply(promised, dns.promises, [host, options]);
    const found = await find(host, options);
    return field(options, "all") === true ? found : found[0];
  };
  Object.assign(dns, { lookup });
  Object.assign(dns.promises, { lookup: lookupPromised });
}
