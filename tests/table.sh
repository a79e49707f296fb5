#!/bin/bash
# table.sh: every test that tests/README.md names for a bug of others is there. A name that does not exist, planted in a copy of
# the table, has to be found first.
#
# shellcheck disable=SC2016 # backquotes of Markdown
set -euo pipefail

tests=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# names TABLE: what stands in backquotes in the second column, each with its suite: `a::b`, `c` are two tests of the suite a.
names() {
  sed -n '/^## Bugs of others/,$p' "$1" | grep '^|.*`' | cut -d '|' -f 3 | grep -o '`[^`]*`' | tr -d '`' |
    awk -F :: '/\// || /^chaos$/ { print; next } NF == 2 { suite = $1 } { print suite "::" $NF }'
}

exists() {
  case $1 in
    chaos) [[ -e $tests/sim/chaos.c ]] ;;
    fuzz/*) [[ -e $tests/fuzz/fuzz_${1#*/}.c ]] ;;
    fault/* | net/test_* | threads/*) [[ -e $tests/$1.c || -e $tests/tsan/${1#*/}.c ]] ;;
    net/*) [[ -e $tests/$1.sh ]] ;;
    *::\*) grep -qrE "^Test\(${1%%::*}, " "$tests/unit" "$tests/sim" ;;
    *) grep -qrE "^Test\(${1%%::*}, ${1##*::}\b" "$tests/unit" "$tests/sim" ;;
  esac
}

# missing TABLE: the names of what is not there.
missing() {
  local name
  while read -r name; do
    exists "$name" || echo "$name"
  done < <(names "$1")
}

sed '$a | planted | `replay::no_such_test`, `nor_this_one`, `net/nor_this` |' "$tests/README.md" >"$work/planted.md"
[[ $(missing "$work/planted.md" | tail -n 3 | paste -sd ' ') == "replay::no_such_test replay::nor_this_one net/nor_this" ]] || {
  echo "table.sh: names without a test go unnoticed"
  exit 1
}
(($(names "$tests/README.md" | wc -l) > 30)) || {
  echo "table.sh: the table was not found"
  exit 1
}
absent=$(missing "$tests/README.md")
[[ -z $absent ]] || {
  printf 'tests/README.md names tests that are not there:\n%s\n' "$absent"
  exit 1
}
