#!/bin/bash
# mutants.sh [--quick | --table] [NAME...]: proves that the tests notice faults. Each patch of tests/mutants puts a fault of one
# line into a copy of the tree, and then a unit test or a simulation has to fail. --quick runs of each only the test that
# tests/mutants/README.md names first, and all others only where that one passes; --table brings that file up to date.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
patches=$top/tests/mutants
table=$patches/README.md
all=$(mktemp -d)
trap 'leave_no_process; rm -rf "$all"' EXIT

# What one worker has of its own: its folder, and in it the copy of the tree with its build.
work=$all
tree=
build=

# A copy must find no repository above it, or git would look for the files of the patch there.
export GIT_CEILING_DIRECTORIES=$all
ulimit -c 0

passed=0
failed=0

# say NAME TEXT: one line of the result.
say() {
  printf '%-48s %s\n' "$1" "$2"
}

pass() {
  passed=$((passed + 1))
  say "$1" "$2"
}

fail() {
  failed=$((failed + 1))
  say "$1" "FAILED: $2"
}

# --- The copy ---

# A test that never ends is one that noticed something, but nobody wants to wait for it as long as for an honest one.
copy_tree() {
  mkdir "$tree"
  git -C "$top" ls-files -z --cached --others --exclude-standard |
    tar -C "$top" --null -T - -cf - | tar -C "$tree" -xf -
  sed -i 's/TIMEOUT [0-9]*/TIMEOUT 60/' "$tree"/tests/{unit,sim}/CMakeLists.txt
}

# Without optimisation and debugging information building is quickest, and asserts are there.
configure() {
  cmake -G Ninja -S "$tree" -B "$build" -DBUILD_TESTING=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=
}

build() {
  cmake --build "$build" -j "$jobs" --target "$@" >"$work/build.log" 2>&1
}

build_all() {
  build tests/unit/all tests/sim/all
}

# --- The tests ---

