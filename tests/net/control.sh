#!/bin/bash
# control.sh: the control socket of a real daemon, and what its clients may do to it: mistakes, deaths in the middle, silence,
# and too much. Where no byte may change it is asked of ctl0, which sends nothing; where traffic must go on, of tun0.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly client=$top/tests/net/control_client.py
readonly taken=50007 # a UDP port of another process
quiet=ctl0

# client_of DEVICE COMMAND...: what it sends comes from standard input.
client_of() {
  on a python3 "$client" "$@"
}

# bare DEVICE
bare() {
  on a env -u LOG_LEVEL "$minivpn" "$1"
}

# hex_of FILE: a key, as the socket has it.
hex_of() {
  base64 -d "$1" | od -An -v -t x1 | tr -d ' \n'
}

# get DEVICE
get() {
  printf 'get=1\n\n' | client_of "$1" ask
}

# set_of DEVICE LINE...: the answer must be this alone: errno=0.
set_of() {
  local device=$1
  shift
  answered 0 "$(printf '%s\n' "$@" | request set | client_of "$device" ask)"
}

# request VERB: what comes in, made a whole request.
request() {
  echo "$1=1"
  cat
  echo
}

# answered ERRNO REPLY: of one set.
answered() {
  echo "$2"
  [[ $2 == "errno=$1" ]]
}

# has DEVICE LINE: get shows it.
has() {
  get "$1" | grep -qx -e "$2"
}

# --- All of a set, or nothing ---

# everything: the lines of a set that leaves nothing as it was.
everything() {
  cat <<EOF
private_key=$(hex_of "$work/second.key")
listen_port=50002
fwmark=9
replace_peers=true
public_key=$(hex_of "$work/b.pub")
remove=true
public_key=$(hex_of "$work/third.pub")
preshared_key=$(hex_of "$work/psk")
endpoint=192.0.2.77:7
persistent_keepalive_interval=7
replace_allowed_ips=true
allowed_ip=10.7.0.0/16
EOF
}

quiet_begins() {
  bare "$quiet" && printf '%s\n' "private_key=$(hex_of "$work/a.key")" listen_port=50001 fwmark=5 \
    "public_key=$(hex_of "$work/b.pub")" "preshared_key=$(hex_of "$work/psk")" "endpoint=[fd00:5::2]:5" allowed_ip=10.5.0.0/24 \
    allowed_ip=fd55::/64 "public_key=$(hex_of "$work/third.pub")" persistent_keepalive_interval=5 allowed_ip=10.5.1.0/24 |
    request set | client_of "$quiet" ask && get "$quiet" >"$work/before"
}

# unchanged: ctl0 is as it was, to the byte.
unchanged() {
  get "$quiet" >"$work/after" && diff "$work/before" "$work/after"
}

# refused WHAT ERRNO: the request of standard input.
refused() {
  local reply
  reply=$(client_of "$quiet" ask) || true
  check "$1: errno $2" answered "$2" "$reply"
  check "$1: nothing has changed" unchanged
}

# refused_line ERRNO LINE: behind all of a set.
refused_line() {
  {
    everything
    printf '%b\n' "$2"
  } | request set >"$work/request"
  refused "a set that ends in '$2'" "$1" <"$work/request"
}

# refused_device_line LINE: the same, where no peer has begun.
refused_device_line() {
  {
    everything | head -n 4
    echo "$1"
  } | request set >"$work/request"
  refused "a set of the device that ends in '$1'" -22 <"$work/request"
}

# One of each kind: unit/test_uapi_set has them all.
test_mistakes() {
  local line key
  key=$(hex_of "$work/second.pub")
  for line in nonsense=1 fwmark=1 public_key="g${key:1}" preshared_key="${key:2}" endpoint=localhost:1 \
    persistent_keepalive_interval=off allowed_ip=10.0.0.0 remove=false 'allowed_ip=10.0.0.0/8\0000/9'; do
    refused_line -22 "$line"
  done
  refused_line -71 nonsense
  for line in private_key="$key"0 listen_port=65536 replace_peers=no allowed_ip=10.0.0.0/8; do
    refused_device_line "$line"
  done
}

# A port that another program has, in the first of many lines.
test_port_in_use() {
  spawn "$work/taker" a python3 -c 'import signal, socket, sys
taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taker.bind(("", int(sys.argv[1])))
signal.pause()' "$taken"
  wait_for 5 on a sh -c 'test -n "$(ss -Hlun "sport = :$1")"' sh "$taken"
  everything | sed "s/^listen_port=.*/listen_port=$taken/" | request set >"$work/request"
  refused "a port in use" -98 <"$work/request"
  check "a port in use: wg says so" not on a wg set "$quiet" listen-port "$taken" fwmark 3
  check "a port in use: nothing has changed" unchanged
  signal "$work/taker" TERM
  finished "$work/taker" 5 || true
}

