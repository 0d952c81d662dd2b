/** The outside as the door sees it: names become addresses here, once, so that what was judged is what is connected to. */
import dns from "node:dns/promises";
import { isIP } from "node:net";
import os from "node:os";
import { isOutside, type ProgramNetwork } from "./network-rule.ts";

export interface Network {
  readonly reach: ProgramNetwork;
  /** HOST:PORT that may be reached all the same: a package registry on this machine that the settings name. */
  readonly also?: readonly string[];
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

export async function lookUp(host: string): Promise<readonly Address[]> {
  const bare = host.replace(/^\[|\]$/g, "").split("%")[0] ?? "";
  const family = isIP(bare);
  return family === 0 ? dns.lookup(host, { all: true }) : [{ address: bare, family }];
}

const ownAddresses = (): string[] =>
  Object.values(os.networkInterfaces()).flatMap(list =>
    (list ?? []).map(({ address }) => address.split("%")[0] ?? ""),
  );

export function isAllowed(
  { address, host, port }: { readonly address: string; readonly host: string; readonly port: number },
  { reach, also = [] }: Network,
): boolean {
  if (also.includes(`${host}:${port}`)) return true;
  return reach === "outside" && isOutside(address, ownAddresses());
}
