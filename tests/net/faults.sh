#!/bin/bash
# faults.sh: what the system refuses to a running minivpn, and to one that starts: routes, a
# firewall, a device that goes, descriptors, locked memory. Side a is under test.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

nothing_left() {
  wait_for 10 nothing_there a minivpn tun0
}

# limited COMMAND...: up, started by a shell that has run the command.
limited() {
  on a sh -c '"$1" "$2" "$3" && shift 3 && exec "$@"' sh "$@" "$minivpn" up "$work/a.ini"
}

ping_b() {
  reaches a "${inner4[b]}" 3
}

no_answer() {
  not on a ping -c 1 -W 1 "${inner4[b]}"
}

# --- While it runs ---

send_failures() {
  on a "$minivpn" status tun0 | sed -n 's/.*dropped: *\([0-9]*\) .*send-failed.*/\1/p'
}

more_send_failures() {
  local now
  now=$(send_failures)
  echo "before: ${1:-0}, now: ${now:-0}"
  ((${now:-0} > ${1:-0}))
}

# refused_by WHAT UNDO COMMAND...: after the command nothing goes out, and it is counted; when it is
# undone, the tunnel goes on. As long as packets go by the interface that the last came in on the
# kernel takes the far end to be on link, whatever the routes say: until minivpn has heard of them.
refused_by() {
  local what=$1 undo=$2 before
  shift 2
  before=$(send_failures)
  check "$what: it is done" on a "$@"
  check "$what: no answer" wait_for 5 no_answer
  check "$what: the drops are counted as send-failed" more_send_failures "$before"
  # shellcheck disable=SC2086 # a command in words
  check "$what: it is undone" on a $undo
  check "$what: the tunnel goes on" wait_for 15 ping_b
}

test_refused_sending() {
  local far=${wire4[b]} type
  check "the tunnel is there" start_peer a minivpn
  check "ping" ping_b
  for type in unreachable prohibit blackhole; do
    refused_by "a route of type $type" "ip route del $type $far" ip route add "$type" "$far"
  done
  refused_by "no route" "ip route add ${far%.*}.0/24 dev wire" ip route del "${far%.*}.0/24" dev wire
  test_firewall
}

# What an output filter drops, the sender is told: EPERM.
test_firewall() {
  on a nft 'add table ip t; add chain ip t out { type filter hook output priority 0; }'
  refused_by "a firewall" "nft delete table ip t" nft add rule ip t out udp dport "$port" drop
}

test_link_down() {
  check "the device goes down" on a ip link set tun0 down
  check "no answer" no_answer
  check "the device comes up" on a ip link set tun0 up
  check "the tunnel goes on" wait_for 15 ping_b
  check "it goes down in order" stop_peer a
}

# Packets come from both sides all the time.
test_deletion() {
  peer_file a >"$work/a.ini"
  check "a tunnel in the foreground" foreground
  check "ping" ping_b
  spawn "$work/ping_a" a fping -q -l -p 10 "${inner4[b]}"
  spawn "$work/ping_b" b fping -q -l -p 10 "${inner4[a]}"
  sleep 0.5
  check "the device is deleted during traffic" on a ip link del tun0
  check "the tunnel ends with exit status 0" finished "$work/up" 10
  check "nothing is left" nothing_left
  signal "$work/ping_a" INT
  signal "$work/ping_b" INT
  finished "$work/ping_a" 10 || true
  finished "$work/ping_b" 10 || true
}

# --- When it starts ---

has_message() {
  cat "$work/ends"
  grep -qE '^minivpn: .+|^.*error: .+' "$work/ends"
}

# failed_cleanly STATUS: it was 1, there is a message, and nothing is left.
failed_cleanly() {
  (($1 == 1)) || {
    echo "exit status $1, expected 1"
    cat "$work/ends"
    return 1
  }
  has_message && nothing_left
}

# loads LIMIT: with so many descriptors the program can be loaded; before that nothing of it runs.
loads() {
  on a sh -c 'ulimit -n "$1" && exec "$2" --version' sh "$1" "$minivpn" >/dev/null 2>&1
}

test_descriptors() {
  local limit=3 status=1
  peer_file a >"$work/a.ini"
  while ((limit < 20)) && ! loads "$limit"; do
    limit=$((limit + 1))
  done
  while ((status != 0 && limit < 200)); do
    status=0
    limited ulimit -n "$limit" >"$work/ends" 2>&1 || status=$?
    if ((status != 0)); then
      check "with $limit descriptors: it says why, and leaves nothing" failed_cleanly "$status"
      limit=$((limit + 1))
    fi
  done
  check "some were too few" test "$limit" -gt 10
  check "with $limit descriptors it is up" all_there a minivpn tun0
  check "ping" wait_for 15 ping_b
  check "it goes down" on a "$minivpn" down tun0
  check "nothing is left" nothing_left
}

without_locked_memory() {
  on a setpriv --bounding-set=-sys_resource,-ipc_lock -- \
    sh -c 'ulimit -l 0 && exec "$@"' sh "$minivpn" up "$work/a.ini"
}

test_locked_memory() {
  # Sanitizers take every call of mlock for themselves and lock nothing.
  check "without locked memory, up works" ends 0 without_locked_memory
  is_sanitized || check "it warns" said "locked in memory"
  check "ping" wait_for 15 ping_b
  check "it goes down" on a "$minivpn" down tun0
  check "nothing is left" nothing_left
}

main() {
  need_minivpn
  net_begin 300 ip ping fping nft wg -- "$@"
  check "the peer on side b starts" start_peer b minivpn
  test_refused_sending
  test_link_down
  test_deletion
  test_descriptors
  test_locked_memory
  net_end
}

main "$@"
