#!/bin/sh
# configure.sh ROOT: what makes a root filesystem a good test host. Keys and names come with each host.
set -eu
root=$1

# Logins: root, deploy who may become root, guest who may not. Keys only.
printf '%s\n' 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' 'UseDNS no' 'PrintLastLog no' \
  'HostKey /etc/ssh/ssh_host_ed25519_key' >"$root/etc/ssh/sshd_config.d/10-test.conf"
rm -f "$root"/etc/ssh/ssh_host_*
for user in deploy guest; do chroot "$root" useradd -m -s /bin/bash "$user"; done
echo 'deploy ALL=(ALL) NOPASSWD:ALL' >"$root/etc/sudoers.d/deploy"
chmod 440 "$root/etc/sudoers.d/deploy"

# What has no meaning here, or costs: kernel filesystems, devices, consoles, updates, and inotify instances, of which
# all hosts together have 128.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  systemd-udevd.service systemd-udev-trigger.service systemd-firstboot.service getty.target console-getty.service \
  systemd-networkd-wait-online.service dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-modules-load.service podman-auto-update.timer \
  podman.socket podman.service podman-restart.service podman-auto-update.service \
  systemd-ask-password-wall.path systemd-ask-password-console.path; do
  ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" pam-auth-update --remove systemd --force

# Each host has its own.
rm -f "$root/etc/resolv.conf" "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
: >"$root/etc/machine-id"
ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"

# No way out: apt knows no source until a test gives it one. Packages of tests are unpacked whole.
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/etc/apt/apt.conf.d/99mmdebstrap \
  "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap

# podman: runc, as crun 1.8 wants CAP_SYS_RESOURCE; no limits on controllers that are not there.
rm -f "$root"/etc/cni/net.d/*
mkdir -p "$root/etc/containers"
cat >"$root/etc/containers/containers.conf" <<'END'
[containers]
pids_limit = 0
default_ulimits = ["nofile=4096:4096", "nproc=16384:16384"]
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
END
