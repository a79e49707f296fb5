#!/bin/bash
# tests/fuzz/run.sh SECONDS [TARGET...]: runs the fuzz targets, or those named, for so many seconds
# each, after the controls, whose planted faults must be reported. Needs the preset `fuzz` to be built.
#
# MINIVPN_BUILD: the build to take (build/fuzz). MINIVPN_FUZZ_CORPUS: a folder that keeps the inputs with new coverage, for the
# next run to go on from. Inputs that fail stay in a folder in /tmp, and the command that repeats each is printed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath -m "${MINIVPN_BUILD:-$here/../../build/fuzz}")/tests/fuzz
readonly here build

readonly targets=(datagram tun split coalesce aead ini uapi)
declare -rA max_len=([datagram]=2048 [tun]=2048 [split]=8192 [coalesce]=1024 [aead]=16384 [ini]=4096 [uapi]=4096)

export ASAN_OPTIONS=quarantine_size_mb=8
export UBSAN_OPTIONS=print_stacktrace=1

die() {
  echo "run.sh: $1" >&2
  exit 2
}

# control FAULT TEXT: the fuzzer reports the planted fault, and says TEXT about it.
control() {
  if timeout 60 "$build/fuzz_control_$1" -runs=0 -artifact_prefix="$work/" "$here/corpus/datagram" >"$work/log" 2>&1 ||
    ! grep -q "$2" "$work/log"; then
    tail -n 20 "$work/log"
    echo "FAILED control: the planted fault $1 was not reported"
    failed=1
    return
  fi
  echo "ok     control: the planted fault $1 was reported"
}

# stat NAME LOG: one of libFuzzer's final numbers.
stat() {
  sed -n "s/^stat::$1: *//p" "$2"
}

# fuzz TARGET SECONDS: what failed is noted in $work/failed, since two of them run side by side.
fuzz() {
  local kept=${MINIVPN_FUZZ_CORPUS:-$work/corpus}/$1 log=$work/$1.log artifact dict=()
  [[ ! -e $here/$1.dict ]] || dict=(-dict="$here/$1.dict")
  mkdir -p "$kept"
  if "$build/fuzz_$1" -max_total_time="$2" -max_len="${max_len[$1]}" -timeout=30 -rss_limit_mb=1500 "${dict[@]}" \
    -artifact_prefix="$artifacts/$1-" -print_final_stats=1 "$kept" "$here/corpus/$1" >"$log" 2>&1; then
    echo "ok     $1: $(stat number_of_executed_units "$log") inputs, $(sed -n 's/.*DONE *cov: \([0-9]*\) .*/coverage \1/p' "$log")"
    return
  fi
  tail -n 60 "$log"
  echo "FAILED $1; to repeat it:"
  for artifact in "$artifacts/$1"-*; do
    echo "  $build/fuzz_$1 $artifact"
  done
  : >"$work/failed"
}

[[ ${1:-} =~ ^[1-9][0-9]*$ ]] || die "usage: run.sh SECONDS [TARGET...]; there are ${targets[*]}"
seconds=$1
shift
(($# > 0)) || set -- "${targets[@]}"
for target; do
  [[ -v max_len[$target] ]] || die "no target '$target'; there are ${targets[*]}"
done
[[ -x $build/fuzz_control_model ]] || die "build them first: cmake --preset fuzz && cmake --build --preset fuzz"

failed=0
work=$(mktemp -d)
artifacts=$(mktemp -d "${TMPDIR:-/tmp}/minivpn-fuzz-XXXXXX")
trap 'rm -rf "$work"; rmdir "$artifacts" 2>/dev/null || true' EXIT

control model "did not come out before"
control memory "heap-buffer-overflow"
for target; do
  while (($(jobs -rp | wc -l) > 1)); do
    wait -n || true
  done
  fuzz "$target" "$seconds" &
done
wait
[[ ! -e $work/failed ]] || failed=1
exit "$failed"
