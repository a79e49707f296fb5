#!/bin/bash
# psk.sh: files of pre-shared keys, renewed while the tunnel carries traffic, in every way in which programs write files: each new
# key is used from the next handshake on, and no packet is lost for it. What is no key, or may not be read, leaves the old one.
# And the names of peers, by which the log tells of it, and a private key that is a credential.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

readonly client=$top/tests/net/control_client.py
readonly -A called=([a]=alice [b]="Bob's server")

# peer_file SIDE: that of a is started with credentials, and saved in the end.
peer_file() {
  local far own
  far=$(other "$1")
  own="PrivateKey = $(<"$work/$1.key")"
  [[ $1 == b ]] || own=$'PrivateKeyFile = credential:own\nSaveConfig = true'
  printf '%s\n' "[Interface]" "$own" "ListenPort = $port" "Address = ${inner4[$1]}/24" "Device = tun0" \
    "[Peer]" "Name = ${called[$far]}" "PublicKey = $(<"$work/$far.pub")" "AllowedIPs = ${inner4[$far]}/32" \
    "Endpoint = $(outer_endpoint "$far")" "PresharedKeyFile = keys/$1/psk"
}

# --- Keys and handshakes ---

# new_key: into $work/new, which is no watched folder.
new_key() {
  wg genpsk >"$work/new"
}

# by_rename SIDE: the new key takes the place of the old file.
by_rename() {
  install -m 600 "$work/new" "$work/keys/$1/psk.tmp" && mv "$work/keys/$1/psk.tmp" "$work/keys/$1/psk"
}

# in_place SIDE: the file stays, with what it holds.
in_place() {
  cat "$work/new" >"$work/keys/$1/psk"
}

# in_pieces SIDE: as one who is slow.
in_pieces() {
  local key
  key=$(<"$work/new")
  printf %s "${key:0:20}" >"$work/keys/$1/psk" && sleep 0.2 && printf '%s\n' "${key:20}" >>"$work/keys/$1/psk"
}

has_new_key() {
  shows "$(<"$work/new")" on "$1" wg show tun0 preshared-keys
}

both_have_new_key() {
  has_new_key a && has_new_key b
}

# latest SIDE: when its last handshake was, in nanoseconds.
latest() {
  on "$1" python3 "$client" tun0 ask <<<$'get=1\n' |
    awk -F= '/^last_handshake_time_sec/ { s = $2 } /^last_handshake_time_nsec/ { printf "%d%09d\n", s, $2 }'
}

# call SIDE: makes it begin a handshake at once, by a private key that it has for a moment, and a packet. Packets wait meanwhile.
call() {
  wg genkey >"$work/moment"
  on "$1" wg set tun0 private-key "$work/moment" && on "$1" wg set tun0 private-key "$work/$1.key" || return 1
  on "$1" ping -n -c 1 -W 1 "${inner4[$(other "$1")]}" || true
}

later_than() {
  (($(latest "$1") > $2))
}

# shakes_hands SIDE: the handshake that it begins comes about.
shakes_hands() {
  local before
  before=$(latest "$1")
  [[ -n $before ]] && call "$1" && wait_for 3 later_than "$1" "$before"
}

# dropped SIDE WORD: how often, by its status.
dropped() {
  on "$1" python3 "$client" tun0 ask <<<$'status=1\n' | awk -F= -v word="drop.$2" '$1 == word { n = $2 } END { print n + 0 }'
}

more_dropped() {
  (($(dropped "$1" "$2") > $3))
}

# said_once TEXT: one line of a's log has it, and no second one comes.
said_once() {
  wait_for 3 grep -qF -e "$1" "$work/up.err" && sleep 0.7 && (($(grep -cF -e "$1" "$work/up.err") == 1))
}

ping_b() {
  reaches a "${inner4[b]}" 5
}

# --- What is shown ---

