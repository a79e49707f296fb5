#!/bin/bash
# userspace.sh: `minivpn NAME`, the program that others start instead of wireguard-go and then drive by its control socket. It
# begins on side a; b is there for traffic. Side c has another network and the same /run as a.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly socket=/run/wireguard/tun0.sock

with_third() {
  sides_up "$1"
  share c a "$1"
  side_up c "$1"
}

# --- What is started ---

# bare [NAME=VALUE]... ARGUMENT...: on side a, with nothing in the environment that it knows but what is given here.
bare() {
  local set=()
  while [[ ${1-} == [A-Z]*=* ]]; do
    set+=("$1")
    shift
  done
  on a env -u LOG_LEVEL -u WG_TUN_FD -u WG_UAPI_FD -u WG_PROCESS_FOREGROUND "${set[@]}" "$minivpn" "$@"
}

# stays [NAME=VALUE]... -- ARGUMENT...: as a job, which must be in the foreground: it is still there when the tunnel is.
stays() {
  local set=()
  while [[ $1 != -- ]]; do
    set+=("$1")
    shift
  done
  shift
  spawn "$work/stays" a env "${set[@]}" "$minivpn" "$@"
  wait_for 10 is_there && running "$work/stays"
}

is_there() {
  all_there a minivpn tun0
}

# nothing_left [DEVICE]
nothing_left() {
  wait_for 10 nothing_there a minivpn "${1:-tun0}"
}

# end_by_removal [DEVICE]: of the socket file.
end_by_removal() {
  on a rm "/run/wireguard/${1:-tun0}.sock" && nothing_left "${1:-tun0}"
}

answers() {
  on a timeout 3 wg show tun0
}

# inode: of the socket file.
inode() {
  on a stat -c %i "$socket"
}

# descriptor N: what the daemon has there; failing that, nothing.
descriptor() {
  on a sh -c 'readlink "/proc/$(pidof minivpn)/fd/$1"' sh "$1"
}

# has_descriptors WHERE WHERE WHERE: the standard ones.
has_descriptors() {
  local n found
  for n in 0 1 2; do
    found=$(descriptor "$n")
    echo "$n: $found"
    [[ $found == "$1" ]] || return 1
    shift
  done
}

# --- The command line ---

leads_a_session() {
  on a sh -c 'read -r pid _ _ _ _ session _ <"/proc/$(pidof minivpn)/stat" && test "$pid" = "$session"'
}

test_daemon() {
  check "tun0: exit status 0" ends 0 bare tun0
  check "tun0: device and socket are there when it returns" is_there
  check "control: there is something to be left" not nothing_there a minivpn tun0
  check "tun0: wg finds it" shows tun0 on a wg show interfaces
  check "tun0: cwd is /" test "$(on a sh -c 'readlink "/proc/$(pidof minivpn)/cwd"')" = /
  check "tun0: it is a session of its own" leads_a_session
  check "tun0: it ends when the socket goes" end_by_removal
  check "-- status: a device of that name" bare -- status
  check "-- status: it is there" all_there a minivpn status
  check "-- status: it ends" end_by_removal status
}

test_foreground() {
  local option
  for option in -f --foreground "-f --" WG_PROCESS_FOREGROUND=1; do
    if [[ $option == *=* ]]; then
      check "$option: it stays" stays "$option" -- tun0
    else
      # shellcheck disable=SC2086 # may be two words
      check "$option: it stays" stays -- $option tun0
    fi
    check "$option: SIGTERM" signal "$work/stays" TERM
    check "$option: exit status 0" finished "$work/stays" 10
    check "$option: nothing is left" nothing_left
  done
  check "WG_PROCESS_FOREGROUND=0: it does not stay" bare WG_PROCESS_FOREGROUND=0 tun0
  check "WG_PROCESS_FOREGROUND=0: it ends" end_by_removal
}

test_usage() {
  local word
  fails "a command misspelt" 2 stauts "'status'" "minivpn -- stauts" -- bare stauts
  check "a command misspelt: no device" nothing_left stauts
  for word in a/b a,b "a b" name-of-16-abcde . .. ""; do
    check "the name '$word': exit status 2" ends 2 bare "$word"
    fails "the name '$word', behind --" 2 "1 to 15" -- bare -- "$word"
  done
  check "a name of 15: it is taken" bare name-of-15-abcd
  check "a name of 15: it ends" end_by_removal name-of-15-abcd
  fails "two names" 2 tun0 -- bare tun0 tun1
  fails "two names, behind --" 2 "one name" -- bare -- tun0 tun1
  fails "no name behind -f" 2 "one name" -- bare -f
  fails "no name behind --" 2 "one name" -- bare --
  fails "an option it does not have" 2 -x -- bare -x tun0
  fails "an option it does not have, behind -f" 2 --nonsense -- bare -f --nonsense tun0
  fails "-f behind the name" 2 tun0 -- bare tun0 -f
  check "usage: no device, no socket, no process" nothing_left
}

