/** A deployment under another stack's name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { renameDeployment } from "../../../src/backend/deployment/rename.ts";
import { openText, sealText } from "../../../src/backend/deployment/secrets.ts";
import { SECRET_SIGNATURE, SIGNATURE, type Deployment } from "../../../src/backend/deployment/types.ts";
import { createCipher, newDataKey } from "../../../src/backend/keys.ts";

const cipher = createCipher(newDataKey(), []);
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const thing = (stack: string, project: string, name: string): string =>
  `urn:pulumi:${stack}::${project}::probe:index:Thing::${name}`;
const reference = (urn: string): Record<string, string> => ({ [SIGNATURE]: REFERENCE, urn });

function deployment(stack: string, project: string): Deployment {
  const root = `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`;
  const provider = `urn:pulumi:${stack}::${project}::pulumi:providers:probe::default`;
  const own = (name: string): string => thing(stack, project, name);
  const values = {
    ref: reference(own("a")),
    list: [reference(own("a"))],
    foreign: reference(thing("other", "far", "a")),
    // A text of the program's own: nobody says that it is a URN.
    text: "urn:pulumi:dev::web::probe:index:Thing::a",
  };
  return {
    manifest: { time: "", magic: "", version: "" },
    secrets_providers: { type: "service", state: { url: "", owner: "acme", project, stack } },
    resources: [
      { urn: root, type: "pulumi:pulumi:Stack", custom: false },
      { urn: provider, type: "pulumi:providers:probe", custom: true, id: "1" },
      {
        urn: own("a"),
        type: "probe:index:Thing",
        custom: true,
        id: "a",
        parent: root,
        provider: `${provider}::1`,
      },
      {
        urn: own("b"),
        type: "probe:index:Thing",
        custom: true,
        id: "b",
        parent: own("a"),
        provider: `${provider}::1`,
        dependencies: [own("a")],
        propertyDependencies: { ref: [own("a")] },
        deletedWith: own("a"),
        replaceWith: [own("a")],
        aliases: [own("older")],
        inputs: values,
        outputs: values,
      },
    ],
    pending_operations: [
      {
        type: "creating",
        resource: { urn: own("c"), type: "probe:index:Thing", custom: true, parent: root },
      },
    ],
  };
}

test("every URN of the stack is renamed, those of others are not, nor texts that look like one", () => {
  const renamed = renameDeployment(deployment("dev", "web"), { from: "web/dev", to: "shop/prod" });
  const wanted = deployment("prod", "shop");
  assert.deepEqual(renamed, wanted);
});

test("a reference inside a secret is renamed; other secrets stay as they are", () => {
  const secret = (text: string): Record<string, unknown> => ({
    [SIGNATURE]: SECRET_SIGNATURE,
    ciphertext: sealText(cipher, text),
  });
  const plain = secret(`"s3cret"`);
  const before = deployment("dev", "web");
  const hidden = secret(JSON.stringify({ ref: reference(thing("dev", "web", "a")) }));
  const resources = (before.resources ?? []).map(one => ({ ...one, inputs: { hidden, plain } }));
  const after = renameDeployment({ ...before, resources }, { from: "web/dev", to: "web/prod", cipher });
  const inputs = after.resources?.at(-1)?.inputs as Record<string, { ciphertext: string }>;
  assert.deepEqual(JSON.parse(openText(cipher, inputs["hidden"]?.ciphertext ?? "") ?? ""), {
    ref: reference(thing("prod", "web", "a")),
  });
  assert.deepEqual(inputs["plain"], plain);
});
