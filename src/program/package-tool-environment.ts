/** What npm and its like need from the daemon's own environment to reach a registry; nothing else is passed on. */

const NEEDED =
  /^(PATH|HOME|USER|LANG|LC_ALL|TZ|TMPDIR|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|npm_config_.*|NPM_CONFIG_.*)$/;
/** They say what npm runs or where it works; that is for us to say. */
const OURS =
  /^npm_config_(ignore_scripts|script_shell|node_options|prefix|global|local_prefix|dry_run|allow_.*)$/i;

export function packageToolEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && NEEDED.test(name) && !OURS.test(name) ? [[name, value]] : [],
    ),
  );
}
