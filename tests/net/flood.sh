#!/bin/bash
# flood.sh [--throughput]: 20,000 initiations a second with a valid mac1, most of them from addresses
# that are made up, while a tunnel is busy. Side a is flooded. Side b is the other end of the tunnel,
# where the flood comes from, and where a new peer begins in the midst of it.
#
# What the flood costs is the difference to the same flood to a port that nobody has: so what it
# takes to send it, and to receive it in the kernel, is in both. With --throughput it must be small.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

flooder=$(realpath -m "${MINIVPN_BUILD:-$top/build/release}")/tests/net/flood

readonly rate=20000
readonly unused_port=51999
readonly made_up=198.18.0.0/15
readonly genuine=(203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4)
readonly reasons=(under-load rate-limited handshake-queue-full)

# The new peer is a second device on side b, with a network of its own inside.
readonly new_port=51821
readonly -A new4=([a]=10.78.0.1 [b]=10.78.0.2)

# A flood lasts so many seconds; the tunnel is measured in the midst of it. They are short, so that
# whatever else disturbs the tunnel disturbs a pair of them alike.
readonly flood_s=1
readonly settle_s=0.2
readonly measure_s=0.7

declare -A begun=()  # drops by reason when a flood began
declare -A risen=()  # TARGET.REASON: how many were counted in all the floods there
declare -A sent=()   # by TARGET
declare -A speeds=() # by TARGET: megabits a second, one after the other
least_sent=

# --- The sides ---

# Answers to the made-up addresses go back to where they came from, and end there in silence.
make_ways() {
  local address
  for address in "${genuine[@]}"; do
    on b ip address add "$address/32" dev wire
  done
  on b ip route add blackhole "$made_up"
  on a ip route add "$made_up" via "${wire4[b]}"
  on a ip route add 203.0.113.0/24 via "${wire4[b]}"
}

# Side a knows one peer more than start_peer gives it.
start_a() {
  kind[a]=minivpn
  {
    peer_file a | sed "s|^Address = .*|&, ${new4[a]}/24|"
    echo "[Peer]"
    echo "PublicKey = $(<"$work/new.pub")"
    echo "AllowedIPs = ${new4[b]}/32"
  } >"$work/a.ini"
  start_minivpn a
}

start_new() {
  cat >"$work/new.ini" <<END
[Interface]
PrivateKey = $(<"$work/new.key")
ListenPort = $new_port
Address = ${new4[b]}/24
Device = tun1
[Peer]
PublicKey = $(<"$work/a.pub")
AllowedIPs = ${new4[a]}/32
Endpoint = $(outer_endpoint a)
END
  on b "$minivpn" up "$work/new.ini"
}

stop_new() {
  on b "$minivpn" down tun1
}

# go_ahead SIDE PROGRAM...: they go before whatever else runs on this machine, since what that takes
# from the tunnel makes the cost of the flood look larger than it is. The kernel weighs sessions, if
# anything, and each of these programs is one.
go_ahead() {
  on "$1" sh -c 'shift; for pid in $(pidof "$@"); do echo -10 >"/proc/$pid/autogroup"; done' \
    sh "$@" || true
}

# TCP both ways until the end.
busy_tunnel() {
  spawn "$work/server" b setsid iperf3 --server --one-off && wait_for 5 listening b 5201 &&
    spawn "$work/client" a setsid iperf3 --client "${inner4[b]}" --bidir --time 110 || return 1
  go_ahead a minivpn iperf3
  go_ahead b minivpn iperf3
  sleep 2
}

# An initiation that was not answered is repeated after 5 s.
new_connects_at_once() {
  on b fping -c 1 -t 2000 "${new4[a]}"
}

# --- What side a says ---

pid_of_a() {
  on a pidof minivpn
}

ask_status() {
  on a "$minivpn" status tun0 >"$work/status"
}

# drops REASON: as the status said when it was asked last.
drops() {
  local count
  count=$(sed -n "s/.*dropped: *\([0-9]*\) packets*, $1:.*/\1/p" "$work/status")
  echo "${count:-0}"
}

# resident SIDE PID: kilobytes of memory.
resident() {
  on "$1" sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$2/status"
}

# grew_by_less_than LIMIT BEFORE SIDE PID
grew_by_less_than() {
  local now
  now=$(resident "$3" "$4")
  echo "before: $2 kB, now: $now kB"
  ((now - $2 < $1))
}

# The same look at a process that takes four megabytes.
sees_growth() {
  local pid before seen=1
  spawn "$work/grower" a bash -c 'trap "text=\$(printf %4000000s)" USR1; while sleep 0.05; do :; done'
  sleep 0.2
  pid=$(<"$work/grower.pid")
  before=$(resident a "$pid")
  signal "$work/grower" USR1
  sleep 0.5
  grew_by_less_than 1024 "$before" a "$pid" || seen=0
  signal "$work/grower" KILL
  finished "$work/grower" 10 || true
  return "$seen"
}

# What the tunnel has carried, both ways, in bytes.
carried() {
  on a awk '$1 == "tun0:" { printf "%.0f\n", $2 + $10 }' /proc/net/dev
}

# --- The flood ---

# flood PORT SECONDS: in its turn before all that the tunnel and iperf3 keep the processors busy with, as if it came from elsewhere.
flood() {
  spawn "$work/flood" b setsid chrt --fifo 1 "$flooder" "$(<"$work/a.pub")" "${wire4[a]}:$1" "$2" "$rate" \
    "$made_up" "${genuine[@]}"
  go_ahead b flood
}

