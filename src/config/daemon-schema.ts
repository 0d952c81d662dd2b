/** Settings of the daemon: the shape of settings.yaml, and of flags and variables once they are read. */
import { z } from "zod";
import { backupsSchema, minimumFreeSchema } from "./care-settings.ts";
import { durationOrOff } from "./fields.ts";
import { historySchema } from "./history-settings.ts";
import { npmRegistriesSchema } from "./registry-settings.ts";
import { isolationShape } from "./isolation-settings.ts";

const file = z.string().min(1).max(4096);

function isRepository(text: string): boolean {
  if (!/^[a-z+]+:\/\//i.test(text)) return true;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.password === "" && (url.username === "" || url.protocol === "ssh:");
}

const isListen = (text: string): boolean => {
  const port = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
};

const isPublicUrl = (text: string): boolean =>
  URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol) && new URL(text).username === "";

const isPublicKeys = (text: string): boolean =>
  text.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----") && !text.includes("PRIVATE KEY BLOCK");

const credential = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, "write the host's name alone, such as git.example.org")
      .describe(
        "Host that the credential is for, and no other; with its port where that is not the usual one.",
      ),
    username: z.string().min(1).max(500).optional().describe("For https. Default `git`."),
    tokenFile: file.optional().describe("For https: file whose first line is the token or password."),
    identityFile: file.optional().describe("For ssh: private key. Default: as ssh finds it."),
    knownHostsFile: file
      .optional()
      .describe("For ssh: file with the host's public key. Default: as ssh finds it."),
  })
  .refine(({ tokenFile, identityFile, knownHostsFile }) => tokenFile ?? identityFile ?? knownHostsFile, {
    error: "give tokenFile (for https), or identityFile and knownHostsFile (for ssh)",
  });

export const daemonSchema = z.strictObject({
  repo: z
    .string()
    .min(1)
    .max(4096)
    .refine(isRepository, {
      error: "not a repository's URL or path, or one with a password in it: put that into credentials",
    })
    .optional()
    .describe(
      "Repository to watch: URL (https, ssh, file) or path. Default: the one that the data folder knows.",
    ),
  branch: z.string().min(1).max(500).optional().describe("Branch to follow. Default main."),
  data: file.optional().describe("Folder for everything that holdfast remembers."),
  listen: z
    .string()
    .refine(isListen, { error: "write ADDRESS:PORT, such as 127.0.0.1:8474" })
    .optional()
    .describe("Address of the HTTP API. Default 127.0.0.1:8474."),
  behindProxy: z
    .boolean()
    .optional()
    .describe("A proxy in front ends TLS; needed to listen on an address that others reach. Default false."),
  publicUrl: z
    .string()
    .refine(isPublicUrl, { error: "write a URL with http:// or https://" })
    .optional()
    .describe("URL under which people reach the API, for links."),
  apiTokenRequired: z
    .boolean()
    .optional()
    .describe("Whether the API, apart from health, needs a token. Default true."),
  hookSecretFile: file
    .optional()
    .describe("File with the secret that webhooks are signed with. Default: no webhooks."),
  credentials: z.array(credential).max(100).optional().describe("Access to repositories, by host."),
  allowedSignersFile: file
    .optional()
    .describe("OpenSSH allowed_signers file: only commits that one of these keys signed are deployed."),
  revokedSignersFile: file
    .optional()
    .describe("SSH keys that do not count any more: public keys, one a line, or a KRL of ssh-keygen -k."),
  gpgKeysFile: file
    .optional()
    .describe("File with GPG public keys: only commits that one of these keys signed are deployed."),
  gpgKeys: z
    .string()
    .max(1_000_000)
    .refine(isPublicKeys, {
      error: "give what `gpg --armor --export KEY` prints: public keys, and no private one",
    })
    .optional()
    .describe("GPG public keys as text (`gpg --armor --export KEY`), beside or instead of gpgKeysFile."),
  requireSignatures: z
    .boolean()
    .optional()
    .describe("Whether commits must be signed. Default: true where keys are given, now or before."),
  backups: backupsSchema.optional().describe("Encrypted backups of everything that holdfast remembers."),
  minimumFree: minimumFreeSchema,
  history: historySchema
    .optional()
    .describe("How much of the past is kept. What is deployed, and the newest good state, always are."),
  keyRecipients: z
    .array(z.string().regex(/^age1[0-9a-z]{10,}$/, "write an age recipient: age1…"))
    .max(100)
    .optional()
    .describe(
      "Age recipients that can open the state's keys too, beside the age keys of this machine: a second person, a backup key.",
    ),
  npmRegistries: npmRegistriesSchema,
  pulumi: file.optional().describe("Path of the Pulumi CLI. Default: looked for, see `holdfast doctor`."),
  parallelism: z.int().min(1).max(256).optional().describe("Runs at one time. Default: the CPUs, at most 8."),
  probe: durationOrOff(1_000)
    .optional()
    .describe(
      "How often a probe compares holdfast's own resources with reality, for stacks of which holdfast.yaml does not say it; `off`: never. Default 30s.",
    ),
  workers: z.int().min(0).max(64).optional().describe("Program workers that are kept ready. Default 2."),
  ...isolationShape,
});

export type DaemonValues = z.output<typeof daemonSchema>;

/** JSON Schema (draft 2020-12) of settings.yaml, for editors. */
export const settingsJsonSchema = (): unknown => ({
  title: "holdfast settings.yaml",
  ...z.toJSONSchema(daemonSchema, { io: "input" }),
});
