/** Every row of the table, in its order. */
import { backupRuns } from "./backup-runs.ts";
import { creations } from "./create.ts";
import type { Group } from "./group.ts";
import { manyHosts, oneHost, tellingHost } from "./hosts.ts";
import { isolation } from "./isolation.ts";
import { largeStack } from "./open-state.ts";
import { probe } from "./probe.ts";
import { recovery } from "./recovery.ts";
import { small } from "./small.ts";
import { stacks } from "./stacks.ts";

export const groups: readonly Group[] = [
  small,
  ...creations,
  largeStack,
  stacks,
  probe,
  recovery,
  backupRuns,
  isolation,
  oneHost,
  tellingHost,
  manyHosts,
];
