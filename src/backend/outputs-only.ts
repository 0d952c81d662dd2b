/** What a StackReference of another stack gets to see: the root resource with its outputs. */
import type { StateStore, StoredStack } from "../engine/ports/state-store.ts";
import { fromText } from "./deployment/stored.ts";
import { ROOT_TYPE, type Checkpoint } from "./deployment/types.ts";

export async function outputsOnly(store: StateStore, stack: StoredStack): Promise<Checkpoint> {
  const whole = fromText((await store.checkpoint(stack.id))?.text);
  if (!whole.deployment) return whole;
  const { manifest, secrets_providers, resources } = whole.deployment;
  const root = resources?.find(resource => resource.type === ROOT_TYPE);
  const { urn, type, custom, outputs } = root ?? {};
  return {
    version: 3,
    deployment: {
      manifest,
      ...(secrets_providers && { secrets_providers }),
      ...(urn &&
        type && { resources: [{ urn, type, custom: custom ?? false, ...(outputs && { outputs }) }] }),
    },
  };
}
