#!/bin/bash
# sudo tests/run.sh [--full]: installs what the tests need, builds every preset, runs all tests, and ends with a summary. Without
# root the network tests are skipped, each with its reason; with CI=true a skipped test is a failure. --full takes hours: every test
# against every mutant, 100,000 seeds of the simulation, half an hour for each fuzzer.
set -euo pipefail

full=no
if (($# == 1)) && [[ $1 == --full ]]; then
  full=yes
elif (($# > 0)); then
  echo "usage: tests/run.sh [--full]" >&2
  exit 2
fi

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
work=$(mktemp -d)
trap 'rm -rf "$work"; give_back' EXIT

passed=0
failed=0
skipped=0

# What root made in the tree becomes the property of the user who called sudo.
give_back() {
  if ((${SUDO_UID:-0} != 0)); then
    chown -R --from=root "$SUDO_UID:$SUDO_GID" build 2>/dev/null || true
  fi
}

# stage NAME COMMAND...: one line with its seconds; what it printed only if it failed.
stage() {
  local name=$1 begin=$SECONDS verdict=ok
  shift
  "$@" >"$work/stage.log" 2>&1 || verdict=FAILED
  printf '%-6s %4d s  %s\n' "$verdict" $((SECONDS - begin)) "$name"
  if [[ $verdict == ok ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    tail -n 150 "$work/stage.log"
  fi
}

# tests BUILD CTEST-OPTION...: runs them and counts. Every test that is listed must pass, or be skipped with its reason.
tests() {
  local build=$1 begin=$SECONDS listed
  shift
  listed=$(ctest --test-dir "$build" -N "$@" | sed -n 's/^Total Tests: //p')
  # Two processors, and most of the network tests wait: what computes counts as two of these five, what loads the machine as three.
  ctest --test-dir "$build" --output-on-failure -j 5 "$@" >"$work/ctest.log" 2>&1 || true
  count_tests "$listed" "$work/ctest.log"
  printf '%-6s %4d s  %s: %d of %d tests passed\n' "$([[ $ok == "$listed" ]] && echo ok || echo '!')" \
    $((SECONDS - begin)) "${build##*/} $*" "$ok" "$listed"
  [[ $ok == "$listed" ]] || grep -vE '^ *[0-9]+/[0-9]+ .* Passed|^ *Start|^ok ' "$work/ctest.log"
}

# count_tests LISTED LOG: what neither passed nor was skipped has failed, also if it did not run at all.
count_tests() {
  local skips
  ok=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$2" || true)
  skips=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$2" || true)
  passed=$((passed + ok))
  skipped=$((skipped + skips))
  failed=$((failed + $1 - ok - skips))
}

# A skipped test is noticed: one is planted, and the counting of this very script has to find it.
finds_a_skipped_test() {
  local passed=0 failed=0 skipped=0 ok
  mkdir "$work/planted"
  cat >"$work/planted/CTestTestfile.cmake" <<'END'
add_test(runs true)
add_test(skips sh -c "exit 77")
add_test(fails false)
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
END
  ctest --test-dir "$work/planted" >"$work/planted.log" 2>&1 || true
  count_tests 4 "$work/planted.log"
  [[ "$passed $skipped $failed" == "1 1 2" ]]
}

build() {
  cmake --preset "$1" -DBUILD_TESTING=ON && cmake --build --preset "$1"
}

# --- Sanitizers: each run writes its reports into a folder, and what lies there afterwards fails the run ---

reports=$work/reports
export MINIVPN_REPORTS=$reports
mkdir "$reports"
export ASAN_OPTIONS=allocator_may_return_null=1:log_path=$reports/asan
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan
export LSAN_OPTIONS=print_suppressions=0:suppressions=$top/tests/asan/suppressions.txt
export TSAN_OPTIONS=log_path=$reports/tsan

no_reports() {
  if [[ -n $(ls -A "$reports") ]]; then
    head -n 60 "$reports"/*
    rm -f "$reports"/*
    return 1
  fi
}

# leaves_a_report PROGRAM TEXT: the control of a sanitizer.
leaves_a_report() {
  "$1" || true
  grep -qs "$2" "$reports"/* || return 1
  rm -f "$reports"/*
}

# --- The source itself ---

formatted() {
  git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

tidy() {
  git ls-files 'src/*.c' 'examples/*.c' 'tests/*.c' | grep -v '^tests/fuzz/' |
    xargs -P 2 -n 1 clang-tidy -p build/dev --quiet
}

shell_scripts() {
  git ls-files '*.sh' .ci/run | xargs shellcheck -x
}

# --- What can be switched ---

providers() {
  ! grep -q '^IPSEC_MB_LIBRARY:FILEPATH=/' build/release/CMakeCache.txt || echo intel-ipsec-mb
  echo libsodium
}

# product BUILD: offloads, providers and lanes, each with each: the network tests of everything that carries packets.
product() {
  local offload aead lanes script
  for offload in on off; do
    for aead in $(providers); do
      for lanes in 1 4; do
        for script in "pairing.sh minivpn minivpn --full" behaviour.sh roaming.sh faults.sh loss.sh; do
          # shellcheck disable=SC2086 # the script and its arguments
          stage "full: $1, offload $offload, $aead, lanes $lanes: $script" \
            env MINIVPN_BUILD="$top/build/$1" MINIVPN_AEAD="$aead" MINIVPN_SETTINGS="Offload = $offload;Lanes = $lanes" \
            bash tests/net/$script
        done
      done
    done
  done
}

# --- Everything ---

packaging/install-deps.sh test || {
  echo "tests/run.sh: without these packages the tests cannot be built" >&2
  exit 1
}

stage "control: a skipped test is found" finds_a_skipped_test
stage "release: build" build release
tests build/release
stage "dev: build, every warning an error" build dev
stage "clang-tidy" tidy
stage "clang-format" formatted
stage "shellcheck" shell_scripts

stage "asan: build" build asan
stage "asan: control: a leak is reported" leaves_a_report build/asan/tests/asan/control_leak LeakSanitizer
tests build/asan
stage "asan: no report" no_reports

stage "tsan: build" build tsan
stage "tsan: control: a race is reported" leaves_a_report build/tsan/tests/tsan/control_race "data race"
tests build/tsan
stage "tsan: no report" no_reports

stage "fuzz: build" build fuzz
stage "fuzz: 5 s a target" tests/fuzz/run.sh 5

stage "coverage: build" build coverage
stage "coverage: 95 % of lines, 85 % of branches" cmake --build --preset coverage --target coverage
stage "mutants: one test a fault" tests/mutants.sh --quick

if [[ $full == yes ]]; then
  product release
  product tsan
  stage "full: product under tsan: no report" no_reports
  stage "full: every test against every mutant" tests/mutants.sh
  stage "full: 100,000 seeds" build/release/tests/sim/chaos --seeds 100000
  stage "full: half an hour a fuzz target" tests/fuzz/run.sh 1800
fi

if [[ ${CI:-} == true ]] && ((skipped > 0)); then
  echo "Under CI no test may be skipped."
  failed=$((failed + skipped))
  skipped=0
fi
echo "$SECONDS s in all"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
