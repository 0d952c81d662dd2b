# Pid 1 of a box: builds the box's root, starts the program in it, and ends with it. It keeps the machine's view, and is
# told nothing by the program; the box gets a mount namespace of its own below it (box-inner.sh).
#
# Usage: box.sh ROOT MOUNTS LINKS CONTROL INNER CWD WORDS LIMITS COMMAND...
#   ROOT     folder that the root is mounted on        MOUNTS  file of mounts, fstab(5)
#   LINKS    links of the root: "bin=usr/bin ..."      CONTROL "control": file descriptor 4 says "show PATH" or "hide PATH", one
#   INNER    path of box-inner.sh                              a line, and is told "done" or "refused" for each
#   CWD      the program's working folder              WORDS   for setpriv(1), split at blanks
#   LIMITS   what runs the command within its limits, split at blanks
# Exit code: the program's; 97 where the box could not be made (the program has not begun then).
root=$1 mounts=$2 links=$3 control=$4 inner=$5
shift 5
search=$PATH
PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin
exec 5>&2
trap 'exit 97' EXIT
set -e
mount -n -a -T "$mounts"
for link in $links; do ln -s "${link#*=}" "$root/${link%%=*}"; done
# A new network namespace has its loopback down. Without iproute2, root can do it by sysfs: 0x49 is UP, LOOPBACK, RUNNING.
if ! ip link set lo up 2>/dev/null; then
  mount -n -t sysfs sysfs "$root/tmp"
  echo 0x49 > "$root/tmp/class/net/lo/flags"
  umount -n "$root/tmp"
fi
mount -n --make-rshared "$root"
set +e
if [ "$control" = control ]; then
  {
    while read -r verb path; do
      case $verb in
        show) mount -n -o bind,ro,nosuid,nodev,X-mount.mkdir "$path" "$root$path" ;;
        hide) umount -n "$root$path" ;;
        *) false ;;
      esac
      if [ $? = 0 ]; then echo done; else echo refused; fi
    done
    # The other end is gone: nobody wants this program any more.
    kill -9 -1
  } <&4 >&4 2>/dev/null 3>&- 5>&- &
fi
# The shell's own words on how its child ended belong to nobody.
exec 2>/dev/null
unshare --mount --propagation slave -- sh "$inner" "$root" "$search" "$@" 4>&-
code=$?
trap - EXIT
exit $code