# count_flood TARGET: what it sent, and what was dropped meanwhile.
count_flood() {
  local count reason
  count=$(sed -n 's/^sent=\([0-9]*\) .*/\1/p' "$work/flood.out")
  sent[$1]=$((${sent[$1]:-0} + count))
  ((${least_sent:-$count} < count)) || least_sent=$count
  ask_status
  for reason in "${reasons[@]}"; do
    risen[$1.$reason]=$((${risen[$1.$reason]:-0} + $(drops "$reason") - begun[$reason]))
  done
}

# measure_flood TARGET PORT: one flood, and what the tunnel carries in the midst of it.
measure_flood() {
  local reason bytes begin_us end_us
  ask_status
  for reason in "${reasons[@]}"; do
    begun[$reason]=$(drops "$reason")
  done
  flood "$2" "$flood_s"
  sleep "$settle_s"
  bytes=$(carried) begin_us=${EPOCHREALTIME/./}
  sleep "$measure_s"
  bytes=$(($(carried) - bytes)) end_us=${EPOCHREALTIME/./}
  finished "$work/flood" 10
  speeds[$1]+=" $((bytes * 8 / (end_us - begin_us)))"
  count_flood "$1"
}

# Neighbours in time are compared, and each comes first as often as the other.
measure_pair() {
  if (($1 % 2)); then
    measure_flood ours "$port" && measure_flood unused "$unused_port"
  else
    measure_flood unused "$unused_port" && measure_flood ours "$port"
  fi
}

measure_pairs() {
  local pair
  for ((pair = 1; pair <= $1; pair++)); do
    measure_pair "$pair" || return 1
  done
}

# The median of the pairs, in thousandths: one that something else has disturbed does not count.
ratio() {
  paste <(tr ' ' '\n' <<<"${speeds[ours]# }") <(tr ' ' '\n' <<<"${speeds[unused]# }") |
    awk '{ print int(1000 * $1 / ($2 > 0 ? $2 : 1)) }' | sort -n |
    awk '{ all[NR] = $1 } END { print int((all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2) }'
}

all_was_sent() {
  echo "the least that one flood sent: $least_sent"
  ((least_sent >= rate * flood_s * 95 / 100))
}

# Answered by a cookie or, where that is too much, not taken at all.
is_answered() {
  local answered=${risen[ours.under-load]} lost=${risen[ours.handshake-queue-full]}
  echo "sent: ${sent[ours]}, answered: $answered, lost: $lost"
  ((answered + lost > sent[ours] * 3 / 4 && answered > sent[ours] / 4))
}

is_limited() {
  test "${risen[ours.rate-limited]}" -gt 0
}

nothing_elsewhere() {
  local reason
  for reason in "${reasons[@]}"; do
    test "${risen[unused.$reason]}" = 0 || return 1
  done
}

test_throughput() {
  local before
  before=$(resident a "$(pid_of_a)")
  check "$1 pairs of floods" measure_pairs "$1"
  if ((with_throughput && $(ratio) < 900)); then
    check "near the bound: as many pairs again, and all of them count" measure_pairs "$1"
  fi
  check "all was sent, and in time" all_was_sent
  check "most of it is answered by a cookie" is_answered
  check "who shows his cookie is limited" is_limited
  check "what goes to another port is none of it" nothing_elsewhere
  echo "# sent: ${sent[ours]}, answered: ${risen[ours.under-load]}," \
    "lost: ${risen[ours.handshake-queue-full]}"
  echo "# Mbit/s through the tunnel, flooded:${speeds[ours]}"
  echo "# with the flood elsewhere:${speeds[unused]}"
  echo "# ratio: $(ratio) of 1000"
  ((with_throughput == 0)) || check "the tunnel is less than 15 % slower" test "$(ratio)" -ge 850
  is_sanitized || check "memory does not grow" grew_by_less_than 1024 "$before" a "$(pid_of_a)"
}

test_new_peer() {
  local begin=$SECONDS
  flood "$port" 20
  sleep 0.5
  check "a new peer comes during the flood" start_new
  check "it is not let in without a cookie" not new_connects_at_once
  check "it is with one" wait_for 13 new_connects_at_once
  check "the flood is still there" running "$work/flood"
  echo "# a new peer was let in after $((SECONDS - begin)) s"
  check "ping" reaches b "${new4[a]}" 3
  signal "$work/flood" TERM
  finished "$work/flood" 10 || true
  check "it goes" stop_new

  sleep 2
  check "after the flood it comes back" start_new
  check "and is let in at once" new_connects_at_once
  check "it goes again" stop_new
}

main() {
  local with_throughput=0 pairs=1
  [[ ${1:-} != --throughput ]] || with_throughput=1 pairs=16
  need_minivpn
  [[ -x $flooder ]] || skip "$flooder is missing: build it first"
  net_begin 120 ip fping wg iperf3 ss -- "$@"
  wg genkey >"$work/new.key"
  wg pubkey <"$work/new.key" >"$work/new.pub"
  make_ways
  check "the look at memory sees growth" sees_growth
  check "minivpn on side a starts" start_a
  check "the peer on side b starts" start_peer b minivpn
  check "ping" reaches a "${inner4[b]}" 3

  check "TCP both ways" busy_tunnel
  test_throughput "$pairs"
  test_new_peer
  check "TCP still goes" running "$work/client"
  signal "$work/client" INT
  finished "$work/client" 10 || true
  finished "$work/server" 10 || true
  net_end
}

main "$@"
