#!/bin/bash
# compare.sh [OPTION]...: minivpn beside other programs, all in one run, on two sides that stand for two machines. README.md says
# what each figure is. Root's.
#
#   --repeat N       repetitions, 3 without it: all programs by turns, each time with a fresh tunnel
#   --seconds N      of each figure, 5 without it
#   --quick          one repetition of a second each, of minivpn and wireguard-go: to see that it works
#   --programs LIST  files of programs/; "minivpn wireguard-go veth ceiling" without it
#   --figures LIST   of "start ping tcp1 tcp4 reverse bothways ping_load fixed udp64 udp1372 flood handshakes"; all without it
#   --cpus LIST      the processors for all of it, as taskset names them; the first two without it
#   --out FOLDER     where results.json, table.txt, the plot and the raw log go; build/compare/TIME without it
#   --judge          exit status 1 if something that must be reached is not
#
# Exit status: 0 measured, 1 failed, 2 wrong usage, 77 something is missing here.

# shellcheck source=tests/bench/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench/lib_measure.sh
source "$top/tests/bench/lib_measure.sh"

# In this order. `start` is the tunnel's own beginning; memory is looked at when all of the traffic is over.
readonly all_figures="start ping tcp1 tcp4 reverse bothways ping_load fixed udp64 udp1372 flood handshakes"

repeat=3
seconds=5
chosen_programs="minivpn wireguard-go veth ceiling"
chosen_figures=$all_figures
chosen_cpus=
out=$top/build/compare/$(date -u +%Y%m%d-%H%M%S)
judge=()

known_programs() {
  basename -s .sh "$programs"/*.sh | paste -sd ' '
}

parse() {
  while (($#)); do
    case $1 in
      --help) usage && exit 0 ;;
      --quick) repeat=1 seconds=1 chosen_programs="minivpn wireguard-go" ;;
      --judge) judge=(--judge) ;;
      --repeat | --seconds | --programs | --figures | --cpus | --out)
        (($# > 1)) || misused "$1: a value is needed"
        case $1 in
          --repeat) number "$1" "$2" && repeat=$2 ;;
          --seconds) number "$1" "$2" && seconds=$2 ;;
          --programs) words "$1" "$2" "$(known_programs)" && chosen_programs=$2 ;;
          --figures) words "$1" "$2" "$all_figures" && chosen_figures=$2 ;;
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

# --- One program, once ---

is_chosen() {
  [[ " $chosen_figures " == *" $1 "* ]]
}

measure_tunnel() {
  local figure
  fresh_sides
  write_inis 1
  tunnel_up
  ! is_chosen start || record start "$(awk -v us="$tunnel_up_us" 'BEGIN { print us / 1e3 }')"
  for figure in $all_figures; do
    [[ $figure == start || $figure == handshakes ]] || ! is_chosen "$figure" || "measure_$figure"
  done
  measure_rss rss
  tunnel_down
}

measure_program() {
  program=$1
  use_program "$program"
  echo "$(date -u +%H:%M:%S) repetition $repetition of $repeat: $program"
  measure_tunnel
  if is_chosen handshakes && [[ $program != veth ]]; then
    measure_handshakes
  fi
}

# --- All of it ---

describe_run() {
  about_this_run
  printf '%s\t%s\n' repetitions "$repeat" seconds "$seconds"
  for program in $chosen_programs; do
    use_program "$program"
    printf 'version\t%s\t%s\n' "$program" "$(version)"
  done
}

main() {
  local repetition program missing
  parse "$@"
  bench_begin "$chosen_cpus"
  for program in $chosen_programs; do
    use_program "$program"
    missing=$(available) || leave 77 "$missing"
  done
  mkdir -p "$out/raw"
  : >"$out/raw.tsv"
  describe_run >"$out/run.tsv"
  cat "$out/run.tsv"
  warn_if_busy
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    for program in $chosen_programs; do
      measure_program "$program"
    done
  done
  sides_down
  echo
  python3 -B "$top/tests/bench/report.py" "${judge[@]}" "$out"
}

main "$@"
