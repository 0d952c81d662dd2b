import { Config, getStack } from "@pulumi/pulumi";
import { Host, type Connection } from "holdfast/host";
import { AppServer } from "./app-server";

const config = new Config();
const name = getStack();

// `local:FOLDER` in the stack's file makes a folder stand for the host; `ssh://user@host` is the real thing.
const connection: Connection = config.require("connection");
const host = new Host(name, { connection, sudo: connection.startsWith("ssh://") });

const app = new AppServer("app", {
  host,
  hostname: name,
  serverName: config.require("serverName"),
  image: config.require("image"),
  port: config.requireNumber("port"),
  backupAt: config.require("backupAt"),
  databasePassword: config.requireSecret("databasePassword"), // from secrets/hosts.sops.yaml
});

export const url = app.url;
