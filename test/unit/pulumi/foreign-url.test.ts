/** Addresses of foreign backends: absolute, and shown without a password. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBackendUrl, parseBackendUrl } from "../../../src/pulumi/foreign-url.ts";

const parsed = (text: string) => {
  const answer = parseBackendUrl(text, "/home/anna");
  assert.ok(answer.ok, text);
  return answer.value;
};

test("a file's name is no address", () => {
  for (const name of ["state.json", "/tmp/a:b", "-", "c:/x", ""])
    assert.equal(isBackendUrl(name), false, name);
  for (const url of ["file://~", "s3://bucket", "postgres://db/x", "https://api.pulumi.com"])
    assert.equal(isBackendUrl(url), true, url);
});

test("a folder is the person's, not that of the CLI's own working folder", () => {
  assert.equal(parsed("file://state").url, "file:///home/anna/state");
  assert.equal(parsed("file://./state?metadata=skip").url, "file:///home/anna/state?metadata=skip");
  assert.equal(parsed("file:///srv/state").url, "file:///srv/state");
  assert.equal(parsed("file://~/state").url, "file://~/state");
});

test("a bucket's parameters go to the CLI as they are", () => {
  const url = "s3://bucket/team?region=eu-west-1&endpoint=minio:9000&s3ForcePathStyle=true";
  assert.deepEqual(parsed(url), { url, shown: url });
});

test("a password is used and not shown", () => {
  const login = parsed("postgres://anna:hush@db.example.org/state?sslmode=require");
  assert.equal(login.url, "postgres://anna:hush@db.example.org/state?sslmode=require");
  assert.equal(login.shown, "postgres://anna:…@db.example.org/state?sslmode=require");
  const parameter = parsed("postgres://db/state?user=anna&password=hush&table=t");
  assert.equal(parameter.shown, "postgres://db/state?user=anna&password=…&table=t");
});

test("a service, and what is no backend, are refused with a way out", () => {
  const refused = (text: string): string => {
    const answer = parseBackendUrl(text, "/");
    assert.ok(!answer.ok);
    return `${answer.message}: ${answer.hint}`;
  };
  assert.match(refused("https://api.pulumi.com"), /stack export --show-secrets/);
  assert.match(refused("ftp://x/y"), /no Pulumi backend is named ftp.*s3:\/\//);
});
