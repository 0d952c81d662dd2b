import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { askYes } from "../../../src/process/ask-yes.ts";

async function answer(typed: string): Promise<readonly [boolean, string]> {
  const input = new PassThrough();
  let said = "";
  const asked = askYes(input, text => void (said += text), "Unlock it?");
  input.end(typed);
  return [await asked, said];
}

test("only y and yes are a yes; no word, another word and the end of the input are none", async () => {
  for (const typed of ["y\n", "yes\n", " Y \r\n", "y"]) assert.equal((await answer(typed))[0], true, typed);
  for (const typed of ["\n", "", "n\n", "yy\n", "yes please\n", "\u001b[A\n", "n\ny\n"])
    assert.equal((await answer(typed))[0], false, typed);
});

test("the question says what no answer means", async () => {
  assert.equal((await answer("\n"))[1], "Unlock it? [y/N] ");
});
