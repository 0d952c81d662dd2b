/** Tiny Debian packages, and a repository of them, made on a test host. */
import type { Machine } from "./machine.ts";

export interface Deb {
  readonly name: string;
  readonly version: string;
  /** More fields of its control file: `Depends: other`. */
  readonly fields?: readonly string[];
  /** What its maintainer scripts do before and after it is unpacked. */
  readonly preinst?: string;
  readonly postinst?: string;
  /** A configuration file's content, at /etc/NAME.conf. */
  readonly configuration?: string;
  /** The content of /usr/share/NAME/content. Default: name and version. */
  readonly content?: string;
}

const REPOSITORY = "/srv/repository";

/** Epochs do not belong to file names. */
const fileName = ({ name, version }: Deb): string => `${name}_${version.replace(/^\d+:/, "")}_all.deb`;

const scriptOf = (name: string, text: string | undefined): string =>
  text === undefined
    ? ""
    : `printf '#!/bin/sh\\n%s\\n' '${text}' >"$d/DEBIAN/${name}"; chmod 755 "$d/DEBIAN/${name}"`;

const buildScript = (deb: Deb): string => `
set -e
d=$(mktemp -d)
mkdir -p "$d/DEBIAN" "$d/usr/share/${deb.name}" ${REPOSITORY}
cat >"$d/DEBIAN/control" <<'END'
Package: ${deb.name}
Version: ${deb.version}
Architecture: all
Maintainer: Test <test@example.org>
${(deb.fields ?? []).map(field => `${field}\n`).join("")}Description: a package for tests
END
printf '%s' '${deb.content ?? `${deb.name} ${deb.version}`}' >"$d/usr/share/${deb.name}/content"
${deb.configuration === undefined ? "" : `mkdir "$d/etc"; printf '%s\\n' '${deb.configuration}' >"$d/etc/${deb.name}.conf"; echo /etc/${deb.name}.conf >"$d/DEBIAN/conffiles"`}
${scriptOf("preinst", deb.preinst)}
${scriptOf("postinst", deb.postinst)}
dpkg-deb --build --root-owner-group -Znone "$d" ${REPOSITORY}/${fileName(deb)} >/dev/null
rm -rf "$d"`;

/** What apt reads of a flat repository. */
const INDEX = `
cd ${REPOSITORY}
for f in *.deb; do
  dpkg-deb -f "$f"
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$f" "$(stat -c %s "$f")" "$(sha256sum "$f" | cut -d' ' -f1)"
done >Packages.new && mv Packages.new Packages`;

/** Adds packages to the host's repository; who wants them must have the lists renewed. */
export async function addDebs(host: Machine, ...debs: readonly Deb[]): Promise<void> {
  for (const deb of debs) await host.run(buildScript(deb));
  await host.run(INDEX);
}

/** Makes apt use nothing but that repository. */
export async function useDebs(host: Machine): Promise<void> {
  await host.run(`mkdir -p ${REPOSITORY}; rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; ${INDEX.replace("for f in *.deb", 'for f in $(ls | grep "[.]deb$")')}
echo 'deb [trusted=yes] file:${REPOSITORY} ./' >/etc/apt/sources.list.d/test.list`);
}

/** The bytes of a package that was added. */
export async function debOf(host: Machine, deb: Deb): Promise<Buffer> {
  return Buffer.from(await host.run(`base64 -w0 ${REPOSITORY}/${fileName(deb)}`), "base64");
}

/** In the repository, and known to apt. */
export async function offerDebs(host: Machine, ...debs: readonly Deb[]): Promise<void> {
  await addDebs(host, ...debs);
  await host.run("apt-get -q update 2>&1");
}

/** Version and state as dpkg has them; "" where it is not there. */
export async function stateOf(host: Machine, name: string): Promise<string> {
  const said = await host.run(`dpkg-query -W -f='\${Version} \${db:Status-Status}' ${name} 2>/dev/null || :`);
  return said.trim() === "not-installed" ? "" : said.trim();
}
