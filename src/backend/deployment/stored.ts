/** How a checkpoint is kept: as text, with a placeholder where the service's own address stands. */
import { EMPTY } from "../journal/replay.ts";
import { isCheckpoint, isObject, type Checkpoint, type Deployment } from "./types.ts";

/** The CLI decrypts by the address in the state; ours may change its port, so the real one is put in at each export. */
const ADDRESS = "http://state.holdfast.invalid";
const MARKER = `"url":"${ADDRESS}"`;

function withoutAddress(deployment: Deployment): Deployment {
  const { manifest, secrets_providers: provider, ...rest } = deployment;
  if (provider?.type !== "service" || !isObject(provider.state)) return deployment;
  // First in the text, so that the first marker found is this one.
  return {
    manifest,
    secrets_providers: { ...provider, state: { ...provider.state, url: ADDRESS } },
    ...rest,
  };
}

export function toText(checkpoint: Checkpoint): string {
  const { version, features, deployment } = checkpoint;
  return JSON.stringify({ version, features, deployment: deployment && withoutAddress(deployment) });
}

export const withAddress = (text: string, url: string): string =>
  text.replace(MARKER, () => `"url":${JSON.stringify(url)}`);

export const EMPTY_CHECKPOINT: Checkpoint = { version: 3, deployment: EMPTY };

export function fromText(text: string | undefined): Checkpoint {
  if (text === undefined) return EMPTY_CHECKPOINT;
  const value: unknown = JSON.parse(text);
  if (!isCheckpoint(value)) throw new Error("a stored checkpoint is not a deployment");
  return value;
}
