/** Health checks of what was changed, as shell functions that run on the host. */
import { word } from "../connection/shell-loop.ts";
import { isMap, type Plain } from "../grpc/value.ts";
import { textOf } from "./placement.ts";

export type Health =
  { readonly url: string; readonly within: number } | { readonly command: string; readonly within: number };

const WITHIN_S = 30;

export function healthOf(value: Plain | undefined): Health | undefined {
  if (!isMap(value)) return undefined;
  const within = typeof value["within"] === "number" ? value["within"] : WITHIN_S;
  const [url, command] = [textOf(value, "url"), textOf(value, "command")];
  if (url !== undefined) return { url, within };
  return command === undefined ? undefined : { command, within };
}

/** One request. */
const REQUEST_S = 5;

/**
 * For a host that has neither curl nor wget: bash is in every Debian and Ubuntu. Any status below 400 is health. No
 * single quotes in here: it travels between them.
 */
const BARE_REQUEST = [
  'u=${1#http://}; h=${u%%/*}; p=${u#"$h"}; p=${p:-/}; n=$h; o=80',
  "case $h in *:*[!]]) n=${h%:*}; o=${h##*:};; esac; n=${n#\\[}; n=${n%\\]}",
  'exec 3<>"/dev/tcp/$n/$o" || exit 1',
  'printf "GET %s HTTP/1.0\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n" "$p" "$h" >&3',
  'read -r v s r <&3 || { echo "no answer from $1"; exit 1; }',
  'case $s in [123][0-9][0-9]) ;; *) echo "$1 answered $s"; exit 1;; esac',
].join("\n");

/** `curl`: more options for curl, of words without spaces. */
function requestOf(url: string, curl: string): string {
  const u = word(url);
  const bare = url.startsWith("https:")
    ? "echo 'https needs curl or wget on the host'; false"
    : `timeout ${REQUEST_S} bash -c '${BARE_REQUEST}' bash ${u} 2>&1`;
  return `if command -v curl >/dev/null 2>&1; then curl -fsS -o /dev/null --max-time ${REQUEST_S} ${curl} -- ${u} 2>&1
elif command -v wget >/dev/null 2>&1; then wget -nv -O /dev/null -t 1 -T ${REQUEST_S} -- ${u} 2>&1
else ${bare}; fi`;
}

/** Ends with 0 where it is healthy, and says why where it is not. */
export function checkScript(health: Health | undefined, curl = ""): string {
  if (!health) return ":";
  if ("url" in health) return requestOf(health.url, curl);
  return `timeout ${health.within} sh -c ${word(health.command)} 2>&1 </dev/null`;
}
