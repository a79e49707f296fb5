#!/bin/bash
# scale.sh [OPTION]...: what minivpn costs, by the size of packets, the number of flows, of peers, and of allowed IPs. Root's.
#
#   --repeat N     repetitions, 3 without it
#   --seconds N    of each figure, 3 without it
#   --quick        one repetition of a second each, of the least and the most only: to see that it works
#   --axes LIST    of "packet flows peers allowed"; all without it
#   --cpus LIST    the processors for all of it, as taskset names them; the first two without it
#   --out FOLDER   where results.json, table.txt and the raw log go; build/scale/TIME without it
#
# Exit status: 0 measured, 1 failed, 2 wrong usage, 77 something is missing here.

# shellcheck source=tests/bench/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench/lib_measure.sh
source "$top/tests/bench/lib_measure.sh"

readonly all_axes="packet flows peers allowed"
declare -A sizes=(
  [packet]="64 128 256 512 1024 1372" # bytes of a UDP datagram inside
  [flows]="1 2 4 8 16 32"             # of TCP
  [peers]="1 10 100 1000"             # on both sides; one of them is the other side
  [allowed]="1 10 100 1000 10000"     # allowed IPs of the other side, each of them a route
)

repeat=3
seconds=3
chosen_axes=$all_axes
chosen_cpus=
out=$top/build/scale/$(date -u +%Y%m%d-%H%M%S)
size= # the present one

parse() {
  while (($#)); do
    case $1 in
      --help) usage && exit 0 ;;
      --quick) repeat=1 seconds=1 && only_ends ;;
      --repeat | --seconds | --axes | --cpus | --out)
        (($# > 1)) || misused "$1: a value is needed"
        case $1 in
          --repeat) number "$1" "$2" && repeat=$2 ;;
          --seconds) number "$1" "$2" && seconds=$2 ;;
          --axes) words "$1" "$2" "$all_axes" && chosen_axes=$2 ;;
          --cpus) chosen_cpus=$2 ;;
          --out) out=$(realpath -m "$2") ;;
        esac
        shift
        ;;
      *) misused "'$1' is no option" ;;
    esac
    shift
  done
}

# only_ends: of each list the first and the last.
only_ends() {
  local axis
  for axis in "${!sizes[@]}"; do
    sizes[$axis]="${sizes[$axis]%% *} ${sizes[$axis]##* }"
  done
}

# --- One size ---

tunnel_with() {
  fresh_sides
  write_inis "$@"
  tunnel_up
}

measure_packet() {
  tunnel_with 1
  udp_overload udp "$size"
  tunnel_down
}

measure_flows() {
  tunnel_with 1
  tcp tcp --parallel "$size"
  tunnel_down
}

# What a tunnel of this size costs, whose file is the arguments of write_inis.
measure_tunnel() {
  tunnel_with "$@"
  record start "$(awk -v us="$tunnel_up_us" 'BEGIN { print us / 1e3 }')"
  ping_for ping
  tcp tcp
  udp_overload udp 64
  measure_rss rss
  tunnel_down
}

measure_peers() {
  measure_tunnel "$size"
}

# allowed_ips COUNT
allowed_ips() {
  local number
  for ((number = 0; number < $1; number++)); do
    echo "10.80.$((number / 256)).$((number % 256))/32"
  done
}

measure_allowed() {
  local more
  mapfile -t more < <(allowed_ips $((size - 1)))
  measure_tunnel 1 "${more[@]}"
}

# --- All of it ---

# Sizes of an axis by turns, as the programs of compare.sh.
measure_axis() {
  local axis=$1 program
  for size in ${sizes[$axis]}; do
    program=$axis-$size # for the log
    echo "$(date -u +%H:%M:%S) repetition $repetition of $repeat: $axis $size"
    "measure_$axis"
  done
}

main() {
  local repetition axis missing
  parse "$@"
  bench_begin "$chosen_cpus"
  use_program minivpn
  missing=$(available) || leave 77 "$missing"
  mkdir -p "$out/raw"
  : >"$out/raw.tsv"
  {
    about_this_run
    printf '%s\t%s\n' repetitions "$repeat" seconds "$seconds" minivpn "$(version)"
  } >"$out/run.tsv"
  cat "$out/run.tsv"
  warn_if_busy
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    for axis in $chosen_axes; do
      measure_axis "$axis"
    done
  done
  sides_down
  echo
  python3 -B "$top/tests/bench/scale_report.py" "$out"
}

main "$@"
