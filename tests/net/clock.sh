#!/bin/bash
# clock.sh: a machine whose clock is lost with its power. Side a is killed and starts again in the
# past, as a board without a battery does, and its peer must go on taking its handshakes: by the
# record in /var/lib/minivpn. Without the record it is refused, and told why.

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly folder=/var/lib/minivpn
readonly past=-30y

# in_the_past COMMAND...: on side a, with a wall clock that is behind. Ages are counted by another
# clock, which no machine can lose.
in_the_past() {
  on a env FAKETIME="$past" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$faketime" "$@"
}

up() {
  on a "$minivpn" up "$work/a.ini"
}

ping_b() {
  reaches a "${inner4[b]}" 1
}

# label: the time of the last handshake in the record, as seconds since 1970.
label() {
  local hex
  hex=$(on a sed -n 's/.* @4\([0-9a-f]\{15\}\)[0-9a-f]\{8\}$/\1/p' "$record")
  echo $((0x$hex - 10))
}

# ahead FROM TO: so many seconds does the record lie ahead of the clock.
ahead() {
  local seconds=$(($(label) - $(date +%s)))
  echo "the record is $seconds s ahead"
  (($1 <= seconds && seconds <= $2))
}

refused() {
  shows "old-timestamp" on b "$minivpn" status tun0
}

answers_not() {
  shows "no answer" on a "$minivpn" status tun0
}

# warned TIMES: that there is no place for it.
warned() {
  cat "$work/up.err"
  (($(grep -c "cannot keep the times of the last handshakes in $folder" "$work/up.err") == $1))
}

test_record() {
  check "up" start_peer a minivpn
  check "before a handshake there is no record" not on a test -e "$record"
  check "ping" ping_b
  check "the record reserves ten minutes" ahead 580 600
  check "it is for root alone" shows "600 root" on a stat -c "%a %U" "$record"
  check "down" stop_peer a
  check "in order, nothing stays reserved" ahead -20 0
}

test_lost_clock() {
  check "up" start_peer a minivpn
  check "ping" ping_b
  check "killed" kill_peer a
  check "the clock is in the past" ends 0 in_the_past date +%Y
  check "by thirty years" said "$(($(date +%Y) - 30))"
  check "up in the past" ends 0 in_the_past "$minivpn" up "$work/a.ini"
  check "it says that the clock is behind" said "the clock says" "which is before the last handshake"
  check "its handshake is taken" ping_b
  check "nothing was refused" not refused
  check "killed once more" kill_peer a
  check "up in the past" ends 0 in_the_past "$minivpn" up "$work/a.ini"
  check "its handshake is taken" ping_b
  check "killed" kill_peer a
}

# The control of the above.
test_lost_record() {
  on a rm "$record"
  check "up in the past without a record" ends 0 in_the_past "$minivpn" up "$work/a.ini"
  check "it says what will happen" said "which cannot be"
  check "no answer" not ping_b
  check "the peer says why" wait_for 10 refused
  check "the second try" wait_for 10 answers_not
  check "status names the clock" shows "this machine's clock" in_the_past "$minivpn" status tun0
  check "but not where it is right" not shows "this machine's clock" on a "$minivpn" status tun0
  check "down" stop_peer a
}

# The peer has got handshakes of the time that was reserved, and would refuse the true one for so
# long.
peer_forgets() {
  check "the peer goes down" stop_peer b
  check "it starts anew" start_peer b minivpn
}

# A device may have had another key meanwhile.
test_other_key() {
  peer_forgets
  check "up" start_peer a minivpn
  check "ping" ping_b
  check "killed" kill_peer a
  sed "s|^PrivateKey = .*|PrivateKey = $(wg genkey)|" "$work/a.ini" >"$work/other.ini"
  check "up with another key" ends 0 on a "$minivpn" up "$work/other.ini"
  check "no answer" not ping_b
  kind[a]=minivpn
  check "down" stop_peer a
  check "up with the key of before" start_peer a minivpn
  check "its handshake is taken" ping_b
  check "down" stop_peer a
}

test_damaged_record() {
  peer_forgets
  on a sh -c "echo damaged >$record"
  check "up with a damaged record" ends 0 up
  check "it names file and line" said "$record:1:"
  check "ping" ping_b
  check "the record is whole again" ahead 580 600
  kind[a]=minivpn
  check "down" stop_peer a
}

# The disk is no reason to have no tunnel.
test_no_place() {
  on a sh -c "rm -r $folder && echo precious >$folder"
  check "up without a place for the record" foreground
  check "ping" ping_b
  check "it says so at the start, and when it tries" warned 2
  check "another ping" ping_b
  check "but not each time" warned 2
  check "SIGTERM" signal "$work/up" TERM
  check "it ends in order" finished "$work/up" 10
  check "what was in the way is still there" shows precious on a cat "$folder"
}

net_begin 120 wg fping faketime -- "$@"
need_minivpn
record=$folder/$(tr +/ -_ <"$work/a.pub" | tr -d =).timestamps
faketime=$(dpkg -L libfaketime | grep '/libfaketime\.so')
[[ -n $faketime ]] || skip "libfaketime is missing: run packaging/install-deps.sh test"
check "the peer is up" start_peer b minivpn
test_record
test_lost_clock
test_lost_record
test_other_key
test_damaged_record
test_no_place
net_end
