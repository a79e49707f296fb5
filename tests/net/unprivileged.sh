#!/bin/bash
# unprivileged.sh: `minivpn up` without CAP_NET_ADMIN: as an ordinary user on a device that an administrator has prepared, and as
# root in a container with a descriptor of the device. What cannot be set is said, with the command that does it, and the commands
# are tried; what is set already is not mentioned.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly nobody=65534

# --- The administrator ---

# As Debian has it; the machine and the sides of the tests may not: everybody may open it, and the system's folders are root's.
as_debian() {
  on a mount -t tmpfs tmpfs /dev/net
  on a mknod -m 666 /dev/net/tun c 10 200
  on a chmod 755 /run /var/lib
}

# make_device [OPTION]...: and nothing on it.
make_device() {
  on a ip tuntap add dev tun0 mode tun user "$nobody" "$@"
}

remove_device() {
  on a ip link del tun0
}

# prepare [OPTION]...: all that the peer file of a asks for.
prepare() {
  make_device "$@" &&
    on a ip link set dev tun0 addrgenmode none mtu 1420 &&
    on a ip address add "${inner4[a]}/24" dev tun0 &&
    on a ip address add "${inner6[a]}/64" dev tun0 nodad &&
    on a ip link set dev tun0 up
}

state_of_device() {
  on a ip -o address show dev tun0
  on a ip -o link show dev tun0 | grep -o 'mtu [0-9]*'
  on a ip route show dev tun0
  on a ip -6 route show dev tun0
}

# --- The user ---

run_folder= # XDG_RUNTIME_DIR

# user COMMAND...: with folders of his own.
user() {
  as_nobody env XDG_RUNTIME_DIR="$run_folder" XDG_STATE_HOME="$nobodys/state" "$@"
}

# homeless COMMAND...: without.
homeless() {
  as_nobody env -u XDG_RUNTIME_DIR -u XDG_STATE_HOME HOME=/nonexistent "$@"
}

# write_file [INTERFACE LINE]...: the peer file of a with these lines, for the user.
write_file() {
  peer_file a | sed '/^ListenPort/r '<(printf '%s\n' "$@") >"$nobodys/peer.ini"
  chown "$nobody" "$nobodys/peer.ini"
}

up() {
  user "$nobodys/minivpn" up "$nobodys/peer.ini" </dev/null
}

down() {
  user "$nobodys/minivpn" down tun0
}

# start NAME=VALUE...: `up -f` by the user, as a job, with this in the environment, as env takes it.
start() {
  spawn "$work/up" a setpriv "--reuid=$nobody" "--regid=$nobody" --clear-groups env "$@" \
    "$nobodys/minivpn" up -f "$nobodys/peer.ini" && wait_for 10 grep '^tun0: up' "$work/up.out"
}

# unmentioned TEXT: `ends` kept nothing of it.
unmentioned() {
  grep -F -e "$1" "$work/ends" && return 1
  return 0
}

# has_no_capability: the process of the tunnel.
has_no_capability() {
  on a awk '$1 ~ /^Cap(Eff|Prm|Inh|Amb):/ && $2 !~ /^0+$/ { print; bad = 1 } END { exit bad }' \
    "/proc/$(on a pidof minivpn)/status"
}

pings() {
  reaches a "${inner4[b]}" 3 && reaches b "${inner4[a]}" 3 && reaches a "${inner6[b]}" 3
}

program_ended() {
  wait_for 10 not on a pidof minivpn
}

# --- A device with everything on it ---

