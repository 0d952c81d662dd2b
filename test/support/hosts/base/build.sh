#!/bin/sh
# build.sh TARGET: the root filesystem that all test hosts share, of this machine's own release and package sources.
set -eu
here=$(dirname "$(readlink -f "$0")")
target=$1
. /etc/os-release
packages=$(grep -v '^#' "$here/packages" | paste -sd, -)
set --
for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/ubuntu.sources; do
  if [ -s "$list" ]; then set -- "$@" "$list"; fi
done
exec mmdebstrap --variant=minbase --mode=root --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook="sh '$here/configure.sh' \"\$1\"" \
  "$VERSION_CODENAME" "$target" "$@"
