#!/bin/bash
# secrets.sh [AEAD]: where the keys of a running minivpn are: in locked memory, and nowhere else,
# neither as bytes nor as text. Side a is under test, with the AEAD provider of that name or its own
# choice.

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

scan=$(realpath -m "${MINIVPN_BUILD:-$top/build/release}")/tests/fault/scan_process

pid_of_a() {
  on a pidof minivpn
}

# scan_for KEYFILE: what scan_process says of minivpn on side a.
scan_for() {
  on a "$scan" "$(pid_of_a)" <"$1"
}

# only_locked KEYFILE: the bytes are there, in locked memory alone, and no text is.
only_locked() {
  local found
  found=$(scan_for "$1")
  echo "$found"
  [[ $found =~ ^locked=[1-9][0-9]*\ unlocked=0\ base64=0\ hex=0$ ]]
}

# nowhere KEYFILE
nowhere() {
  local found
  found=$(scan_for "$1")
  echo "$found"
  [[ $found == "locked=0 unlocked=0 base64=0 hex=0" ]]
}

# The scan finds a text that somebody has not locked: a shell that holds the key in a variable.
finds_text() {
  local found
  spawn "$work/holder" a env KEY="$(<"$work/a.key")" sleep 60
  found=$(on a "$scan" "$(<"$work/holder.pid")" <"$work/a.key")
  signal "$work/holder" TERM
  finished "$work/holder" 10 || true
  echo "$found"
  [[ $found =~ base64=[1-9] ]]
}

# Keys in memory that the system locks, as it says itself.
has_locked_memory() {
  on a grep -E '^VmLck:[[:space:]]+[1-9]' "/proc/$(pid_of_a)/status"
}

# reads_memory PID: as a process of the same user may, unless that one has forbidden it.
reads_memory() {
  on a setpriv --bounding-set=-sys_ptrace,-perfmon,-sys_admin cat "/proc/$1/maps"
}

# It does where that has not, with no more capabilities than minivpn has.
reads_other_memory() {
  local status=0
  spawn "$work/other" a setpriv --bounding-set=-all,+net_admin sleep 60
  sleep 0.2
  reads_memory "$(<"$work/other.pid")" || status=1
  signal "$work/other" TERM
  finished "$work/other" 10 || true
  return "$status"
}

all_are_locked() {
  check "$1: the private key is in locked memory alone" only_locked "$work/a.key"
  check "$1: the pre-shared key is in locked memory alone" only_locked "$work/psk"
}

main() {
  need_minivpn
  [[ -x $scan ]] || skip "$scan is missing: build it first"
  net_begin 120 ip ping fping wg -- "$@"
  [[ -z ${1:-} ]] || export MINIVPN_AEAD=$1
  psk=yes
  check "the scan finds the text of a key in an environment" finds_text
  check "the peer on side b starts" start_peer b minivpn
  check "minivpn on side a starts" start_peer a minivpn
  check "it uses ${1:-an AEAD provider}" shows "aead: ${1:-}" on a "$minivpn" status tun0
  check "the kernel counts locked memory" has_locked_memory
  check "its user may look into other processes" reads_other_memory
  check "its user may not look into this one" not reads_memory "$(pid_of_a)"
  all_are_locked "after up"
  check "traffic" reaches a "${inner4[b]}" 5
  all_are_locked "after a handshake"
  check "wg is shown the private key" shows "$(<"$work/a.key")" on a wg show tun0 private-key
  check "wg is shown the pre-shared key" shows "$(<"$work/psk")" on a wg show tun0 preshared-keys
  all_are_locked "after wg has asked"
  check "a key that minivpn never had is nowhere" nowhere "$work/b.key"
  net_end
}

main "$@"
