#!/bin/bash
# wg_quick.sh: the real wg-quick, with minivpn as its userspace implementation, sets tunnels up and takes them down on side a,
# and `wg` changes them there. Side b is minivpn, set up by its own `up`.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/host.sh
source "$(dirname "$0")/host.sh"

# Behind side b, and known to nobody but by a default route.
readonly behind4=203.0.113.7 behind6=2001:db8:7::7

# furnish_a: its folder of peer files is one of this test's.
furnish_a() {
  furnish a
  mkdir "$work/files"
  on a mount --bind "$work/files" /etc/wireguard
  # wg-quick leaves it set.
  on a sysctl -q net.ipv4.conf.all.src_valid_mark=1
  on b ip address add "$behind4/32" dev lo
  on b ip address add "$behind6/128" dev lo
}

# write_file [LINE]...: wg0.conf, with these lines more for [Interface]; allowed="LIST" for other allowed IPs.
write_file() {
  local line
  {
    peer_file a | sed -E '/^(Device|Lanes|Offload) /d; /^\[Peer]/,$d; /^$/d'
    for line in "$@"; do
      echo "$line"
    done
    peer_file a | sed '/^\[Peer]/,$!d' | sed "${allowed:+s|^AllowedIPs = .*|AllowedIPs = $allowed|}"
  } >"$work/files/wg0.conf"
}

up() {
  wg_quick a minivpn up wg0
}

down() {
  wg_quick a minivpn down wg0
}

# nothing_left: of wg0 in what the machine does, and no process.
nothing_left() {
  wait_for 10 nothing_there a minivpn wg0 && becomes_as a before
}

# is_up LABEL, goes LABEL
is_up() {
  check "$1: wg-quick up" up
  check "$1: it is minivpn that carries it" all_there a minivpn wg0
  check "$1: ping, IPv4" reaches a "${inner4[b]}" 3
  check "$1: ping, IPv6" reaches a "${inner6[b]}" 3
}

goes() {
  check "$1: wg-quick down" down
  check "$1: nothing is left" nothing_left
}

# --- up and down ---

test_plain() {
  write_file
  is_up "plain"
  check "plain: ping from the other side" reaches b "${inner4[a]}" 3
  check "plain: ping from the other side, IPv6" reaches b "${inner6[a]}" 3
  check "plain: something is there" not is_as a before
  goes "plain"
}

# leads DEVICE ADDRESS
leads() {
  shows " dev $1 " on a ip route get "$2"
}

# sealed_alone: a ping to what is behind side b is seen on the wire as datagrams of the tunnel, and as nothing else.
sealed_alone() {
  capture "$work/wire" a wire
  reaches a "$behind4" 3 && reaches a "$behind6" 3 || return 1
  capture_end "$work/wire"
  captured "$work/wire" "not arp and not icmp6"
  (($(captured "$work/wire" "udp port $port" | wc -l) >= 12)) &&
    [[ -z $(captured "$work/wire" "net 203.0.113.0/24 or net 2001:db8::/32 or icmp") ]]
}

test_default_route() {
  allowed="0.0.0.0/0, ::/0" write_file
  check "default route: what is behind is not reached without it" not on a ip route get "$behind4"
  is_up "default route"
  check "default route: IPv4 goes into the tunnel" leads wg0 "$behind4"
  check "default route: IPv6 goes into the tunnel" leads wg0 "$behind6"
  check "default route: the endpoint is outside" leads wire "${wire4[b]}"
  check "default route: all is sealed on the wire" sealed_alone
  goes "default route"
}

test_psk() {
  psk=yes
  check "PresharedKey: side b is up with it" start_peer b minivpn
  write_file
  is_up "PresharedKey"
  goes "PresharedKey"
  psk=no
  write_file
  check "PresharedKey: wg-quick up without it" up
  check "PresharedKey: no ping without it" not reaches a "${inner4[b]}" 1
  goes "PresharedKey, without it"
  check "PresharedKey: side b goes" stop_peer b
}

# has_entry LINE...: resolvconf keeps these for wg0.
has_entry() {
  diff <(printf '%s\n' "$@") <(on a cat /run/resolvconf/wg0)
}

calls_were() {
  diff <(printf '%s\n' "$@") <(on a cat /run/resolvconf.calls)
}

