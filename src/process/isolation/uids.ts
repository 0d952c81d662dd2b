/** Which user ids programs and installs run as, where holdfast is root. */

/** Between systemd's ranges (systemd.io/UIDS-GIDS): nobody gives these out. */
export const DEFAULT_UID = 1_900_000_000;

/** Some systems take ids for signed numbers. */
const HIGHEST_UID = 2 ** 31 - 16;

/** Rows of /proc/self/uid_map (user_namespaces(7)): first id inside, first id outside, how many. */
function mapped(uidMap: string): readonly (readonly [first: number, count: number])[] {
  return uidMap
    .split("\n")
    .map(line => line.trim().split(/\s+/).map(Number))
    .flatMap(([first, , count]) =>
      first === undefined || count === undefined ? [] : [[first, count] as const],
    );
}

/**
 * The first of two ids, for programs and for installs. In a container with few ids it is the last two of them that are
 * free, so that there is one at all. Undefined: none fits.
 */
export function chooseUid(wanted: number, uidMap: string, passwd: string): number | undefined {
  const taken = new Set(passwd.split("\n").map(line => Number(line.split(":")[2])));
  const rows = mapped(uidMap);
  const fits = (uid: number): boolean =>
    uid > 0 &&
    rows.some(([first, count]) => uid >= first && uid + 1 < first + count) &&
    !taken.has(uid) &&
    !taken.has(uid + 1);
  if (fits(wanted)) return wanted;
  const last = rows.map(([first, count]) => Math.min(first + count - 2, HIGHEST_UID)).sort((a, b) => b - a);
  // 65534 is nobody's, and nobody may own files.
  const candidates = last.flatMap(uid => Array.from({ length: 16 }, (_, back) => uid - 2 * back));
  return candidates.find(uid => fits(uid) && uid !== 65_533 && uid !== 65_534);
}
