/** A real Git server over https on the loopback address: git's own http-backend behind Node, with a certificate of its own authority. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import path from "node:path";
import type { TestContext } from "node:test";
import { GIT_TEST_ENV, tempFolder } from "./git.ts";

const BACKEND = path.join(
  execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(),
  "git-http-backend",
);

/** Why tests that need it cannot run here; false: they can. */
export const noGitHttps: string | false = existsSync(BACKEND) ? false : `${BACKEND} is missing`;

export interface GitHttps {
  readonly port: number;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile: string;
  /** Paths that were asked for, with the password that came along. */
  readonly asked: { readonly path: string; readonly password: string | undefined }[];
  /** Leads every request to another address; undefined: none. */
  redirectTo: string | undefined;
}

export interface GitHttpsOptions {
  /** Folder of the bare repositories. */
  readonly root: string;
  /** Default: everybody may read. */
  readonly password?: string;
}

function certificate(folder: string): { key: Buffer; cert: Buffer; caFile: string } {
  const openssl = (...args: readonly string[]): unknown =>
    execFileSync("openssl", [...args], { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const own = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  openssl("req", "-x509", ...key, "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", ...own);
  const at = (name: string): string => path.join(folder, name);
  return { key: readFileSync(at("key.pem")), cert: readFileSync(at("cert.pem")), caFile: at("cert.pem") };
}

function passwordOf({ headers }: IncomingMessage): string | undefined {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? "")?.[1];
  const login = basic && Buffer.from(basic, "base64").toString();
  return login ? login.slice(login.indexOf(":") + 1) : undefined;
}

/** CGI (RFC 3875), as far as git needs it. */
function answer(request: IncomingMessage, response: ServerResponse, root: string): void {
  const url = new URL(request.url ?? "/", "https://localhost");
  const { "content-type": type, "content-encoding": encoding, "git-protocol": protocol } = request.headers;
  const env = {
    ...GIT_TEST_ENV,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method ?? "GET",
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: type ?? "",
    ...(encoding ? { HTTP_CONTENT_ENCODING: encoding } : {}),
    ...(typeof protocol === "string" ? { GIT_PROTOCOL: protocol } : {}),
  };
  const child = spawn(BACKEND, { env, stdio: ["pipe", "pipe", "ignore"] });
  // Git hangs up as soon as it has heard enough.
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf("\r\n\r\n");
    for (const line of all.subarray(0, end).toString().split("\r\n")) {
      const [name = "", value = ""] = line.split(/: (.*)/s);
      if (name === "Status") response.statusCode = Number(value.slice(0, 3));
      else response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}

export async function startGitHttps(t: TestContext, options: GitHttpsOptions): Promise<GitHttps> {
  const { key, cert, caFile } = certificate(tempFolder(t));
  const asked: GitHttps["asked"] = [];
  const server = createServer({ key, cert }, (request, response) => {
    const password = passwordOf(request);
    asked.push({ path: request.url ?? "", password });
    if (made.redirectTo !== undefined)
      response.writeHead(302, { location: `${made.redirectTo}${request.url ?? ""}` }).end();
    else if (options.password !== undefined && password !== options.password)
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end(`no, ${password ?? "nobody"}`);
    else answer(request, response, options.root);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const made: GitHttps = { port, caFile, asked, redirectTo: undefined };
  return made;
}