test_dns() {
  write_file "DNS = 9.9.9.9, fd77::53" "DNS = corp.example, lab.example"
  is_up "DNS"
  check "DNS: resolvconf was told" has_entry "-a wg0 -m 0 -x" "nameserver 9.9.9.9" "nameserver fd77::53" \
    "search corp.example lab.example"
  goes "DNS"
  check "DNS: resolvconf was told twice" calls_were "-a wg0 -m 0 -x" "-d wg0 -f"
}

# Each hook says what there is of the device: PreUp and PostDown see none.
test_hooks() {
  local hook lines=() state='$(ip -br link show %i 2>/dev/null | wc -l)'
  for hook in PreUp PostUp PreDown PostDown; do
    lines+=("$hook = echo $hook %i 1 $state >>/run/hooks" "$hook = echo $hook %i 2 $state >>/run/hooks")
  done
  write_file "${lines[@]}"
  is_up "hooks"
  check "hooks: those of up, in order" hooks_were "PreUp wg0 1 0" "PreUp wg0 2 0" "PostUp wg0 1 1" "PostUp wg0 2 1"
  goes "hooks"
  check "hooks: those of down, in order" hooks_were "PreUp wg0 1 0" "PreUp wg0 2 0" "PostUp wg0 1 1" "PostUp wg0 2 1" \
    "PreDown wg0 1 1" "PreDown wg0 2 1" "PostDown wg0 1 0" "PostDown wg0 2 0"
  write_file "PostUp = false"
  check "hooks: PostUp fails, and so does wg-quick up" ends 1 up
  check "hooks: nothing is left" nothing_left
}

hooks_were() {
  diff <(printf '%s\n' "$@") <(on a cat /run/hooks)
}

# saved LINE: in the file.
saved() {
  cat "$work/files/wg0.conf"
  grep -qxF "$1" "$work/files/wg0.conf"
}

test_save() {
  local line
  write_file "SaveConfig = true" "PostUp = true # %i"
  is_up "SaveConfig"
  check "SaveConfig: an address is added" on a ip address add 10.78.0.1/24 dev wg0
  check "SaveConfig: a peer is added" on a wg set wg0 peer "$(<"$work/third.pub")" allowed-ips 10.78.0.2/32 \
    persistent-keepalive 25 endpoint 192.0.2.9:51820
  goes "SaveConfig"
  for line in "Address = ${inner4[a]}/24" "Address = ${inner6[a]}/64" "Address = 10.78.0.1/24" "SaveConfig = true" \
    "PostUp = true" "PrivateKey = $(<"$work/a.key")" "ListenPort = $port" "PublicKey = $(<"$work/b.pub")" \
    "PublicKey = $(<"$work/third.pub")" "AllowedIPs = 10.78.0.2/32" "PersistentKeepalive = 25" "Endpoint = 192.0.2.9:51820"; do
    check "SaveConfig: ${line%% *} is in the file" saved "$line"
  done
  is_up "SaveConfig, by that file"
  check "SaveConfig: the address is there" shows 10.78.0.1/24 on a ip address show dev wg0
  goes "SaveConfig, by that file"
}

# --- wg ---

# of_peer WHAT NAME: what `wg show` says of the peer.
of_peer() {
  on a wg show wg0 "$1" | awk -v peer="$(<"$work/$2.pub")" '$1 == peer { $1 = ""; print substr($0, 2) }'
}

# with_peer FILE LINE...: what the tunnel was made of, and one peer more.
with_peer() {
  {
    on a wg-quick strip wg0
    printf '[Peer]\nPublicKey = %s\n' "$(<"$work/third.pub")"
    printf '%s\n' "${@:2}"
  } >"$work/$1"
}

# is_kept COMMAND...: it leaves the session with side b as it is.
is_kept() {
  local handshake rx tx rx_now tx_now
  handshake=$(of_peer latest-handshakes b)
  read -r rx tx <<<"$(of_peer transfer b)"
  "$@" || return 1
  read -r rx_now tx_now <<<"$(of_peer transfer b)"
  echo "handshake $handshake, then $(of_peer latest-handshakes b); transfer $rx $tx, then $rx_now $tx_now"
  ((handshake > 0 && rx > 0)) && [[ $(of_peer latest-handshakes b) == "$handshake" ]] && ((rx_now >= rx && tx_now >= tx))
}