# --- A second one ---

test_second() {
  local first
  check "first: it begins" bare tun0
  first=$(inode)
  fails "second with the name" 1 tun0 -- bare tun0
  check "second with the name: in the foreground, too" ends 1 bare -f tun0
  fails "second in another network" 1 tun0 "served by another" -- on c "$minivpn" tun0
  check "second in another network: no device there" not on c ip link show tun0
  check "first: its socket file is the same" test "$(inode)" = "$first"
  check "first: it answers" answers
  check "control: another name can be had in the other network" on c "$minivpn" other0
  check "control: the other ends" on c sh -c 'rm /run/wireguard/other0.sock'
  check "control: the other is gone" wait_for 10 not on c ip link show other0
  kind[a]=minivpn
  check "first: SIGKILL" kill_peer a
  unset "kind[a]"
  check "first: its socket file stays" test "$(inode)" = "$first"
  check "after SIGKILL: the next start" bare tun0
  check "after SIGKILL: the socket file is another" test "$(inode)" != "$first"
  check "after SIGKILL: it answers" answers
  check "after SIGKILL: it ends" end_by_removal
}

# --- Its end ---

# Each ends a tunnel.
by_sigint() {
  on a sh -c 'kill -INT $(pidof minivpn)'
}

by_sigterm() {
  on a sh -c 'kill -TERM $(pidof minivpn)'
}

by_removal() {
  on a rm "$socket"
}

by_replacement() {
  on a sh -c 'echo other >/run/wireguard/other && mv /run/wireguard/other "$1"' sh "$socket"
}

by_deletion() {
  on a ip link del tun0
}

# cleared: the file that took the place of the socket is still there, and then is not.
cleared() {
  wait_for 10 not on a pidof minivpn && [[ $(on a cat "$socket") == other ]] && on a rm "$socket"
}

test_ends() {
  local way
  for way in sigint sigterm removal replacement deletion; do
    check "end by $way: it begins" stays -- -f tun0
    check "end by $way" "by_$way"
    check "end by $way: exit status 0" finished "$work/stays" 10
    [[ $way != replacement ]] || check "end by $way: that file stays" cleared
    check "end by $way: nothing is left" nothing_left
    check "end by $way: a daemon begins" bare tun0
    check "end by $way: it is ended" "by_$way"
    [[ $way != replacement ]] || check "end by $way: that file stays" cleared
    check "end by $way: nothing is left of the daemon" nothing_left
  done
}

# hung_up: SIGHUP has come, and it is still there.
hung_up() {
  on a sh -c 'kill -HUP $(pidof minivpn)' && sleep 0.5 && is_there && answers
}

test_hangup() {
  check "SIGHUP: a daemon begins" bare tun0
  check "SIGHUP: nothing to a daemon" hung_up
  check "SIGHUP: it ends" end_by_removal
  check "SIGHUP: it begins in the foreground" stays -- -f tun0
  check "SIGHUP: nothing to that" hung_up
  check "SIGHUP: it ends" end_by_removal
  check "SIGHUP: exit status 0" finished "$work/stays" 10
}

# --- What it has and may ---

# begins_to LOG [NAME=VALUE]...: with its output there.
begins_to() {
  bare "${@:2}" tun0 >"$1" 2>&1 </dev/zero
}