# Tests fork, and one that was stopped may leave a child: whatever runs a program of this build is ours.
leave_no_process() {
  local process
  for process in /proc/[0-9]*; do
    if [[ $(readlink "$process/exe") == "$work"/* ]]; then
      kill -KILL "${process#/proc/}" || true
    fi
  done 2>/dev/null
}

# run_tests CTEST-OPTION...: true if all passed. What they print lies in $work/tests.log. Most of them count as two.
run_tests() {
  local verdict=0
  ctest --test-dir "$build" --no-tests=error -L 'unit|sim' -j "$((2 * jobs))" --output-on-failure "$@" >"$work/tests.log" 2>&1 || verdict=1
  leave_no_process
  return $verdict
}

# The test programs with their checksums.
programs() {
  (cd "$build/tests" && find unit sim -maxdepth 1 -type f -executable -exec sha256sum {} + | sort)
}

# The tests whose program the fault has changed, as a regular expression for ctest; the others would do what they did before.
changed_tests() {
  programs | comm -13 "$work/programs" - | sed 's/^[^ ]* *//' | paste -sd '|' | sed -E 's/.+/^(&)(_controls)?$/'
}

# What failed in $work/tests.log, units first: a line for each program, with the first of its tests and how many more failed.
failures() {
  awk '
    /^ *[0-9]+\/[0-9]+ Test +#/ {
      program = $0 ~ / Passed / ? "" : $4
      if (program) { programs[++n] = program }
    }
    match($0, /\[FAIL\] [a-z0-9_]+::[a-z0-9_]+/) && program {
      test = substr($0, RSTART + 7, RLENGTH - 7)
      count[program] += !seen[program, test]++
      if (!(program in first) || test < first[program]) { first[program] = test }
    }
    END {
      for (i = 1; i <= n; i++) {
        program = programs[i]
        more = count[program] - 1
        print program (program in first ? " " first[program] : "") (more > 0 ? " +" more : "")
      }
    }' "$work/tests.log" | sort -k 1,1r
}

# catch_by_all: prints what every test that can notice the fault has to say; false if it cannot be built.
catch_by_all() {
  local changed
  build_all || return 1
  changed=$(changed_tests)
  if [[ -z $changed ]]; then
    return 0
  fi
  run_tests -R "$changed" || failures
}

# catch_by TEST: the same of one test alone, and nothing if it cannot be built.
catch_by() {
  local target=${1##*/}
  build "${target%_controls}" || return 0
  run_tests -R "^$1\$" || failures
}

# The test that the table names first for the patch.
known_test() {
  [[ -e $table ]] && sed -nE "s/^\| $1 \|.*\| \`([^\`]*)\`[^|]*\|\$/\1/p" "$table"
}

# --- One fault ---

# header PATCH WORD: what the patch says of itself.
header() {
  sed -n "s/^$2: //p" "$1"
}

# A line that was moved is one that goes and one that comes.
is_one_line() {
  (($(grep -c '^-[^-]' "$1") <= 1 && $(grep -c '^+[^+]' "$1") <= 1))
}

has_header() {
  [[ -n $(header "$1" Fault) && -n $(header "$1" Source) ]]
}

# catch NAME: finds out who notices the fault, for $work/by; false if it cannot be built.
catch() {
  local test=''
  if [[ $quick == yes ]]; then
    test=$(known_test "$1" || true)
  fi
  if [[ -n $test ]]; then
    catch_by "$test" >"$work/by"
    [[ ! -s $work/by ]] || return 0
  fi
  catch_by_all >"$work/by"
}

# try PATCH NAME: says in $verdict what came of it, in $work/by who noticed, and in $details what went wrong.
try() {
  verdict=caught
  details=$work/details
  if ! git -C "$tree" apply "$1" 2>"$details"; then
    verdict='does not apply'
    return
  fi
  if ! catch "$2"; then
    verdict='does not build'
    details=$work/build.log
  elif [[ ! -s $work/by ]]; then
    verdict='no test noticed it'
  fi
  git -C "$tree" apply -R "$1"
}

# noticed_by: $work/by as one line, the programs quoted.
noticed_by() {
  awk -v ORS= '{ name = $1; $1 = ""; print separator "`" name "`" $0; separator = ", " }' "$work/by"
}

try_patch() {
  local patch=$1 name verdict details
  name=$(basename "$patch" .patch)
  if [[ ! -e $patch ]]; then
    fail "$name" 'there is no such patch'
    return
  fi
  if ! is_one_line "$patch" || ! has_header "$patch"; then
    fail "$name" 'is not one line with a Fault and a Source'
    return
  fi
  try "$patch" "$name"
  if [[ $verdict != caught ]]; then
    fail "$name" "$verdict"
    tail -n 20 "$details"
    return
  fi
  pass "$name" "$(paste -sd , "$work/by" | sed 's/,/, /g')"
  printf '| %s | %s | %s | %s |\n' "$name" "$(header "$patch" Fault)" "$(header "$patch" Source)" "$(noticed_by)" >>"$work/rows"
}

# --- Controls: without a fault all tests pass, and what is none is not taken for one ---

unchanged_tree_passes() {
  if run_tests; then
    pass 'control: without a fault' 'all tests pass'
  else
    fail 'control: without a fault' 'something is wrong before any fault'
    tail -n 50 "$work/tests.log"
  fi
}

# Other code that does the same.
what_is_no_fault_is_not_caught() {
  local verdict details
  sed -E 's/^(\tif \()\*bits & bit(\) \{)$/\1(*bits \& bit) == bit\2/' "$tree/src/proto/replay.c" >"$work/replay.c"
  diff -u --label a/src/proto/replay.c --label b/src/proto/replay.c "$tree/src/proto/replay.c" "$work/replay.c" \
    >"$work/planted.patch" || true
  rm "$work/tests.log"
  try "$work/planted.patch" planted
  if [[ $verdict == 'no test noticed it' ]] && grep -q '^100% tests passed' "$work/tests.log"; then
    pass 'control: what is no fault' 'is not caught'
  else
    fail 'control: what is no fault' "$verdict"
  fi
}

# --- Everything ---

# rows_to_keep: what the table says of faults that are still there and were not tried now.
rows_to_keep() {
  local name
  for name in "$patches"/*.patch; do
    name=$(basename "$name" .patch)
    if ! grep -q "^| $name |" "$work/rows" && [[ -e $table ]]; then
      grep "^| $name |" "$table" || true
    fi
  done
}

write_table() {
  rows_to_keep | sort - "$work/rows" >"$work/all-rows"
  cat - "$work/all-rows" >"$table" <<'TEXT'
# Faults that must be caught

Each `.patch` of this folder puts a fault into the program, one that others have made or that the protocol warns of, and changes one
line for it; a line that was moved is one, too. `tests/mutants.sh` builds a copy of the tree with each of them, and a test has to fail.
It wrote this table, by `tests/mutants.sh --table`: of each test program that failed it names the first test, and how many more failed.

| mutant | fault | source | caught by |
|---|---|---|---|
TEXT
}

# --- Workers: building and trying one fault keeps one processor busy ---

make_copy() {
  mkdir "$work"
  copy_tree
  if ! configure >"$work/build.log" 2>&1 || ! build_all; then
    fail "worker ${work##*/}" 'the tree does not build'
    tail -n 50 "$work/build.log"
    return 1
  fi
  programs >"$work/programs"
  : >"$work/rows"
}

# take_name: the next of the queue, in $name; false: there is none. Who moves the file has it.
take_name() {
  local file
  for file in "$all"/queue/*; do
    if mv "$file" "$work/taken" 2>/dev/null; then
      name=$(<"$work/taken")
      return
    fi
  done
  return 1
}

# worker N: the first has the controls to do, too. Each fault is told of in one piece. Always true: what failed is counted.
worker() {
  local name
  work=$all/$1 tree=$all/$1/tree build=$all/$1/build
  make_copy || true
  if [[ $1 == 1 && -e $work/programs ]]; then
    unchanged_tree_passes
    what_is_no_fault_is_not_caught
  fi
  while [[ -e $work/programs ]] && take_name; do
    try_patch "$patches/${name%.patch}.patch" >"$work/said"
    cat "$work/said"
  done
  echo "$passed $failed" >"$work/counted"
}

# count_workers N: one that ended before its end has failed.
count_workers() {
  local n good bad
  for ((n = 1; n <= $1; n++)); do
    read -r good bad <"$all/$n/counted" || good=0 bad=1
    passed=$((passed + good)) failed=$((failed + bad))
  done
}

quick=no
wants_table=no
names=()
for argument; do
  case $argument in
    --quick) quick=yes ;;
    --table) wants_table=yes ;;
    -*)
      echo "usage: tests/mutants.sh [--quick | --table] [NAME...]" >&2
      exit 2
      ;;
    *) names+=("$argument") ;;
  esac
done
if [[ $wants_table == yes && $quick == yes ]]; then
  echo "tests/mutants.sh: the table needs all tests" >&2
  exit 2
fi

if ((${#names[@]} == 0)); then
  mapfile -t names < <(cd "$patches" && ls -- *.patch)
fi
workers=$((${#names[@]} < 10 ? 1 : 2))
jobs=$((2 / workers))
mkdir "$all/queue"
for name in "${names[@]}"; do
  echo "$name" >"$all/queue/${name##*/}"
done
for ((n = 1; n <= workers; n++)); do
  worker "$n" &
done
wait
count_workers "$workers"
if [[ $wants_table == yes ]]; then
  cat "$all"/*/rows >"$all/rows"
  write_table
fi
echo "$passed passed, $failed failed"
((failed == 0))
