/** What starts a container: a quadlet where podman makes units of those, a unit of our own where not. Pure. */
import { commandWord } from "../services/systemd-text.ts";
import { configFolder, environmentOf, runArguments } from "./arguments.ts";
import type { ContainerInputs } from "./inputs.ts";

export type Form = "quadlet" | "unit";

/** The first line: by it a unit is known as ours. */
export const OWNER_LINE = "# Written by holdfast. What is changed here by hand is put back.";

export const unitName = (name: string): string => `${name}.service`;
export const unitPath = (name: string, form: Form): string =>
  form === "quadlet" ? `/etc/containers/systemd/${name}.container` : `/etc/systemd/system/${name}.service`;

/** With the default of 100 ms a container that fails at once would be given up after half a second. */
const RESTART_S = 2;
const START_S = 120;
const STOP_S = 10;

const section = (name: string, lines: readonly string[]): string => `[${name}]\n${lines.join("\n")}\n`;

/** What both forms hand to systemd as it is. */
function serviceLines(inputs: ContainerInputs): readonly string[] {
  const blocks = environmentOf(inputs).blocks.length > 0;
  return [
    ...(blocks ? [`EnvironmentFile=${configFolder(inputs.name)}/environment.blocks`] : []),
    `Restart=${inputs.restart}`,
    `RestartSec=${RESTART_S}s`,
    `TimeoutStartSec=${START_S}s`,
  ];
}

const INSTALL = section("Install", ["WantedBy=multi-user.target"]);

const unitSection = ({ name }: ContainerInputs, more: readonly string[] = []): string =>
  section("Unit", [
    `Description=Container ${name}`,
    "Wants=network-online.target",
    "After=network-online.target",
    ...more,
  ]);

/** podman's generator adds how it is run under systemd; a backslash at a line's end goes on in the next. */
function quadletText(inputs: ContainerInputs, image: string): string {
  const { name, command } = inputs;
  const container = [
    `ContainerName=${name}`,
    `Image=${image}`,
    ...runArguments(inputs).map(argument => `PodmanArgs=${commandWord(argument)}`),
    ...(command.length > 0 ? [`Exec=${command.map(commandWord).join(" ")}`] : []),
  ];
  return [
    `${OWNER_LINE}\n${unitSection(inputs)}`,
    section("Container", container),
    section("Service", serviceLines(inputs)),
    // Of a generated unit this alone says whether it starts with the host: it cannot be enabled.
    ...(inputs.enabled ? [INSTALL] : []),
  ].join("\n");
}

/** As the generator of podman 5 makes it, but by name: podman 4.3 leaves files with ids behind, and stumbles over them. */
function serviceText(inputs: ContainerInputs, image: string): string {
  const { name, command } = inputs;
  const words = [
    ...[`--name=${name}`, "--replace", "--rm", "--detach", "--sdnotify=conmon", "--cgroups=split"],
    ...[...runArguments(inputs), image, ...command].map(commandWord),
  ];
  const service = [
    "Type=notify",
    "NotifyAccess=all",
    "Environment=PODMAN_SYSTEMD_UNIT=%n",
    ...serviceLines(inputs),
    "SyslogIdentifier=%N",
    "KillMode=mixed",
    "Delegate=yes",
    `ExecStart=/usr/bin/podman run ${words.join(" \\\n  ")}`,
    `ExecStop=/usr/bin/podman stop --ignore --time=${STOP_S} ${name}`,
    `ExecStopPost=-/usr/bin/podman rm --force --ignore --volumes ${name}`,
  ];
  return [
    `${OWNER_LINE}\n${unitSection(inputs, ["RequiresMountsFor=%t/containers"])}`,
    section("Service", service),
    INSTALL,
  ].join("\n");
}

/** `image`: an id, or a name. */
export const unitText = (inputs: ContainerInputs, form: Form, image: string): string =>
  form === "quadlet" ? quadletText(inputs, image) : serviceText(inputs, image);
