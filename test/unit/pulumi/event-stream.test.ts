import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import type { EventsClient } from "@pulumi/pulumi/proto/events_grpc_pb.js";
import type { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import { openEventStream } from "../../../src/pulumi/event-stream.ts";

const require = createRequire(import.meta.url);
const rpc = require("@pulumi/pulumi/proto/events_grpc_pb.js") as {
  EventsClient: new (address: string, credentials: grpc.ChannelCredentials) => EventsClient;
};
const messages = require("@pulumi/pulumi/proto/events_pb.js") as { EventRequest: new () => EventRequest };

const request = (text: string): EventRequest => new messages.EventRequest().setEvent(text);

function connect(address: string) {
  const client = new rpc.EventsClient(address.replace("tcp://", ""), grpc.credentials.createInsecure());
  const { promise, resolve } = Promise.withResolvers<grpc.ServiceError | null>();
  const call = client.streamEvents(error => resolve(error));
  call.on("error", () => undefined);
  return { client, call, answered: promise };
}

test("events arrive in their order, from one sender only, on a socket for us only", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "events-"));
  const got: string[] = [];
  const first = Promise.withResolvers<void>();
  const stream = await openEventStream(path.join(folder, "e"), json => {
    got.push(json);
    first.resolve();
  });
  try {
    assert.equal(statSync(path.join(folder, "e")).mode & 0o777, 0o600);
    assert.equal(stream.opened(), false);
    const cli = connect(stream.address);
    cli.call.write(request("one"));
    await first.promise;
    const stranger = connect(stream.address);
    stranger.call.write(request("forged"));
    assert.equal((await stranger.answered)?.code, grpc.status.ALREADY_EXISTS);
    for (const text of ["zwei 🙂 \u0000", "", "x".repeat(100_000)]) cli.call.write(request(text));
    cli.call.end();
    assert.equal(await cli.answered, null);
    await stream.ended;
    assert.deepEqual(got, ["one", "zwei 🙂 \u0000", "", "x".repeat(100_000)]);
    cli.client.close();
    stranger.client.close();
  } finally {
    await stream.close();
    rmSync(folder, { recursive: true });
  }
});

test("a sender that dies ends the stream", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "events-"));
  const first = Promise.withResolvers<void>();
  const stream = await openEventStream(path.join(folder, "e"), () => first.resolve());
  const cli = connect(stream.address);
  cli.call.write(request("one"));
  await first.promise;
  cli.call.cancel();
  await stream.ended;
  cli.client.close();
  await stream.close();
  rmSync(folder, { recursive: true });
});

test("where two are expected, the second comes after the first, and to a listener of its own", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "events-"));
  const got: string[] = [];
  const first = Promise.withResolvers<void>();
  const stream = await openEventStream(
    path.join(folder, "e"),
    json => {
      got.push(`preview ${json}`);
      first.resolve();
    },
    json => got.push(`up ${json}`),
  );
  const send = async (text: string): Promise<number | undefined> => {
    const { client, call, answered } = connect(stream.address);
    call.write(request(text));
    call.end();
    const code = (await answered)?.code;
    client.close();
    return code;
  };
  try {
    const preview = connect(stream.address);
    preview.call.write(request("one"));
    await first.promise;
    assert.equal(await send("forged"), grpc.status.ALREADY_EXISTS);
    preview.call.end();
    assert.equal(await preview.answered, null);
    await stream.ended;
    assert.equal(await send("two"), undefined);
    await stream.ended;
    assert.equal(await send("three"), grpc.status.ALREADY_EXISTS);
    assert.deepEqual(got, ["preview one", "up two"]);
    preview.client.close();
  } finally {
    await stream.close();
    rmSync(folder, { recursive: true });
  }
});
