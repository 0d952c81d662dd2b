/** From a repository's files to what they are on a host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { valuesOf } from "../../../src/sdk/plain/values.ts";
import { lay, problems } from "../../support/plain-layout.ts";

test("files lie on the host as they lie in the folder, with Git's modes", () => {
  const {
    files,
    folders,
    problems: none,
  } = lay({
    files: {
      "frodo/files/etc/nginx/nginx.conf": "worker_processes 1;\n",
      "frodo/files/usr/local/bin/backup": "#!/bin/sh\n",
      "all/files/etc/logo": Buffer.from([0xff, 0x00]),
      "frodo/cron/backup": "15 3 * * * root backup\n",
    },
    more: { "frodo/files/usr/local/bin/backup": { executable: true } },
  });
  assert.deepEqual(none, []);
  assert.deepEqual(folders, []);
  assert.deepEqual(
    files.map(({ path, mode, source }) => [path, mode, source]),
    [
      ["/etc/nginx/nginx.conf", "0644", "frodo/files/etc/nginx/nginx.conf"],
      ["/usr/local/bin/backup", "0755", "frodo/files/usr/local/bin/backup"],
      ["/etc/logo", "0644", "all/files/etc/logo"],
      ["/etc/cron.d/backup", "0644", "frodo/cron/backup"],
    ],
  );
  assert.deepEqual(files[0]?.content, { text: "worker_processes 1;\n", secret: false });
  assert.deepEqual(files[2]?.content, { base64: "/wA=" });
});

test("a map or list as a whole is the text that it was, also where it is a key of a cloud", () => {
  const key = '{ "type": "service_account", "scopes": ["a"] }';
  const { files, problems: none } = lay({
    files: { "frodo/files/key.tmpl": "{{ key }} {{ key.type }} {{ ids }} {{ ids | size }} {{ clear }}" },
    values: { clear: { a: [1] } },
    secrets: { "box:key": key, "box:ids": '["a", "b"]' },
  });
  assert.deepEqual(none, []);
  assert.deepEqual(files[0]?.content, {
    text: `${key} service_account ["a", "b"] 2 {"a":[1]}`,
    secret: true,
  });
});

test("a template loses its suffix, and is secret where it uses what is secret", () => {
  const { files } = lay({
    files: {
      "frodo/files/etc/motd.tmpl": "Kept by {{ owner }}.\n",
      "frodo/files/etc/app.env.tmpl": "PASSWORD={{ database.password }}\n",
      "frodo/files/etc/decided.tmpl": "{% if debug %}on{% else %}off{% endif %}",
      "frodo/files/etc/key.tmpl": "{{ key }}",
      "frodo/files/etc/plain.liquid": "{{ owner }}",
    },
    more: { "frodo/files/etc/key.tmpl": { executable: true } },
    values: { owner: "platform" },
    secrets: {
      "box:database": '{"password":"hunter22"}',
      "box:debug": "false",
      "box:key": "-----BEGIN\n",
      "aws:secretKey": "for a provider",
    },
  });
  assert.deepEqual(
    files.map(({ path, content, mode }) => [
      path,
      ...("text" in content ? [content.text, content.secret] : []),
      mode,
    ]),
    [
      ["/etc/motd", "Kept by platform.\n", false, "0644"],
      ["/etc/app.env", "PASSWORD=hunter22\n", true, "0600"],
      ["/etc/decided", "off", true, "0600"],
      ["/etc/key", "-----BEGIN\n", true, "0700"],
      ["/etc/plain.liquid", "{{ owner }}", false, "0644"],
    ],
  );
});

test("a mistake in a template has file, line and column, and says what is known", () => {
  assert.deepEqual(
    problems({
      files: {
        "frodo/files/etc/a.tmpl": "one\n  {{ ownr }}\n",
        "frodo/files/etc/b.tmpl": "{% for x in list %}\n",
        "frodo/files/etc/c.tmpl": Buffer.from([0xff]),
      },
      values: { owner: "platform" },
      secrets: { "box:key": "x" },
    }),
    [
      "frodo/files/etc/a.tmpl:2:6: undefined variable: ownr; known are: key, owner",
      "frodo/files/etc/b.tmpl:1:1: tag {% for x in list %} not closed",
      "frodo/files/etc/c.tmpl: a template must be text in UTF-8",
    ],
  );
});

test("a name that is a value and a secret is refused", () => {
  const { problems: said } = valuesOf({ port: 1, owner: "x" }, { "box:port": "2" }, "box");
  assert.deepEqual(said, [
    'holdfast.yaml: "port" is among the values and in a secrets file; keep one of the two',
  ]);
});

test("rules say owner, group and mode; later ones win, key by key", () => {
  const {
    files,
    folders,
    problems: none,
  } = lay({
    files: {
      "frodo/files/etc/app/a": "a",
      "frodo/files/etc/app/b": "b",
      "frodo/files/etc/other": "c",
      "frodo/cron/job": "* * * * * root true\n",
    },
    paths: {
      "/etc/**": { owner: "root", mode: "0640" },
      "/etc/app/*": { group: "app" },
      "/etc/app/b": { mode: "0600" },
      "/etc/app/": { owner: "app", mode: "0750" },
    },
  });
  assert.deepEqual(none, []);
  assert.deepEqual(
    files.map(({ path, owner, group, mode }) => [path, owner, group, mode]),
    [
      ["/etc/app/a", "root", "app", "0640"],
      ["/etc/app/b", "root", "app", "0600"],
      ["/etc/other", "root", undefined, "0640"],
      ["/etc/cron.d/job", undefined, undefined, "0644"],
    ],
  );
  assert.deepEqual(folders, [{ path: "/etc/app", owner: "app", mode: "0750" }]);
});

test("a rule that matches nothing is a mistake at its line", () => {
  assert.deepEqual(
    problems({
      files: { "frodo/files/etc/motd": "x" },
      paths: { "/etc/ngnix/**": { owner: "root" }, "/srv/": { owner: "root" } },
    }),
    [
      'holdfast.yaml:1:9: paths: "/etc/ngnix/**" matches no file of this host',
      'holdfast.yaml:2:9: paths: "/srv/" matches no folder of this host',
    ],
  );
});

test("a folder that holds .gitkeep alone is kept empty; beside other files the name means nothing", () => {
  const { folders, files } = lay({
    files: {
      "frodo/files/srv/data/.gitkeep": "",
      "frodo/files/srv/app/.gitkeep": "",
      "frodo/files/srv/app/a": "a",
    },
  });
  assert.deepEqual(folders, [{ path: "/srv/data" }]);
  assert.deepEqual(
    files.map(({ path }) => path),
    ["/srv/app/a"],
  );
});

test("what two entries would both make is refused, with both files", () => {
  assert.deepEqual(
    problems({
      files: {
        "frodo/files/etc/motd": "a",
        "frodo/files/etc/motd.tmpl": "b",
        "all/files/etc/motd": "c",
        "frodo/files/srv": "a file",
        "all/files/srv/app": "needs a folder",
      },
    }),
    [
      "frodo/files/etc/motd.tmpl: makes /etc/motd, as frodo/files/etc/motd does; keep one of the two",
      "all/files/etc/motd: makes /etc/motd, as frodo/files/etc/motd does; keep one of the two",
      "all/files/srv/app: needs the folder /srv, which frodo/files/srv makes a file",
    ],
  );
});

test("what cannot be on a host is refused with its file and a way out", () => {
  const long = "x".repeat(300);
  const said = problems({
    files: {
      "frodo/files/etc/away": "",
      "frodo/cron/link": "",
      "frodo/files/dev/null": "",
      "frodo/files/etc/big": "",
      "frodo/files/etc/bell": "",
      "frodo/files/etc/.tmpl": "",
      [`frodo/files/etc/${long}`]: "",
      "frodo/files/etc/systemd/system/app.service.tmpl": "",
      "frodo/units/README.md": "",
      "frodo/cron/backup.sh": "",
      "frodo/cron/sub/backup": "",
      "frodo/cron/open": "* * * * * root true",
    },
    more: {
      "frodo/files/etc/away": { kind: "link", leads: "../../x" },
      "frodo/cron/link": { kind: "link", leads: "x" },
      "frodo/files/dev/null": { kind: "other" },
      "frodo/files/etc/big": { bytes: 10_000_001 },
      "frodo/files/etc/bell": { legible: false },
    },
  });
  assert.deepEqual(said, [
    "frodo/files/etc/away: is a link that leads out of its folder; put the file itself here",
    "frodo/files/dev/null: is no file; take it out",
    "frodo/files/etc/big: holds 10000001 bytes; 10000000 is the most: bring it as a package or an archive",
    "frodo/files/etc/bell: its name holds characters that cannot be seen; give it another name",
    "frodo/files/etc/.tmpl: has no name without .tmpl; give it one",
    `frodo/files/etc/${long}: makes the path /etc/${long}, which holds a name longer than 255 bytes`,
    "frodo/files/etc/systemd/system/app.service.tmpl: systemd would not take it up from here; put it into a folder of `units`",
    "frodo/units/README.md: is no name of a systemd unit, such as app.service, or of a drop-in, such as app.service.d/limits.conf",
    "frodo/cron/link: is a link; put the file itself here",
    "frodo/cron/backup.sh: cron passes over such a name; use letters, digits, - and _ alone",
    "frodo/cron/sub/backup: cron passes over such a name; use letters, digits, - and _ alone",
    "frodo/cron/open: its last line has no line break, and cron passes over such a file; add one",
  ]);
});

test("a link that stays in its folder is one on the host", () => {
  const { links, files } = lay({
    files: { "frodo/files/etc/nginx/enabled/app.conf": "", "frodo/files/etc/nginx/available/app.conf": "x" },
    more: {
      "frodo/files/etc/nginx/enabled/app.conf": { kind: "link", leads: "../available/app.conf" },
    },
  });
  assert.deepEqual(links, [{ path: "/etc/nginx/enabled/app.conf", target: "../available/app.conf" }]);
  assert.deepEqual(
    files.map(({ path }) => path),
    ["/etc/nginx/available/app.conf"],
  );
});

test("what wants the same done shares it, once for all files", () => {
  const { deeds, problems: none } = lay({
    files: {
      "frodo/files/etc/nginx/nginx.conf": "a",
      "frodo/files/etc/nginx/app.conf": "b",
      "frodo/files/etc/app/environment": "c",
      "frodo/files/etc/aliases": "d",
    },
    paths: {
      "/etc/nginx/**": { reload: "nginx.service", check: "nginx -t", validate: "nginx -t -c %s" },
      "/etc/app/*": { restart: "app.service" },
      "/etc/aliases": { command: "newaliases" },
      "/etc/nginx/app.conf": { restart: "app.service" },
    },
  });
  assert.deepEqual(none, []);
  assert.deepEqual(deeds, [
    {
      name: "reload nginx.service if nginx -t",
      deed: { reload: "nginx.service" },
      check: "nginx -t",
      after: ["/etc/nginx/nginx.conf", "/etc/nginx/app.conf"],
    },
    {
      name: "restart app.service",
      deed: { restart: "app.service" },
      after: ["/etc/app/environment", "/etc/nginx/app.conf"],
    },
    { name: "command newaliases", deed: { command: "newaliases" }, after: ["/etc/aliases"] },
  ]);
});
