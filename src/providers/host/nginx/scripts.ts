/**
 * The scripts that change a site on its host, all sites one after the other. A new configuration is judged by nginx
 * before any file of the live one changes: in a mount namespace of its own, over a copy. What a power cut leaves is
 * always something that nginx takes.
 */
import { word } from "../../connection/shell-loop.ts";
import { checkScript } from "../health.ts";
import type { SiteInputs } from "./inputs.ts";
import { availablePath, confPath, enabledPath, NGINX, siteState, tlsFolder } from "./paths.ts";
import type { SiteFile } from "./site-files.ts";

const LOCK_S = 120;
/** From the signal until the first process with the new configuration is there. */
const RELOAD_S = 10;

const head = (
  name: string,
): string => `n=${word(name)} s=${word(siteState(name))} tls=${word(tlsFolder(name))}
fail() { echo "$1" >&2; exit 1; }
umask 022; (umask 077; mkdir -p -- "$s") && mkdir -p /run/lock || exit 1
exec 9>/run/lock/holdfast-nginx.lock
flock -w ${LOCK_S} 9 || fail 'another change of nginx is under way'
rm -rf /run/holdfast-nginx.*
if [ -d ${NGINX}/sites-enabled ]; then site=${word(availablePath(name))} link=${word(enabledPath(name))}
else site=${word(confPath(name))} link=; fi`;

/** Names of ours: a file of another resource may be on its way to the same folder. */
const UNFINISHED = ".holdfast-nginx-";

const FUNCTIONS = `# $1 from, $2 to, $3 mode
place() {
  mkdir -p -- "\${2%/*}" && t=$(mktemp -- "\${2%/*}/${UNFINISHED}XXXXXXXXXX") || return 1
  if cat -- "$1" >"$t" && chmod "$3" "$t" && sync -- "$t" && mv -fT -- "$t" "$2"; then return 0; fi
  rm -f -- "$t"; return 1
}
# $1: folder of a version, $2: in front of all paths
put() {
  for k in certificate.pem key.pem; do
    if [ -f "$1/$k" ]; then place "$1/$k" "$2$tls/$k" "$(stat -c %a -- "$1/$k")" || return 1; fi
  done
  if [ -f "$1/site" ]; then
    place "$1/site" "$2$site" 644 || return 1
    if [ -f "$1/unlinked" ]; then rm -f -- "$2$link"
    elif [ -n "$link" ] && [ "$(readlink -- "$2$link")" != "$site" ]; then ln -sfnT -- "$site" "$2$link" || return 1; fi
  else
    rm -f -- "$2$site" \${link:+"$2$link"} || return 1
  fi
  for k in certificate.pem key.pem; do [ -f "$1/$k" ] || rm -f -- "$2$tls/$k"; done
  rm -f -- "$2$tls"/${UNFINISHED}* "$2\${site%/*}"/${UNFINISHED}*
}
# Others may write there meanwhile: what is on its way is left out, and what is gone before it is read is no error (tar
# ends with 1 then). $1: the folder that it goes to
copy() {
  tar -C ${NGINX} --warning=no-file-changed --warning=no-file-removed --exclude='.holdfast-*' -cf "$1.tar" . ||
    [ $? = 1 ] || return 1
  mkdir -- "$1" && tar -C "$1" -xpf "$1.tar" && rm -f -- "$1.tar"
}
# nginx reads this configuration in full, and the live one stays as it is. $1: folder of a version
judge() {
  d=$(mktemp -d /run/holdfast-nginx.XXXXXXXXXX) && mkdir -p -- "$d/etc" "$d\${tls%/*}" "$tls" || return 1
  copy "$d/etc/nginx" && cp -a -- "$tls" "$d$tls" && put "$1" "$d" || return 1
  unshare --mount sh -c 'mount --bind "$1${NGINX}" ${NGINX} && mount --bind "$1$2" "$2" || {
    echo "a new configuration cannot be tried out here: it takes a mount namespace"; exit 1; }
    exec nginx -t -q' sh "$d" "$tls" 9>&- 2>&1
  r=$?; rm -rf -- "$d"; rmdir -- "$tls" 2>/dev/null; return "$r"
}
now() { cut -d. -f1 /proc/uptime; }
workers() { cat "/proc/$1/task/$1/children" 2>/dev/null; }
# Whether new processes are there, and none of the former ones takes requests. $1: pid of nginx, $2: the former ones
taken() {
  for w in $(workers "$1"); do
    case $2 in
      *" $w "*) tr '\\000' ' ' <"/proc/$w/cmdline" 2>/dev/null | grep -q 'shutting down' || return 1;;
      *) new=$w;;
    esac
  done
  [ -n "$new" ]
}
log=/var/log/nginx/error.log
# nginx tries an address that is in use several times: what it says of that is not to be taken for the next reload's.
silence() {
  end=$(($(now) + ${RELOAD_S})) size=
  while [ "$size" != "$(wc -c <"$log")" ] && [ "$(now)" -lt "$end" ]; do size=$(wc -c <"$log"); sleep 1; done
}
# Fails where nginx keeps the former configuration, as it does where an address is in use.
reload() {
  systemctl is-active --quiet nginx || return 0
  m=$(systemctl show --property=MainPID --value nginx) new=
  before=" $(workers "$m") " from=$(wc -c <"$log" 2>/dev/null)
  systemctl reload nginx || return 1
  [ -r "/proc/$m/task/$m/children" ] || return 0
  end=$(($(now) + ${RELOAD_S}))
  until taken "$m" "$before"; do
    said=$([ -z "$from" ] || tail -c "+$((from + 1))" "$log" | grep -F '[emerg]' | tail -n 3)
    if [ -n "$said" ]; then echo "nginx keeps the former configuration: $said"; silence; return 1; fi
    [ "$(now)" -lt "$end" ] || { echo 'nginx did not take the configuration up'; return 1; }
    sleep 0.05
  done
}`;

