/** Which addresses a boxed program may have connections to. Pure. */
import { BlockList, isIP } from "node:net";

/** What boxed programs reach besides their engine: `outside`: other machines; `none`: nothing. */
export type ProgramNetwork = "outside" | "none";

/**
 * This machine and what stands for it; the addresses that only this machine can reach, among them those where clouds
 * hand out the machine's credentials (169.254.169.254, fd00:ec2::254); and groups of receivers. (RFC 6890, RFC 4291.)
 */
const CLOSED: readonly (readonly [net: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fd00:ec2::254", 128, "ipv6"],
  ["ff00::", 8, "ipv6"],
  // Other spellings of IPv4 addresses: translated, and compatible. Mapped ones are judged as IPv4 by BlockList.
  ["64:ff9b::", 96, "ipv6"],
  ["::", 96, "ipv6"],
];

function closedList(own: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of CLOSED) list.addSubnet(net, prefix, family);
  for (const address of own)
    if (isIP(address)) list.addAddress(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return list;
}

/** `own`: addresses of this machine's interfaces: a service that listens on all of them is a local one. */
export function isOutside(address: string, own: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return !closedList(own).check(address, family === 6 ? "ipv6" : "ipv4");
}
