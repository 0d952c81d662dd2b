/** A site of nginx on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import type { Health } from "./container.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { NGINX_SITE, siteFlaws } from "./shapes/nginx-site.ts";

/** One of `certificate` and `certificateFile`, one of `key` and `keyFile`. */
export interface SiteTls {
  /** In PEM, with the certificates between it and the root. */
  certificate?: pulumi.Input<string>;
  /** In PEM. Always kept as a secret; on the host only root reads it. */
  key?: pulumi.Input<string>;
  /** Path on the host, of a file that others bring there. */
  certificateFile?: pulumi.Input<string>;
  keyFile?: pulumi.Input<string>;
  /** Whether port 80 leads here, where `listen` is not given. Default true. */
  redirect?: pulumi.Input<boolean>;
}

/** `content` is given, or `serverName` with what there is to serve. */
export interface NginxSiteArgs extends Placed {
  /** Of the file in sites-available. Default: the resource's name. */
  name?: pulumi.Input<string>;
  /** Names that it answers to: `"app.example.org"`, `"*.example.org"`. */
  serverName?: pulumi.Input<string> | pulumi.Input<pulumi.Input<string>[]>;
  /** Who answers: `"127.0.0.1:8080"`, `"http://backend:3000/"`, `"unix:/run/app.sock"`, a Container's `ports.http`. */
  proxyTo?: pulumi.Input<string>;
  /** A folder of the host with static files. */
  root?: pulumi.Input<string>;
  /** `"80"`, `"127.0.0.1:8080"`, `"[::]:443 ssl"`. Default: port 80, or with `tls` 443, on all addresses. */
  listen?: pulumi.Input<pulumi.Input<string>[]>;
  tls?: pulumi.Input<SiteTls>;
  /** Directives by location: `{ "/static/": "alias /srv/static/;" }`. */
  locations?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** More directives for the server. */
  extra?: pulumi.Input<string>;
  /** The whole file, instead of all that makes it. */
  content?: pulumi.Input<string>;
  /** Asked on the host after the reload; where it is not healthy in time, the former site is put back. */
  health?: pulumi.Input<Health>;
}

/**
 * A site of nginx. nginx judges the whole configuration with it (`nginx -t`) before any file changes; then it is
 * switched and taken up by a reload. Where that fails, the former one is put back.
 */
export class NginxSite extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly proxyTo: pulumi.Output<string | undefined>;
  /** Of its file on the host. */
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: NginxSiteArgs, options: pulumi.CustomResourceOptions = {}) {
    const given = typeof args === "object" && args !== null ? { name, ...args } : args;
    checkArgs("NginxSite", name, given, NGINX_SITE);
    const [flaw] = siteFlaws({ ...args });
    if (flaw) reporter("NginxSite", name)(flaw.at, flaw.reason);
    const tls = pulumi
      .output(args.tls)
      .apply(one => one && { ...one, key: one.key && pulumi.secret(one.key) });
    const inputs = { ...hostInputs(given, NGINX_SITE, ["path"]), ...(args.tls !== undefined && { tls }) };
    super("holdfast:host:NginxSite", name, inputs, hostOptions(given, options));
  }
}