test_log() {
  local log=$work/daemon.log
  check "LOG_LEVEL=verbose: it begins" begins_to "$log" LOG_LEVEL=verbose
  check "LOG_LEVEL=verbose: stdout and stderr are those it had" has_descriptors /dev/null "$log" "$log"
  test_traffic
  check "LOG_LEVEL=verbose: it tells of handshakes" grep -i "handshake" "$log"
  check "LOG_LEVEL=verbose: it tells no key" not grep -F "$(<"$work/a.key")" "$log"
  check "LOG_LEVEL=verbose: it ends" end_by_removal

  check "LOG_LEVEL=error: it begins" begins_to "$log" LOG_LEVEL=error
  check "LOG_LEVEL=error: stdout and stderr are those it had" has_descriptors /dev/null "$log" "$log"
  check "LOG_LEVEL=error: it ends" end_by_removal

  check "LOG_LEVEL=silent: it begins" begins_to "$log" LOG_LEVEL=silent
  check "LOG_LEVEL=silent: it has let go of all" has_descriptors /dev/null /dev/null /dev/null
  check "LOG_LEVEL=silent: it is a peer" configure_by_wg a
  check "LOG_LEVEL=silent: ping" wait_for 15 reaches a "${inner4[b]}" 1
  check "LOG_LEVEL=silent: it ends" end_by_removal
  check "LOG_LEVEL=silent: it said nothing" test ! -s "$log"

  check "LOG_LEVEL unset: it begins" begins_to "$log"
  check "LOG_LEVEL unset: it has let go of all" has_descriptors /dev/null /dev/null /dev/null
  check "LOG_LEVEL unset: it ends" end_by_removal
  check "LOG_LEVEL=silent in the foreground: it begins" stays LOG_LEVEL=silent -- -f tun0
  check "LOG_LEVEL=silent in the foreground: it ends" end_by_removal
  check "LOG_LEVEL=silent in the foreground: exit status 0" finished "$work/stays" 10
  check "LOG_LEVEL=silent in the foreground: it said nothing" test ! -s "$work/stays.err"
}

# Opens a file at descriptors low, high and in between, and becomes the command.
strange='
import fcntl, os, sys
end = fcntl.fcntl(os.open(sys.argv[1], os.O_RDONLY), fcntl.F_DUPFD_CLOEXEC, 600)
for fd in (3, 10, 63, 500):
  os.dup2(end, fd)
os.execvp(sys.argv[2], sys.argv[2:])'

# with_strange COMMAND...: with descriptors that it did not ask for.
with_strange() {
  on a python3 -c "$strange" "$work/strange" "$@"
}

