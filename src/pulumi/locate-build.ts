/** Built from Go modules, which the Go toolchain fetches and checks against tools/go.sum: for where no download is to be had. */
import path from "node:path";
import { run, type RunResult } from "../process/run.ts";
import { placeInCache } from "./locate-place.ts";
import { NETWORK_ENV, notFound, pick, PULUMI_VERSION, type Attempt, type Search } from "./locate-way.ts";

const PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
/** 200 s on two idle cores with nothing in Go's cache; ten times that on a small or busy machine. */
const BUILD_DEADLINE_MS = 40 * 60_000;
const GO_VERSION_DEADLINE_MS = 10_000;

const GO_ENV = [
  ...[
    "PATH",
    "HOME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "GOROOT",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
  ],
  ...["GOENV", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH", "NETRC"],
  ...["GOTOOLCHAIN", "GOMAXPROCS", "GOMEMLIMIT", ...NETWORK_ENV],
];

export async function build(search: Search): Promise<Attempt> {
  const env = pick(search.env, GO_ENV);
  const go = await run("go", ["version"], { env, cwd: search.tools, deadlineMs: GO_VERSION_DEADLINE_MS });
  if (go.startError) return notFound("no go on PATH");
  if (go.code !== 0) return notFound(`go version: ${goReason(go)}`);
  search.onProgress("building from Go modules, about 4 minutes on 2 cores");
  return placeInCache(search, folder => compile(search, env, folder));
}

async function compile(
  search: Search,
  env: Record<string, string>,
  folder: string,
): Promise<string | undefined> {
  const args = ["build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath"];
  const flags = ["-ldflags", `-s -w -X ${VERSION_VARIABLE}=v${PULUMI_VERSION}`];
  const result = await run("go", [...args, ...flags, "-o", path.join(folder, "bin", "pulumi"), PACKAGE], {
    env,
    cwd: search.tools,
    deadlineMs: BUILD_DEADLINE_MS,
    ...(search.signal && { signal: search.signal }),
    onOutput: counter(search.onProgress),
  });
  if (result.timedOut) return `not done after ${BUILD_DEADLINE_MS / 60_000} minutes`;
  if (result.aborted) return "stopped";
  return result.code === 0 ? undefined : `go build: ${goReason(result)}`;
}

/** `go build -v` names each package as it comes to it, and each module as it is fetched. */
function counter(onProgress: Search["onProgress"]): (stream: string, chunk: Buffer) => void {
  let modules = 0;
  let packages = 0;
  return (_stream, chunk) => {
    for (const line of chunk.toString("utf8").split("\n")) {
      if (line.startsWith("go: downloading ")) modules += 1;
      else if (line.trim() !== "") packages += 1;
    }
    const fetched = modules > 0 ? `, ${modules} modules fetched` : "";
    onProgress(`building from Go modules: ${packages} packages${fetched}`);
  };
}

/** Lines of `go build -v` that name a package or a download are progress; the last few others say what went wrong. */
function goReason(result: RunResult): string {
  const lines = result.stderr.toString("utf8").trim().split("\n");
  const telling = lines.filter(line => !line.startsWith("go: downloading ") && /[\s:]/.test(line));
  return telling.slice(-3).join(" ") || `exit code ${result.code ?? "none"}`;
}
