import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseUid, DEFAULT_UID } from "../../../../src/process/isolation/uids.ts";

const WHOLE = "         0          0 4294967295\n";
const passwd = ["root:x:0:0::/root:/bin/sh", "nobody:x:65534:65534::/:/bin/false", ""].join("\n");

test("a machine with all ids gives the wanted one", () => {
  assert.equal(chooseUid(DEFAULT_UID, WHOLE, passwd), DEFAULT_UID);
});

test("an id that somebody has is not taken, nor one whose neighbour is somebody's", () => {
  const uid = chooseUid(70_000, WHOLE, `${passwd}app:x:70001:70001::/:/bin/sh\n`);
  assert.notEqual(uid, 70_000);
  assert.ok(uid !== undefined && uid > 0);
});

test("a container with few ids gives two near its end, and not nobody's", () => {
  const uid = chooseUid(DEFAULT_UID, "0 100000 65536\n", passwd);
  assert.ok(uid !== undefined && uid < 65_533 && uid > 65_000, String(uid));
});

test("where only root is mapped there is none", () => {
  assert.equal(chooseUid(DEFAULT_UID, "0 1000 1\n", passwd), undefined);
  assert.equal(chooseUid(DEFAULT_UID, "", passwd), undefined);
});
