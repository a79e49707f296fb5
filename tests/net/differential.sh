#!/bin/bash
# differential.sh: peer files of all kinds, good and bad, go to wg-quick and wg on side a, and to minivpn on side b. Both must
# take a file or both refuse it, and of a file that they take `wg showconf` must say the same on both sides. Where minivpn differs
# on purpose the table differential/differences has a line, and there it must differ.
#
# The folders taken and refused of the corpus say what wg does, so that a slip of the pen there is noticed as well.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

files='' # a copy of the corpus: SaveConfig writes into the file

declare -A differs=() why=() # what the table says, by file

# What judge found out.
theirs='' # taken or refused: what wg did
found=''  # alike, or a word of the table, or one that no table has

# --- The sides ---

# What a file names is the same everywhere, and what a tunnel does to /etc stays on its side.
private_etc() {
  on "$1" sh -c 'cp -a /etc /run/etc && mount --bind /run/etc /etc && cat >/etc/hosts &&
    echo "hosts: files" >/etc/nsswitch.conf' <<END
127.0.0.1 localhost
192.0.2.80 vpn.example
2001:db8:80::1 six.example
END
}

# A resolvconf that does nothing but read, as the real one does.
fake_resolvconf() {
  install -d "$work/bin"
  printf '%s\n' '#!/bin/sh' '[ "$1" != -a ] || cat >/dev/null' >"$work/bin/resolvconf"
  chmod 755 "$work/bin/resolvconf"
}

start_wg_side() {
  on a env LOG_LEVEL=silent wireguard-go tun0 >/dev/null 2>&1
  kind[a]=wireguard-go
}

# wg_takes FILE
wg_takes() {
  on a env WG_ENDPOINT_RESOLUTION_RETRIES=0 bash -o pipefail -c \
    'wg-quick strip "$1" | wg setconf tun0 /dev/stdin' bash "$1" && mark_like_wg_quick "$1"
}

# A default route without Table needs a mark; wg-quick sets it behind setconf, and minivpn has it from the beginning.
mark_like_wg_quick() {
  local table
  table=$(sed -n 's/#.*//; s/^[[:space:]]*table[[:space:]]*=[[:space:]]*//I; T; s/[[:space:]]*$//p' "$1" | tail -n 1)
  [[ -z $table || $table == auto ]] || return 0
  on a wg show tun0 allowed-ips | grep -qE '/0( |$)' || return 0
  [[ $(on a wg show tun0 fwmark) != off ]] || on a wg set tun0 fwmark 51820
}

minivpn_up() {
  on b env PATH="$work/bin:$PATH" "$minivpn" up "$1"
}

# --- The comparison ---

# gives_port FILE: one that is not for the system to choose.
gives_port() {
  tr -d ' \t\v\f\0' <"$1" | grep -qiE '^ListenPort=[^#]*[1-9a-z]'
}

# Neither peers nor allowed IPs have an order: a line for each setting and for each allowed IP, behind its peer, and these sorted.
settings_of='
/^\[/ { owner = $1; next }
/^PublicKey/ { owner = $3 }
/^AllowedIPs/ {
  sub(/^AllowedIPs = /, "")
  count = split($0, list, ", ")
  for (i = 1; i <= count; i++) print owner, "AllowedIPs", list[i]
  next
}
NF { print owner, $0 }'

# device_of FILE: how minivpn calls it.
device_of() {
  basename "$1" .conf
}

# shown SIDE DEVICE FILE
shown() {
  local without='^$'
  gives_port "$3" || without='^\[Interface\] ListenPort'
  on "$1" wg showconf "$2" | awk "$settings_of" | grep -v "$without" | sort
}

# shown_alike THEIRS OURS
shown_alike() {
  diff <(shown a tun0 "$1") <(shown b "$(device_of "$2")" "$2")
}

# endpoints_there OURS: as many as at wg. Names are resolved in the background.
endpoints_there() {
  [[ $(on a wg showconf tun0 | grep -c '^Endpoint') == $(on b wg showconf "$(device_of "$1")" | grep -c '^Endpoint') ]]
}

# judge THEIRS OURS: gives one file to wg and one to minivpn, which are the same but for the controls, and sets what was found.
judge() {
  local status=0
  theirs=refused found=alike
  ! wg_takes "$1" || theirs=taken
  minivpn_up "$2" || status=$?
  case $status in
    0) judge_tunnel "$@" ;;
    3) [[ $theirs == refused ]] || found="minivpn-refuses" ;;
    *) found="minivpn-fails by $status" ;;
  esac
}