test_start() {
  local side
  for side in a b; do
    mkdir -p "$work/keys/$side"
    install -m 600 "$work/psk" "$work/keys/$side/psk"
  done
  cp "$work/psk" "$work/new"
  peer_file a >"$work/a.ini"
  check "b starts" start_peer b minivpn
  fails "a credential without systemd" 3 "a.ini:2:18: error: PrivateKeyFile: there are no credentials" "LoadCredential=own:PATH" -- \
    on a "$minivpn" check "$work/a.ini"
  install -D -m 400 "$work/a.key" "$work/credentials/own"
  export CREDENTIALS_DIRECTORY=$work/credentials
  check "with it: check" on a "$minivpn" check "$work/a.ini"
  check "with it: strip" shows "PrivateKey = $(<"$work/a.key")" on a "$minivpn" strip "$work/a.ini"
  check "a starts" foreground -v
  check "ping" ping_b
  check "both have the key of the file" both_have_new_key
}

test_names() {
  local far
  far=$(<"$work/b.pub")
  check "up tells the name" grep -qF "tun0: peer Bob's server ($far) at" "$work/up.out"
  check "the log tells it" grep -qF "handshake complete with peer Bob's server ($far)" "$work/up.err"
  check "status shows it" shows "peer: Bob's server" on a "$minivpn" status tun0
  check "status shows the file" shows "preshared key file: $work/keys/a/psk" on a "$minivpn" status tun0
  check "status of one peer, by name" shows "public key: $far" on a "$minivpn" status tun0 "Bob's server"
  check "status of one peer, by the beginning of its key" shows "public key: $far" on a "$minivpn" status "$work/a.ini" "${far:0:4}"
  fails "a peer that is not there" 1 "tun0 has no peer 'Bobs server'; near it:" -- on a "$minivpn" status tun0 "Bobs server"
  check "wg is not told of names" not grep -q Bob <(on a wg showconf tun0)
}

# All of it while pings go every 10 ms.
under_traffic() {
  spawn "$work/fping" a fping -q -p 10 -t 3000 -c 1000 "${inner4[b]}" || return 1
  new_key && by_rename a && by_rename b && wait_for 2 both_have_new_key && shakes_hands a && echo "by rename" &&
    new_key && in_place a && in_place b && wait_for 2 both_have_new_key && shakes_hands b && echo "in place" &&
    new_key && in_pieces a && in_pieces b && wait_for 2 both_have_new_key && shakes_hands a && echo "in pieces" &&
    running "$work/fping"
}

all_answered() {
  finished "$work/fping" 20 || true
  cat "$work/fping.err"
  grep -q "xmt/rcv/%loss = 1000/1000/0%" "$work/fping.err"
}

test_traffic() {
  check "under traffic: three new keys on both sides, each with a handshake" under_traffic
  check "under traffic: every ping was answered" all_answered
  check "the log tells of each key" test "$(grep -cF "peer Bob's server ($(<"$work/b.pub")): a new pre-shared key" "$work/up.err")" = 3
  check "half a file was no fault" not grep -q "keeps its pre-shared key" "$work/up.err"
}

# What is seen above is not there whatever the keys are.
test_one_side() {
  local before drops
  new_key
  check "one side alone: it has the new key" by_rename a
  check "one side alone: the device has it" wait_for 2 has_new_key a
  check "one side alone: the session goes on" reaches a "${inner4[b]}" 20
  before=$(latest a) drops=$(dropped a bad-response)
  check "one side alone: a handshake is begun" call a
  check "one side alone: it fails, and is counted" wait_for 3 more_dropped a bad-response "$drops"
  check "one side alone: there was none" test "$(latest a)" = "$before"
  check "the other side follows" by_rename b
  check "the next try succeeds" wait_for 8 later_than a "$before"
  check "ping" ping_b
}

no_news() {
  sleep 0.7
  [[ $(grep -c "a new pre-shared key" "$work/up.err") == "$1" ]]
}

