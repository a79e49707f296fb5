#!/bin/bash
# smoke.sh: compare.sh and scale.sh work: a second of each figure, and nothing is judged by it. All figures are there, with positive
# values; wrong arguments are refused; and whoever is killed leaves nothing behind.
set -euo pipefail

bench=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What the scripts put there says whether they have cleaned up.
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

fail() {
  echo "not ok - $1"
  exit 1
}

# measured NAME SCRIPT ARGUMENT...: it comes to its end; what is missing here is passed on.
measured() {
  local name=$1 script=$2 status=0
  shift 2
  "$bench/$script" --quick --out "$work/$name" "$@" >"$work/log" 2>&1 || status=$?
  ((status != 77)) || {
    tail -n 1 "$work/log"
    exit 77
  }
  ((status == 0)) || {
    cat "$work/log"
    fail "$script $*: exit status $status"
  }
  [[ -z $(ls -A "$TMPDIR") ]] || fail "$script $* leaves files"
  echo "ok - $script $*"
}

# lacking FOLDER PROGRAM FIGURE...: the figures that are not there, or not above zero.
lacking() {
  python3 - "$@" <<'END'
import json, sys
folder, program, *figures = sys.argv[1:]
results = json.load(open(f"{folder}/results.json", encoding="utf-8"))["figures"]
for figure in figures:
    if not results.get(figure, {}).get("programs", {}).get(program, {}).get("median", 0) > 0:
        print(figure)
END
}

# all_there FOLDER PROGRAM FIGURE...
all_there() {
  local found
  found=$(lacking "$@" planted)
  [[ $found == planted ]] || {
    cat "$work/log"
    fail "$2 lacks ${found//$'\n'/ }"
  }
  echo "ok - $2 has $(($# - 2)) figures"
}

# left: what runs from a tunnel of the scripts.
left() {
  pgrep -af "$TMPDIR" || true
}

test_killed() {
  local pid end=$((SECONDS + 20))
  "$bench/compare.sh" --quick --figures "ping tcp1 tcp4" --out "$work/killed" >"$work/log" 2>&1 &
  pid=$!
  until grep -qs ping "$work/killed/raw.tsv"; do
    ((SECONDS < end)) || fail "nothing is measured"
    sleep 0.1
  done
  [[ -n $(left) && -n $(ls -A "$TMPDIR") ]] || fail "control: what runs is not seen"
  kill -TERM "$pid"
  wait "$pid" && fail "compare.sh ends well though it was killed"
  sleep 0.5
  [[ -z $(left) && -z $(ls -A "$TMPDIR") ]] || fail "compare.sh was killed and left: $(left) $(ls -A "$TMPDIR")"
  echo "ok - who is killed leaves nothing"
}

test_usage() {
  local arguments status
  for arguments in --nonsense "--repeat 0" "--repeat x" "--seconds" "--programs nobody" "--figures nothing" "--out"; do
    status=0
    # shellcheck disable=SC2086 # some are two words
    "$bench/compare.sh" $arguments >"$work/out" 2>"$work/err" || status=$?
    ((status == 2)) || fail "compare.sh $arguments: exit status $status"
    [[ -s $work/err && ! -s $work/out ]] || fail "compare.sh $arguments: no message"
  done
  "$bench/compare.sh" --help | grep -q -- --judge || fail "compare.sh --help"
  "$bench/scale.sh" --help | grep -q -- --axes || fail "scale.sh --help"
  echo "ok - wrong arguments are refused"
}

# judged STATUS FIGURE VALUE: a run in which minivpn reaches all that it must, but for this.
judged() {
  local status=0 figure
  mkdir -p "$work/judged"
  printf 'repetitions\t1\nversion\tminivpn\tx\nversion\twireguard-go\tx\nversion\tceiling\tx\n' >"$work/judged/run.tsv"
  for figure in tcp1 tcp4 reverse bothways udp64 udp1372 handshakes; do
    printf '1\tminivpn\t%s\t2.5\n1\twireguard-go\t%s\t1\n1\tceiling\t%s\t5\n' $figure $figure $figure
  done >"$work/judged/all.tsv"
  for figure in tcp1_cpu ping ping_load; do
    printf '1\tminivpn\t%s\t0.4\n1\twireguard-go\t%s\t1\n' $figure $figure
  done >>"$work/judged/all.tsv"
  printf '1\tminivpn\trss\t16\n' >>"$work/judged/all.tsv"
  grep -v "^1.minivpn.$2	" "$work/judged/all.tsv" >"$work/judged/raw.tsv" || true
  [[ -z $3 ]] || printf '1\tminivpn\t%s\t%s\n' "$2" "$3" >>"$work/judged/raw.tsv"
  python3 -B "$bench/report.py" --judge "$work/judged" >"$work/log" 2>&1 || status=$?
  ((status == $1)) || {
    cat "$work/log"
    fail "minivpn with $2=$3: report.py --judge ends with $status"
  }
}

test_judge() {
  judged 0 tcp1 2.5
  judged 1 tcp1 2.49
  judged 1 udp64 2.39
  judged 1 handshakes 1.99
  judged 1 tcp1_cpu 0.41
  judged 1 ping_load 0.51
  judged 1 rss 16.1
  judged 1 bothways ""
  echo "ok - what is not reached, or not measured, is said"
}

test_usage
test_judge
measured side_by_side compare.sh --programs "minivpn wireguard-go" --figures "tcp1 handshakes"
for program in minivpn wireguard-go; do
  all_there "$work/side_by_side" "$program" tcp1 tcp1_cpu rss handshakes handshakes_cpu rss_handshakes
done
measured ours compare.sh --programs minivpn --figures "start ping tcp4 reverse bothways ping_load fixed udp64 udp1372 flood"
all_there "$work/ours" minivpn start ping tcp4 reverse bothways ping_load fixed_jitter udp64 udp64_cpu udp1372 rss
measured others compare.sh --programs "ceiling veth" --figures tcp1
all_there "$work/others" ceiling tcp1 tcp1_cpu rss
all_there "$work/others" veth tcp1
measured scale scale.sh --axes flows
grep -qE '^ +32 .*x' "$work/scale/table.txt" || fail "scale.sh has no row of 32 flows"
test_killed