judge_tunnel() {
  if [[ $theirs == refused ]]; then
    found="minivpn-accepts"
  else
    wait_for 2 endpoints_there "$2" || true
    shown_alike "$@" || found="shown-otherwise"
  fi
  on b env PATH="$work/bin:$PATH" "$minivpn" down "$2" || found="minivpn-stays-up"
}

# judged WORD THEIRS OURS
judged() {
  judge "$2" "$3"
  [[ $found == "$1" ]] && return
  echo "$found, expected $1; by wg the file is $theirs"
  return 1
}

# --- The tests ---

# By planted pairs.
test_controls() {
  local good=$files/taken/alive-25.conf
  check "control: alike" judged alike "$good" "$good"
  check "control: not alike is no difference" not judged shown-otherwise "$good" "$good"
  check "control: another value" judged shown-otherwise "$good" "$files/taken/alive-max.conf"
  check "control: another port" judged shown-otherwise "$files/taken/port-1.conf" "$files/taken/port-max.conf"
  check "control: one allowed IP more" judged shown-otherwise "$good" "$files/taken/long-line.conf"
  check "control: refused by minivpn alone" judged minivpn-refuses "$good" "$files/refused/ep-no-port.conf"
  check "control: refused by wg alone" judged minivpn-accepts "$files/refused/ep-no-port.conf" "$good"
  check "control: an empty file empties the device of wg" device_is_empty
}

# Else one case could help the next.
device_is_empty() {
  on a wg setconf tun0 /dev/null && [[ -z $(on a wg show tun0 peers) && $(on a wg show tun0 private-key) == "(none)" ]]
}

# What is too long to be written down.
long_files() {
  local i head=$files/taken/peer-bare.conf
  {
    cat "$head"
    printf 'AllowedIPs = 10.1.0.0/24'
    printf ', fd01:%x::/32' {1..300}
  } >"$files/taken/long-line.conf"
  {
    cat "$head"
    printf 'AllowedIPs = fd01:%x::/32, 10.1.0.0/24\n' {1..2000}
  } >"$files/taken/long-list.conf"
  cat "$head" >"$files/taken/many-peers.conf"
  for i in {1..500}; do
    # Digits are base64 as well.
    printf '[Peer]\nPublicKey = %042dA=\nAllowedIPs = 10.%d.%d.0/24\n' "$i" $((i / 250)) $((i % 250))
  done >>"$files/taken/many-peers.conf"
  {
    cat "$head"
    printf '# %01100000d' 0
  } >"$files/taken/endless.conf"
}

good_entry() {
  [[ -z ${differs[$1]:-} && -f $files/$1 && -n $2 ]]
}

read_table() {
  local file word reason
  while read -r file word reason; do
    [[ -n $file && $file != "#"* ]] || continue
    check "the table has $file once, which is there, and a reason" good_entry "$file" "$reason"
    differs[$file]=$word
    why[$file]=$reason
  done <"$files/differences"
}

# A case is judged as the table says, and by wg as its folder says.
case_is() {
  local file=$files/$1
  judged "${differs[$1]:-alike}" "$file" "$file" || return 1
  [[ $theirs == "${1%%/*}" ]] && return
  echo "by wg the file is $theirs"
  return 1
}

test_corpus() {
  local path name
  for path in "$files"/taken/* "$files"/refused/*; do
    name=${path#"$files/"}
    check "$name: ${differs[$name]:-alike}${why[$name]:+, ${why[$name]}}" case_is "$name"
  done
}

main() {
  need_minivpn
  net_begin 240 ip wg wg-quick wireguard-go awk diff --
  files=$work/files
  cp -r "$top/tests/net/differential" "$files"
  private_etc a
  private_etc b
  fake_resolvconf
  start_wg_side
  long_files
  test_controls
  read_table
  test_corpus
  net_end
}

main