# dies WHAT BYTES: a client that has sent so many of `everything` goes.
dies() {
  everything | request set >"$work/request"
  head -c "$2" "$work/request" | client_of "$quiet" leave
  # Nothing tells that it was noticed; a client that comes later is served later.
  check "a client that dies $1: nothing has changed" unchanged
}

test_deaths() {
  local size
  size=$(everything | request set | wc -c)
  dies "at once" 0
  dies "behind set=1" 6
  dies "in its first line" 20
  dies "half-way" $((size / 2))
  dies "before the last line ends" $((size - 2))
  dies "before the empty line" $((size - 1))
  everything | request set | client_of "$quiet" leave
  check "a client that dies before it is answered: all is done" wait_for 5 everything_done
}

everything_done() {
  local line
  for line in "private_key=$(hex_of "$work/second.key")" listen_port=50002 fwmark=9 "public_key=$(hex_of "$work/third.pub")" \
    "preshared_key=$(hex_of "$work/psk")" endpoint=192.0.2.77:7 persistent_keepalive_interval=7 allowed_ip=10.7.0.0/16; do
    has "$quiet" "$line" || return 1
  done
  (($(get "$quiet" | grep -c '^public_key=') == 1)) && ! has "$quiet" "allowed_ip=10.5.*"
}

# The other side of `unchanged`: it finds a change of one digit.
test_control_of_unchanged() {
  check "control: nothing has changed before anything has" unchanged
  check "control: a mark is set" set_of "$quiet" fwmark=6
  check "control: that is a change" not unchanged
  check "control: the mark is set back" set_of "$quiet" fwmark=5
  check "control: nothing is changed again" unchanged
}

# --- What a set does ---

# peers_are NAME...: those of ctl0, in any order.
peers_are() {
  local name
  diff <(for name in "$@"; do hex_of "$work/$name.pub" && echo; done | sort) \
    <(get "$quiet" | sed -n 's/^public_key=//p' | sort)
}

test_sets() {
  local name lines=()
  for name in b second third; do
    lines+=("public_key=$(hex_of "$work/$name.pub")")
  done
  check "sets: no private key" set_of "$quiet" "private_key=$(printf '%064d' 0)" replace_peers=true "${lines[@]}"
  check "sets: it has none" not has "$quiet" "private_key=.*"
  check "sets: it has the three peers" peers_are b second third
  check "sets: a private key in capitals" set_of "$quiet" "private_key=$(hex_of "$work/a.key" | tr a-f A-F)"
  check "sets: it has it" has "$quiet" "private_key=$(hex_of "$work/a.key")"
  check "sets: the key of a peer" set_of "$quiet" "private_key=$(hex_of "$work/third.key")"
  check "sets: that peer is gone" peers_are b second
  check "sets: the own key as a peer is passed over" set_of "$quiet" "${lines[2]}" allowed_ip=10.9.0.0/16 "${lines[0]}"
  check "sets: so it is no peer" peers_are b second
  check "sets: a peer that is not there, to be updated only" set_of "$quiet" "${lines[2]%??}00" update_only=true
  check "sets: so it is not there" peers_are b second
  check "replace_peers: it stands behind other lines" set_of "$quiet" fwmark=7 replace_peers=true "${lines[1]}"
  check "replace_peers: it has the one" peers_are second
  check "replace_peers: alone" set_of "$quiet" replace_peers=true
  check "replace_peers: it has none" peers_are
  check "an empty set: errno 0" answered 0 "$(request set </dev/null | client_of "$quiet" ask)"
}

# --- Requests and connections ---

# replies REPLY: to what comes in.
replies() {
  local found
  found=$(client_of "$quiet" listen)
  diff <(echo "$1") <(echo "$found")
}

# errnos COMMAND: those of all replies, and how it ended, in a line.
errnos() {
  client_of "$quiet" "$1" | grep -vE '^$' | grep -E '^(errno=.*|fwmark=.*|open|closed)$' | tr '\n' ' '
}

