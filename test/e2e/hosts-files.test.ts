/** Files, trees, symlinks and blocks on a real host: made, changed, found by hand and put back, imported, deleted. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { secret, type ValueMap } from "../../src/providers/grpc/value.ts";
import { initFailure } from "../unit/providers/engine-side.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

const skip = noHosts;
let host: LoneHost;
let desk: Desk;
const on = (type: string): Resources => desk.on({ ...host.as("deploy"), sudo: true }, type);

before(async () => {
  if (skip !== false) return;
  [host, desk] = await Promise.all([startHost("files"), openDesk()]);
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const run = async (script: string): Promise<string> => (await host.run(script)).trim();
const isThere = async (at: string): Promise<boolean> =>
  (await run(`[ -e '${at}' ] || [ -L '${at}' ] && echo yes || :`)) === "yes";

describe("File", { skip }, () => {
  test("create, change, drift by hand, import, delete", async () => {
    const files = on("File");
    const wanted = {
      path: "/etc/app/settings.ini",
      content: "a=1\n",
      mode: "0640",
      owner: "www-data",
      group: "adm",
    };
    const made = await files.create(wanted);
    assert.equal(await run("stat -c '%a %U %G' /etc/app/settings.ini"), "640 www-data adm");
    assert.deepEqual(await files.drift(made), []);
    const byHand: readonly (readonly [script: string, at: readonly string[]])[] = [
      ["echo 'a=2' > /etc/app/settings.ini", ["content"]],
      ["chmod 600 /etc/app/settings.ini", ["mode"]],
      ["chown root:root /etc/app/settings.ini", ["group", "owner"]],
    ];
    for (const [script, at] of byHand) {
      await run(script);
      assert.deepEqual(await files.drift(made), at, script);
      await files.repair(made);
      assert.deepEqual(await files.drift(made), [], script);
    }
    await run("rm /etc/app/settings.ini");
    assert.equal(await files.read(made), undefined);
    await files.repair(made);
    const imported = await files.import("/etc/app/settings.ini");
    assert.equal(imported?.inputs["content"], "a=1\n");
    await files.delete(await files.update(made, { ...wanted, content: "a=3\n" }));
    assert.equal(await isThere("/etc/app/settings.ini"), false);
  });

  test("nginx -t and visudo look at what is to take their files' places", async () => {
    const files = on("File");
    const nginx = { path: "/etc/nginx/nginx.conf", content: await host.run("cat /etc/nginx/nginx.conf") };
    const validate = "nginx -t -c %s";
    const made = await files.create({ ...nginx, validate });
    await assert.rejects(
      files.update(made, { ...nginx, content: `${nginx.content}\nnonsense;\n`, validate }),
      /nginx.conf stays as it is, the new one is not valid: [^]*unknown directive "nonsense"/,
    );
    assert.equal(await host.run("cat /etc/nginx/nginx.conf"), nginx.content);
    await files.update(made, { ...nginx, content: `${nginx.content}# fine\n`, validate });
    await run("nginx -t 2>&1");
    const rule = { path: "/etc/sudoers.d/app", mode: "0440", validate: "visudo -cf %s" };
    await assert.rejects(files.create({ ...rule, content: "app ALL=(ALL" }), /not valid: [^]*syntax error/);
    const valid = await files.create({ ...rule, content: "www-data ALL=(ALL) NOPASSWD: /bin/true\n" });
    assert.equal(await run("runuser -u www-data -- sudo -n /bin/true && echo may"), "may");
    await files.delete(valid);
  });

  test("the words of a secret are on no command line", async () => {
    const files = on("File");
    const seen = "/run/seen";
    const validate = `cat /proc/[0-9]*/cmdline > ${seen} 2>/dev/null; grep -q geheim %s`;
    const made = await files.create({ path: "/etc/app/secret", content: secret("geheim-8431"), validate });
    assert.equal(await run(`grep -c 'geheim-[8]431' ${seen} || :`), "0");
    assert.equal(await run("stat -c %a /etc/app/secret"), "600");
    await files.delete(made);
  });

  test("whoever owns the folder leads no write and no owner elsewhere", async () => {
    const files = on("File");
    await run("install -d -o www-data /srv/theirs; install -m 600 /dev/null /etc/not-theirs");
    // As fast as a shell can: each new name becomes a link, and the file itself is one every other moment.
    const swap = `cd /srv/theirs; while :; do for f in .holdfast-*; do
      [ -f "$f" ] && [ ! -L "$f" ] && ln -sf /etc/not-theirs "$f"; done
      ln -sf /etc/not-theirs own; rm -f own; true > own; done`;
    // A dollar sign is systemd's own, too.
    await run(`systemd-run --quiet --unit=swap --uid=www-data sh -c '${swap.replaceAll("$", "$$$$")}'`);
    try {
      for (let index = 0; index < 40; index++) {
        const wanted = { path: `/srv/theirs/${index % 2 ? "own" : "other"}`, content: `${index}\n` };
        const more = { owner: "www-data", mode: "0666" };
        await files
          .create({ ...wanted, ...more })
          .catch((error: unknown) => assert.match(String(error), /theirs/));
      }
      assert.equal(await run("systemctl is-active swap"), "active");
    } finally {
      await run("systemctl stop swap; rm -rf /srv/theirs");
    }
    assert.equal(await run("stat -c '%U %a %s' /etc/not-theirs; rm /etc/not-theirs"), "root 600 0");
  });

  test("a full disk on the way leaves the old file", async () => {
    await run("mkdir /srv/small && mount -t tmpfs -o size=128k tmpfs /srv/small");
    try {
      const files = on("File");
      const made = await files.create({ path: "/srv/small/file", content: "small" });
      const big = { path: "/srv/small/file", content: "y".repeat(500_000) };
      await assert.rejects(files.update(made, big), /No space left on device/);
      assert.equal(await run("cat /srv/small/file; ls -A /srv/small"), "smallfile");
      await run("echo x > /srv/small/hosts");
      const blocks = on("ManagedBlock");
      const block = { path: "/srv/small/hosts", marker: "app", content: "z".repeat(60_000) };
      await run("head -c 100000 /dev/zero > /srv/small/filler");
      await assert.rejects(blocks.create(block), /No space left on device/);
      assert.equal(await run("cat /srv/small/hosts"), "x");
    } finally {
      await run("umount /srv/small");
    }
  });
});

describe("Directory", { skip }, () => {
  const entries: ValueMap = {
    "css/": { mode: "0755" },
    "css/site.css": { content: "a {}\n", mode: "0644" },
    "bin/tool": { content: "#!/bin/sh\necho ran\n", mode: "0755" },
    "index.html": { content: "<p>\n", mode: "0644" },
    latest: { target: "index.html" },
  };
  const wanted = { path: "/srv/www", entries, owner: "www-data", purge: true };

  test("create, change, drift by hand, strangers, import, delete", async () => {
    const folders = on("Directory");
    const made = await folders.create(wanted);
    assert.equal(
      await run("/srv/www/bin/tool; stat -c %U /srv/www /srv/www/css/site.css"),
      "ran\nwww-data\nwww-data",
    );
    assert.deepEqual(await folders.drift(made), []);
    const byHand: readonly (readonly [script: string, at: readonly string[]])[] = [
      ["echo edited > /srv/www/css/site.css", ['entries["css/site.css"].content']],
      ["chmod 600 /srv/www/index.html", ['entries["index.html"].mode']],
      ["chown root /srv/www/bin/tool", ['entries["bin/tool"].owner']],
      ["rm -r /srv/www/css", ['entries["css/"]', 'entries["css/site.css"]']],
      ["ln -sfn /etc/passwd /srv/www/latest", ["entries.latest.target"]],
      [
        "mkdir -p /srv/www/x/y && touch /srv/www/x/y/z /srv/www/.hidden",
        ['entries["x/"]', 'entries[".hidden"]'],
      ],
      ["ln -s /etc /srv/www/etc", ["entries.etc"]],
    ];
    for (const [script, at] of byHand) {
      await run(script);
      assert.deepEqual(await folders.drift(made), [...at].sort(), script);
      await folders.repair(made);
      assert.deepEqual(await folders.drift(made), [], script);
    }
    assert.equal(await isThere("/etc/passwd"), true);
    const { "css/": _css, "css/site.css": _site, ...fewer } = entries;
    const next = await folders.update(made, { ...wanted, entries: fewer });
    assert.equal(await isThere("/srv/www/css"), false);
    assert.equal((await folders.import("/srv/www"))?.inputs["path"], "/srv/www");
    await folders.delete(next);
    assert.equal(await isThere("/srv/www"), false);
  });

  test("in a folder that hands on its group", async () => {
    await run("install -d -m 2775 -g adm /srv/shared");
    const folders = on("Directory");
    const made = await folders.create({ path: "/srv/shared", entries: { "a/b": { content: "b" } } });
    assert.equal(await run("cat /srv/shared/a/b; stat -c ' %G' /srv/shared/a/b"), "b adm");
    await folders.delete(made);
  });

  test("a purge enters no other file system and follows nobody who puts a symlink in its way", async () => {
    const folders = on("Directory");
    await run("mkdir -p /srv/purged/mounted /srv/kept/css && touch /srv/kept/css/precious");
    await run("mount -t tmpfs tmpfs /srv/purged/mounted && touch /srv/purged/mounted/precious");
    try {
      const { failure } = await folders.create({ ...wanted, path: "/srv/purged" }).then(
        () => ({ failure: undefined }),
        (error: unknown) => ({ failure: initFailure(error) }),
      );
      assert.match(failure?.reasons.join() ?? "", /mounted/);
      assert.equal(await isThere("/srv/purged/mounted/precious"), true);
    } finally {
      await run("umount /srv/purged/mounted");
    }
    const made = await folders.create({ ...wanted, path: "/srv/purged" });
    await run("rm -r /srv/purged/css && ln -s /srv/kept/css /srv/purged/css");
    await folders.repair(made);
    assert.deepEqual(await folders.drift(made), []);
    assert.equal(await isThere("/srv/kept/css/precious"), true);
  });

  test("cut off by a power cut, the next one makes it whole", async () => {
    const folders = on("Directory");
    const many: ValueMap = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`d${index % 5}/f${index}`, { content: `${index}\n` }]),
    );
    const properties = { path: "/srv/many", entries: many, purge: true };
    const creating = folders.create(properties).then(
      () => "made",
      () => "cut off",
    );
    while ((await run("ls /srv/many/d0 2>/dev/null | wc -l")) === "0") continue;
    await host.powerCut();
    await creating;
    await host.start();
    const made = await folders.create(properties);
    assert.deepEqual(await folders.drift(made), []);
    // Files that were being written are left; they go when they are old.
    assert.equal(await run("find /srv/many -type f ! -path '*/.holdfast-*' | wc -l"), "150");
    assert.equal(await run("cat /srv/many/d4/f149"), "149");
  });
});

describe("Symlink", { skip }, () => {
  test("create, change, drift by hand, import, delete", async () => {
    const links = on("Symlink");
    const wanted = { path: "/srv/app/current", target: "releases/1" };
    const made = await links.create(wanted);
    await run("ln -sfn /elsewhere /srv/app/current");
    assert.deepEqual(await links.drift(made), ["target"]);
    await links.repair(made);
    assert.equal(await run("readlink /srv/app/current"), "releases/1");
    await run("rm /srv/app/current");
    assert.equal(await links.read(made), undefined);
    await links.repair(made);
    const next = await links.update(made, { ...wanted, target: "releases/2" });
    assert.equal((await links.import("/srv/app/current"))?.inputs["target"], "releases/2");
    await links.delete(next);
    assert.equal(await isThere("/srv/app/current"), false);
  });
});

describe("ManagedBlock", { skip }, () => {
  const wanted = { path: "/etc/hosts", marker: "app", content: "10.0.0.7 database\n" };

  test("create, change, drift by hand, import, delete; the rest stays as it is", async () => {
    const blocks = on("ManagedBlock");
    const rest = await host.run("cat /etc/hosts");
    const mode = await run("stat -c '%a %U' /etc/hosts");
    const made = await blocks.create(wanted);
    assert.match(await run("getent hosts database"), /^10\.0\.0\.7 /);
    await run("sed -i 's/10.0.0.7/10.0.0.8/' /etc/hosts");
    assert.deepEqual(await blocks.drift(made), ["content"]);
    await blocks.repair(made);
    await run("echo '10.0.0.9 other' >> /etc/hosts");
    assert.deepEqual(await blocks.drift(made), [], "beside the block");
    await run("sed -i '/BEGIN holdfast: app/,/END holdfast: app/d' /etc/hosts");
    assert.equal(await blocks.read(made), undefined);
    await blocks.repair(made);
    assert.equal((await blocks.import("/etc/hosts#app"))?.inputs["content"], wanted.content);
    await blocks.delete(await blocks.update(made, { ...wanted, content: "10.0.0.7 db\n" }));
    assert.equal(await host.run("cat /etc/hosts"), `${rest}10.0.0.9 other\n`);
    assert.equal(await run("stat -c '%a %U' /etc/hosts"), mode);
  });

  test("two stacks change one file at once, and nothing is lost", async () => {
    await run("echo start > /etc/shared");
    const desks = [desk, await openDesk()];
    const names = Array.from({ length: 16 }, (_, index) => `m${index}`);
    try {
      const making = names.map(async (marker, index) => {
        const blocks = desks[index % 2]?.on({ ...host.as("deploy"), sudo: true }, "ManagedBlock");
        await blocks?.create({ path: "/etc/shared", marker, content: `${marker}\n` });
      });
      await Promise.all(making);
    } finally {
      await desks[1]?.close();
    }
    assert.equal(await run("grep -c '^m[0-9]*$' /etc/shared"), "16");
    assert.equal(await run("grep -c holdfast: /etc/shared; head -n 1 /etc/shared"), "32\nstart");
  });

  test("a file that the login may not read, or not reach, is an error and not a block that is gone", async () => {
    const blocks = desk.on(host.as("guest"), "ManagedBlock");
    await run(
      "mkdir -m 755 /srv/open && mkdir /srv/open/in && echo x > /srv/open/in/file && chown -R guest: /srv/open",
    );
    const made = await blocks.create({ path: "/srv/open/in/file", marker: "app", content: "mine\n" });
    assert.deepEqual(await blocks.drift(made), []);
    await run("chown root /srv/open/in/file && chmod 600 /srv/open/in/file");
    await assert.rejects(blocks.read(made), /Permission denied/);
    await run("chown guest /srv/open/in/file && chown root /srv/open/in && chmod 700 /srv/open/in");
    await assert.rejects(blocks.read(made), /Permission denied/);
    await run("chown guest /srv/open/in && chmod 644 /srv/open/in/file");
    await blocks.delete(made);
    assert.equal(await run("cat /srv/open/in/file"), "x");
  });

  test("sshd looks at its configuration before a block is in it", async () => {
    const blocks = on("ManagedBlock");
    const place = {
      path: "/etc/ssh/sshd_config",
      marker: "app",
      at: "start",
      validate: "/usr/sbin/sshd -t -f %s",
    };
    const before = await host.run("cat /etc/ssh/sshd_config");
    await assert.rejects(blocks.create({ ...place, content: "Nonsense yes" }), /not valid: [^]*Nonsense/);
    assert.equal(await host.run("cat /etc/ssh/sshd_config"), before);
    const made = await blocks.create({ ...place, content: "MaxAuthTries 3" });
    await blocks.delete(made);
    assert.equal(await host.run("cat /etc/ssh/sshd_config"), before);
  });
});