test_prepared() {
  prepare
  state_of_device >"$work/prepared"
  write_file
  check "prepared: up" ends 0 up
  check "prepared: there is nothing to warn of" unmentioned warning
  check "prepared: it is up" said "tun0: up"
  check "control: the first process of the side has capabilities" not on a grep -E '^CapEff:\s+0+$' /proc/1/status
  check "prepared: no capability" has_no_capability
  check "prepared: ping both ways" wait_for 10 pings
  check "prepared: iperf3" iperf3_flow b a "${inner4[b]}" -t 1
  check "prepared: iperf3, back" iperf3_flow b a "${inner4[b]}" -t 1 -R
  check "prepared: status" shows "latest handshake" user "$nobodys/minivpn" status tun0
  check "prepared: status of all" shows "latest handshake" user "$nobodys/minivpn" status
  check "prepared: showconf" shows "$(<"$work/a.key")" user "$nobodys/minivpn" showconf tun0
  fails "prepared: once more" 1 "up already" -- up
  check "prepared: the system's folders are not his" not on a test -e /run/minivpn -o -e /run/wireguard/tun0.sock
  check "prepared: the times of handshakes are kept" test -s "$nobodys"/state/minivpn/*.timestamps
  check "prepared: down" ends 0 down
  check "prepared: its program has ended" program_ended
  check "prepared: no socket is left" not on a test -e "$run_folder/wireguard/tun0.sock"
  check "prepared: the device is as it was" diff "$work/prepared" <(state_of_device)
  check "prepared: up once more" up
  check "prepared: ping again" wait_for 10 pings
  check "prepared: SIGKILL" on a sh -c 'kill -KILL $(pidof minivpn)'
  check "prepared: its program has ended" program_ended
  check "prepared: after a crash" up
  check "prepared: down again" ends 0 down
  check "prepared: -f" start XDG_RUNTIME_DIR="$run_folder"
  check "prepared: -f: ping" wait_for 10 pings
  check "prepared: -f: SIGTERM" signal "$work/up" TERM
  check "prepared: -f: it ends in order" finished "$work/up" 10
  check "prepared: -f: the device is as it was" diff "$work/prepared" <(state_of_device)
  remove_device
}

# --- A device with nothing on it ---

# does_what_was_said: all commands of the administrator.
does_what_was_said() {
  sed -nE "s/.*an administrator does it by '(.*)'/\1/p" "$work/ends" >"$work/commands"
  cat "$work/commands"
  grep -q 'link set dev tun0 up' "$work/commands" || return 1
  on a sh -e "$work/commands"
}

test_bare() {
  make_device
  write_file
  sed -i 's/MTU = .*/MTU = 1399/; s/AllowedIPs = /AllowedIPs = 10.99.0.0\/16, fd99::\/64, /' "$nobodys/peer.ini"
  check "bare: up" ends 0 up
  for step in "addrgenmode none" "mtu 1399" "address add ${inner4[a]}/24" "address add ${inner6[a]}/64" "link set dev tun0 up" \
    "ip route add 10.99.0.0/16 dev tun0" "ip -6 route add fd99::/64 dev tun0"; do
    check "bare: it says: $step" said warning "no privilege" "$step"
  done
  check "bare: it does not work yet" not on a ping -c 1 -W 1 "${inner4[b]}"
  check "bare: an administrator does all that was said" does_what_was_said
  check "bare: ping" wait_for 10 pings
  check "bare: down" down
  check "bare: up again" ends 0 up
  check "bare: nothing is said any more" unmentioned warning
  check "bare: down" down
  remove_device
}

# What nobody can do for it.
test_beyond() {
  prepare
  write_file "FwMark = 0x77" "DNS = 9.9.9.9"
  sed -i 's/AllowedIPs = .*/AllowedIPs = 0.0.0.0\/0, ::\/0/' "$nobodys/peer.ini"
  check "beyond: up" ends 0 up
  check "beyond: no mark" said warning FwMark 0x77 CAP_NET_ADMIN
  check "beyond: no DNS" said warning DNS
  check "beyond: no default route" said warning 0.0.0.0/0 mark
  check "beyond: nor of IPv6" said warning ::/0 mark
  check "beyond: ping" wait_for 10 pings
  check "beyond: no rule" not on a sh -c 'ip rule | grep -v -e "lookup local" -e "lookup main" -e "lookup default"'
  check "beyond: down" down
  on a ip route add default dev tun0
  check "beyond: up, with a default route" ends 0 up
  check "beyond: that is not mentioned" unmentioned "route to 0.0.0.0/0"
  check "beyond: the other is" said warning ::/0
  check "beyond: down" down
  write_file
  sed -i 's/ListenPort = .*/ListenPort = 500/' "$nobodys/peer.ini"
  fails "a port below 1024" 1 500 CAP_NET_BIND_SERVICE -- up
  remove_device
}

# --- Devices that cannot be had ---

test_none() {
  write_file
  fails "no device" 1 "ip tuntap add dev tun0 mode tun user $nobody" root -- up
  check "no device: none was made" not on a ip link show tun0
  on a ip tuntap add dev tun0 mode tun user 4711
  fails "another's device" 1 tun0 "user $nobody" -- up
  remove_device
  on a ip tuntap add dev tun0 mode tap user "$nobody"
  fails "a TAP device" 1 tun0 "no TUN" -- up
  remove_device
  on a ip link add tun0 type veth peer name tun1
  fails "a device of another kind" 1 tun0 "no TUN" -- up
  remove_device
  for queues in "" multi_queue; do
    # shellcheck disable=SC2086 # or nothing
    make_device $queues
    spawn "$work/holder" a python3 -c "$holder" tun0 $queues
    wait_for 5 grep -q held "$work/holder.out"
    fails "a device in use, ${queues:-one queue}" 1 tun0 "another program" -- up
    signal "$work/holder" TERM
    finished "$work/holder" 5 || true
    check "a device in use, ${queues:-one queue}: and then it is not" up
    check "a device in use, ${queues:-one queue}: down" down
    remove_device
  done
  on a chmod 600 /dev/net/tun
  make_device
  fails "no /dev/net/tun for him" 1 /dev/net/tun chmod -- up
  remove_device
  on a chmod 666 /dev/net/tun
  check "failures: nothing is left" nothing_there a minivpn tun0
}