# flooded COMMAND...: while it is at work no ping is lost.
flooded() {
  spawn "$work/flood" a fping -q -p 5 -t 3000 -c 200 "${inner4[b]}" && sleep 0.2 && "$@" && running "$work/flood" &&
    finished "$work/flood" 20 && grep -F 'xmt/rcv/%loss = 200/200/0%' "$work/flood.err"
}

# synced FILE...
synced() {
  local file
  for file in "$@"; do
    on a wg syncconf wg0 "$work/$file" || return 1
  done
}

has_allowed() {
  [[ $(of_peer allowed-ips third) == "$1" ]]
}

test_syncconf() {
  with_peer one.conf "AllowedIPs = 10.78.0.0/24" "PersistentKeepalive = 25"
  with_peer other.conf "AllowedIPs = 10.79.0.0/24"
  on a wg-quick strip wg0 >"$work/none.conf"
  check "syncconf: a peer comes, the session is kept" is_kept synced one.conf
  check "syncconf: it is there" has_allowed 10.78.0.0/24
  check "syncconf: a peer changes, the session is kept" is_kept synced other.conf
  check "syncconf: it is changed" has_allowed 10.79.0.0/24
  check "syncconf: a peer goes, the session is kept" is_kept synced none.conf
  check "syncconf: it is gone" test "$(on a wg show wg0 peers)" = "$(<"$work/b.pub")"
  check "syncconf: no ping is lost meanwhile" flooded is_kept synced one.conf none.conf other.conf none.conf
}

added() {
  on a wg addconf wg0 "$work/added.conf"
}

test_addconf() {
  printf '%s\n' "[Peer]" "PublicKey = $(<"$work/third.pub")" "AllowedIPs = 10.78.0.0/24" >"$work/added.conf"
  check "addconf: a peer comes, the session is kept" is_kept added
  check "addconf: it is there" has_allowed 10.78.0.0/24
  check "addconf: no ping is lost meanwhile" flooded is_kept added
}

test_set() {
  local third
  third=$(<"$work/third.pub")
  check "set: no allowed IPs" on a wg set wg0 peer "$third" allowed-ips ""
  check "set: there are none" has_allowed "(none)"
  check "set: the peer is removed, the session is kept" is_kept on a wg set wg0 peer "$third" remove
  check "set: it is gone" test -z "$(of_peer allowed-ips third)"
  check "set: no allowed IPs of side b" on a wg set wg0 peer "$(<"$work/b.pub")" allowed-ips ""
  check "set: no ping" not reaches a "${inner4[b]}" 1
  check "set: the allowed IPs again" on a wg set wg0 peer "$(<"$work/b.pub")" allowed-ips "${inner4[b]}/32,${inner6[b]}/128"
  check "set: ping" reaches a "${inner4[b]}" 3
}

# dumped: all fields, but of what moves by itself only that it is more than zero.
dumped() {
  {
    echo "wg0 $(<"$work/a.key") $(<"$work/a.pub") $port off"
    echo "wg0 $(<"$work/b.pub") (none) ${wire4[b]}:$port ${inner4[b]}/32,${inner6[b]}/128 + + + off"
  } >"$work/expected"
  on a wg show all dump |
    awk -F '\t' 'NF == 9 { for (i = 6; i <= 8; i++) if ($i > 0) $i = "+" } { $1 = $1; print }' | diff "$work/expected" -
}

# restored: which also shows, as it ends the session, that is_kept can tell.
restored() {
  on a wg showconf wg0 >"$work/shown.conf" && on a wg setconf wg0 "$work/shown.conf"
}

shown_again() {
  diff "$work/shown.conf" <(on a wg showconf wg0)
}

test_setconf() {
  check "showconf goes to setconf, which ends the session" not is_kept restored
  check "showconf is the same then" shown_again
  check "there is no handshake yet" test "$(of_peer latest-handshakes b)" = 0
  check "ping" reaches a "${inner4[b]}" 3
  check "show all dump" dumped
}

test_wg() {
  write_file
  is_up "wg"
  check "show all dump" dumped
  test_syncconf
  test_addconf
  test_set
  test_setconf
  goes "wg"
}

main() {
  need_minivpn
  net_begin 240 ip wg wg-quick nft sysctl python3 fping tcpdump pidof awk diff -- "$@"
  make_keys third
  furnish_a
  remember a before
  test_psk
  check "side b is up" start_peer b minivpn
  test_plain
  test_default_route
  test_dns
  test_hooks
  test_save
  test_wg
  net_end
}

main "$@"
