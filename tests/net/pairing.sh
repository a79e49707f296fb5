#!/bin/bash
# pairing.sh KIND_A KIND_B [--full] [--lanes N] [--offload on|off] [--aead NAME]: real traffic between two peers, each minivpn or
# wireguard-go.
#
# Always: ping from the very first packet on, for each of the two as the initiator, with and
# without a pre-shared key, over an IPv4 and an IPv6 underlay. With --full also TCP for seconds, a
# file of 200 MB, the death of a peer, and packets from a source that is not allowed.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

usage="usage: $0 minivpn|wireguard-go minivpn|wireguard-go [--full] [--lanes N] [--offload on|off] [--aead NAME]"

# start_both KIND_A KIND_B
start_both() {
  start_peer a "$1" && start_peer b "$2"
}

stop_both() {
  stop_peer a && stop_peer b
}

# ping_family SIDE 4|6 LABEL: the sizes up to the MTU, 1420 with 20 or 40 bytes of IP and 8 of ICMP,
# and beyond.
ping_family() {
  local side=$1 address largest
  case $2 in
    4) address=${inner4[$(other "$side")]} largest=1392 ;;
    6) address=${inner6[$(other "$side")]} largest=1372 ;;
  esac
  check "$3: inner IPv$2, first packets" reaches "$side" "$address" 5
  check "$3: inner IPv$2, as large as the MTU" reaches "$side" "$address" 3 -b "$largest" -M
  check "$3: inner IPv$2, in fragments" reaches "$side" "$address" 3 -b 4000
}

# initiator SIDE KIND_A KIND_B: only SIDE knows where the other is, so it must be the one to begin.
# Which inner family comes first alternates.
initiator() {
  local side=$1 label
  know_endpoint=$side
  label="outer IPv$outer, psk $psk, $side initiates"
  check "$label: both peers start" start_both "$2" "$3"
  [[ $2 != minivpn ]] || check "$label: a does as it was told" uses_what_it_was_told a
  if [[ $psk == yes ]]; then
    ping_family "$side" 6 "$label"
    ping_family "$side" 4 "$label"
  else
    ping_family "$side" 4 "$label"
    ping_family "$side" 6 "$label"
  fi
  check "$label: wg shows the tunnel of a" shows "peer: $(<"$work/b.pub")" on a wg show tun0
  check "$label: wg shows the tunnel of b" shows "peer: $(<"$work/a.pub")" on b wg show tun0
  check "$label: both peers end" stop_both
}

# --- The rest is for --full, on a tunnel where both know where the other is ---

# killed SIDE: no traffic without it, which shows that the tests after this one mean something.
killed() {
  kill_peer "$1" && not reaches "$(other "$1")" "${inner4[$1]}" 1
}

# dies SIDE: it is killed and comes back, and only one of the two sends then.
dies() {
  local side=$1 survivor label="$1 (${kind[$1]}) was killed"
  survivor=$(other "$side")
  check "$label: no traffic" killed "$side"
  check "$label: starts again" start_peer "$side" "${kind[$side]}"
  check "$label: traffic within 20 s when $survivor sends" \
    wait_for 20 reaches "$survivor" "${inner4[$side]}" 1 -t 1000
  check "$label once more: no traffic" killed "$side"
  check "$label once more: starts again" start_peer "$side" "${kind[$side]}"
  check "$label once more: traffic within 2 s when $side sends" \
    reaches "$side" "${inner4[$survivor]}" 1 -t 2000
}

# echo_requests FOLDER/NAME ADDRESS: how many the capture holds from this source.
echo_requests() {
  captured "$1" "src host $2 and (icmp[icmptype] = icmp-echo or icmp6[icmp6type] = icmp6-echo)" |
    wc -l
}

