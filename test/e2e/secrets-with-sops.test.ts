/** Both ways with the real sops tool. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createSecretTools } from "../../src/secrets/tools.ts";
import {
  fixtures,
  identitiesFrom,
  readSecrets,
  temporaryFolder,
  testKey,
  treeOf,
  type TestKey,
} from "../support/secrets.ts";
import { realSops } from "../support/sops.ts";

const real = await realSops();
const formats = ["yaml", "json", "env"] as const;
type Format = (typeof formats)[number];

interface Bench {
  readonly folder: string;
  readonly key: TestKey;
  readonly env: Readonly<Record<string, string>>;
  readonly at: (name: string) => string;
  /** The tool's plain text; an error where it does not accept the file or finds a comment that it cannot open. */
  decrypt(name: string): Promise<string>;
}

const sops: Exclude<typeof real, { skip: string }>["sops"] = (args, env) => {
  if (real.skip !== false) throw new Error(real.skip);
  return real.sops(args, env);
};

async function bench(t: TestContext): Promise<Bench> {
  const folder = temporaryFolder(t);
  const key = await testKey(folder);
  const env = { SOPS_AGE_KEY_FILE: key.file };
  const at = (name: string): string => path.join(folder, name);
  const decrypt = async (name: string): Promise<string> => {
    const text = (await sops(["decrypt", at(name)], env)).toString();
    assert.equal(text.includes("ENC["), false, text);
    return text;
  };
  return { folder, key, env, at, decrypt };
}

/** Plain files with everything in them: all types, nesting, comments, unicode, numeric keys, values in the clear. */
const plain = (format: Format): string => path.join(fixtures, `all.plain.${format}`);

/** On a copy: sops looks for a .sops.yaml upwards, and this repository has one of its own. */
function sealWithSops({ key, env, at }: Bench, file: string, ...more: string[]): Promise<Buffer> {
  const copy = at(path.basename(file));
  copyFileSync(file, copy);
  return sops(["--encrypt", "--age", key.recipient, ...more, copy], env);
}

for (const format of formats) {
  test(`what sops encrypts as ${format}, holdfast reads`, { skip: real.skip }, async t => {
    const b = await bench(t);
    writeFileSync(b.at(`x.sops.${format}`), await sealWithSops(b, plain(format)));
    const tree = treeOf(await readSecrets(b.folder, [`x.sops.${format}`], identitiesFrom(b.env)));
    const expected: unknown = JSON.parse(readFileSync(path.join(fixtures, "all.expected.json"), "utf8"));
    assert.deepEqual({ [format]: tree }, { [format]: (expected as Record<string, unknown>)[format] });
  });

  test(
    `what holdfast encrypts as ${format}, sops decrypts to the same text as its own`,
    { skip: real.skip },
    async t => {
      const b = await bench(t);
      copyFileSync(plain(format), b.at(`ours.sops.${format}`));
      writeFileSync(b.at(`theirs.sops.${format}`), await sealWithSops(b, plain(format)));
      const tools = createSecretTools({ env: b.env, home: b.folder, platform: "linux" });
      const file = b.at(`ours.sops.${format}`);
      const sealed = await tools.encrypt(file, file, [b.key.recipient]);
      assert.ok(sealed.ok, JSON.stringify(sealed));
      // sops moves a comment that follows a list to another place than we do; the comments themselves are the same.
      const parts = (text: string): string[][] => {
        const lines = text.split("\n").filter(Boolean);
        const isComment = (line: string): boolean => /^\s*#/.test(line);
        return [lines.filter(line => !isComment(line)), lines.filter(isComment).toSorted()];
      };
      assert.deepEqual(
        parts(await b.decrypt(`ours.sops.${format}`)),
        parts(await b.decrypt(`theirs.sops.${format}`)),
      );
    },
  );

  test(
    `what holdfast edits as ${format}, sops accepts, and the rest keeps its ciphertext`,
    { skip: real.skip },
    async t => {
      const b = await bench(t);
      const file = b.at(`x.sops.${format}`);
      writeFileSync(file, await sealWithSops(b, plain(format)));
      const before = readFileSync(file, "utf8");
      const was = await b.decrypt(`x.sops.${format}`);
      const tools = createSecretTools({ env: b.env, home: b.folder, platform: "linux" });
      const change = (text: string): string =>
        text.replace(/^(after: |A=|\t"s": ").*?("?,?)$/m, "$1changed$2");
      const session = {
        async edit(name: string) {
          writeFileSync(name, change(readFileSync(name, "utf8")));
          return { ok: true, value: undefined } as const;
        },
        again: async (why: string): Promise<boolean> => assert.fail(why),
      };
      const edited = await tools.edit(file, [], session, new AbortController().signal);
      assert.deepEqual(edited, { ok: true, value: "changed" });
      const is = await b.decrypt(`x.sops.${format}`);
      assert.notEqual(is, was);
      const values = (text: string): string[] => text.match(/ENC\[[^\]]*type:(?!comment)[a-z]+\]/g) ?? [];
      const kept = values(before).filter(value => readFileSync(file, "utf8").includes(value));
      // The changed value and the mac are new.
      assert.equal(kept.length, values(before).length - 2);
      if (format !== "env") await sops(["set", file, '["added"]', '"by sops"'], b.env);
      assert.ok((await readSecrets(b.folder, [`x.sops.${format}`], identitiesFrom(b.env))).ok);
    },
  );
}

for (const rule of [
  "--encrypted-regex=^(nested|str)",
  "--unencrypted-regex=^multi$",
  "--encrypted-suffix=e",
  "--unencrypted-suffix=d",
])
  for (const only of [[], ["--mac-only-encrypted"]])
    test(`follows sops with ${[rule, ...only].join(" ")}`, { skip: real.skip }, async t => {
      const b = await bench(t);
      writeFileSync(b.at("x.sops.yaml"), await sealWithSops(b, plain("yaml"), rule, ...only));
      assert.ok((await readSecrets(b.folder, ["x.sops.yaml"], identitiesFrom(b.env))).ok);
    });
