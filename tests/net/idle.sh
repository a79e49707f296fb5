#!/bin/bash
# idle.sh: a tunnel that carries nothing costs nothing: no thread of it wakes up but for its own deadlines. How often each thread has
# given up its processor, as the kernel counts it, tells how often it was awake.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

# times_awake SIDE: of all threads, since they began.
times_awake() {
  on "$1" sh -c 'cat /proc/$(pidof minivpn)/task/*/status' | awk '/ctxt_switches/ { all += $2 } END { print all }'
}

# sleeps SIDE SECONDS: is not awake a single time meanwhile.
sleeps() {
  local before after
  before=$(times_awake "$1")
  sleep "$2"
  after=$(times_awake "$1")
  echo "awake $((after - before)) times"
  ((before > 0 && after == before))
}

both_sleep() {
  sleeps a "$1" && sleeps b "$1"
}

# The kernel's own packets for a new device, such as those of IPv6, come to their end.
start_both() {
  start_peer a minivpn && start_peer b minivpn && wait_for 60 both_sleep 3
}

# What is to be found absent below is there, by the same count.
wakes_up() {
  local before after
  before=$(times_awake "$1")
  reaches a "${inner4[b]}" 1 || return 1
  after=$(times_awake "$1")
  echo "awake $((after - before)) times"
  ((after > before))
}

# An absence that could be for want of a watch: a new key arrives.
watches_file() {
  wg genpsk >"$work/watched/psk"
  wait_for 2 shows "$(<"$work/watched/psk")" on "$1" wg show tun0 preshared-keys
}

main() {
  need_minivpn
  net_begin 180 ip fping wg -- "$@"
  # It is watched, in a folder where nothing else happens, and that costs nothing.
  psk="file"
  install -D -m 600 "$work/psk" "$work/watched/psk"
  check "both peers start, and come to rest" start_both
  check "a watches its file" watches_file a
  check "b watches its file" watches_file b
  check "without a session: asleep for 5 s" both_sleep 5
  check "the first ping wakes a up" wakes_up a
  check "a ping wakes b up" wakes_up b
  sleep 11 # A keepalive 10 s after the last packet is the last thing that is due for a while.
  check "with a session: asleep for 10 s" both_sleep 10
  net_end
}

main "$@"