test_requests() {
  local several='set=1\nfwmark=1\n\nget=1\n\nset=1\nfwmark=2\nbad=1\n\nset=1\nfwmark=3\n\nget=1\n\n'
  local expected="errno=0 fwmark=1 errno=0 errno=-22 errno=0 fwmark=3 errno=0 open " way line
  for way in listen piecemeal; do
    check "several requests, $way: each is answered in its turn" test "$(printf '%b' "$several" | errnos "$way")" = "$expected"
  done
  for line in nonsense get=2 get set=1x GET=1 ' get=1' '' 'get=1\0'; do
    check "the first line '$line': closed" replies closed < <(printf '%b\n\n' "$line")
  done
  check "what stands behind get=1: errno 22" replies $'errno=22\n\nopen' < <(printf 'get=1\nnonsense\n\n')
  check "a first line that is none, later: closed" \
    test "$(printf 'get=1\n\nnonsense\n\nget=1\n\n' | errnos listen)" = "fwmark=3 errno=0 closed "
}

# --- A tunnel with traffic ---

tunnel_begins() {
  kind[a]=minivpn
  peer_file a >"$work/a.ini"
  on a env LOG_LEVEL=verbose "$minivpn" tun0 >"$work/tun0.log" 2>&1 && configure_by_wg a
}

ping_b() {
  reaches a "${inner4[b]}" 3
}

# lost_at_most COUNT NAME: of the pings of that job.
lost_at_most() {
  local sent received
  IFS=/ read -r sent received _ < <(sed -n 's,.*xmt/rcv/%loss = ,,p' "$work/$2.err")
  echo "$sent sent, $received received"
  ((sent == 300 && received >= sent - $1))
}

# Nothing is lost: what is on its way to the old port is still taken, and b hears of the new one by a keepalive.
test_port_under_traffic() {
  spawn "$work/fping" a fping -q -c 300 -p 10 -t 1000 "${inner4[b]}"
  sleep 1
  check "another port under traffic: it is set" set_of tun0 listen_port=50123
  finished "$work/fping" 20 || true
  check "another port under traffic: no packet is lost" lost_at_most 0 fping
  check "another port under traffic: get shows it" has tun0 listen_port=50123
  check "another port under traffic: the socket has it" on a sh -c 'ss -Hlun "sport = :50123" | grep -q .'
  check "another port under traffic: in the end not the old one" wait_for 6 not on a sh -c 'ss -Hlun "sport = :$1" | grep -q .' sh "$port"
  check "another port under traffic: b follows" shows "endpoint: ${wire4[a]}:50123" on b "$minivpn" status tun0
  check "another port under traffic: b pings" reaches b "${inner4[a]}" 3
}

# marked: how many datagrams went out with the mark.
marked() {
  on a nft list counter inet t marked | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# marked_pings COUNT: pings, and then exactly so many more.
marked_pings() {
  local before
  before=$(marked)
  ping_b || return 1
  echo "$(($(marked) - before)) are marked, expected $1"
  (($(marked) - before == $1))
}

test_mark() {
  on a nft 'add table inet t; add counter inet t marked; add chain inet t out { type filter hook output priority 0; }'
  on a nft add rule inet t out meta mark 0x77 meta l4proto udp counter name marked
  for outer in 4 6; do
    check "mark, IPv$outer: b is there" set_of tun0 "public_key=$(hex_of "$work/b.pub")" "endpoint=$(outer_endpoint b)"
    check "mark, IPv$outer: ping" ping_b
    check "mark, IPv$outer: none is marked" marked_pings 0
    check "mark, IPv$outer: set" set_of tun0 fwmark=119
    check "mark, IPv$outer: get shows it" has tun0 fwmark=119
    check "mark, IPv$outer: each is marked" marked_pings 3
    check "mark, IPv$outer: set off" set_of tun0 fwmark=0
    check "mark, IPv$outer: get shows none" not has tun0 "fwmark=.*"
    check "mark, IPv$outer: none is marked" marked_pings 0
  done
  outer=4
}

# replaced: b's peer is second instead of a.
replaced() {
  on b wg set tun0 peer "$(<"$work/a.pub")" remove peer "$(<"$work/second.pub")" allowed-ips "${inner4[a]}/32,${inner6[a]}/128"
}

# peer_b: the lines that make b a peer of a.
peer_b() {
  printf '%s\n' "public_key=$(hex_of "$work/b.pub")" "endpoint=$(outer_endpoint b)" "allowed_ip=${inner4[b]}/32" \
    "allowed_ip=${inner6[b]}/128"
}

test_replacements() {
  local lines
  mapfile -t lines < <(peer_b)
  check "another private key: b knows the new one" replaced
  check "another private key: it is set" set_of tun0 "private_key=$(hex_of "$work/second.key")"
  check "another private key: wg shows its public key" shows "$(<"$work/second.pub")" on a wg show tun0 public-key
  check "another private key: ping" wait_for 10 ping_b
  check "replaced peers: by the same one" set_of tun0 replace_peers=true "${lines[@]}"
  check "replaced peers: ping" wait_for 10 ping_b
}

# --- Too many, too slow, too much ---

test_empty() {
  local before
  before=$(wc -l <"$work/tun0.log")
  check "a hundred who say nothing: they come and go" client_of tun0 empty 100
  check "a hundred who say nothing: nothing is logged" test "$(wc -l <"$work/tun0.log")" = "$before"
  check "control: something is logged by now" test "$before" -gt 0
}

# answers_soon: to another client. Under a sanitizer to print seventy replies of megabytes takes longer than the rest.
answers_soon() {
  local limit_s=3
  ! is_sanitized || limit_s=15
  on a timeout "$limit_s" wg show tun0 endpoints
}

# stay WHAT COUNT: so many do; meanwhile another client is answered, and each ping is. Each sends what comes in.
stay() {
  local what=$1 count=$2
  cat >"$work/request"
  spawn "$work/stay" a sh -c 'exec python3 "$1" tun0 stall "$2" <"$3"' sh "$client" "$count" "$work/request"
  spawn "$work/fping" a fping -q -c 150 -p 20 -t 3000 "${inner4[b]}"
  check "$what: they are there" wait_for 10 grep -q there "$work/stay.out"
  check "$what: another one is answered within 3 s" answers_soon
  check "$what: and another" answers_soon
  check "$what: and one who sets" set_of tun0 fwmark=0
  finished "$work/fping" 20 || true
  check "$what: each ping is answered" grep -F "xmt/rcv/%loss = 150/150/0%" "$work/fping.err"
  signal "$work/stay" KILL
  finished "$work/stay" 5 || true
}

# prefixes COUNT: the lines of a peer that has so many.
prefixes() {
  echo "public_key=$(hex_of "$work/third.pub")"
  awk -v count="$1" 'BEGIN {
    for (i = 0; i < count; i++) printf "allowed_ip=100.%d.%d.%d/32\n", 64 + i / 65536, i / 256 % 256, i % 256
  }'
}

