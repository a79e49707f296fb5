#!/bin/bash
# tests/coverage.sh BUILD: runs the tests of a build of the preset `coverage`, prints what they reach of crypto, proto and tunnel,
# and fails where a layer has less than 95 % of its lines or 85 % of its branches. The target `coverage` calls it.
#
# Counted are the labels unit, sim (chaos with 100 seeds) and fault, by gcov: a branch is one way out of a condition in the
# compiled code, so `a && b` has four. Nothing is left out, not even the branches of asserts, one of which no test may ever take;
# so no file that asserts comes to 100 %. Without optimization each line of C is code of its own, and the children that Criterion
# forks end by exit, which adds what they counted to the files under a lock.
set -euo pipefail

readonly lines_min=95
readonly branches_min=85

build=$(cd "$1" && pwd)
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# judge TABLE: prints gcovr's table by layer, and fails if one of the three has too little or is not there.
judge() {
  awk -F , -v lines_min="$lines_min" -v branches_min="$branches_min" '
    function percent(covered, total) { return total ? 100 * covered / total : 100 }
    function print_row(name, lines, lines_all, branches, branches_all) {
      printf "%-34s %5d of %5d %6.1f %%   %5d of %5d %6.1f %%\n", name, lines, lines_all, percent(lines, lines_all),
        branches, branches_all, percent(branches, branches_all)
    }
    FNR > 1 {
      split($1, path, "/")
      layer = path[2]
      lines_all[layer] += $2; lines[layer] += $3; branches_all[layer] += $5; branches[layer] += $6
      print_row($1, $3, $2, $6, $5)
    }
    END {
      split("crypto proto tunnel", wanted, " ")
      print ""
      for (i = 1; i <= 3; i++) {
        layer = wanted[i]
        print_row("src/" layer, lines[layer], lines_all[layer], branches[layer], branches_all[layer])
        if (lines_all[layer] == 0 || percent(lines[layer], lines_all[layer]) < lines_min ||
            percent(branches[layer], branches_all[layer]) < branches_min) {
          print "src/" layer ": less than " lines_min " % of the lines or " branches_min " % of the branches"
          failed = 1
        }
      }
      exit failed
    }' "$1"
}

# The control: a layer that has too little of either is found, and one that is missing.
finds_too_little() {
  local good=src/crypto/a.c,100,95,0.95,100,85,0.85 good_too=src/proto/a.c,20,19,0.95,20,17,0.85 last=src/tunnel/a.c,1,1,1.0,0,0
  local table

  printf '%s\n' head "$good" "$good_too" "$last" >"$work/planted"
  judge "$work/planted" >/dev/null || return 1
  for table in src/proto/a.c,100,94,0.94,100,100,1.0 src/proto/a.c,100,100,1.0,100,84,0.84 src/crypto/b.c,1,1,1.0,0,0; do
    printf '%s\n' head "$good" "$table" "$last" >"$work/planted"
    ! judge "$work/planted" >/dev/null || return 1
  done
}

finds_too_little || {
  echo "coverage.sh: a layer with too little went unnoticed" >&2
  exit 1
}

find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" --output-on-failure -j 4 -L 'unit|sim|fault' >"$work/ctest.log" 2>&1 || {
  tail -n 100 "$work/ctest.log" >&2
  echo "coverage.sh: a test has failed" >&2
  exit 1
}
gcovr --root . --filter src/crypto/ --filter src/proto/ --filter src/tunnel/ --csv "$work/table" "$build/src"
printf '%-34s %-24s %s\n' "" lines branches
judge "$work/table"
