/** In which order what is on a host of plain files comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type messages from "@pulumi/pulumi/proto/resource_pb.js";
import type { Layout } from "../../../src/sdk/plain/layout.ts";
import { makeHost } from "../../../src/sdk/plain/make.ts";
import { lay } from "../../support/plain-layout.ts";

/** Names of resources → those that they wait for. */
async function orderOf(layout: Layout): Promise<ReadonlyMap<string, readonly string[]>> {
  const order = new Map<string, readonly string[]>();
  const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({
    id: name,
    state: inputs as object,
  });
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) });
  // Mocks are not told of dependencies.
  const monitor = pulumi.runtime.getMonitor() ?? assert.fail("no monitor");
  const register = monitor.registerResource.bind(monitor) as (request: unknown, answer: unknown) => unknown;
  Object.assign(monitor, {
    registerResource(request: messages.RegisterResourceRequest, answer: unknown) {
      const names = request.getDependenciesList().map(urn => urn.split("::").at(-1) ?? urn);
      order.set(request.getName(), names.toSorted());
      return register(request, answer);
    },
  });
  makeHost({ root: "/", stack: "frodo", connection: { local: true, root: "/tmp" }, sudo: false }, layout);
  await pulumi.runtime.disconnect();
  return order;
}

test("a unit comes after everything that it may need, and a handler after all", async () => {
  const order = await orderOf(
    lay({
      files: {
        "frodo/files/etc/app.conf": "a",
        "frodo/files/var/lib/app/.gitkeep": "",
        "frodo/files/usr/bin/app": "",
        "frodo/units/app.service": "[Service]\nExecStart=/usr/bin/app\nWorkingDirectory=/var/lib/app\n",
        "frodo/containers/web.yaml": "image: registry.example.org/web:1\nvolumes: [/var/lib/app:/data]\n",
      },
      more: { "frodo/files/usr/bin/app": { kind: "link", leads: "app-1.0" } },
      paths: { "/etc/*": { command: "app-notify" } },
    }),
  );
  const ready = ["/etc/app.conf", "/usr/bin/app", "/var/lib/app"];
  assert.deepEqual(order.get("app.service"), ready);
  assert.deepEqual(order.get("web"), ready);
  assert.deepEqual(order.get("command app-notify"), [...ready, "app.service", "web"]);
});
