#!/bin/bash
# bad_input.sh: what minivpn says to what is wrong: exit status, place and essential words of the
# message, and that nothing of a tunnel is left.
#
# shellcheck disable=SC2016 # the '$' of a sed script is its own

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

ini=''   # the peer file of the tests

up() {
  on a "$minivpn" up "$ini"
}

nothing_left() {
  wait_for 10 nothing_there a minivpn tun0
}

# good_ini: line 1 [Interface], 2 PrivateKey, 3 Address, 4 Device, 5 [Peer], 6 PublicKey,
# 7 AllowedIPs. The tests change it by sed.
good_ini() {
  cat >"$ini" <<EOF
[Interface]
PrivateKey = $(<"$work/a.key")
Address = 10.77.0.1/24
Device = tun0
[Peer]
PublicKey = $(<"$work/b.pub")
AllowedIPs = 10.77.0.2/32
EOF
}

# refused WHAT SED LINE WORD...: with the file changed so, up ends by 3, and one line of the message
# has the file, the line and all the words. Unit tests look at the columns.
refused() {
  local what=$1 line=$3
  good_ini
  sed -i "$2" "$ini"
  shift 3
  check "$what: exit status 3" ends 3 up
  check "$what: the message" said "$ini:$line:" "$@"
  check "$what: nothing is left" nothing_left
}

test_values() {
  local public other_public
  public=$(<"$work/b.pub")
  other_public=$(<"$work/a.pub")
  refused "short key" '2s/ = .*/ = AAAA/' 2 PrivateKey "44 characters"
  refused "wrong base64" '2s/ = ./ = !/' 2 PrivateKey base64
  check "wrong base64: the message does not hold the key" not said "$(tail -c 20 "$work/a.key")"
  refused "no private key" 2d 1 PrivateKey
  refused "bad CIDR" '7s,/32,/33,' 7 AllowedIPs 10.77.0.2/33 "0 to 32"
  refused "port 70000" '4a ListenPort = 70000' 5 ListenPort 70000 65535
  refused "endpoint port 70000" '$a Endpoint = 192.0.2.2:70000' 8 Endpoint 70000 65535
  refused "device name too long" '4s/tun0/a-very-long-name/' 4 Device "1 to 15"
  refused "missing key file" '2s/.*/PrivateKeyFile = none.key/' 2 PrivateKeyFile none.key
  refused "duplicate peer" "\$a [Peer]\nPublicKey = $public" 9 PublicKey
  refused "duplicate AllowedIPs in two peers" \
    "\$a [Peer]\nPublicKey = $other_public\nAllowedIPs = 10.77.0.2/32" 10 AllowedIPs 10.77.0.2/32
}

test_keys_and_sections() {
  refused "unknown key" '7s/AllowedIPs/AlowedIPs/' 7 AlowedIPs "AllowedIPs"
  refused "key outside a section" 1d 1 PrivateKey
  refused "hook of a peer" '7a PostUp = true # x' 8 PostUp "[Interface]"
  refused "bad nameserver" '4a DNS = 192.0.2.530' 5 DNS 192.0.2.530
  refused "bad table" '4a Table = Off' 5 Table "lower case"
  refused "two errors, the first" '4a ListenPort = 70000\nMTU = 9' 5 ListenPort
  check "two errors, the second" said "$ini:6:7: error:" MTU
}

# What the system refuses.
test_permissions() {
  good_ini
  fails "missing file" 1 "$work/none.ini" "No such file" -- on a "$minivpn" up "$work/none.ini"

  sed -i '2s/.*/PrivateKeyFile = a.key/' "$ini"
  install -m 600 "$work/a.key" "$nobodys/a.key"
  install -m 600 -o 65534 "$ini" "$nobodys/peer.ini"
  fails "unreadable key" 3 "$nobodys/peer.ini:2:18: " PrivateKeyFile "Permission denied" -- \
    as_nobody "$nobodys/minivpn" up "$nobodys/peer.ini"

  chown 65534 "$nobodys/a.key"
  fails "no permission for TUN" 1 root -- as_nobody "$nobodys/minivpn" up "$nobodys/peer.ini"
  check "no permission for TUN: nothing is left" nothing_left
}

