/** Units and containers of hosts that are plain files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONTAINER } from "../../../src/sdk/shapes/container.ts";
import { lay, problems } from "../../support/plain-layout.ts";

const INSTALL = "\n[Install]\nWantedBy=multi-user.target\n";

test("a unit with its drop-ins is one thing, enabled and running as far as it can be", () => {
  const { units, problems: none } = lay({
    files: {
      "frodo/units/app.service.tmpl": `[Service]\nExecStart=/bin/app {{ port }}${INSTALL}`,
      "frodo/units/app.service.d/limits.conf.tmpl": "[Service]\nEnvironment=KEY={{ key }}\n",
      "frodo/units/nginx.service.d/limits.conf": "[Service]\nLimitNOFILE=4096\n",
      "frodo/units/backup.service": "[Service]\nExecStart=/bin/backup\n",
      "frodo/units/backup.timer": `[Timer]\nOnCalendar=daily${INSTALL}`,
      "frodo/units/once.service": `[Service]\nType=oneshot\nExecStart=/bin/true${INSTALL}`,
      "frodo/units/app@.service": `[Service]\nExecStart=/bin/app %i${INSTALL}`,
    },
    values: { port: 80 },
    secrets: { "box:key": "hidden away" },
  });
  assert.deepEqual(none, []);
  const [app, ...others] = units;
  assert.deepEqual(app, {
    name: "app.service",
    source: "frodo/units/app.service.tmpl",
    content: { text: `[Service]\nExecStart=/bin/app 80${INSTALL}`, secret: false },
    dropIns: { "limits.conf": { text: "[Service]\nEnvironment=KEY=hidden away\n", secret: true } },
    enabled: true,
    running: true,
  });
  assert.deepEqual(
    others.map(({ name, enabled, running }) => [name, enabled, running]),
    [
      ["nginx.service", undefined, undefined],
      ["backup.service", undefined, undefined],
      ["backup.timer", true, true],
      ["once.service", true, undefined],
      ["app@.service", true, undefined],
    ],
  );
});

test("a container is a YAML file; secrets stay marked, and what it is built of lies beside it", () => {
  const { containers, problems: none } = lay({
    files: {
      "frodo/containers/app.yaml.tmpl": `build: ./app
environment: { OWNER: "{{ owner }}", PASSWORD: "{{ password }}" }
ports: { http: "127.0.0.1:8080:80" }
volumes: ["/srv/data:/data"]
`,
      "frodo/containers/app/Containerfile": "FROM scratch\n",
      "frodo/containers/web.yaml":
        'image: registry.example.org/web:1.4.2\nenvironment: { FORMAT: "{{.Name}}" }\n',
    },
    values: { owner: 'x", "y' },
    secrets: { "box:password": "hunter22" },
  });
  assert.deepEqual(none, []);
  const plain = JSON.parse(JSON.stringify(containers)) as unknown;
  assert.deepEqual(plain, [
    {
      name: "app",
      source: "frodo/containers/app.yaml.tmpl",
      args: {
        build: "frodo/containers/app",
        environment: { OWNER: 'x", "y', PASSWORD: { text: "hunter22" } },
        ports: { http: "127.0.0.1:8080:80" },
        volumes: ["/srv/data:/data"],
      },
    },
    {
      name: "web",
      source: "frodo/containers/web.yaml",
      args: { image: "registry.example.org/web:1.4.2", environment: { FORMAT: "{{.Name}}" } },
    },
  ]);
});

test("mistakes in containers have file, line and column", () => {
  assert.deepEqual(
    problems({
      files: {
        "frodo/containers/a.yaml": "image: app:1\nports:\n  http: 80\nimagee: x\n",
        "frodo/containers/b.yaml": "ports: {}\n",
        "frodo/containers/c.yaml.tmpl": "image: app:1\nenvironment:\n  KEY: '{{ nobody }}'\n",
        "frodo/containers/d.yaml": "build: ../d\n",
        "frodo/containers/e.yaml": "image: [\n",
        "frodo/containers/f.yaml": "- image\n",
        "frodo/containers/notes.txt": "",
      },
    }).map(one => one.replace(/known are: host.*|known are: image.*/, "known are: …")),
    [
      "frodo/containers/notes.txt: is no container, such as app.yaml, and no container builds it",
      `frodo/containers/a.yaml:4:9: imagee is not known here; known are: archive, build, ${Object.keys(
        CONTAINER,
      )
        .filter(key => !["name", "archive", "build"].includes(key))
        .join(", ")}
frodo/containers/a.yaml:3:9: ports.http must be "HOSTPORT:PORT" or "ADDRESS:HOSTPORT:PORT", for example "127.0.0.1:8080:80"`,
      "frodo/containers/b.yaml:1:1: image missing: give image, archive or build",
      "frodo/containers/c.yaml.tmpl:3:8: environment.KEY:1:4: undefined variable: nobody; no values are given",
      "frodo/containers/d.yaml:1:8: build must lie beside d.yaml, in frodo/containers",
      "frodo/containers/e.yaml:2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      "frodo/containers/f.yaml:1:1: must say what the container is: image: …",
    ],
  );
});

test("two of one name are refused: containers, and a container and a unit", () => {
  const image = "image: app:1\n";
  assert.deepEqual(
    problems({
      files: {
        "frodo/units/web.service": "[Service]\nExecStart=/bin/true\n",
        "frodo/containers/app.yaml": image,
        "frodo/containers/app.yml.tmpl": image,
        "frodo/containers/web.yaml": image,
      },
    }),
    [
      "frodo/containers/app.yml.tmpl: makes the container app, as frodo/containers/app.yaml does; keep one of the two",
      "frodo/containers/web.yaml: its unit would be frodo/units/web.service; give one of the two another name",
    ],
  );
});
