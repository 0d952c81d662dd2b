#!/bin/sh
# network.sh FOLDER GROUP: the first process of the namespaces (processes, mounts, network) of some hosts.
# With it everything goes, the link to the test's own network included. It ends when its standard input does.
set -eu
folder=$1 group=$2
mount --make-rprivate /
# Plain cgroup v2, whatever the machine itself has.
umount -R -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
own=/sys/fs/cgroup/holdfast-hosts/$group/own
# A sweep of another test's may come between the two.
until mkdir -p "$own" && echo $$ 2>/dev/null >"$own/cgroup.procs"; do :; done
mount -t tmpfs -o mode=755 tmpfs /run/systemd
mkdir -p /run/netns
mount -t tmpfs -o mode=755 tmpfs /run/netns
mount -t tmpfs -o mode=755 tmpfs "$folder/disks"
ip link set lo up
ip link add bridge type bridge
ip link set bridge up
echo ready
while read -r _; do :; done