# take_port FAMILY: another process has the UDP port.
taker='
import signal, socket, sys
taken = socket.socket(getattr(socket, sys.argv[1]), socket.SOCK_DGRAM)
if sys.argv[1] == "AF_INET6":
  taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
taken.bind(("", int(sys.argv[2])))
signal.pause()'

taken() {
  [[ -n $(on a ss -Hlun "sport = :$port") ]]
}

test_taken() {
  local family
  good_ini
  sed -i "4a ListenPort = $port" "$ini"
  for family in AF_INET AF_INET6; do
    spawn "$work/taker" a python3 -c "$taker" "$family" "$port"
    wait_for 10 taken
    fails "port in use, $family" 1 "$port" -- up
    check "port in use, $family: nothing is left" nothing_left
    signal "$work/taker" KILL
    finished "$work/taker" 10 || true
  done

  on a ip link add tun0 type veth peer name tun0-end
  fails "device name taken" 1 tun0 Device -- up
  check "device name taken: by the one that had it" shows veth on a ip -d link show tun0
  on a ip link del tun0
  check "device name taken: nothing is left" nothing_left

  check "without all that, up works" up
  check "the tunnel is there" all_there a minivpn tun0
  check "it goes down" on a "$minivpn" down tun0
  check "nothing is left" nothing_left
}

test_usage() {
  local command
  check "no command: exit status 2" ends 2 "$minivpn"
  fails "unknown command" 2 upp -- "$minivpn" upp
  fails "unknown option" 2 nonsense -- "$minivpn" up --nonsense "$ini"
  check "up without a file: exit status 2" ends 2 "$minivpn" up
  check "up with two files: exit status 2" ends 2 "$minivpn" up "$ini" "$ini"
  check "down without a name: exit status 2" ends 2 "$minivpn" down
  check "status of three: exit status 2" ends 2 "$minivpn" status tun0 alice bob
  check "genkey with a word: exit status 2" ends 2 "$minivpn" genkey word
  check "pubkey of no key: exit status 1" ends 1 "$minivpn" pubkey <<<"no key"
  check "--help" shows minivpn "$minivpn" --help
  check "--version" shows "$(version)" "$minivpn" --version
  for command in genkey pubkey genpsk up down status bench; do
    check "--help of $command" shows "$command" "$minivpn" "$command" --help
  done
}

version() {
  sed -n 's/.*define MINIVPN_VERSION.*"\(.*\)"/\1/p' "$top/include/minivpn/version.h"
}

test_environment() {
  good_ini
  fails "unknown AEAD" 1 MINIVPN_AEAD openssl libsodium -- on a env MINIVPN_AEAD=openssl "$minivpn" up "$ini"
  check "unknown AEAD: nothing is left" nothing_left
  check "known AEAD: up works" on a env MINIVPN_AEAD=libsodium "$minivpn" up "$ini"
  check "known AEAD: status tells of it" shows libsodium on a "$minivpn" status tun0
  check "known AEAD: it goes down" on a "$minivpn" down tun0
}

# Options stand before or after the file.
test_option_order() {
  local order
  good_ini
  for order in "-f FILE" "FILE -f"; do
    # shellcheck disable=SC2086 # two words
    spawn "$work/up" a "$minivpn" up ${order/FILE/"$ini"}
    check "up $order: the tunnel is there" wait_for 10 foreground_is_up
    check "up $order: in the foreground" running "$work/up"
    check "up $order: SIGTERM" signal "$work/up" TERM
    check "up $order: exit status 0" finished "$work/up" 10
  done
}

main() {
  need_minivpn
  net_begin 120 ip ping wg python3 ss setpriv --
  ini=$work/peer.ini
  let_nobody_in
  test_values
  test_keys_and_sections
  test_permissions
  test_taken
  test_usage
  test_environment
  test_option_order
  net_end
}

main