# reply_of BYTES: what get says is longer.
reply_of() {
  (($(get tun0 | wc -c) > $1))
}

test_slow() {
  stay "70 who stall in a request" 70 < <(printf 'set=1\nprivate_k')
  stay "70 who stall before it" 70 </dev/null
  check "a reply of megabytes: 100,000 prefixes" answered 0 "$(prefixes 100000 | request set | client_of tun0 ask)"
  check "a reply of megabytes: it is" reply_of 2000000
  check "a reply of megabytes: the prefixes go" set_of tun0 "public_key=$(hex_of "$work/third.pub")" remove=true
  # Of these seventy are not a matter of how fast the machine prints.
  check "a reply that nobody holds: 20,000 prefixes" answered 0 "$(prefixes 20000 | request set | client_of tun0 ask)"
  check "a reply that nobody holds: it is" reply_of 500000
  stay "70 who never read it" 70 < <(printf 'get=1\n\n')
  check "a reply that nobody holds: the prefixes go" set_of tun0 "public_key=$(hex_of "$work/third.pub")" remove=true
}

# crowds: a hundred at once.
test_crowd() {
  check "a hundred at once: each is answered, and what it set is there" client_of tun0 crowd 100
  check "a hundred at once: ping" ping_b
}

# rss: of the daemon that has tun0, in KiB.
rss() {
  on a sh -c 'awk "/^VmRSS:/ { print \$2 }" "/proc/$(pidof minivpn)/status"'
}

test_too_much() {
  local before
  before=$(rss)
  check "a set of 20 MiB: it is cut" grep -E '^cut 1[67][0-9]{6}$' <(client_of tun0 pour $((20 << 20)))
  check "a set of 20 MiB: another one is answered" answers_soon
  check "a set of 20 MiB: ping" ping_b
  is_sanitized || check "a set of 20 MiB: its memory is given back" test "$(rss)" -lt $((before + 4096))
  check "control: a set of 4 MiB is taken" answered 0 \
    "$(yes fwmark=0 | head -c $((4 << 20)) | grep -x fwmark=0 | request set | client_of tun0 ask)"
}

main() {
  need_minivpn
  net_begin 250 ip wg ping fping python3 nft ss pidof od --
  make_keys second third
  check "b begins" start_peer b minivpn
  check "$quiet begins" quiet_begins
  test_control_of_unchanged
  test_mistakes
  test_port_in_use
  test_deaths
  test_sets
  test_requests
  check "$quiet ends" on a rm "/run/wireguard/$quiet.sock"
  check "tun0 begins" tunnel_begins
  check "ping" wait_for 10 ping_b
  test_port_under_traffic
  test_mark
  test_replacements
  test_empty
  test_slow
  test_crowd
  test_too_much
  net_end
}

main