# NAME [multi_queue]: has the device, and does nothing with it.
holder='
import fcntl, os, struct, sys, time
IFF_TUN, IFF_NO_PI, IFF_MULTI_QUEUE, TUNSETIFF = 0x0001, 0x1000, 0x0100, 0x400454CA
flags = IFF_TUN | IFF_NO_PI | (IFF_MULTI_QUEUE if len(sys.argv) > 2 else 0)
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), flags))
print("held", flush=True)
time.sleep(60)'

# --- Queues and offloads ---

test_queues() {
  prepare multi_queue
  write_file "Lanes = 2"
  check "many queues: two lanes" ends 0 up
  check "many queues: nothing to warn of" unmentioned warning
  check "many queues: ping" wait_for 10 pings
  check "many queues: down" down
  write_file
  check "many queues: one lane" ends 0 up
  check "many queues: nothing to warn of" unmentioned warning
  check "many queues: ping" wait_for 10 pings
  check "many queues: down" down
  remove_device
  prepare
  write_file "Lanes = 2"
  check "one queue: two lanes" ends 0 up
  check "one queue: it says that it is one" said warning "1 instead of 2 lanes" multi_queue
  check "one queue: ping" wait_for 10 pings
  check "one queue: down" down
  write_file "Offload = off"
  check "without offload: up" ends 0 up
  check "without offload: ping" wait_for 10 pings
  check "without offload: iperf3" iperf3_flow b a "${inner4[b]}" -t 1
  check "without offload: down" down
  write_file
  check "with it again: up" ends 0 up
  check "with it again: status tells" shows tcp user "$nobodys/minivpn" status tun0
  check "with it again: iperf3" iperf3_flow b a "${inner4[b]}" -t 1
  check "with it again: down" down
  remove_device
}

# --- No folders ---

test_homeless() {
  prepare
  write_file "PostUp = echo up-%i" "PreDown = echo down-%i" "PostDown = echo gone-%i"
  fails "no folders: in the background" 1 XDG_RUNTIME_DIR -f -- homeless "$nobodys/minivpn" up "$nobodys/peer.ini"
  check "no folders: no program is left" program_ended
  check "no folders: -f" start -u XDG_RUNTIME_DIR -u XDG_STATE_HOME HOME=/nonexistent
  check "no folders: it warns of the socket" grep -F "no control socket" "$work/up.err"
  check "no folders: it warns of the times" grep -F "cannot keep the times" "$work/up.err"
  check "no folders: its commands are run" grep -x up-tun0 "$work/up.out"
  check "no folders: ping" wait_for 10 pings
  check "no folders: SIGTERM" signal "$work/up" TERM
  check "no folders: it ends in order" finished "$work/up" 10
  check "no folders: its commands are run at the end" eval 'grep -x down-tun0 "$work/up.out" && grep -x gone-tun0 "$work/up.out"'
  remove_device
}

# Root's tunnels are none of his, and he sees nothing of his own there.
test_beside_root() {
  prepare
  write_file
  on a "$minivpn" other0
  check "beside root's: up" up
  check "beside root's: ping" wait_for 10 pings
  check "beside root's: his own" shows "latest handshake" user "$nobodys/minivpn" status tun0
  fails "beside root's: the other" 1 other0 permission -- user "$nobodys/minivpn" status other0
  fails "beside root's: down of the other" 1 other0 permission -- user "$nobodys/minivpn" down other0
  fails "beside root's: root looks at root's" 1 "tun0 is not up" -- on a "$minivpn" status tun0
  check "beside root's: down" down
  on a rm /run/wireguard/other0.sock
  check "beside root's: the other ends" program_ended
  remove_device
}

# b_forgets: when a called last. Who keeps times of his own, or none, may be behind those of somebody who crashed.
b_forgets() {
  stop_peer b && start_peer b minivpn
}

# --- Descriptors ---

