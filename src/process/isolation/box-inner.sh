# Started by box.sh in the program's own mount namespace: leaves the machine's root for the box's, gives up every right,
# takes the box's limits, and becomes the program. Usage: box-inner.sh ROOT PATH CWD WORDS LIMITS COMMAND...
cd "$1" && pivot_root . . && umount -n -l . && cd "$3" || exit 97
search=$2 words=$4 limits=$5
shift 5
# Others read what is made here: installs, compiled code.
umask 022
exec env PATH="$search" setpriv $words -- $limits "$@" 2>&5 5>&-
