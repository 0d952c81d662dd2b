/** A local repository of Debian packages on a test host, made of nothing but files: no way out is needed. */
import type { Host } from "./hosts.ts";

export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** By absolute path. Default: one text in /usr/share/NAME that says the version. */
  readonly files?: Readonly<Record<string, string>>;
  /** More lines of its control file, such as `Depends`. */
  readonly control?: Readonly<Record<string, string>>;
  /** By name: preinst, postinst, prerm, postrm; scripts of sh. */
  readonly scripts?: Readonly<Record<string, string>>;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const put = (file: string, content: string, mode: string): string =>
  `mkdir -p "$(dirname ${quoted(file)})"; printf %s ${quoted(content)} >${quoted(file)}; chmod ${mode} ${quoted(file)}`;

function buildScript(folder: string, one: TestPackage): string {
  const { name, version, control = {}, scripts = {} } = one;
  const files = one.files ?? { [`/usr/share/${name}/version`]: `${version}\n` };
  const fields = {
    Package: name,
    Version: version,
    Architecture: "all",
    Maintainer: "Ada Example <ada@example.org>",
    Description: "a package of a test",
    ...control,
  };
  const lines = Object.entries(fields).map(([key, value]) => `${key}: ${value}\n`);
  const tree = `${folder}/tree`;
  return [
    `rm -rf ${tree}`,
    put(`${tree}/DEBIAN/control`, lines.join(""), "644"),
    ...Object.entries(scripts).map(([key, text]) => put(`${tree}/DEBIAN/${key}`, text, "755")),
    ...Object.entries(files).map(([file, content]) => put(tree + file, content, "644")),
    `dpkg-deb --root-owner-group -Znone -b ${tree} ${folder}/${name}_${version}_all.deb >/dev/null`,
    `rm -rf ${tree}`,
  ].join("\n");
}

/** What dpkg-scanpackages would say, without dpkg-dev. */
const INDEX = `for deb in *.deb; do
  dpkg-deb -f "$deb"
  echo "Filename: ./$deb"
  echo "Size: $(stat -c %s "$deb")"
  echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
  echo
done >Packages`;

/**
 * Offers packages to the host's apt, beside those that it offered before; `apt-get update` has run. Answers the folder
 * with the .deb files (`NAME_VERSION_all.deb`).
 */
export async function offerPackages(host: Host, packages: readonly TestPackage[]): Promise<string> {
  const folder = "/srv/packages";
  const built = packages.map(one => buildScript(folder, one)).join("\n");
  const source = `deb [trusted=yes] file:${folder} ./`;
  await host.run(`set -e
mkdir -p ${folder}
${built}
cd ${folder}
${INDEX}
echo '${source}' >/etc/apt/sources.list.d/test.list
apt-get -qq update`);
  return folder;
}
