/** What is written for a container: whole texts, and every sign that systemd or podman would take for its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlainMap } from "../../../../src/providers/grpc/value.ts";
import { parseList, parseRecord } from "../../../../src/providers/host/container/facts.ts";
import { digestOf, filesOf } from "../../../../src/providers/host/container/files.ts";
import { parseContainer } from "../../../../src/providers/host/container/inputs.ts";
import { unitText } from "../../../../src/providers/host/container/units.ts";
import { commandWord, environmentLine } from "../../../../src/providers/host/services/systemd-text.ts";

const ID = "a".repeat(64);
const FULL: PlainMap = {
  name: "app",
  image: "registry.example.org/app:1.4.2",
  ports: { http: "127.0.0.1:8080:80" },
  environment: { PASSWORD: "geheim 100%", KEY: "a\nb" },
  secrets: { "tls.key": "noch geheimer" },
  volumes: ["/srv/my data:/data:ro"],
  command: ["sh", "-c", "echo \"$HOME\" 100% 'it' \\ \n"],
  user: "app",
  network: "host",
  restart: "on-failure",
  podmanArgs: ["--memory=512m"],
};

test("the unit, where podman makes none of a quadlet", () => {
  assert.equal(
    unitText(parseContainer(FULL), "unit", ID),
    `# Written by holdfast. What is changed here by hand is put back.
[Unit]
Description=Container app
Wants=network-online.target
After=network-online.target
RequiresMountsFor=%t/containers

[Service]
Type=notify
NotifyAccess=all
Environment=PODMAN_SYSTEMD_UNIT=%n
EnvironmentFile=/etc/holdfast/containers/app/environment.blocks
Restart=on-failure
RestartSec=2s
TimeoutStartSec=120s
SyslogIdentifier=%N
KillMode=mixed
Delegate=yes
ExecStart=/usr/bin/podman run --name=app \\
  --replace \\
  --rm \\
  --detach \\
  --sdnotify=conmon \\
  --cgroups=split \\
  --label=io.holdfast.container=app \\
  --log-driver=journald \\
  --http-proxy=false \\
  --env-file=/etc/holdfast/containers/app/environment \\
  --env=KEY \\
  --volume=/etc/holdfast/containers/app/secrets/tls.key:/run/secrets/tls.key:ro \\
  --publish=127.0.0.1:8080:80 \\
  "--volume=/srv/my data:/data:ro" \\
  --network=host \\
  --user=app \\
  --memory=512m \\
  ${ID} \\
  sh \\
  -c \\
  "echo \\"$$HOME\\" 100%% 'it' \\\\ \\n"
ExecStop=/usr/bin/podman stop --ignore --time=10 app
ExecStopPost=-/usr/bin/podman rm --force --ignore --volumes app

[Install]
WantedBy=multi-user.target
`,
  );
});

test("the quadlet has the same arguments, and starts with the host only where it is enabled", () => {
  const text = (properties: PlainMap): string => unitText(parseContainer(properties), "quadlet", ID);
  assert.equal(
    text(FULL),
    `# Written by holdfast. What is changed here by hand is put back.
[Unit]
Description=Container app
Wants=network-online.target
After=network-online.target

[Container]
ContainerName=app
Image=${ID}
PodmanArgs=--label=io.holdfast.container=app
PodmanArgs=--log-driver=journald
PodmanArgs=--http-proxy=false
PodmanArgs=--env-file=/etc/holdfast/containers/app/environment
PodmanArgs=--env=KEY
PodmanArgs=--volume=/etc/holdfast/containers/app/secrets/tls.key:/run/secrets/tls.key:ro
PodmanArgs=--publish=127.0.0.1:8080:80
PodmanArgs="--volume=/srv/my data:/data:ro"
PodmanArgs=--network=host
PodmanArgs=--user=app
PodmanArgs=--memory=512m
Exec=sh -c "echo \\"$$HOME\\" 100%% 'it' \\\\ \\n"

[Service]
EnvironmentFile=/etc/holdfast/containers/app/environment.blocks
Restart=on-failure
RestartSec=2s
TimeoutStartSec=120s

[Install]
WantedBy=multi-user.target
`,
  );
  assert.doesNotMatch(text({ ...FULL, enabled: false }), /\[Install\]/);
});

test("values are in files of their own: what has one line as podman reads it, the rest as systemd does", () => {
  const files = filesOf(parseContainer(FULL), "unit", ID);
  const shown = files.map(({ path, content, mode }) => [path, mode.toString(8), content.toString("utf8")]);
  assert.deepEqual(shown.slice(1), [
    ["/etc/holdfast/containers/app/environment", "600", "PASSWORD=geheim 100%\n"],
    ["/etc/holdfast/containers/app/environment.blocks", "600", 'KEY="a\nb"\n'],
    ["/etc/holdfast/containers/app/secrets/tls.key", "444", "noch geheimer"],
  ]);
  assert.doesNotMatch(shown[0]?.[2] ?? "", /geheim/);
});

test("whatever is in a file, where it is, and who may read it makes another digest", () => {
  const digest = (more: PlainMap): string =>
    digestOf(filesOf(parseContainer({ ...FULL, ...more }), "unit", ID));
  const all: readonly PlainMap[] = [
    {},
    { environment: { PASSWORD: "x" } },
    { secrets: { "tls.key": "x" } },
    { secrets: { "other.key": "noch geheimer" } },
    { user: "root" },
    { name: "other" },
  ];
  assert.equal(new Set(all.map(digest)).size, all.length);
  assert.equal(digest({ health: { command: "true" } }), digest({}), "a health check is not part of it");
});

for (const [given, wanted] of [
  ["plain-1.2:/x=y", "plain-1.2:/x=y"],
  ["100%", "100%%"],
  ["$HOME", "$$HOME"],
  ["a b", '"a b"'],
  ['"', '"\\""'],
  ["\\", '"\\\\"'],
  ["it's", '"it\'s"'],
  ["a\nb\tc\u0007", '"a\\nb\\tc\\x07"'],
  [";", '";"'],
  ["é", '"é"'],
] as const)
  test(`a word for systemd: ${JSON.stringify(given)}`, () => assert.equal(commandWord(given), wanted));

test("a value of an EnvironmentFile keeps its line ends, quotes, dollars and backslashes", () =>
  assert.equal(environmentLine("A", 'a"b\n$c`d\\'), 'A="a\\"b\n\\$c\\`d\\\\"\n'));

test("a record and a list that were cut short or meddled with are taken for none", () => {
  const whole = `digest=d\nform=unit\nimage=${ID}\nimageDigest=sha256:x\nsource=image a=b\ncommand=c\n`;
  assert.deepEqual(parseRecord(whole), {
    digest: "d",
    form: "unit",
    image: ID,
    imageDigest: "sha256:x",
    source: "image a=b",
    command: "c",
    pending: false,
  });
  assert.equal(parseRecord(`${whole}pending=yes\n`)?.pending, true);
  for (const text of ["", "x", whole.replace("form=unit", "form=other"), whole.slice(0, 20)])
    assert.equal(parseRecord(text), undefined);
  const list = parseList(`app running ${ID} c\nPermission denied\n\n`);
  assert.deepEqual([...list], [["app", { state: "running", image: ID, command: "c" }]]);
});
