/** A site's inputs, typed. */
import { isList, isMap, type Plain, type PlainMap } from "../../grpc/value.ts";
import { healthOf, type Health } from "../health.ts";
import { textOf } from "../placement.ts";

export interface Tls {
  /** Content in PEM. */
  readonly certificate?: string;
  readonly key?: string;
  /** Paths on the host, where the content is somebody else's matter. */
  readonly certificateFile?: string;
  readonly keyFile?: string;
  /** Whether port 80 leads to it. */
  readonly redirect: boolean;
}

export interface SiteInputs {
  readonly name: string;
  readonly serverNames: readonly string[];
  /** Undefined: the usual ports. */
  readonly listen?: readonly string[];
  readonly proxyTo?: string;
  readonly root?: string;
  readonly tls?: Tls;
  readonly locations: readonly (readonly [string, string])[];
  readonly extra?: string;
  /** The whole file, instead of what is made of the rest. */
  readonly content?: string;
  readonly health?: Health;
}

const texts = (value: Plain | undefined): readonly string[] => {
  if (typeof value === "string") return [value];
  return value !== undefined && isList(value) ? value.filter(one => typeof one === "string") : [];
};

/** The named ones that are texts. */
function given<K extends string>(map: PlainMap, ...keys: readonly K[]): { readonly [P in K]?: string } {
  const entries = keys.flatMap(key => {
    const value = textOf(map, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  // Each key is one of K, and its value a text.
  return Object.fromEntries(entries) as { readonly [P in K]?: string };
}

const tlsOf = (value: Plain | undefined): Tls | undefined =>
  isMap(value)
    ? {
        ...given(value, "certificate", "key", "certificateFile", "keyFile"),
        redirect: value["redirect"] !== false,
      }
    : undefined;

export function parseSite(properties: PlainMap): SiteInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const { locations, listen } = properties;
  const [tls, health] = [tlsOf(properties["tls"]), healthOf(properties["health"])];
  const pairs = isMap(locations) ? Object.entries(locations) : [];
  return {
    name,
    serverNames: texts(properties["serverName"]),
    ...(listen !== undefined && { listen: texts(listen) }),
    ...given(properties, "proxyTo", "root", "extra", "content"),
    ...(tls && { tls }),
    locations: pairs.flatMap(([key, one]) => (typeof one === "string" ? [[key, one] as const] : [])),
    ...(health && { health }),
  };
}
