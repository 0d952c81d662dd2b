import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { RemoteShell } from "../../../../src/providers/connection/remote-shell.ts";
import { createShelf, type Shelf } from "../../../../src/providers/connection/shelf.ts";

const REST = { idleMs: 60_000, lastMs: 600_000 };

function fakeShell(): RemoteShell {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let alive = true;
  const kill = (): void => {
    alive = false;
    resolve();
  };
  return {
    ended,
    kill,
    isAlive: () => alive,
    run: () => assert.fail("nothing is to be run"),
    lastWords: () => "",
  };
}

function shelfWith(t: TestContext, shells: readonly RemoteShell[]): Shelf {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const shelf = createShelf(REST);
  for (const shell of shells) shelf.add(shell);
  return shelf;
}

const alive = (shells: readonly RemoteShell[]): readonly boolean[] => shells.map(shell => shell.isAlive());

test("after some rest one shell is kept, the one that worked last, and after a long rest none", t => {
  const shells = [fakeShell(), fakeShell(), fakeShell()];
  const shelf = shelfWith(t, shells);
  const used = shelf.take() ?? assert.fail("none waits");
  shelf.giveBack(used);
  t.mock.timers.tick(REST.idleMs - 1);
  assert.deepEqual(alive(shells), [true, true, true]);
  t.mock.timers.tick(1);
  assert.deepEqual(alive(shells), [false, false, true]);
  assert.equal(used, shells[2]);
  t.mock.timers.tick(REST.lastMs);
  assert.deepEqual(alive(shells), [false, false, false]);
});

test("work begins the rest anew", t => {
  const shell = fakeShell();
  const shelf = shelfWith(t, [shell]);
  t.mock.timers.tick(REST.lastMs - 1);
  shelf.giveBack(shelf.take() ?? assert.fail("none waits"));
  t.mock.timers.tick(REST.lastMs - 1);
  assert.equal(shell.isAlive(), true);
});
