#!/bin/bash
# man.sh MINIVPN: the man pages name every command and option of the program's own help, and every key that the reader of peer
# files knows. The check is made once more with a word that they do not have.
set -euo pipefail

minivpn=$1
top=$(cd "$(dirname "$0")/.." && pwd)

# lacking PAGE WORD...: the words that the page does not have in bold.
lacking() {
  local page=$1 word
  shift
  for word; do
    grep -qF "*$word*" "$page" || grep -qE "^\*$word\*|\*minivpn $word\*" "$page" || echo "$word"
  done
}

# check PAGE WORD...
check() {
  local found
  found=$(lacking "$@" planted-word)
  [[ $found == planted-word ]] || {
    echo "not ok - $(basename "$1") lacks: ${found//$'\n'/ }"
    exit 1
  }
  echo "ok - $(basename "$1") has $(($# - 1)) words"
}

mapfile -t commands < <("$minivpn" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
mapfile -t options < <({
  "$minivpn" --help
  for command in "${commands[@]}"; do "$minivpn" "$command" --help; done
} | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u)
mapfile -t keys < <(sed -nE 's/.*\{[^"]*"([A-Z][A-Za-z]+)".*/\1/p' "$top/src/config/fields.c" | sort -u)

((${#commands[@]} >= 6 && ${#options[@]} >= 5 && ${#keys[@]} >= 20)) || {
  echo "not ok - the words could not be read: ${#commands[@]} commands, ${#options[@]} options, ${#keys[@]} keys"
  exit 1
}
check "$top/packaging/minivpn.8.scd" "${commands[@]}" "${options[@]}"
check "$top/packaging/minivpn.ini.5.scd" "${keys[@]}"