# HOW NAME MTU WORD...: makes the device, gives up CAP_NET_ADMIN unless HOW is `all`, and becomes the command; @ stands for the
# descriptor.
giver='
import fcntl, os, struct, subprocess, sys
how, name, mtu, command = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
IFF_TUN, IFF_NO_PI, TUNSETIFF = 0x0001, 0x1000, 0x400454CA
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
subprocess.run(["ip", "link", "set", name, "mtu", mtu], check=True)
os.set_inheritable(tun, True)
command = [word.replace("@", str(tun)) for word in command]
if how != "all":
  command = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"] + command
os.execvp(command[0], command)'

# given HOW COMMAND...
given() {
  on a python3 -c "$giver" "$1" tun5 1377 "${@:2}"
}

on_tun5() {
  on a ip address add "${inner4[a]}/24" dev tun5 && on a ip address add "${inner6[a]}/64" dev tun5 nodad && on a ip link set tun5 up
}

# inherits WHAT COMMAND...: root without CAP_NET_ADMIN, with a descriptor.
inherits() {
  local what=$1
  shift
  check "$what: up" ends 0 given less "$@"
  check "$what: the name is that of the descriptor" said tun5 tun0 warning
  check "$what: it says what it cannot do" said "ip link set dev tun5 up"
  check "$what: the MTU is not mentioned" unmentioned "set the MTU"
  check "$what: the usual folders" on a test -S /run/wireguard/tun5.sock -a -e /run/minivpn/tun5
  check "$what: an administrator prepares it" on_tun5
  check "$what: ping" wait_for 10 pings
  check "$what: the MTU is that of the descriptor" shows "mtu 1377 " on a ip link show tun5
  check "$what: down" on a "$minivpn" down tun5
  check "$what: the device goes with its descriptor" wait_for 5 not on a ip link show tun5
  check "$what: no record is left" not on a test -e /run/minivpn/tun5
}

test_inherited() {
  local value
  peer_file a | sed '/^MTU/d' >"$work/a.ini"
  check "control: root without CAP_NET_ADMIN may make no device" not given less ip tuntap add dev tun6 mode tun
  inherits "--tun-fd" "$minivpn" up --tun-fd @ "$work/a.ini"
  inherits "WG_TUN_FD" env WG_TUN_FD=@ "$minivpn" up "$work/a.ini"
  check "with privileges: up" ends 0 given all "$minivpn" up --tun-fd @ "$work/a.ini"
  check "with privileges: nothing is left to do" unmentioned privilege
  check "with privileges: ping" wait_for 10 pings
  check "with privileges: the MTU is that of the descriptor" shows "mtu 1377 " on a ip link show tun5
  sed -i 's/^Device.*/Device = tun5/' "$work/a.ini"
  check "with privileges: reload" ends 0 on a "$minivpn" reload "$work/a.ini"
  check "with privileges: there is nothing to do" said "tun5: is as"
  check "with privileges: the MTU is still that one" shows "mtu 1377 " on a ip link show tun5
  check "with privileges: down" on a "$minivpn" down tun5
  check "with privileges: the device goes" wait_for 5 not on a ip link show tun5
  echo 'MTU = 1388' | sed -i '/^ListenPort/r /dev/stdin' "$work/a.ini"
  check "with an MTU in the file: up" ends 0 given less "$minivpn" up --tun-fd @ "$work/a.ini"
  check "with an MTU in the file: it says so" said "ip link set dev tun5 mtu 1388"
  check "with an MTU in the file: down" on a "$minivpn" down tun5
  for value in x -1 4x 99999999999; do
    fails "--tun-fd=$value" 1 --tun-fd "$value" -- on a "$minivpn" up "--tun-fd=$value" "$work/a.ini"
    fails "WG_TUN_FD=$value" 1 WG_TUN_FD -- on a env "WG_TUN_FD=$value" "$minivpn" up "$work/a.ini"
  done
  fails "--tun-fd of no TUN" 1 "descriptor 0" -- on a "$minivpn" up --tun-fd 0 "$work/a.ini"
  check "bad descriptors: nothing is left" nothing_there a minivpn tun5
}

# A device that is there belongs to somebody: who may make one of his own does not take it.
test_root() {
  prepare
  fails "root on a device of others" 1 tun0 taken -- on a "$minivpn" up "$nobodys/peer.ini"
  remove_device
}

net_begin 200 ip wg fping iperf3 setpriv python3 -- "$@"
need_minivpn
as_debian
let_nobody_in
run_folder=$nobodys/run
install -d -o "$nobody" -m 700 "$run_folder" "$nobodys/state"
start_peer b minivpn >/dev/null 2>&1
test_prepared
test_bare
test_beyond
test_none
test_queues
b_forgets >/dev/null
test_homeless
b_forgets >/dev/null
test_beside_root
b_forgets >/dev/null
test_inherited
test_root
net_end