# refuses_foreign SIDE 4|6 LABEL: SIDE takes echo requests that come from the other's address, and
# not those from an address that it does not allow. No answer could come back to that one anyway, so
# what counts is what arrives on tun0.
refuses_foreign() {
  local side=$1 label="$3 IPv$2" sender allowed foreign bits here
  sender=$(other "$side")
  case $2 in
    4) allowed=${inner4[$sender]} foreign=10.77.0.99 bits=32 here=${inner4[$side]} ;;
    6) allowed=${inner6[$sender]} foreign=fd77::99 bits=128 here=${inner6[$side]} ;;
  esac
  capture "$work/inner" "$side" tun0
  on "$sender" ip address add "$foreign/$bits" dev tun0
  check "$label: pings from $foreign go unanswered" \
    not reaches "$sender" "$here" 3 -t 1000 -S "$foreign"
  check "$label: pings from $allowed do not" reaches "$sender" "$here" 3 -S "$allowed"
  on "$sender" ip address delete "$foreign/$bits" dev tun0
  capture_end "$work/inner"
  check "$label: those from $allowed arrived" test "$(echo_requests "$work/inner" "$allowed")" = 3
  check "$label: those from $foreign did not" test "$(echo_requests "$work/inner" "$foreign")" = 0
}

# source_filter SIDE
source_filter() {
  local side=$1 label="$1 (${kind[$1]}) filters"
  if [[ ${kind[$side]} == minivpn ]]; then
    check "$label: nothing dropped yet" status_lacks "$side" source-not-allowed
  fi
  refuses_foreign "$side" 4 "$label"
  refuses_foreign "$side" 6 "$label"
  if [[ ${kind[$side]} == minivpn ]]; then
    check "$label: status counts the drops" \
      shows "6 packets, source-not-allowed" on "$side" "$minivpn" status tun0
  fi
}

# status_lacks SIDE TEXT: there is a status, and the text is not in it.
status_lacks() {
  local status
  status=$(on "$1" "$minivpn" status tun0) && [[ $status == *peer:* && $status != *"$2"* ]]
}

# full KIND_A KIND_B ROLE...
full() {
  local side
  psk=yes outer=4 know_endpoint=ab
  check "both peers start for the long tests" start_both "$1" "$2"
  shift 2
  check "TCP from a to b for 5 s" iperf3_flow b a "${inner4[b]}" --time 5
  check "TCP from b to a for 5 s" iperf3_flow b a "${inner4[b]}" --time 5 --reverse
  check "200 MB arrive unharmed" file_arrives 200000000
  for side in "$@"; do
    source_filter "$side"
    dies "$side"
  done
}

# uses_what_it_was_told SIDE: by its status, as far as somebody was told.
uses_what_it_was_told() {
  local status
  status=$(on "$1" "$minivpn" status tun0) || return 1
  [[ -z ${MINIVPN_AEAD:-} || $status == *"aead: $MINIVPN_AEAD"* ]] || return 1
  case ${settings[*]} in
    *"Offload = off"*) [[ $status != *offload:* ]] ;;
    *"Offload = on"*) [[ $status == *"offload: tcp"* ]] ;;
  esac
}

main() {
  local kinds=() full=no side arguments=("$@")
  while (($# > 0)); do
    case $1 in
      minivpn | wireguard-go) kinds+=("$1") ;;
      --full) full=yes ;;
      --lanes) settings+=("Lanes = $2") && shift ;;
      --offload) settings+=("Offload = $2") && shift ;;
      --aead) export MINIVPN_AEAD=$2 && shift ;;
      *) echo "$usage" >&2 && exit 2 ;;
    esac
    shift
  done
  set -- "${arguments[@]}"
  ((${#kinds[@]} == 2)) || { echo "$usage" >&2 && exit 2; }
  [[ ${kinds[*]} != *minivpn* ]] || need_minivpn
  net_begin 600 ip fping wg wireguard-go tcpdump iperf3 python3 ss -- "$@"

  # Between two of a kind, what holds for one side holds for the other.
  local roles=(a b)
  [[ ${kinds[0]} != "${kinds[1]}" ]] || roles=(a)
  for psk in no yes; do
    for outer in 4 6; do
      for side in "${roles[@]}"; do
        initiator "$side" "${kinds[@]}"
      done
    done
  done
  [[ $full == no ]] || full "${kinds[@]}" "${roles[@]}"
  net_end
}

main "$@"