test_files() {
  local news
  news=$(grep -c "a new pre-shared key" "$work/up.err")
  check "the same key again" by_rename a
  check "the same key again: it is no news" no_news "$news"

  rm "$work/keys/a/psk"
  check "a file that is gone: it is said once" said_once "keeps its pre-shared key: $work/keys/a/psk: No such file"
  check "a file that is gone: the old key stays" has_new_key a
  new_key
  check "it comes back" by_rename a
  check "it comes back: the device has the new key" wait_for 2 has_new_key a

  rm -r "$work/keys/a"
  sleep 0.2
  new_key
  mkdir "$work/keys/a"
  check "with a folder that was gone" in_place a
  check "with a folder that was gone: the device has the new key" wait_for 2 has_new_key a

  : >"$work/keys/a/psk"
  check "an empty file: it is said once" said_once "keeps its pre-shared key: $work/keys/a/psk: the file is empty"
  check "an empty file: the old key stays" has_new_key a
  new_key
  check "an empty file: a key again" in_place a
  check "an empty file: the device has it" wait_for 2 has_new_key a
}

# of_nobody: the key of another user, whom the tunnel has no right to read any more.
of_nobody() {
  install -m 600 -o 65534 -g 65534 "$work/new" "$work/keys/a/psk.tmp" && mv "$work/keys/a/psk.tmp" "$work/keys/a/psk"
}

test_rights() {
  cp "$work/new" "$work/old"
  new_key
  check "the file of another user" of_nobody
  check "the file of another user: it is said what to do" said_once "privileges that the tunnel has given up: let root own it"
  check "the file of another user: the old key stays" shows "$(<"$work/old")" on a wg show tun0 preshared-keys
  check "root owns it" chown 0:0 "$work/keys/a/psk"
  check "root owns it: the device has the new key" wait_for 2 has_new_key a
}

# set_file PATH: of the one peer of a.
set_file() {
  printf '%s\n' set=1 "public_key=$(base64 -d "$work/b.pub" | od -An -v -tx1 | tr -d ' \n')" update_only=true \
    "preshared_key_file=$1" "" | on a python3 "$client" tun0 ask | grep -x errno=0
}

test_set() {
  cp "$work/new" "$work/old"
  check "the watch ends" set_file ""
  check "the watch ends: status shows none" not grep -q "key file" <(on a "$minivpn" status tun0)
  new_key
  by_rename a
  sleep 0.5
  check "the watch ends: the old key stays" shows "$(<"$work/old")" on a wg show tun0 preshared-keys
  check "it begins again" set_file "$work/keys/a/psk"
  check "it begins again: the device has the new key" wait_for 2 has_new_key a
  check "b follows" by_rename b
  check "b follows: a handshake" wait_for 8 shakes_hands a
  check "ping" ping_b
}

no_secrets() {
  local secret
  for secret in "$work"/{psk,new,old}; do
    not grep -qF -e "$(<"$secret")" "$work/up.err" || return 1
  done
}

# What is in files of its own stays there.
test_saved() {
  local line
  for line in "Name = Bob's server" "PresharedKeyFile = $work/keys/a/psk" "PrivateKeyFile = credential:own"; do
    check "it was saved with: ${line%% *}" grep -qxF -e "$line" "$work/a.ini"
  done
  check "it was saved without those keys" not grep -qE '^(Private|Preshared)Key ' "$work/a.ini"
}

main() {
  need_minivpn
  net_begin 120 fping ip python3 wg -- "$@"
  test_start
  test_names
  test_traffic
  test_one_side
  test_files
  test_rights
  test_set
  check "no key is in the log, which has those that are public" grep -qF -e "$(<"$work/b.pub")" "$work/up.err"
  check "no key is in the log" no_secrets
  check "SIGINT ends it" signal "$work/up" INT
  check "with exit status 0" finished "$work/up" 10
  test_saved
  net_end
}

main "$@"
