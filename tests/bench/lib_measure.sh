# shellcheck shell=bash
# The figures, one function each: measure_NAME takes them from the tunnel that is up, by traffic from side a to side b, and
# records them. README.md says what they are.
#
# From the caller: $out, where raw.tsv and the folder raw are kept; $seconds, $repetition and $program.
#
# shellcheck disable=SC2034,SC2154 # variables are shared with lib.sh and those who source this

# A rate that every program carries with ease, in bits a second.
readonly fixed_rate=200M

# For handshakes: so many peers that none of them comes too often, from addresses that are on side a.
readonly handshake_peers=2000
readonly handshake_prefix=198.18.0.0/15

readonly flood_rate=20000
readonly flood_prefix=198.18.0.0/15

cpu_before_ms= # by run_iperf

# record FIGURE VALUE
record() {
  printf '%s\t%s\t%s\t%s\n' "$repetition" "$program" "$1" "$2" >>"$out/raw.tsv"
}

# raw NAME: the file for what a tool printed.
raw() {
  echo "$out/raw/$repetition.$program.$1"
}

# --- What the processes use ---

# each_process FILE: that file of /proc/PID, of every process of the program on both sides.
each_process() {
  local side pid
  for side in a b; do
    for pid in $(pids "$side"); do
      on "$side" cat "/proc/$pid/$1"
    done
  done
}

# cpu_ms: user and system time of all of them.
cpu_ms() {
  each_process stat | sed 's/.*) //' | awk -v hz="$(getconf CLK_TCK)" '{ sum += $12 + $13 } END { printf "%.0f\n", sum * 1000 / hz }'
}

# peak_kb: the most memory that one of them has had.
peak_kb() {
  each_process status | awk '/^VmHWM:/ && $2 > max { max = $2 } END { print max + 0 }'
}

# measure_rss NAME
measure_rss() {
  local kb
  kb=$(peak_kb)
  ((kb == 0)) || record "$1" "$(awk -v kb="$kb" 'BEGIN { print kb * 1024 / 1e6 }')"
}

# --- iperf3 ---

iperf_server() {
  spawn "$work/server" b iperf3 --server --one-off && wait_for 5 listening
}

listening() {
  [[ -n $(on b ss -Hltn "sport = :5201") ]]
}

# run_iperf FILE OPTION...: one try. $cpu_before_ms is what the processes had used before it.
run_iperf() {
  local file=$1 status=0
  shift
  iperf_server || return 1
  cpu_before_ms=$(cpu_ms)
  on a timeout -k 5 $((seconds + 15)) iperf3 --client "${inner4[b]}" --json --time "$seconds" "$@" >"$file" 2>"$file.err" || status=$?
  ((status != 0)) || finished "$work/server" 5 || status=$?
  ((status == 0)) || put_down server
  return "$status"
}

# put_down NAME: ends what spawn has started by this name, if it still runs.
put_down() {
  [[ -n ${job[$work/$1]:-} ]] || return 0
  signal "$work/$1" KILL 2>/dev/null || true
  finished "$work/$1" 5 || true
}

# iperf NAME OPTION...: a run whose JSON is kept. Under overload iperf3 loses its own connection now and then; then it is tried
# again.
iperf() {
  local name=$1 file attempt
  file=$(raw "$name.json")
  shift
  for attempt in 1 2 3; do
    if run_iperf "$file" "$@" && python3 -B "$top/tests/bench/iperf_figures.py" "$file" >"$work/figures"; then
      return
    fi
    mv "$file" "$file.failed-$attempt"
    mv "$file.err" "$file.failed-$attempt.err"
  done
  echo "$program: iperf3 fails at $name" >&2
  return 1
}

# iperf_figure NAME: of the last run.
iperf_figure() {
  sed -n "s/^$1=//p" "$work/figures"
}

# record_cpu NAME UNITS: what the processes have used in the last run, for each of the units.
record_cpu() {
  [[ -z $(pids a) ]] || record "$1" "$(awk -v ms=$(($(cpu_ms) - cpu_before_ms)) -v units="$2" 'BEGIN { print ms / units }')"
}

# tcp NAME OPTION...
tcp() {
  local name=$1
  shift
  iperf "$name" --congestion "$congestion" "$@" || return 0
  record "$name" "$(iperf_figure mbit)"
  record_cpu "${name}_cpu" "$(iperf_figure mb)"
}

measure_tcp1() {
  tcp tcp1
}

measure_tcp4() {
  tcp tcp4 --parallel 4
}

measure_reverse() {
  tcp reverse --reverse
}

