/** How a container is run: the same arguments for podman whatever starts it. Pure. */
import type { ContainerInputs } from "./inputs.ts";

export const LABEL = "io.holdfast.container";
export const configFolder = (name: string): string => `/etc/holdfast/containers/${name}`;

const isLine = (value: string): boolean => !/[\n\r]/.test(value);

/** Of the environment: what podman's file can say, a value in each line; and what has more lines. */
export function environmentOf({ environment }: Pick<ContainerInputs, "environment">): {
  readonly lines: readonly (readonly [string, string])[];
  readonly blocks: readonly (readonly [string, string])[];
} {
  const all = Object.entries(environment);
  return {
    lines: all.filter(([, value]) => isLine(value)),
    blocks: all.filter(([, value]) => !isLine(value)),
  };
}

/** Between `podman run` and the image. No value of the environment and no secret is among them. */
export function runArguments(inputs: ContainerInputs): readonly string[] {
  const { name, secrets, ports, volumes, user, network, podmanArgs } = inputs;
  const folder = configFolder(name);
  const { lines, blocks } = environmentOf(inputs);
  return [
    `--label=${LABEL}=${name}`,
    "--log-driver=journald",
    // podman gives a container the proxies of its own environment: that is the host's, and not what was declared.
    "--http-proxy=false",
    ...(lines.length > 0 ? [`--env-file=${folder}/environment`] : []),
    // Without a value: podman takes it from its own environment, which systemd reads from a file.
    ...blocks.map(([key]) => `--env=${key}`),
    ...Object.keys(secrets).map(key => `--volume=${folder}/secrets/${key}:/run/secrets/${key}:ro`),
    ...Object.values(ports).map(port => `--publish=${port}`),
    ...volumes.map(volume => `--volume=${volume}`),
    ...(network === undefined ? [] : [`--network=${network}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...podmanArgs,
  ];
}
