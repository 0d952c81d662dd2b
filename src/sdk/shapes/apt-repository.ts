/** Properties of a package repository, as they reach the provider. */
import { either, listOf, oneOf, optional, required, text, yesOrNo, type Rule, type Shape } from "./shape.ts";

/** Each stands between blanks in a line of its file. */
const token = (pattern: RegExp, what: string): Rule => text({ pattern, what, most: 1000 });
const uri = token(
  /^[a-z][a-z0-9+.-]*:\S+$/,
  'a URI such as "https://deb.example.org/debian" or "file:/srv/repository"',
);
/** Everybody on the host may read a repository's file, and must: apt's tools do. */
const openUri: Rule = (value, isLater) =>
  typeof value === "string" && /^[^/]*:\/\/[^/@]*:[^/@]*@/.test(value)
    ? [
        {
          at: "",
          reason:
            "holds a password, which everybody on the host could read: put it into a file of /etc/apt/auth.conf.d with mode 0600 (apt_auth.conf(5))",
        },
      ]
    : uri(value, isLater);
const suite = token(/^(?!-)\S+$/, 'a suite such as "bookworm", or a path that ends with / such as "./"');
const component = token(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'a component such as "main"');
const architecture = token(/^[a-z0-9][a-z0-9-]*$/, 'an architecture such as "amd64"');

/** A public key as gpg writes it with --armor, or the path of a keyring on the host. */
const signedBy = either(
  'a public key in armor ("-----BEGIN PGP PUBLIC KEY BLOCK-----…"), or the absolute path of a keyring on the host',
  text({
    pattern: /^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n[^]*\n-----END PGP PUBLIC KEY BLOCK-----\s*$/,
  }),
  text({ pattern: /^\/\S+$/ }),
);

const many = (rule: Rule, what: string): Rule => {
  const list = listOf(rule, what);
  return (value, isLater) =>
    Array.isArray(value) && value.length === 0
      ? [{ at: "", reason: `must be ${what}, of at least one` }]
      : list(value, isLater);
};

export const APT_REPOSITORY: Shape = {
  name: required(
    token(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'a name of letters, digits, "_" and "-": it becomes NAME.sources'),
    "the repository's name",
  ),
  uris: required(many(openUri, "a list of URIs"), "where it is: a list of URIs"),
  suites: required(many(suite, "a list of suites"), 'its suites, for example ["bookworm"]'),
  components: optional(many(component, "a list of components")),
  types: optional(many(oneOf("deb", "deb-src"), 'a list of "deb" and "deb-src"')),
  architectures: optional(many(architecture, "a list of architectures")),
  signedBy: optional(signedBy),
  trusted: optional(yesOrNo),
};