measure_bothways() {
  tcp bothways --bidir
}

# udp_overload NAME BYTES: as fast as iperf3 can.
udp_overload() {
  iperf "$1" --udp --bitrate 0 --length "$2" || return 0
  record "$1" "$(iperf_figure kpps)"
  record "${1}_offered" "$(iperf_figure offered_kpps)"
  record_cpu "${1}_cpu" "$(iperf_figure kpackets)"
}

measure_udp64() {
  udp_overload udp64 64
}

measure_udp1372() {
  udp_overload udp1372 1372
}

measure_fixed() {
  iperf fixed --udp --bitrate "$fixed_rate" --length 1372 || return 0
  record fixed_loss "$(iperf_figure loss_percent)"
  record fixed_jitter "$(iperf_figure jitter_ms)"
}

# --- Ping ---

# ping_for NAME: a hundred a second, whose median is the figure; the 99th of a hundred is kept as well.
ping_for() {
  local file
  file=$(raw "$1.txt")
  on a ping -n -i 0.01 -c $((seconds * 100)) -W 1 "${inner4[b]}" >"$file" || true
  sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p' "$file" | sort -n >"$work/times"
  [[ -s $work/times ]] || {
    echo "$program: no ping is answered for $1" >&2
    return 0
  }
  record "$1" "$(awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }' "$work/times")"
  record "${1}_p99" "$(awk '{ all[NR] = $1 } END { print all[int(NR * 0.99 + 0.999)] }' "$work/times")"
}

measure_ping() {
  ping_for ping
}

# While one TCP flow takes what it can get.
measure_ping_load() {
  iperf_server
  spawn "$work/load" a iperf3 --client "${inner4[b]}" --congestion "$congestion" --time $((seconds + 10))
  sleep 0.5
  ping_for ping_load
  running "$work/load" || echo "$program: the load of ping_load ended early" >&2
  put_down load
  put_down server
}

# --- A flood ---

# Initiations with a right mac1 and nothing else right, most of them from addresses that are made up, against side a. What comes of
# it is seen in the memory that is used.
measure_flood() {
  local address genuine=(203.0.113.1 203.0.113.2)
  for address in "${genuine[@]}"; do
    on b ip address add "$address/32" dev wire
  done
  on b ip route add blackhole "$flood_prefix"
  on a ip route add "$flood_prefix" via "${wire4[b]}"
  on a ip route add 203.0.113.0/24 via "${wire4[b]}"
  on b "$flooder" "$(<"$work/a.pub")" "${wire4[a]}:$port" "$seconds" "$flood_rate" "$flood_prefix" "${genuine[@]}" \
    >"$(raw flood.txt)" 2>&1 || leave 1 "the flood: $(<"$(raw flood.txt)")"
}

# --- Handshakes ---

# record_handshakes FILE SPENT-MS: from what the generator printed, and the processor time of the responder.
record_handshakes() {
  local answered ms all
  read -r answered ms all < <(sed -n 's/^answered=\([0-9]*\) ms=\([0-9]*\) answered_in_all=\([0-9]*\) .*/\1 \2 \3/p' "$1")
  ((answered > 0)) || leave 1 "$program answers no handshake: $(<"$1")"
  record handshakes $((answered * 1000 / ms))
  record handshakes_cpu $(($2 * 1000 / all))
  # Of the time, with the half second that the generator warms up.
  record handshakes_busy $((100 * $2 / (ms + 500)))
}

# A tunnel of its own: side b, on one processor, answers; side a, on the other, is all the peers.
measure_handshakes() {
  local before spent_ms file
  file=$(raw handshakes.txt)
  fresh_sides
  {
    interface_section b
    silent_peers "$handshake_peers"
  } >"$work/b.ini"
  on a ip route add local "$handshake_prefix" dev lo
  on b ip route add "$handshake_prefix" via "${wire4[a]}"
  pinning=(taskset -c "$last_cpu")
  up b >"$work/b.log" 2>&1 || leave 1 "$program does not start: $(<"$work/b.log")"
  pinning=()
  before=$(cpu_ms)
  on a taskset -c "$first_cpu" "$handshakes" "$(<"$work/b.pub")" "${wire4[b]}:$port" "$seconds" "$handshake_peers" \
    "$handshake_prefix" >"$file" 2>&1 || leave 1 "the generator of handshakes: $(<"$file")"
  spent_ms=$(($(cpu_ms) - before))
  record_handshakes "$file" "$spent_ms"
  measure_rss rss_handshakes
  down b >/dev/null
}
