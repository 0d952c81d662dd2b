/** Repositories of many shapes: workspaces, `main`, a folder for stack files, components, values under a passphrase. */
import assert from "node:assert/strict";
import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { program, project, settings } from "../support/estate.ts";
import type { Files } from "../support/git.ts";
import { must, openStage } from "../support/holdfast.ts";

const fixtures = path.resolve(import.meta.dirname, "../fixtures/programs");

function fixture(name: string, at = name): Files {
  const entries = readdirSync(path.join(fixtures, name), { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile() && !entry.parentPath.includes("node_modules"));
  return Object.fromEntries(
    files.map(entry => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.join(at, path.relative(path.join(fixtures, name), file)), readFileSync(file)];
    }),
  );
}

const PASSPHRASE = "open sesame";

/** As the CLI seals under a passphrase (sdk/go/common/resource/config/crypt.go). */
function passphraseConfig(value: string): string {
  const salt = randomBytes(8);
  const key = pbkdf2Sync(PASSPHRASE, salt, 1_000_000, 32, "sha256");
  const seal = (text: string): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const body = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
  };
  return `encryptionsalt: v1:${salt.toString("base64")}:${seal("pulumi")}
config:
  old:word:
    secure: ${seal(value)}
`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Outputs of the stack, out of its exported state. */
function outputsIn(exported: unknown): Readonly<Record<string, unknown>> {
  const deployment = isRecord(exported) ? exported["deployment"] : undefined;
  const resources: unknown = isRecord(deployment) ? deployment["resources"] : undefined;
  const all: readonly unknown[] = Array.isArray(resources) ? resources : [];
  const root = all.filter(isRecord).find(({ type }) => type === "pulumi:pulumi:Stack");
  return isRecord(root?.["outputs"]) ? root["outputs"] : {};
}

test("projects of many shapes converge", async t => {
  const stage = await openStage(t, {
    env: { PULUMI_CONFIG_PASSPHRASE: PASSPHRASE },
    files: box => ({
      ...settings(),
      ...fixture("monorepo"),
      "monorepo/stacks/web/Pulumi.dev.yaml": "",
      ...fixture("main-in-project"),
      "main-in-project/Pulumi.dev.yaml": "",
      ...fixture("stack-config-folder"),
      ...fixture("components"),
      "components/Pulumi.dev.yaml": "",
      ...project(
        "old",
        program(box, 'file("word", new pulumi.Config().requireSecret("word"));'),
        passphraseConfig("kept under a passphrase"),
      ),
    }),
  });
  const runs = await stage.run("converge");
  const converged = async (stack: string): Promise<Readonly<Record<string, unknown>>> => {
    const run = runs.get(stack) ?? assert.fail(`${stack} did not run: ${[...runs.keys()].join(" ")}`);
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    return outputsIn(must(await stage.controller().exportState(stack)));
  };

  await t.test("a workspace of a monorepo, with one lockfile and a package of its own", async () => {
    const outputs = await converged("web/dev");
    assert.deepEqual([outputs["oneCopyOfInner"], outputs["oneCopyOfTheSdk"]], [true, true]);
  });

  await t.test("a project whose `main` lies in another folder", async () => {
    assert.equal((await converged("main-in-project/dev"))["folder"], "program");
  });

  await t.test("stack files in a folder of their own", async () => {
    const name = [...runs.keys()].find(stack => stack.startsWith("stack-config-folder/"));
    assert.ok((await converged(name ?? ""))["color"]);
  });

  await t.test("components", async () => {
    assert.equal((await converged("components/dev"))["addresses"] instanceof Array, true);
  });

  await t.test("values that Pulumi encrypted under a passphrase", async () => {
    await converged("old/dev");
    assert.equal(stage.box.read("word"), "kept under a passphrase");
  });
});
