#!/bin/bash
# acceptance.sh [--quick] [PROGRAM]: what `wg` and the usual traffic ask of any userspace WireGuard, of a program that is
# started as `PROGRAM wg1`, makes this interface and goes into the background. Without PROGRAM it is minivpn. --quick is
# without the transfers by iperf3.
#
# There are three sides. Programs are started on side 0, where their sockets stay; interfaces move to sides 1 and 2. All have
# the folder of the control sockets in common, so `wg` reaches any program from anywhere.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly usage="usage: $0 [--quick] [PROGRAM]"
readonly -A in4=([1]=192.168.241.1 [2]=192.168.241.2) in6=([1]=fd00::1 [2]=fd00::2)
# Of the veth link between 1 and 2: one address, and another.
readonly -A out4=([1]=192.0.2.1 [2]=192.0.2.2) out6=([1]=fd00:5::1 [2]=fd00:5::2)
readonly more4=192.0.2.101 more6=fd00:5::101
# Of peers that do not exist.
readonly absent4=192.168.241.3

program=$minivpn
quick=no

# Where wireguard-go is known to do something else, by its age or by intention.
is_wireguard_go() {
  [[ ${program##*/} == wireguard-go ]]
}

make_three() {
  hold 0 "$1"
  side_up 0 "$1"
  share 1 0 "$1"
  share 2 0 "$1"
  side_up 1 "$1"
  side_up 2 "$1"
}

# --- Programs ---

# begin N SIDE: the program of interface wgN.
begin() {
  on "$2" env LOG_LEVEL=error "$program" "wg$1" >"$work/wg$1.log" 2>&1 || {
    cat "$work/wg$1.log"
    return 1
  }
}

# begin_on_zero N...: on side 0, whose addresses are then those of the tunnel's outside.
begin_on_zero() {
  local n
  for n in "$@"; do
    begin "$n" 0 || return 1
  done
}

# pid_of N: of the program that has wgN.
pid_of() {
  on 0 sh -c 'for pid in $(pidof "$1"); do
      tr "\0" " " <"/proc/$pid/cmdline" | grep -q " $2 \$" && echo "$pid" && exit
    done
    exit 1' sh "${program##*/}" "wg$1"
}

# configure N: as a peer of the other one, which it does not know the place of.
configure() {
  local far=$((3 - $1))
  on 0 wg set "wg$1" private-key "$work/$1.key" listen-port "$1"0000 \
    peer "$(public "$far")" preshared-key "$work/psk" allowed-ips "${in4[$far]}/32,${in6[$far]}/128"
}

# public NAME: its public key.
public() {
  cat "$work/$1.pub"
}

# raise N MTU: the interface with its addresses, on the side of the same number.
raise() {
  add_address "$1" "${in4[$1]}" "wg$1" &&
    add_address "$1" "${in6[$1]}" "wg$1" &&
    on "$1" ip link set "wg$1" addrgenmode none mtu "$2" up
}

# set_mtu MTU
set_mtu() {
  on 1 ip link set wg1 mtu "$1" && on 2 ip link set wg2 mtu "$1"
}

# knows N ENDPOINT: wgN is told where the other one is.
knows() {
  on 0 wg set "wg$1" peer "$(public $((3 - $1)))" endpoint "$2"
}

# both_know ADDRESS: of the loopback of side 0.
both_know() {
  knows 1 "$(with_port "$1" 20000)" && knows 2 "$(with_port "$1" 10000)"
}

# believes N ENDPOINT: the place of its peer, as wg shows it.
believes() {
  shows "$(public $((3 - $1)))"$'\t'"$2" on 0 wg show "wg$1" endpoints
}

# gone N: neither the program is there nor its control socket.
gone() {
  not pid_of "$1" && on 0 test ! -e "/run/wireguard/wg$1.sock"
}

# pings SIDE 4|6 [FPING OPTION...]: one ping to the other side is answered within a second.
pings() {
  local far=$((3 - $1)) address
  if (($2 == 4)); then address=${in4[$far]}; else address=${in6[$far]}; fi
  reaches "$1" "$address" 1 -t 1000 "${@:3}"
}

# fails_to_ping: the same, where nothing must come back.
fails_to_ping() {
  not pings "$@"
}

# --- Traffic by way of side 0 ---

# moved: both interfaces are away from side 0. Only where they came from does wireguard-go hear of a changed MTU, so they get
# here the one that `padding` needs.
moved() {
  local n
  for n in 1 2; do
    on 0 ip link set "wg$n" mtu 1299 && configure "$n" || return 1
  done
  for n in 1 2; do
    on_network 0 ip link set "wg$n" netns "${side_pid[$n]}" && raise "$n" 1299 || return 1
  done
  both_know 127.0.0.1
}

# counted SIDE rx|tx: what the interface of this side counts, 84 bytes for each of ten pings and little else.
counted() {
  local column=2 bytes
  [[ $2 == rx ]] || column=10
  bytes=$(on "$1" awk -v device="wg$1:" -v column="$column" '$1 == device { print $column }' /proc/net/dev) || return 1
  echo "$2: $bytes"
  ((bytes >= 840 && bytes < 2500))
}

# transferred: by side 2, which began. Initiation 148, response 92, data 128; a keepalive may have come between.
transferred() {
  local rx tx
  read -r _ rx tx <<<"$(on 2 wg show wg2 transfer)"
  echo "rx $rx, tx $tx"
  ((rx == 92 + 10 * 128 && (tx == 148 + 10 * 128 || tx == 148 + 32 + 10 * 128)))
}

counters() {
  check "counters: ten pings" reaches 2 "${in4[1]}" 10 -p 10
  check "counters: exact in wg show" transferred
  check "counters: wg2 received" counted 2 rx
  check "counters: wg2 sent" counted 2 tx
}

# padded INNER OUTER: a packet of INNER bytes is one of OUTER bytes outside, in both directions.
padded() {
  capture "$work/padding" 0 lo
  pings 1 4 -b $(($1 - 28)) || return 1
  capture_end "$work/padding"
  local lengths
  lengths=$(captured "$work/padding" "udp and ip[2:2] > 1000" | wc -l) || return 1
  captured "$work/padding" "udp and ip[2:2] > 1000" -v
  ((lengths == 2)) && [[ -z $(captured "$work/padding" "udp and ip[2:2] > 1000 and ip[2:2] != $2") ]]
}

padding() {
  check "padding: to a multiple of 16" padded 1280 1340
  check "padding: not beyond the MTU" padded 1297 1359
  # See `moved`.
  is_wireguard_go || {
    check "padding: the MTU changes" set_mtu 1298
    check "padding: not beyond the new MTU" padded 1297 1358
  }
}

# transfers LABEL: by iperf3, which finds the ways TCP and UDP go with offloads.
transfers() {
  [[ $quick == no ]] || return 0
  check "$1: TCP, IPv4" iperf3_flow 2 1 "${in4[2]}" --bytes 50M
  check "$1: TCP, IPv6" iperf3_flow 1 2 "${in6[1]}" --bytes 50M
  check "$1: UDP, IPv4" iperf3_flow 2 1 "${in4[2]}" --bytes 20M --udp --bitrate 0
  check "$1: UDP, IPv6" iperf3_flow 1 2 "${in6[1]}" --bytes 20M --udp --bitrate 0
}

# traffic LABEL [FPING OPTION...]
traffic() {
  local side
  for side in 1 2; do
    check "$1: side $side pings, IPv4" reaches "$side" "${in4[$((3 - side))]}" 10 -p 10 -t 1000 "${@:2}"
    check "$1: side $side pings, IPv6" reaches "$side" "${in6[$((3 - side))]}" 10 -p 10 -t 1000 "${@:2}"
  done
}

# traffic_and_big_mtu LABEL
traffic_and_big_mtu() {
  check "$1: the usual MTU" set_mtu 1420
  traffic "$1"
  transfers "$1"
  check "$1, big MTU: it is set" set_mtu 34736
  traffic "$1, big MTU" -b 30000
  transfers "$1, big MTU"
  # So large is the loopback's that nothing was in fragments so far.
  on 0 ip link set lo mtu 1500
  traffic "$1, outside in fragments" -b 30000
  on 0 ip link set lo mtu 65536
  check "$1: the usual MTU again" set_mtu 1420
}

# --- The outside changes ---

roaming() {
  on 0 ip address delete 127.0.0.1/8 dev lo
  on 0 ip address add 127.212.121.99/8 dev lo
  check "roaming: wg1 takes another port" on 1 wg set wg1 listen-port 9999
  check "roaming: and is told of the endpoint again" knows 1 127.0.0.1:20000
  check "roaming: side 1 pings" pings 1 6
  check "roaming: wg2 saw it" believes 2 127.212.121.99:9999
  check "roaming to IPv6: wg1 takes another port" on 1 wg set wg1 listen-port 9998
  check "roaming to IPv6: and another endpoint" knows 1 "[::1]:20000"
  check "roaming to IPv6: side 1 pings" pings 1 4
  check "roaming to IPv6: wg2 saw it" believes 2 "[::1]:9998"
}

# datagrams: each one that comes to ADDRESS, as a line.
datagrams='
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
  receiver.bind((sys.argv[1], 7000))
  while True:
    print(receiver.recv(100).decode(), flush=True)'

# say WORD: side 2 says it to side 1, by UDP.
say() {
  on 2 bash -c 'echo -n "$1" >"/dev/udp/$2/7000"' bash "$1" "${in4[1]}"
}

# heard WORD: side 1 has.
heard() {
  grep -qx "$1" "$work/datagrams.out"
}

says_and_is_heard() {
  say "$1" && wait_for 2 heard "$1"
}

says_and_is_not_heard() {
  say "$1" && sleep 1 && not heard "$1"
}

source_filter() {
  spawn "$work/datagrams" 1 python3 -c "$datagrams" "${in4[1]}"
  wait_for 5 on 1 sh -c 'test -n "$(ss -Hlun "sport = :7000")"'
  check "source filter: wg1 allows a whole network" on 1 wg set wg1 peer "$(public 2)" allowed-ips 192.168.241.0/24
  check "source filter: a datagram arrives" says_and_is_heard before
  check "source filter: another peer takes the address" \
    on 1 wg set wg1 peer "$(public absent)" allowed-ips "${in4[2]}/32"
  check "source filter: a datagram does not arrive" says_and_is_not_heard meanwhile
  check "source filter: wg2 takes another port" on 2 wg set wg2 listen-port 9997
  check "source filter: a datagram does not arrive from there" says_and_is_not_heard moved
  check "source filter: but wg1 saw where it came from" believes 1 "[::1]:9997"
  check "source filter: the other peer is removed" on 1 wg set wg1 peer "$(public absent)" remove
  check "source filter: a datagram arrives again" says_and_is_heard after
  check "source filter: wg1 allows what it did" \
    on 1 wg set wg1 peer "$(public 2)" allowed-ips "${in4[2]}/32,${in6[2]}/128"
  signal "$work/datagrams" TERM
}

# --- The private key changes ---

# shook_hands N NAME: wgN with the peer NAME.
shook_hands() {
  local peer time
  while read -r peer time; do
    [[ $peer != "$(public "$2")" ]] || ((time == 0)) || return 0
  done < <(on 0 wg show "wg$1" latest-handshakes)
  return 1
}

# becomes NAME: wg2 takes NAME for a new peer, with the addresses that wg1 has, and then wg1 has the key of NAME.
becomes() {
  on 2 wg set wg2 peer "$(public "$1")" preshared-key "$work/psk" allowed-ips "${in4[1]}/32,${in6[1]}/128" &&
    not shook_hands 2 "$1" &&
    on 1 wg set wg1 private-key "$work/$1.key"
}

# Two changes, since it is after the first one that a handshake is too recent for another.
rekeying() {
  local name old=1
  spawn "$work/traffic" 1 fping -q -l -p 20 "${in4[2]}"
  for name in second third; do
    check "private key replaced under traffic: $name" becomes "$name"
    check "private key replaced under traffic: a new handshake at once" wait_for 2 shook_hands 2 "$name"
    check "private key replaced under traffic: side 1 pings" pings 1 4
    check "private key replaced under traffic: the old peer is removed" on 2 wg set wg2 peer "$(public "$old")" remove
    old=$name
  done
  signal "$work/traffic" INT
  cp "$work/third.pub" "$work/1.pub"
  cp "$work/third.key" "$work/1.key"
}

# --- What has no way ---

unreachable() {
  # wireguard-go says nothing to the sender.
  is_wireguard_go && return
  check "no peer: ping is told at once" \
    refused_at_once 1 "From 192.168.241.99 icmp_seq=1 Destination Host Unreachable" 192.168.241.99
  check "no peer, IPv6: ping is told at once" \
    refused_at_once 1 "From fd00::99 icmp_seq=1 Destination unreachable: Address unreachable" fd00::99
  check "a peer without endpoint" on 1 wg set wg1 peer "$(public absent)" allowed-ips "$absent4/32"
  check "no endpoint: ping is told at once" refused_at_once 1 "Destination Host Unreachable" "$absent4"
  check "the peer is removed" on 1 wg set wg1 peer "$(public absent)" remove
}

# Those with which any private key has the same secret in common: zero.
low_order() {
  printf '%064d\n01%062d\n' 0 0
  echo e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800
  echo 5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157
  local first
  for first in ec ed ee; do
    printf '%s%s7f\n' "$first" "$(printf 'ff%.0s' {1..30})"
  done
}

# base64_of HEX
base64_of() {
  python3 -c 'import base64, sys; print(base64.b64encode(bytes.fromhex(sys.argv[1])).decode())' "$1"
}

# low_order_peers: port 30000 is that of a key like any other, 30001 and on those of the low orders.
low_order_peers() {
  local key ports=30000 arguments
  arguments=(peer "$(public absent)" allowed-ips 10.66.0.0/32 endpoint "[::1]:30000")
  while read -r key; do
    ports=$((ports + 1))
    arguments+=(peer "$(base64_of "$key")" allowed-ips "10.66.0.$((ports - 30000))/32" endpoint "[::1]:$ports")
  done < <(low_order)
  ((ports == 30007)) && on 1 wg set wg1 "${arguments[@]}" && on 1 ip route add 10.66.0.0/24 dev wg1
}

# without_low_order_peers: all that were added are removed.
without_low_order_peers() {
  local peer
  for peer in $(on 1 wg show wg1 peers); do
    [[ $peer == "$(public 2)" ]] || on 1 wg set wg1 peer "$peer" remove || return 1
  done
  on 1 ip route delete 10.66.0.0/24 dev wg1
}

low_order_keys() {
  check "low-order keys: seven are accepted" low_order_peers
  check "low-order keys: and listed" test "$(on 1 wg show wg1 peers | wc -l)" = 9
  capture "$work/low" 0 lo
  on 1 fping -q -c 1 -t 500 10.66.0.{0..7} >/dev/null 2>&1 || true
  capture_end "$work/low"
  check "low-order keys: another key is sent to" test -n "$(captured "$work/low" "udp dst port 30000")"
  check "low-order keys: these are not" test -z "$(captured "$work/low" "udp dst portrange 30001-30007")"
  check "low-order keys: they are removed" without_low_order_peers
  check "low-order keys: side 1 pings" pings 1 4
}

# --- Leaks ---

# descriptors_are N -eq|-le COUNT: of the program of wgN.
descriptors_are() {
  test "$(descriptors_of "$1")" "$2" "$3"
}

descriptors_of() {
  local pid
  pid=$(pid_of "$1") && on 0 sh -c 'ls "/proc/$1/fd" | wc -l' sh "$pid"
}

# connected: a client of the control socket that asks for nothing and stays.
connected='
import signal, socket, sys
with socket.socket(socket.AF_UNIX) as client:
  client.connect(sys.argv[1])
  print("there", flush=True)
  signal.pause()'

# fifty_calls N: of `wg show` and of `wg set`, which opens its sockets again each time.
fifty_calls() {
  on 0 sh -ec 'for n in $(seq 25); do
      for port in 3001 3002; do
        wg show "wg$1" dump >/dev/null
        wg set "wg$1" listen-port "$1$port" fwmark "$n" peer "$2" persistent-keepalive "$n"
      done
    done
    wg set "wg$1" fwmark 0 peer "$2" persistent-keepalive 0' sh "$1" "$(public $((3 - $1)))"
}

# leaks N
leaks() {
  local before
  before=$(descriptors_of "$1")
  spawn "$work/client" 0 python3 -c "$connected" "/run/wireguard/wg$1.sock"
  check "leaks: wg$1 has another descriptor for a client" wait_for 5 descriptors_are "$1" -eq $((before + 1))
  signal "$work/client" TERM
  check "leaks: wg$1 has none when it is gone" wait_for 5 descriptors_are "$1" -eq "$before"
  check "leaks: wg$1 is asked and told fifty times" fifty_calls "$1"
  # The collector of wireguard-go's runtime may have closed one meanwhile.
  check "leaks: wg$1 has no more than before, $before" wait_for 5 descriptors_are "$1" -le "$before"
}

delete() {
  local n
  for n in 1 2; do
    check "delete: wg$n is there" pid_of "$n"
    check "delete: the interface wg$n is deleted" on "$n" ip link delete "wg$n"
    check "delete: its program ended" wait_for 10 gone "$n"
  done
}

by_way_of_zero() {
  check "wg1 and wg2 begin on side 0" begin_on_zero 1 2
  ((failures == 0)) || exit 1
  check "they are moved to sides 1 and 2" moved
  counters
  padding
  traffic_and_big_mtu "outer IPv4"
  check "outer IPv6: both are told the endpoints" both_know ::1
  traffic_and_big_mtu "outer IPv6"
  check "outer IPv4 again: both are told the endpoints" both_know 127.0.0.1
  roaming
  source_filter
  unreachable
  low_order_keys
  rekeying
  leaks 1
  leaks 2
  delete
}

# --- Programs on sides 1 and 2 ---

# router: side 0 stands between side 1, which it hides, and side 2. It forgets in two seconds.
router() {
  link 0 to1 1 wire
  link 0 to2 2 wire
  on 0 ip address add 192.168.1.1/24 dev to1
  on 0 ip address add 10.0.0.1/24 dev to2
  on 1 ip address add 192.168.1.100/24 dev wire
  on 2 ip address add 10.0.0.100/24 dev wire
  on 0 ip link set to1 up
  on 0 ip link set to2 up
  on 1 ip link set wire up
  on 2 ip link set wire up
  on 1 ip route add default via 192.168.1.1
  on 0 sh -ec 'echo 1 >/proc/sys/net/ipv4/ip_forward
    nft add table ip nat
    nft add chain ip nat out "{ type nat hook postrouting priority srcnat; }"
    nft add rule ip nat out ip saddr 192.168.1.0/24 oifname to2 snat to 10.0.0.1
    cd /proc/sys/net/netfilter
    echo 2 >nf_conntrack_udp_timeout
    echo 2 >nf_conntrack_udp_timeout_stream' 2>"$work/router"
}

born_there() {
  local n
  for n in 1 2; do
    begin "$n" "$n" && configure "$n" && raise "$n" 1420 || return 1
  done
}

behind_a_router() {
  check "NAT: wg1 is told the endpoint" knows 1 10.0.0.100:20000
  check "NAT: wg1 keeps alive" on 1 wg set wg1 peer "$(public 2)" persistent-keepalive 1
  check "NAT: side 1 pings" pings 1 4
  check "NAT: side 2 pings" pings 2 4
  check "NAT: wg2 sees the router" believes 2 10.0.0.1:10000
  sleep 3
  check "NAT: after a while side 2 pings" pings 2 4
  check "NAT: wg1 keeps nothing alive" on 1 wg set wg1 peer "$(public 2)" persistent-keepalive 0
  sleep 3
  check "NAT: so the router has forgotten" fails_to_ping 2 4
}

# wired: sides 1 and 2 are neighbours instead.
wired() {
  local n
  on 1 ip link delete wire
  on 2 ip link delete wire
  link 1 wire 2 wire
  for n in 1 2; do
    add_address "$n" "${out4[$n]}"
    add_address "$n" "${out6[$n]}"
    on "$n" ip link set wire up
  done
  for n in 1 2; do
    wait_for 5 shows "state UP" on "$n" ip link show wire
  done
}

# loses LABEL ADDRESS OTHER ENDPOINT: side 1 has the one address and then, instead of it, the other.
loses() {
  check "$1: wg1 is told the endpoint" knows 1 "$(with_port "$4" 20000)"
  check "$1: side 1 pings" pings 1 4
  check "$1: wg2 sees where from" believes 2 "$(with_port "$2" 10000)"
  add_address 1 "$3"
  remove_address 1 "$2"
  # Addresses of IPv4 that were added later to the same network go with the first one.
  add_address 1 "$3" 2>/dev/null || true
  check "$1: the address is lost" test -z "$(on 1 ip -o address show dev wire to "$2")"
  check "$1: side 1 pings" pings 1 4
  check "$1: wg2 sees where from now" believes 2 "$(with_port "$3" 10000)"
  remove_address 1 "$3"
  add_address 1 "$2"
}

# answers_from ADDRESS: side 1, which has two of each family, keeps to the one that was addressed.
answers_from() {
  check "reply to sender: wg2 begins at $1" knows 2 "$(with_port "$1" 10000)"
  check "reply to sender: side 2 pings" reaches 2 "${in4[1]}" 2 -t 1000
  check "reply to sender: $1 is still what wg2 believes" believes 2 "$(with_port "$1" 10000)"
}

# unsocketed N...: the control socket is deleted, which ends a program too.
unsocketed() {
  local n
  for n in "$@"; do
    check "without control socket: wg$n is there" pid_of "$n"
    check "without control socket: it is deleted" on 0 rm "/run/wireguard/wg$n.sock"
    check "without control socket: the program of wg$n ended" wait_for 10 gone "$n"
  done
}

# inner N SIDE: wgN, whose outside is the inside of another.
inner() {
  local far=$((3 - $2))
  begin "$1" "$2" && on 0 wg set "wg$1" private-key "$work/$2.key" listen-port 30000 \
    peer "$(public "$far")" allowed-ips "10.1.0.$far" endpoint "${in4[$far]}:30000" &&
    add_address "$2" "10.1.0.$2" "wg$1" && on "$2" ip link set "wg$1" mtu 1340 up
}

tunnel_in_tunnel() {
  check "tunnel in tunnel: wg3 begins" inner 3 1
  check "tunnel in tunnel: wg4 begins" inner 4 2
  check "tunnel in tunnel: side 1 pings" reaches 1 10.1.0.2 5
  check "tunnel in tunnel: as large as the MTU" reaches 1 10.1.0.2 5 -b 1312 -M
  unsocketed 3 4
}

# out_of_the_loop: both are told the endpoints, for what is still in the loop moves them.
out_of_the_loop() {
  knows 1 "${out4[2]}:20000" && knows 2 "${out4[1]}:10000" && pings 1 4
}

# Each packet that wg1 sends comes back to it to be sent, larger by its own header.
loop() {
  check "loop: the outside of wg1 is its inside" knows 1 "${in4[2]}:20000"
  on 1 fping -q -c 3 -p 50 -t 100 "${in4[2]}" >/dev/null 2>&1 || true
  check "loop: wg1 answers" on 1 timeout 5 wg show wg1
  check "loop: it comes out of it" wait_for 20 out_of_the_loop
}

by_wire() {
  local address
  check "wg1 and wg2 begin on sides 1 and 2" born_there
  if router; then
    behind_a_router
  else
    # No other kernel module can stand in for it.
    echo "# left out: NAT, since this kernel has none: $(<"$work/router")"
  fi
  wired
  # wireguard-go gives a source up by EINVAL, and of one of IPv4 that is gone the kernel says ENETUNREACH.
  is_wireguard_go || loses "sticky, not too sticky, IPv4" "${out4[1]}" "$more4" "${out4[2]}"
  loses "sticky, not too sticky, IPv6" "${out6[1]}" "$more6" "${out6[2]}"
  add_address 1 "$more4"
  add_address 1 "$more6"
  for address in "${out4[1]}" "$more4" "${out6[1]}" "$more6" "${out4[1]}"; do
    answers_from "$address"
  done
  tunnel_in_tunnel
  loop
  unsocketed 1 2
}

# --- Configuration, of wg0 ---

# peers_file PEERS PREFIXES: an INI file of so many peers with so many prefixes of each family.
peers_file() {
  local n
  for ((n = 0; n < $1; n++)); do
    printf '[Peer]\nPublicKey = %s\n' "$(wg genkey | wg pubkey)"
    awk -v from=$((n * $2)) -v count="$2" 'BEGIN {
      for (i = from; i < from + count; i++) {
        high = int(i / 256) + 1; low = i % 256 + 1
        printf "AllowedIPs = %d.%d.0.0/16\nAllowedIPs = %x:%x::/32\n", high, low - 1, high, low
      }
    }'
  done
}

# lists PEERS WORDS: so many lines, each of a key and so many prefixes, and they are those of the file.
lists() {
  on 0 wg show wg0 allowed-ips >"$work/listed" || return 1
  awk -v peers="$1" -v words="$2" 'NF != words + 1 { exit 1 } END { if (NR != peers) exit 1 }' "$work/listed" &&
    diff <(sed -n 's/^AllowedIPs = //p' "$work/peers" | sort) <(cut -f 2 "$work/listed" | tr ' ' '\n' | sort) | head -n 5
}

bulk() {
  peers_file 1 $((255 * 256)) >"$work/peers"
  check "bulk: a peer with 130560 prefixes" on 0 wg setconf wg0 "$work/peers"
  check "bulk: they are listed" lists 1 130560
  peers_file 40 26 >"$work/peers"
  check "bulk: 40 peers with 52 prefixes" on 0 wg setconf wg0 "$work/peers"
  check "bulk: they are listed" lists 40 52
  peers_file 30 1 >"$work/peers"
  check "bulk: 30 peers without a private key" on 0 wg setconf wg0 "$work/peers"
  check "bulk: there is none" shows "(none)" on 0 wg show wg0 private-key
  check "bulk: they are listed" lists 30 2
  check "bulk: showconf writes them" shows_peers 30
  check "bulk: setconf reads that again" on 0 wg setconf wg0 "$work/shown"
  check "bulk: they are listed again" lists 30 2
}

# shows_peers COUNT: as an INI file, left in the folder.
shows_peers() {
  on 0 wg showconf wg0 >"$work/shown" && (($(grep -cx '\[Peer\]' "$work/shown") == $1))
}

# has_private_key BASE64
has_private_key() {
  [[ $(on 0 wg show wg0 private-key) == "$1" ]]
}

# clamps HEX HEX: the first key is shown as the second one.
clamps() {
  base64_of "$1" >"$work/unclamped" && on 0 wg set wg0 private-key "$work/unclamped" &&
    has_private_key "$(base64_of "$2")"
}

# ignores_itself: of two peers, one is there, which is not wg0 itself.
ignores_itself() {
  on 0 wg set wg0 private-key "$work/1.key" peer "$(public 1)" allowed-ips 10.9.0.1/32 peer "$(public 2)" &&
    [[ $(on 0 wg show wg0 peers) == "$(public 2)" ]]
}

keys() {
  on 0 wg setconf wg0 /dev/null
  local middle
  middle=$(printf 'ff%.0s' {1..30})
  check "keys: all bits are clamped" clamps "ff${middle}ff" "f8${middle}7f"
  check "keys: a bit is clamped that must be set" clamps "01${middle}01" "00${middle}41"
  check "keys: the own one is not that of a peer" ignores_itself
  check "keys: the private key is there" has_private_key "$(<"$work/1.key")"
  check "keys: /dev/null removes it" on 0 wg set wg0 private-key /dev/null
  check "keys: it is not there" has_private_key "(none)"
  check "unknown: a known interface is shown" on 0 wg show wg0
  check "unknown: another is not" ends 1 on 0 wg show doesnotexist
}

configuration() {
  check "wg0 begins" begin 0 0
  bulk
  keys
  unsocketed 0
}

main() {
  local arguments=("$@")
  while (($# > 0)); do
    case $1 in
      --quick) quick=yes ;;
      -*) echo "$usage" >&2 && exit 2 ;;
      *) program=$(command -v "$1") || skip "$1 is missing" ;;
    esac
    shift
  done
  [[ -x $program ]] || need_minivpn
  make_sides=make_three
  net_begin 200 ip fping ping wg tcpdump iperf3 python3 ss nft pidof -- "${arguments[@]}"
  make_keys 1 2 absent second third
  by_way_of_zero
  by_wire
  configuration
  net_end
}

main "$@"
