/** The shape of `host`, below a stack's name in holdfast.yaml: a stack without a program. */
import { z } from "zod";
import { relativePath } from "./fields.ts";

/** Texts that are a whole connection; a map is checked where connections are understood. */
const connectionText = z.string().regex(/^(ssh:\/\/[^\s/]|local:.)/, {
  error: 'write "ssh://user@host", "local:FOLDER", or keys such as host, user and identityFile',
});

const connection = z.union([connectionText, z.record(z.string(), z.unknown())]);

const folders = z.union([relativePath, z.array(relativePath).min(1).max(100)]);

/** As Liquid reads a name: anything else no template could say. */
const valueName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, { error: "a template cannot use this name: letters, digits, _ and -" });

export const valueMap = z.record(valueName, z.unknown());
const someValues = z.union([relativePath, valueMap]);
const values = z.union([relativePath, valueMap, z.array(someValues).min(1).max(100)]);

const hostPath = z
  .string()
  .max(1000)
  .refine(text => text.startsWith("/") && !text.split("/").includes("..") && !text.includes("\0"), {
    error: 'write a path of the host, such as "/etc/nginx/**", or with a slash at its end for a folder',
  });

const account = z
  .string({ error: 'write a name, or a number in quotes: "1000"' })
  .regex(/^([A-Za-z0-9_][A-Za-z0-9_.@-]*\$?|\d+)$/, { error: "not a name of a user or group" });

const unit = z.string().regex(/^[A-Za-z0-9:_.\\@-]+\.[a-z]+$/, {
  error: 'write a unit with its suffix, such as "nginx.service"',
});
const command = z.string().regex(/\S/, { error: "write a command" }).max(10_000);

export const DEEDS = ["reload", "restart", "command"] as const;

const pathRule = z
  .strictObject({
    owner: account.optional().describe("Whose it is. Default: left alone."),
    group: account.optional().describe("Its group. Default: left alone."),
    mode: z
      .string({ error: 'write octal digits in quotes: "0644"' })
      .regex(/^0?[0-7]{3,4}$/, { error: 'write octal digits in quotes: "0644"' })
      .optional()
      .describe(
        "Default 0644, 0755 for what is executable in Git, without others' rights where it is secret.",
      ),
    validate: command
      .refine(text => text.includes("%s"), { error: "put %s where the new file's path belongs" })
      .optional()
      .describe("Looks at a new file, `%s`, before it takes its place: `visudo -cf %s`."),
    reload: unit.optional().describe("Unit to reload, once, after one of the files has changed."),
    restart: unit.optional().describe("Unit to restart, once, after one of the files has changed."),
    command: command.optional().describe("What is run, once, after one of the files has changed."),
    check: command.optional().describe("Must succeed before: `nginx -t`."),
  })
  .refine(rule => DEEDS.filter(deed => rule[deed] !== undefined).length < 2, {
    error: "reload, restart and command exclude each other; write a second path for the other one",
  })
  .refine(rule => rule.check === undefined || DEEDS.some(deed => rule[deed] !== undefined), {
    error: "check goes with reload, restart or command",
  });

export const hostSchema = z.strictObject({
  connection: connection.describe("`ssh://user@host`, `local:FOLDER`, or keys as in a program."),
  sudo: z.boolean().optional().describe("Work as root through `sudo -n`. Default false."),
  files: folders.optional().describe("Folders that are laid over the host's `/`; `*.tmpl` are templates."),
  units: folders.optional().describe("Folders of systemd units."),
  cron: folders.optional().describe("Folders of files for /etc/cron.d."),
  containers: folders.optional().describe("Folders of containers: NAME.yaml says what a `Container` takes."),
  values: values
    .optional()
    .describe("What templates may use: keys with values, or YAML files; later ones win."),
  paths: z
    .record(hostPath, pathRule)
    .optional()
    .describe("What holds by path on the host; a slash at the end means folders; later ones win."),
});

export type HostEntry = z.output<typeof hostSchema>;
export type PathRule = z.output<typeof pathRule>;
