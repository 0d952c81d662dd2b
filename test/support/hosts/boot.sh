#!/bin/sh
# boot.sh FOLDER GROUP BASE NAME ADDRESS: boots a host; ends with 133 where it asked for a reboot.
# In the namespaces that network.sh made, and a mount namespace of its own.
set -eu
folder=$1 group=$2 base=$3 name=$4 address=$5
disk=$folder/disks/$name root=$folder/disks/$name/root

mkdir -p "$disk/upper" "$disk/work" "$root" "$disk/containers"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$disk/upper,workdir=$disk/work" "$root"
if [ ! -e "$disk/made" ]; then
  echo "$name" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n%s %s\n' "$address" "$name" >"$root/etc/hosts"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  install -m 600 "$folder/keys/$name" "$root/etc/ssh/ssh_host_ed25519_key"
  install -m 644 "$folder/keys/$name.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
  for user in root deploy guest; do
    home=$root/home/$user
    [ "$user" = root ] && home=$root/root
    install -d -m 700 "$home/.ssh"
    install -m 600 "$folder/keys/user.pub" "$home/.ssh/authorized_keys"
    [ "$user" = root ] || chroot "$root" chown -R "$user:$user" "/home/$user/.ssh"
  done
  : >"$disk/made"
fi

# A network of its own for each boot, as after a reboot of a real machine.
ip netns del "$name" 2>/dev/null || :
ip link del "v-$name" 2>/dev/null || :
ip netns add "$name"
# Its card keeps its number: others remember it.
mac=$(printf '02:68:66:%02x:%02x:%02x' $(echo "$address" | cut -d. -f2- | tr . ' '))
ip link add "v-$name" type veth peer name eth0 address "$mac" netns "$name"
ip link set "v-$name" master bridge
[ -e "$disk/unplugged" ] || ip link set "v-$name" up
ip -n "$name" link set lo up
ip -n "$name" address add "$address/24" dev eth0
ip -n "$name" link set eth0 up

cgroup=/sys/fs/cgroup/holdfast-hosts/$group/$name
mkdir -p "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
# /proc/sys/net only: it belongs to the host's network.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
exec systemd-nspawn --quiet --boot --register=no --keep-unit --directory="$root" --machine="$name" \
  --network-namespace-path="/run/netns/$name" --resolv-conf=off --timezone=off --link-journal=no --console=read-only \
  --capability=CAP_NET_ADMIN,CAP_BPF,CAP_PERFMON --system-call-filter="add_key keyctl request_key bpf" \
  --bind="$disk/containers:/var/lib/containers"