# Prints the descriptors in a folder of /proc that are the file, however its path looks from there.
find_strange='[ -d "$1" ] || exit 1
for fd in "$1"/*; do [ "$fd" -ef "$2" ] && echo "$fd"; done; exit 0'

# shows_strange COUNT FOLDER COMMAND...: run by the command, the search finds so many.
shows_strange() {
  local count=$1 folder=$2 found
  shift 2
  found=$("$@" sh -c "$find_strange" sh "$folder" "$work/strange") || return 1
  echo "found: $found"
  (($(wc -w <<<"$found") == count))
}

test_descriptors() {
  echo strange >"$work/strange"
  check "control: descriptors that are there are found" shows_strange 4 /proc/self/fd with_strange
  check "control: in no folder there is no search" not shows_strange 0 /proc/nobody/fd on a
  check "strange descriptors: it begins" with_strange "$minivpn" tun0
  check "strange descriptors: it has others" has_descriptors /dev/null /dev/null /dev/null
  check "strange descriptors: it has closed them" shows_strange 0 "/proc/$(on a pidof minivpn)/fd" on a
  check "strange descriptors: it ends" end_by_removal
  check "closed standard descriptors: it begins" bare_without_standard
  check "closed standard descriptors: it has them" has_descriptors /dev/null /dev/null /dev/null
  check "closed standard descriptors: it ends" end_by_removal
}

bare_without_standard() {
  on a bash -c 'exec "$@" <&- >&- 2>&-' bash "$minivpn" tun0
}

# capabilities PID SET: as a number.
capabilities() {
  echo $((0x$(on a awk -v set="$2:" '$1 == set { print $2 }' "/proc/$1/status")))
}

# little PID: it has, and may ever have, CAP_NET_ADMIN and CAP_NET_BIND_SERVICE and no other.
little() {
  local set found
  for set in CapEff CapPrm CapInh CapAmb CapBnd; do
    found=$(capabilities "$1" "$set")
    printf '%s: %x\n' "$set" "$found"
    ((found & ~(1 << 12 | 1 << 10))) && return 1
  done
  return 0
}

test_privileges() {
  check "privileges: it begins" bare tun0
  check "control: the first process of the side has more" not little 1
  check "privileges: for the network alone" little "$(on a pidof minivpn)"
  check "privileges: it ends" end_by_removal
  let_nobody_in
  fails "as nobody" 1 tun0 root -- as_nobody "$nobodys/minivpn" tun0
  check "as nobody: nothing is left" nothing_left
}

# --- The link ---

# link_local DEVICE: it has such an address.
link_local() {
  [[ -n $(on a ip -6 -o address show dev "$1" scope link) ]]
}

test_link() {
  on a ip link add ll0 type veth peer name ll1
  on a ip link set ll0 up
  on a ip link set ll1 up
  check "control: a device of another kind gets an address of the link" wait_for 5 link_local ll0
  on a ip link del ll0
  check "link: it begins" bare tun0
  check "link: the MTU is 1420" shows "mtu 1420 " on a ip link show tun0
  check "link: up" on a ip link set tun0 up
  sleep 1
  check "link: no address of the link" not link_local tun0
  check "link: it ends" end_by_removal
}

# handshake: when a's last one was.
handshake() {
  on a wg show tun0 latest-handshakes | cut -f 2
}

# newer_than TIME
newer_than() {
  (($(handshake) > $1))
}

ping_b() {
  reaches a "${inner4[b]}" 3
}

# For a tun0 that nobody has configured yet.
test_traffic() {
  local before
  check "traffic: a is configured" configure_by_wg a
  check "traffic: ping" ping_b
  before=$(handshake)
  # wg shows whole seconds.
  sleep 1.1
  check "link down: it is" on a ip link set tun0 down
  check "link down: no ping" not on a ping -c 1 -W 1 "${inner4[b]}"
  check "link down: it answers" answers
  check "link up: it is" on a ip link set tun0 up
  check "link up: ping" wait_for 15 ping_b
  check "link up: by a new handshake" newer_than "$before"
}

# --- Descriptors that it inherits ---

# A parent that makes both and gives them away: NAME MTU PROGRAM ARGUMENT...
parent='
import fcntl, os, socket, struct, subprocess, sys
name, mtu, command = sys.argv[1], sys.argv[2], sys.argv[3:]
IFF_TUN, IFF_NO_PI, TUNSETIFF = 0x0001, 0x1000, 0x400454CA
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
subprocess.run(["ip", "link", "set", name, "mtu", mtu], check=True)
os.makedirs("/run/wireguard", exist_ok=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/wireguard/%s.sock" % name)
listener.listen(10)
environment = dict(os.environ, WG_TUN_FD=str(tun), WG_UAPI_FD=str(listener.fileno()))
sys.exit(subprocess.run(command, env=environment, pass_fds=[tun, listener.fileno()]).returncode)'

# by_parent ARGUMENT...
by_parent() {
  on a env -u LOG_LEVEL python3 -c "$parent" tun0 1333 "$minivpn" "$@"
}

test_inherited() {
  local value
  check "inherited: it begins, and returns" by_parent other0
  check "inherited: the name is that of the TUN" is_there
  check "inherited: not that of the argument" not on a ip link show other0
  check "inherited: the MTU is left alone" shows "mtu 1333 " on a ip link show tun0
  check "inherited: it answers" answers
  test_traffic
  check "inherited: it ends" end_by_removal

  for value in x -1 4x 1000000 99999999999; do
    fails "WG_TUN_FD=$value" 1 WG_TUN_FD -- bare "WG_TUN_FD=$value" tun0
    check "WG_UAPI_FD=$value: exit status 1" ends 1 bare "WG_UAPI_FD=$value" tun0
    check "WG_UAPI_FD=$value: the message" said minivpn:
  done
  fails "WG_TUN_FD of no TUN" 1 WG_TUN_FD -- on a bash -c 'exec 5</dev/null; WG_TUN_FD=5 exec "$0" tun0' "$minivpn"
  fails "WG_UAPI_FD of no socket" 1 "control socket" -- on a bash -c 'exec 5</dev/null; WG_UAPI_FD=5 exec "$0" tun0' "$minivpn"
  check "bad numbers: nothing is left" nothing_left
  check "empty numbers: as if there were none" bare WG_TUN_FD= WG_UAPI_FD= tun0
  check "empty numbers: it ends" end_by_removal
}

main() {
  need_minivpn
  make_sides=with_third
  net_begin 200 ip wg ping fping python3 setpriv pidof --
  outer=4
  peer_file a >"$work/a.ini"
  check "b begins" start_peer b minivpn
  test_daemon
  test_foreground
  test_usage
  test_second
  test_ends
  test_hangup
  test_log
  test_descriptors
  test_privileges
  test_link
  test_inherited
  net_end
}

main
