#!/bin/bash
# roaming.sh: the outside of a tunnel that changes under it: addresses, ports and families of the
# other side, the own address that answers come from, what cannot be reached at all, and what the
# outer header shows. Both sides are minivpn.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

# The second address of a side on the wire.
readonly -A second4=([a]=192.0.2.101 [b]=192.0.2.102)
readonly -A second6=([a]=fd00:5::101 [b]=fd00:5::102)

start_both() {
  start_peer a minivpn && start_peer b minivpn
}

stop_both() {
  stop_peer a && stop_peer b
}

# endpoint_is SIDE ENDPOINT: where the side believes the other to be.
endpoint_is() {
  shows "endpoint: $2"$'\n' on "$1" "$minivpn" status tun0
}

# restart_a KEY VALUE: a begins again, with another value in its file.
restart_a() {
  stop_peer a || return 1
  sed -i "s/^$1 = .*/$1 = $2/" "$work/a.ini"
  kind[a]=minivpn
  start_minivpn a
}

# ping_once SIDE [PING OPTION...]: one ping to the other, which is answered within a second.
ping_once() {
  local side=$1
  shift
  on "$side" ping -n -c 1 -W 1 "$@" "${inner4[$(other "$side")]}"
}

# --- The other side moves ---

# moves LABEL OLD NEW: the address of a, with traffic before and after. The first ping that a sends
# from there tells b.
moves() {
  check "$1: ping" ping_once a
  check "$1: b knows where a is" endpoint_is b "$(with_port "$2")"
  remove_address a "$2"
  add_address a "$3"
  check "$1: a moves to $3, and its next ping is answered" ping_once a
  check "$1: b knows where a is now" endpoint_is b "$(with_port "$3")"
  check "$1: b reaches a there" ping_once b
  check "$1: a believes b to be where it was" endpoint_is a "$(outer_endpoint b)"
  remove_address a "$3"
  add_address a "$2"
  check "$1: a moves back" ping_once a
  check "$1: b knows it" endpoint_is b "$(with_port "$2")"
}

test_roaming() {
  for outer in 4 6; do
    check "roaming by IPv$outer: both start" start_both
    if ((outer == 4)); then
      moves "roaming by IPv4" "${wire4[a]}" 192.0.2.11
    else
      moves "roaming by IPv6" "${wire6[a]}" fd00:5::11
    fi
    check "roaming by IPv$outer: both end" stop_both
  done

  outer=4
  check "another port: both start" start_both
  check "another port: ping" ping_once a
  check "another port: a starts again with it" restart_a ListenPort 50000
  check "another port: ping" ping_once a
  check "another port: b knows it" endpoint_is b "${wire4[a]}:50000"
  check "another port: b reaches a there" ping_once b

  check "another family: a starts again with it" \
    restart_a Endpoint "$(with_port "${wire6[b]}")"
  check "another family: ping" ping_once a
  check "another family: b knows it" endpoint_is b "[${wire6[a]}]:50000"
  check "another family: b reaches a there" ping_once b
  check "another family: both end" stop_both
}

# --- The own side: answers come from the address that was addressed ---

# answered_from ADDRESS: a reaches b at this address of b's, and nothing else comes back.
answered_from() {
  local address=$1
  check "b as $address: a begins there" restart_a Endpoint "$(with_port "$address")"
  capture "$work/answers" a wire
  check "b as $address: pings" reaches a "${inner4[b]}" 3
  check "b as $address: pings of b" reaches b "${inner4[a]}" 3
  capture_end "$work/answers"
  check "b as $address: it answers from there" \
    test -n "$(captured "$work/answers" "src host $address and udp port $port")"
  check "b as $address: and from nowhere else" test -z "$(captured "$work/answers" \
    "udp port $port and not host $address")"
  check "b as $address: a believes it to be there" endpoint_is a "$(with_port "$address")"
}

test_sticky() {
  local side
  outer=4
  for side in a b; do
    add_address "$side" "${second4[$side]}"
    add_address "$side" "${second6[$side]}"
  done
  check "two addresses: both start" start_both
  answered_from "${second4[b]}"
  answered_from "${wire4[b]}"
  answered_from "${second6[b]}"
  answered_from "${wire6[b]}"
  answered_from "${second4[b]}"
  check "two addresses: both end" stop_both
  for side in a b; do
    remove_address "$side" "${second4[$side]}"
    remove_address "$side" "${second6[$side]}"
  done
}

# --- But not when it is gone ---

