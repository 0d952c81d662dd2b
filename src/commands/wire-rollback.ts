/** The source room's way back, with the repository and the credentials of the data folder. */
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import type { Overview } from "../engine/ports/control.ts";
import { gitPerson, gitSigning } from "../source/revert-person.ts";
import { networkEnvironment } from "../source/remote-access.ts";
import { revertTo, type RevertAnswer } from "../source/revert.ts";
import type { Io } from "./command.ts";
import { credentialsOf } from "./wire-data.ts";

export type { RevertAnswer, Reverted } from "../source/revert.ts";

export interface RollbackWish {
  readonly to: string;
  readonly subject: string;
  readonly why: string;
  readonly push: boolean;
}

/** Makes the commit on the branch that the overview names. */
export async function makeRevert(
  io: Io,
  settings: DaemonSettings,
  { repository, branch }: Overview,
  wish: RollbackWish,
): Promise<RevertAnswer> {
  const credentials = credentialsOf(settings, io.env);
  const person = await gitPerson(io.cwd, io.env);
  const signing = await gitSigning(io.cwd, io.env);
  const folder = path.join(settings.data, "source");
  const network = networkEnvironment(io.env);
  const { signers } = settings;
  const options = { url: repository, branch, folder, credentials, network, ...(signers && { signers }) };
  return revertTo(options, { ...wish, person, ...(signing && { signing }) }, io.stopSignal());
}
