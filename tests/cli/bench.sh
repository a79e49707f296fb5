#!/bin/bash
# bench.sh MINIVPN: what `minivpn bench` prints has all its rows, each with figures above zero; it keeps its time, needs no
# privileges, and refuses what it does not understand. The checks of the table are made once more with tables that are not right.
set -euo pipefail

minivpn=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "not ok - $1"
  exit 1
}

# ends STATUS COMMAND...
ends() {
  local expected=$1 status=0
  shift
  "$@" >"$work/out" 2>"$work/err" || status=$?
  ((status == expected)) || {
    cat "$work/err"
    fail "$*: exit status $status, expected $expected"
  }
}

# positive TABLE COUNT ROW: the row is there, and ends in so many figures, all above zero.
positive() {
  awk -v row="$3" -v count="$2" '
    index($0, row) == 1 {
      found = 1
      n = split(substr($0, length(row) + 1), figures, " ")
      if (n != count) exit 1
      for (i = 1; i <= n; i++) if (figures[i] !~ /^[0-9]+(\.[0-9]+)?$/ || figures[i] <= 0) exit 1
    }
    END { if (!found) exit 1 }' "$1"
}

# providers TABLE: libsodium, and the one that tunnels use here.
providers() {
  sort -u <(echo libsodium) <(sed -n 's/^tunnels    seal by //p' "$1")
}

# missing TABLE: the rows that are not as they should be. The table begins with the machine.
missing() {
  local name provider op bytes
  for name in "minivpn    [0-9.]+$" "build      .*[0-9].*, .+" "processor  .+, [0-9]+ online$" "kernel     Linux .+" \
    "tunnels    seal by .+"; do
    grep -qE "^$name" "$1" || echo "$name"
  done
  for provider in $(providers "$1"); do
    for op in seal open; do
      for bytes in 64 256 512 1024 1420 16000; do
        name=$(printf '%-14s %-6s %6s' "$provider" "$op" "$bytes")
        positive "$1" 4 "$name" || echo "$name"
      done
    done
  done
  for name in "TCP over IPv4" "TCP over IPv6" "UDP over IPv4" "UDP over IPv6"; do
    positive "$1" 4 "$name" || echo "$name"
  done
  for name in "shared secret" "public key" "initiator: make initiation" "responder: answer it" "initiator: take answer"; do
    positive "$1" 2 "$name" || echo "$name"
  done
}

run=("$minivpn")
# Root has more than is needed; nobody has not. The build may lie where nobody cannot go.
if ((EUID == 0)); then
  chmod 711 "$work"
  install -m 755 "$minivpn" "$work/minivpn"
  run=(setpriv --reuid=65534 --regid=65534 --clear-groups "$work/minivpn")
fi

begin=$SECONDS
ends 0 "${run[@]}" bench --seconds 1
# Each row takes three rounds at the least, on however slow a machine.
((SECONDS - begin <= 30)) || fail "a second has become $((SECONDS - begin))"
cp "$work/out" "$work/table"
[[ ! -s $work/err ]] || fail "it complains: $(<"$work/err")"
absent=$(missing "$work/table")
[[ -z $absent ]] || {
  cat "$work/table"
  fail "rows that are missing, or without figures: ${absent//$'\n'/; }"
}
echo "ok - all rows are there"

sed -E '/^libsodium +seal +1024 /d; /^shared secret/s/ [0-9]+$/ 0/; /^public key/s/ [0-9]+ *[0-9]+$/ nan nan/' "$work/table" >"$work/wrong"
found=$(missing "$work/wrong" | sed -E 's/ +/ /g' | paste -sd ';')
[[ $found == "libsodium seal 1024;shared secret;public key" ]] || fail "a wrong table: found $found"
echo "ok - control: a row that is not there, and figures that are none, are found"

for arguments in "--seconds 0" "--seconds 3601" "--seconds 1.5" "--seconds -1" "--seconds ten" "--seconds=" "--seconds" "word" "--nonsense"; do
  # shellcheck disable=SC2086 # some are two words
  ends 2 "$minivpn" bench $arguments
  grep -q "minivpn bench" "$work/err" || fail "$arguments: no message"
  [[ ! -s $work/out ]] || fail "$arguments: it measured all the same"
done
echo "ok - wrong arguments are refused"

status=0
"$minivpn" bench --seconds 1 >/dev/full 2>"$work/err" || status=$?
if ((status != 1)) || ! grep -q "No space" "$work/err"; then
  fail "a table that cannot be written: exit status $status"
fi
echo "ok - a table that cannot be written is a failure"
