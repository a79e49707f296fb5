#!/bin/bash
# loss.sh: a bulk transfer arrives bit for bit through a network that loses, doubles and reorders, with offloads on both sides and
# without. The network is a relay on side b, that a takes for its peer.
#
# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly relay_port=51821 bytes=30000000

relay=${MINIVPN_BUILD:?}/tests/net/relay

# a talks to the relay; b answers to where it hears from.
start_both() {
  know_endpoint=''
  spawn "$work/relay" b "$relay" "${wire4[b]}" "$relay_port" "$port" && start_peer b minivpn || return 1
  know_endpoint=a kind[a]=minivpn
  peer_file a | sed "/^Endpoint/s/:$port$/:$relay_port/" >"$work/a.ini"
  start_minivpn a
}

stop_both() {
  stop_peer a && stop_peer b && signal "$work/relay" TERM && finished "$work/relay" 10
}

# troubled: what the relay says that it did; else the transfer would mean nothing.
troubled() {
  local lost doubled late
  read -r lost doubled late <"$work/relay.out"
  echo "# lost $lost, doubled $doubled, late $late"
  ((lost > 50 && doubled > 50 && late > 50))
}

transfer() {
  mapfile -t settings < <(
    printf '%s\n' "${settings[@]}" | grep -v '^Offload' || true
    echo "Offload = $1"
  )
  check "offload $1: both peers start" start_both
  check "offload $1: a reaches b" wait_for 15 reaches a "${inner4[b]}" 1
  check "offload $1: $bytes bytes arrive unharmed" file_arrives "$bytes"
  check "offload $1: both peers end" stop_both
  check "offload $1: there was trouble" troubled
}

need_minivpn
net_begin 300 ip fping wg python3 ss -- "$@"
psk=no outer=4
transfer on
transfer off
net_end