/** Files come one after the other in the body, and are told apart by their lengths. */
const receive = (files: readonly SiteFile[]): string =>
  [
    'rm -rf -- "$s/new"; mkdir -m 700 -- "$s/new" || exit 1',
    ...files.map(
      ({ key, content, mode }) =>
        `(umask 077; head -c ${content.length} >"$s/new/${key}") && [ "$(stat -c %s -- "$s/new/${key}")" = ${content.length} ] && chmod ${mode.toString(8)} "$s/new/${key}" || fail 'the files arrived cut short'`,
    ),
  ].join("\n");

/** The site is asked on this host, wherever its name leads; its certificate is not what is judged. */
function curlOptions(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  const asked = port || (protocol === "https:" ? "443" : "80");
  const isName = /[A-Za-z]/.test(hostname) && !hostname.startsWith("[");
  return isName ? `--insecure --resolve ${hostname}:${asked}:127.0.0.1` : "--insecure";
}

const healthScript = ({ health }: SiteInputs): string => {
  if (!health) return "healthy() { :; }";
  const check = checkScript(health, "url" in health ? curlOptions(health.url) : "");
  return `healthy() {
  end=$(($(now) + ${health.within}))
  while ! why=$(sh -c ${word(check)} 9>&- </dev/null 2>&1); do
    [ "$(now)" -lt "$end" ] || { echo "its health check says: $(printf '%s' "$why" | tail -n 3 | cut -c -300)"; return 1; }
    sleep 0.2
  done
}`;
};

/** What is live now is the former version, unless a run was cut off: then it is the one that was kept. */
const KEEP = `if [ ! -e "$s/pending" ]; then
  rm -rf -- "$s/good" "$s/keep" && mkdir -m 700 -- "$s/keep" || exit 1
  for k in certificate.pem key.pem; do [ ! -f "$tls/$k" ] || cp -p -- "$tls/$k" "$s/keep/$k" || exit 1; done
  if [ -f "$site" ]; then cp -p -- "$site" "$s/keep/site" || exit 1; fi
  [ -z "$link" ] || [ -L "$link" ] || touch -- "$s/keep/unlinked" || exit 1
  mv -T -- "$s/keep" "$s/good" && touch -- "$s/pending" && sync -- "$s/pending" "$s" || exit 1
fi`;

/** The mark goes first: as long as it is there, the former version is what was kept, and has to be there as well. */
const CLEAR = `clear() { rm -f -- "$s/pending" && rm -rf -- "$s/good" "$s/new"; }`;

const SWITCH = `${CLEAR}
if ! said=$(judge "$s/new"); then
  echo "nginx -t refuses it, nothing was changed: $said" >&2; rm -rf -- "$s/new"; exit 1
fi
${KEEP}
if said=$(put "$s/new" '' && reload && healthy); then
  clear; exit
fi
if again=$(judge "$s/good" && put "$s/good" '' && reload); then
  back='The former site is back.'; clear
  [ -f "$site" ] || { back='There was none before; it was taken away again.'; rm -rf -- "$s" "$tls"; }
else back="The former site could not be put back: $again"; fi
rm -rf -- "$s/new"; echo "$said" >&2; echo "$back" >&2; exit 1`;

export function deployScript(inputs: SiteInputs, files: readonly SiteFile[]): string {
  const missing = `command -v nginx >/dev/null || fail 'nginx is not on this host: add a Package, and let the site depend on it'`;
  return [head(inputs.name), missing, FUNCTIONS, healthScript(inputs), receive(files), SWITCH].join("\n");
}

/** Where the rest stands on it, it stays, unless the configuration is broken anyway. */
export const removeScript = (name: string): string => `${head(name)}
${FUNCTIONS}
gone() { rm -f -- "$site" \${link:+"$link"} && rm -rf -- "$tls" "$s"; }
command -v nginx >/dev/null || { gone; exit; }
mkdir -p -- "$s/none"
if ! said=$(judge "$s/none"); then
  ! nginx -t -q 2>/dev/null || fail "nginx -t refuses the configuration without it, nothing was changed: $said"
  gone; exit
fi
gone && reload >&2`;
