/** What apt says is understood, also where it says much. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alsoRemoved,
  alsoUnheld,
  MORE_FOLLOWS,
  parseSimulation,
  tellingEnd,
  wantsNewerLists,
} from "../../../../../src/providers/host/packages/apt-words.ts";

/** Of apt 2.6, shortened. */
const SIMULATED = `Reading package lists...
The following packages will be REMOVED:
  exim4-base exim4-daemon-light libgnutls-dane0:i386
The following packages will be upgraded:
  libssl3
Remv exim4-daemon-light [4.96-15+deb12u6] [bsd-mailx:amd64 ]
Remv exim4-base [4.96-15+deb12u6]
Remv libgnutls-dane0:i386 [3.7.9-2+deb12u3]
Inst libssl3 [3.0.15-1~deb12u1] (3.0.16-1~deb12u1 Debian:12.10/stable [amd64])
Inst postfix (3.7.11-0+deb12u1 Debian:12.10/stable [amd64])
Conf libssl3 (3.0.16-1~deb12u1 Debian:12.10/stable [amd64])
Conf postfix (3.7.11-0+deb12u1 Debian:12.10/stable [amd64])
${MORE_FOLLOWS}
amd64
libssl3
linux-image-amd64
`;

test("a simulation tells what comes, what goes and what is held", () => {
  assert.deepEqual(parseSimulation(SIMULATED), {
    own: "amd64",
    installs: ["libssl3", "postfix"],
    removes: ["exim4-base", "exim4-daemon-light", "libgnutls-dane0:i386"],
    held: ["libssl3", "linux-image-amd64"],
  });
  assert.deepEqual(parseSimulation(`Purg app [1.0]\n${MORE_FOLLOWS}\narm64\n`), {
    own: "arm64",
    installs: [],
    removes: ["app"],
    held: [],
  });
});

test("what goes besides is what nobody named; a name without an architecture is not one of another", () => {
  const simulation = parseSimulation(SIMULATED);
  const besides = (...mayRemove: string[]): readonly string[] =>
    alsoRemoved(simulation, { name: "postfix", mayRemove });
  assert.deepEqual(besides(), ["exim4-base", "exim4-daemon-light", "libgnutls-dane0:i386"]);
  assert.deepEqual(besides("exim4-base", "exim4-daemon-light", "libgnutls-dane0:i386"), []);
  assert.deepEqual(besides("exim4-base", "libgnutls-dane0:amd64"), [
    "exim4-daemon-light",
    "libgnutls-dane0:i386",
  ]);
  const removal = parseSimulation(`Remv app [1.0]\nRemv app:i386 [1.0]\n${MORE_FOLLOWS}\namd64\n`);
  assert.deepEqual(alsoRemoved(removal, { name: "app", mayRemove: [] }), ["app:i386"]);
  assert.deepEqual(alsoRemoved(removal, { name: "app:amd64", mayRemove: [] }), ["app:i386"]);
  assert.deepEqual(alsoRemoved(removal, { name: "app:i386", mayRemove: [] }), ["app"]);
});

test("what somebody holds may only change where it is what this is about", () => {
  const simulation = parseSimulation(SIMULATED);
  assert.deepEqual(alsoUnheld(simulation, { name: "postfix" }), ["libssl3"]);
  assert.deepEqual(alsoUnheld(simulation, { name: "libssl3" }), []);
});

test("newer lists may help where a package or a version is not known, or not to be had any more", () => {
  for (const said of [
    "E: Unable to locate package app",
    "frodo: install app: E: Unable to locate package app",
    "Reading package lists...\nE: Version '1.0-2' for 'app' was not found",
    "E: Package 'app' has no installation candidate",
    "E: Failed to fetch http://deb.example.org/app_1.0.deb  404  Not Found [IP: 192.0.2.1 80]",
  ])
    assert.equal(wantsNewerLists(said), true, said);
  for (const said of [
    "E: Unable to correct problems, you have held broken packages.",
    "nobody saw E: at the start",
  ])
    assert.equal(wantsNewerLists(said), false, said);
});

test("of a long log the end is told, and what went wrong long before", () => {
  const progress = Array.from({ length: 40 }, (_, n) => `(Reading database ... ${n}%`).join("\r");
  const log = [
    progress,
    "dpkg: error processing package app (--configure):",
    ...Array.from({ length: 30 }, (_, n) => `Setting up other${n} ...`),
    "Errors were encountered while processing:",
    " app",
    "E: Sub-process /usr/bin/dpkg returned an error code (1)",
  ].join("\n");
  const told = tellingEnd(log);
  assert.match(told, /^dpkg: error processing package app/);
  assert.match(told, /E: Sub-process .*$/);
  assert.ok(told.split("\n").length <= 10);
  assert.equal(tellingEnd("x".repeat(100_000)).length, 1500);
  assert.equal(tellingEnd("\n \n"), "");
});
