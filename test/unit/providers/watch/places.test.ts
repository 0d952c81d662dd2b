/** Where a host is watched: single files while there are few, folders where there are many, and never where too much goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Question } from "../../../../src/providers/connection/questions.ts";
import { MOST_PLACES, placesOf } from "../../../../src/providers/watch/places.ts";

const entry = (path: string): Question => ({ about: "entry", path });
const contents = (path: string): Question => ({ about: "contents", path });
const unit = (name: string): Question => ({ about: "unit", name });
const many = (folder: string, count: number): Question[] =>
  Array.from({ length: count }, (_, index) => entry(`${folder}/${index}`));
const paths = (...questions: Question[]): readonly string[] => placesOf(questions).paths.toSorted();

test("few files are watched each by itself, and once, whoever asks about them", () => {
  const block: Question = { about: "block", path: "/etc/hosts", begin: "# a", end: "# b" };
  assert.deepEqual(paths(entry("/etc/motd"), block, entry("/tmp/x"), entry("/etc/motd")), [
    "/etc/hosts",
    "/etc/motd",
    "/tmp/x",
  ]);
});

test("of a tree its folder is watched, and what lies deeper; not what the folder tells of anyway", () => {
  assert.deepEqual(
    paths(contents("/srv/tree"), entry("/srv/tree"), entry("/srv/tree/a"), entry("/srv/tree/sub/b")),
    ["/srv/tree", "/srv/tree/sub/b"],
  );
});

test("where there are many, the fullest folders stand for their files", () => {
  const seen = paths(...many("/etc/app", 60), ...many("/etc/other", 3), entry("/etc/motd"));
  assert.deepEqual(seen, ["/etc/app", "/etc/motd", "/etc/other/0", "/etc/other/1", "/etc/other/2"]);
  const two = paths(...many("/a", 60), ...many("/b", 50), ...many("/a/0", 2));
  assert.deepEqual(two, ["/a", "/a/0/0", "/a/0/1", "/b"]);
});

test("a busy folder is never watched, and what does not fit is left out", () => {
  for (const busy of ["/tmp", "/run", "/var/log", "/var/tmp"]) {
    const seen = paths(contents(busy), ...many(busy, 60));
    assert.equal(seen.length, MOST_PLACES);
    assert.ok(!seen.includes(busy));
  }
  assert.deepEqual(paths(...many("", 60)).length, MOST_PLACES, "nor the root");
  const spread = Array.from({ length: 60 }, (_, index) => entry(`/srv/${index}/file`));
  assert.equal(paths(...spread).length, MOST_PLACES);
});

test("services are watched, a few of them, and take room; other units and odd names are not", () => {
  const { services } = placesOf([unit("nginx.service"), unit("a.timer"), unit("a\\x2db.service")]);
  assert.deepEqual(services, ["nginx.service"]);
  const crowd = Array.from({ length: 30 }, (_, index) => unit(`app@${index}.service`));
  const spread = Array.from({ length: 60 }, (_, index) => entry(`/srv/${index}/file`));
  const all = placesOf([...crowd, ...spread]);
  assert.equal(all.services.length, 10);
  assert.equal(all.paths.length + all.services.length, MOST_PLACES);
});

test("packages and accounts change with the files that hold them", () => {
  assert.deepEqual(
    paths(
      { about: "package", name: "nginx" },
      { about: "user", name: "ada" },
      { about: "group", name: "app" },
    ),
    ["/etc/group", "/etc/passwd", "/var/lib/dpkg/status"],
  );
});

test("what systemd would read otherwise, what tells nobody, and scripts are left to the interval", () => {
  const odd = ["/a\nb", "/100%", "/a$b", '/a"b', "/a'b", "/a\\b", "/a ", "relative", `/${"n".repeat(2_000)}`];
  const mute = ["/proc/sys/net/ipv4/ip_forward", "/sys/x", "/dev/null"];
  const seen = placesOf([...odd, ...mute].map(entry));
  assert.deepEqual(seen, { paths: [], services: [] });
  assert.deepEqual(paths({ about: "script", script: "id" }), []);
  assert.deepEqual(paths(entry("/srv/two words")), ["/srv/two words"]);
});
