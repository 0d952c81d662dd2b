/**
 * The engine's events of one operation, over the service that the Automation API uses (EventsService, gRPC). The CLI
 * gives everything after `--event-log tcp://` to its gRPC client, which also takes `unix:PATH` (tried with 3.259.0):
 * a socket in a folder that only we may enter needs no password, and no other process of the machine can put
 * invented steps into a plan. One server for each operation, so that nobody else's events can be mixed up with it.
 */
import { createRequire } from "node:module";
import { chmod, rm } from "node:fs/promises";
import * as grpc from "@grpc/grpc-js";
import jspb from "google-protobuf";

/** 64 MiB: an event holds a resource's old and new properties; gRPC's own 4 MiB is less than one large file twice. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;

export interface EventStream {
  /** For `--event-log`. */
  readonly address: string;
  /** Whether the CLI has come at all: one that fails early never does. */
  opened(): boolean;
  /** Settles when the CLI has closed the stream that it opened last; never rejects. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

// The generated files are CommonJS; loading these three, and not the SDK's main file, saves 0.4 s and 100 MB.
const require = createRequire(import.meta.url);

interface Protocol {
  readonly service: grpc.ServiceDefinition;
  readonly empty: new () => never;
}

/** `string event = 1` of EventRequest (proto/pulumi/events.proto). */
const EVENT = 1;

/**
 * The event's JSON. The generated code takes a string apart character by character: of 800 events of 2 KB it makes
 * 8 ms of CPU time, and as much garbage; bytes it hands on.
 */
function eventOf(request: Buffer): string {
  const reader = new jspb.BinaryReader(request);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === EVENT) return Buffer.from(reader.readBytes()).toString("utf8");
    reader.skipField();
  }
  return "";
}

interface Events extends grpc.ServiceDefinition {
  readonly streamEvents: grpc.MethodDefinition<unknown, unknown>;
}

function protocol(): Protocol {
  const { EventsService: events } = require("@pulumi/pulumi/proto/events_grpc_pb.js") as {
    EventsService: Events;
  };
  const empty = require("google-protobuf/google/protobuf/empty_pb.js") as { Empty: new () => never };
  const streamEvents = { ...events.streamEvents, requestDeserialize: eventOf };
  return { service: { ...events, streamEvents }, empty: empty.Empty };
}

interface OpenStream {
  readonly onEvent: (json: string) => void;
  readonly onEnd: () => void;
}

function handlers(
  empty: new () => never,
  open: () => OpenStream | undefined,
): { readonly streamEvents: grpc.handleClientStreamingCall<string, never> } {
  return {
    streamEvents(call, callback) {
      const stream = open();
      if (!stream) {
        callback({ code: grpc.status.ALREADY_EXISTS, details: "these events come from the CLI alone" });
        return;
      }
      const { onEvent, onEnd } = stream;
      call.on("data", (event: string) => onEvent(event));
      call.on("end", () => {
        callback(null, new empty());
        onEnd();
      });
      // The CLI died in the middle: its exit tells more than the broken stream.
      call.on("error", onEnd);
      call.on("cancelled", onEnd);
    },
  };
}

/**
 * Listens on a new socket at `path`. `listeners`: one for each stream that the CLI opens, one after the other: an up with
 * a preview of its own has one for each (tried with 3.259.0).
 */
export async function openEventStream(
  path: string,
  ...listeners: readonly ((json: string) => void)[]
): Promise<EventStream> {
  const { service, empty } = protocol();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_EVENT_BYTES,
    // Statistics that nobody reads.
    "grpc.enable_channelz": 0,
  });
  const opened: Promise<void>[] = [];
  let isOpen = false;
  // The CLI comes before it starts any program, and again when its first stream is closed, which it waits for: whoever
  // comes while it is there, or after the last one, is not the CLI.
  const open = (): OpenStream | undefined => {
    const onEvent = listeners[opened.length];
    if (isOpen || !onEvent) return undefined;
    isOpen = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    opened.push(promise);
    const onEnd = (): void => {
      isOpen = false;
      resolve();
    };
    return { onEvent, onEnd };
  };
  server.addService(service, { ...handlers(empty, open) });
  const bound = Promise.withResolvers<void>();
  server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), error =>
    error ? bound.reject(error) : bound.resolve(),
  );
  await bound.promise;
  await chmod(path, 0o600);
  return {
    address: `tcp://unix:${path}`,
    opened: () => opened.length > 0,
    get ended() {
      return opened.at(-1) ?? Promise.resolve();
    },
    async close() {
      server.forceShutdown();
      await rm(path, { force: true });
    },
  };
}