# loses LABEL ADDRESS OTHER: b answers from an address that is then taken away. It is b that sends
# next: nobody tells it but its own kernel.
loses() {
  check "$1: ping" ping_once a
  check "$1: a believes b to be there" endpoint_is a "$(with_port "$2")"
  add_address b "$3"
  # Whatever has changed at b, it is a that speaks first, so b answers from where it was addressed.
  check "$1: ping with both addresses" ping_once a
  check "$1: b did not move" endpoint_is a "$(with_port "$2")"
  remove_address b "$2"
  # Addresses of IPv4 that were added later to the same network go with the first one.
  add_address b "$3" 2>/dev/null || true
  check "$1: $2 is gone" test -z "$(on b ip -o address show dev wire to "$2")"
  check "$1: the next ping works" ping_once b
  check "$1: a believes b to be at the other one" endpoint_is a "$(with_port "$3")"
  remove_address b "$3"
  add_address b "$2"
}

test_not_too_sticky() {
  for outer in 4 6; do
    check "address lost, IPv$outer: both start" start_both
    if ((outer == 4)); then
      loses "address lost, IPv4" "${wire4[b]}" "${second4[b]}"
    else
      loses "address lost, IPv6" "${wire6[b]}" "${second6[b]}"
    fi
    check "address lost, IPv$outer: both end" stop_both
  done
}

# --- What cannot be reached ---

# no_connection ADDRESS: connect() fails, and says why.
no_connection() {
  local output
  output=$(on a timeout 5 bash -c 'echo >"/dev/tcp/$1/80"' bash "$1" 2>&1) && return 1
  echo "$output"
  [[ $output == *"No route to host"* ]]
}

test_unreachable() {
  local unreachable4="Destination Host Unreachable"
  local unreachable6="Destination unreachable: Address unreachable"
  outer=4 know_endpoint=b
  check "unreachable: a starts" start_peer a minivpn
  check "no peer, IPv4: ping is told at once" \
    refused_at_once a "From 10.77.0.99 icmp_seq=1 $unreachable4" 10.77.0.99
  check "no peer, IPv6: ping is told at once" \
    refused_at_once a "From fd77::99 icmp_seq=1 $unreachable6" fd77::99
  check "no peer: connect is told at once" no_connection 10.77.0.98
  check "no peer, IPv6: connect is told at once" no_connection fd77::98
  check "no endpoint, IPv4: ping is told at once" refused_at_once a "$unreachable4" "${inner4[b]}"
  check "no endpoint, IPv6: ping is told at once" refused_at_once a "$unreachable6" "${inner6[b]}"
  check "no endpoint: status counts it" shows "no-endpoint" on a "$minivpn" status tun0
  check "with the peer there: b starts" start_peer b minivpn
  check "with the peer there: b reaches a" ping_once b
  check "with the peer there: a reaches b" ping_once a
  check "unreachable: both end" stop_both
  know_endpoint=ab
}

# --- The outer header ---

# has_outer TYPE TOS: the capture has messages of this type from a, or from anybody if they are no
# data, and all of them have this TOS or traffic class.
has_outer() {
  local messages="udp port $port" tos
  if ((outer == 4)); then
    messages+=" and ip[28] = $1" tos="ip[1]"
    (($1 != 4)) || messages+=" and src host ${wire4[a]}"
  else
    messages+=" and ip6[48] = $1" tos="((ip6[0:2] >> 4) & 0xff)"
    (($1 != 4)) || messages+=" and src host ${wire6[a]}"
  fi
  captured "$work/header" "$messages"
  [[ -n $(captured "$work/header" "$messages and $tos = $2") &&
    -z $(captured "$work/header" "$messages and $tos != $2") ]]
}

# shows_outside INNER OUTER: pings with the inner TOS go out with this outer one.
shows_outside() {
  local label="outer IPv$outer, inner TOS $1"
  capture "$work/header" b wire
  check "$label: ping" ping_once a -Q "$1"
  check "$label, IPv6: ping" on a ping -n -c 1 -W 1 -Q "$1" "${inner6[b]}"
  capture_end "$work/header"
  check "$label: outside it is $2" has_outer 4 "$2"
}

test_outer_header() {
  for outer in 4 6; do
    check "outer header, IPv$outer: both start" start_both
    capture "$work/header" b wire
    check "outer header, IPv$outer: ping" ping_once a
    capture_end "$work/header"
    check "outer header, IPv$outer: initiations are AF41" has_outer 1 0x88
    check "outer header, IPv$outer: responses are AF41" has_outer 2 0x88
    shows_outside 0x00 0
    shows_outside 0x01 1
    shows_outside 0x02 2
    shows_outside 0x03 2
    shows_outside 0xb8 0
    shows_outside 0xba 2
    check "outer header, IPv$outer: both end" stop_both
  done
}

main() {
  need_minivpn
  net_begin 300 ip ping fping wg tcpdump --
  test_roaming
  test_sticky
  test_not_too_sticky
  test_unreachable
  test_outer_header
  net_end
}

main
