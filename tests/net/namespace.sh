#!/bin/bash
# namespace.sh: the device of a tunnel in one network namespace and its sockets in another, by `Namespace` and `SocketNamespace`
# of a peer file: what is inside has no way out but the tunnel, and `down` undoes all of it from outside, also after a crash, and
# when the namespace is gone. On side a `blue` is where the device goes, `green` where the wire is for the reverse.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/host.sh
source "$(dirname "$0")/host.sh"

# within NAMESPACE COMMAND...: of side a.
within() {
  on a ip netns exec "$1" "${@:2}"
}

# own_etc: side a may write into its /etc.
own_etc() {
  mkdir "$work/etc"
  cp -a /etc/. "$work/etc"
  rm -rf "$work/etc/netns"
  on a mount --bind "$work/etc" /etc
}

make_namespace() {
  on a ip netns add "$1" && within "$1" ip link set lo up
}

# write_file [INTERFACE LINE]...: all traffic goes to b.
write_file() {
  {
    printf '[Interface]\nPrivateKey = %s\nListenPort = %s\nDevice = tun0\n' "$(<"$work/a.key")" "$port"
    printf 'Address = %s/24, %s/64\n' "${inner4[a]}" "${inner6[a]}"
    printf '%s\n' "${settings[@]}" "$@"
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = %s\n' "$(<"$work/b.pub")" "${wire4[b]}:$port"
  } >"$work/a.conf"
}

up() {
  on a "$minivpn" up "$work/a.conf" </dev/null
}

down() {
  on a "$minivpn" down tun0
}

# killed: the program, which has no time for anything.
killed() {
  on a sh -c 'kill -KILL $(pidof minivpn)' && wait_for 10 not on a pidof minivpn
}

# pings [COMMAND...]: from where this leads to, both families, and back from b.
pings() {
  local from=("$@") address
  for address in "${inner4[b]}" "${inner6[b]}"; do
    "${from[@]}" fping -q -p 50 -t 3000 -c 2 "$address" || return 1
  done
  reaches b "${inner4[a]}" 2
}

# state_within PLACE: of the host, as text; `outside` is the side itself.
state_within() {
  if [[ $1 == outside ]]; then state_of a; else within "$1" python3 -c "$state_of_host" | sort; fi
}

# remember_all PLACE...
remember_all() {
  local place
  for place; do
    state_within "$place" >"$work/$place.before"
  done
}

# all_as_before PLACE...: within moments.
all_as_before() {
  local place
  for place; do
    state_within "$place" >"$work/$place.now"
    diff "$work/$place.before" "$work/$place.now" || return 1
  done
}

# silent COMMAND...: it succeeds and prints nothing.
silent() {
  local output
  output=$("$@") || return 1
  echo "$output"
  [[ -z $output ]]
}

# plain_rules COMMAND...: those that every namespace has, and no firewall.
plain_rules() {
  silent "$@" sh -c '{ ip rule; ip -6 rule; } | grep -v -e "lookup local" -e "lookup main" -e "lookup default" || true' &&
    silent "$@" nft list ruleset
}

# has_port NAMESPACE-COMMAND...: the UDP socket is there.
has_port() {
  [[ -n $("$@" ss -Hlun "sport = :$port") ]]
}

# --- The device inside, the sockets outside ---

test_inside() {
  write_file "Namespace = blue" "DNS = 9.9.9.9, corp.example" \
    "PreUp = ip netns identify >/run/pre_up" "PostUp = ip netns identify >/run/post_up" \
    "PreDown = ip netns identify >/run/pre_down" "PostDown = ip netns identify >/run/post_down"
  on a ip link set wire mtu 1400
  check "inside: up" ends 0 up
  check "inside: it says where it is" said "network namespace blue"
  check "inside: the device is there" within blue ip link show tun0
  check "inside: and not outside" not on a ip link show tun0
  check "control: the port is found where it is" has_port on a
  check "inside: the sockets are outside" not has_port within blue
  check "inside: ping" wait_for 10 pings within blue
  check "inside: the MTU is that of the way outside" shows "mtu 1320 " within blue ip link show tun0
  check "inside: the default route is in the main table" shows "dev tun0" within blue ip route show table main default
  check "inside: and of IPv6" shows "dev tun0" within blue ip -6 route show table main default
  check "inside: no rule, no firewall" plain_rules within blue
  check "inside: nor outside" plain_rules on a
  check "inside: no mark" shows off on a wg show tun0 fwmark
  check "inside: status, from outside" shows "latest handshake" on a "$minivpn" status tun0
  check "inside: showconf, from outside" shows "$(<"$work/b.pub")" on a "$minivpn" showconf tun0
  check "inside: DNS" shows "nameserver 9.9.9.9" within blue cat /etc/resolv.conf
  check "inside: and its domain" shows "search corp.example" within blue cat /etc/resolv.conf
  check "inside: everybody may read it" shows 644 on a stat -c %a /etc/netns/blue/resolv.conf
  check "inside: resolvconf was not asked" not on a test -e /run/resolvconf.calls
  check "inside: PreUp was there" shows blue on a cat /run/pre_up
  check "inside: PostUp was there" shows blue on a cat /run/post_up
  fails "inside: once more" 1 "up already" -- up
  write_file
  fails "inside: the same name outside" 1 "up already" -- up
  check "inside: down, with another file by now" ends 0 down
  check "inside: PreDown was there" shows blue on a cat /run/pre_down
  check "inside: PostDown was there" shows blue on a cat /run/post_down
  on a ip link set wire mtu 1500
  check "inside: nothing is left" wait_for 5 all_as_before outside blue
  check "inside: no file of DNS" not on a test -e /etc/netns
}

# write_larger: the file of the next test, with more in it than it was set up with.
write_larger() {
  write_file "Namespace = blue" "Address = 10.99.0.1/32" "DNS = 1.1.1.1" "MTU = 1300"
  printf '%s\n' "[Peer]" "PublicKey = $(<"$work/c.pub")" "AllowedIPs = 10.98.0.0/16" >>"$work/a.conf"
}

# is_larger: and nothing of it is outside.
is_larger() {
  shows "10.99.0.1/32" within blue ip address show tun0 &&
    shows "dev tun0" within blue ip route show 10.98.0.0/16 &&
    shows "mtu 1300 " within blue ip link show tun0 &&
    shows "nameserver 1.1.1.1" within blue cat /etc/resolv.conf &&
    plain_rules within blue && plain_rules on a && not on a ip link show tun0
}

# From outside, where it is set up, and by the process that stays, which is inside.
test_reload() {
  write_file "Namespace = blue" "DNS = 9.9.9.9"
  check "reload: up" up
  check "control: reload: it is not yet" not is_larger
  write_larger
  check "reload: it is told" ends 0 on a "$minivpn" reload "$work/a.conf"
  check "reload: and done" is_larger
  check "reload: ping" wait_for 10 pings within blue
  check "reload: once more" ends 0 on a "$minivpn" reload tun0
  check "reload: there is nothing to do" said "tun0: is as"
  write_file
  fails "reload: into another namespace" 1 "Namespace cannot be changed" -- on a "$minivpn" reload "$work/a.conf"
  check "reload: down" ends 0 down
  write_file "Namespace = blue" "DNS = 9.9.9.9"
  spawn "$work/up" a "$minivpn" up -f "$work/a.conf"
  check "reload: up -f" wait_for 10 grep '^tun0: ' "$work/up.out"
  write_larger
  check "reload: SIGHUP" signal "$work/up" HUP
  check "reload: it heeds that" wait_for 10 is_larger
  check "reload: it ends" ends 0 down
  finished "$work/up" 10 || true
  check "reload: nothing is left" wait_for 5 all_as_before outside blue
}

# Its program, and what it hears.
test_life() {
  write_file "Namespace = blue" "SaveConfig = true"
  check "life: up" up
  check "life: ping" wait_for 10 pings within blue
  check "life: the link goes down" within blue ip link set tun0 down
  check "life: no ping" not within blue ping -c 1 -W 1 "${inner4[b]}"
  check "life: the link comes up" within blue sh -c 'ip link set tun0 up; ip -6 address add "$1/64" dev tun0 nodad;
    ip route add default dev tun0; ip -6 route add default dev tun0' sh "${inner6[a]}"
  check "life: ping again" wait_for 10 pings within blue
  check "life: another port" on a wg set tun0 listen-port 51999
  check "life: it is opened outside" not silent on a ss -Hlun "sport = :51999"
  check "life: ping by it" wait_for 10 pings within blue
  check "life: down" down
  check "life: the saved file has the namespace" grep -x "Namespace = blue" "$work/a.conf"
  check "life: nothing is left" wait_for 5 all_as_before outside blue
  write_file "Namespace = blue"
  check "life: up once more" up
  check "life: the device is deleted" within blue ip link del tun0
  check "life: the program ends" wait_for 10 not on a pidof minivpn
  check "life: what is left is undone" ends 0 down
  check "life: -f" spawn "$work/up" a "$minivpn" up -f "$work/a.conf"
  check "life: -f: it is up" wait_for 10 grep '^tun0: up' "$work/up.out"
  check "life: -f: ping" wait_for 10 pings within blue
  check "life: -f: SIGTERM" signal "$work/up" TERM
  check "life: -f: it ends" finished "$work/up" 10
  check "life: -f: nothing is left" wait_for 5 all_as_before outside blue
}

# What is inside has no way out but the tunnel: neither while it is up nor when it is not.
test_no_way_out() {
  local other=198.51.100.77
  write_file "Namespace = blue"
  on b ip address add "$other/32" dev lo
  capture "$work/wire" b wire
  check "no way out: before, nothing gets anywhere" not within blue ping -c 1 -W 1 "${wire4[b]}"
  check "no way out: up" up
  check "no way out: ping" wait_for 10 pings within blue
  check "no way out: to everywhere" within blue ping -c 2 -W 2 "$other"
  check "no way out: killed" killed
  check "no way out: after a crash, nothing gets anywhere" not within blue ping -c 1 -W 1 "${wire4[b]}"
  check "no way out: nor there" not within blue ping -c 1 -W 1 "$other"
  check "no way out: down" ends 0 down
  check "no way out: and after it" not within blue ping -c 1 -W 1 "$other"
  check "control: a plain packet from outside" on a ping -c 1 -W 2 -p 706c616e746564 "${wire4[b]}"
  capture_end "$work/wire"
  check "control: it was seen" not silent captured "$work/wire" "icmp[icmptype] = icmp-echo and src ${wire4[a]}"
  check "no way out: sealed packets were seen" not silent captured "$work/wire" "udp port $port"
  check "no way out: of what was inside nothing else" silent captured "$work/wire" \
    "host $other or net 10.77.0.0/24 or net fd77::/64 or (icmp and not host ${wire4[a]})"
  on b ip address del "$other/32" dev lo
}

# --- The reverse, and both ---

move_wire() {
  on a ip link set wire netns green &&
    within green sh -c 'ip link set wire addrgenmode none up; ip address add "$1/24" dev wire; ip address add "$2/64" dev wire nodad' \
      sh "${wire4[a]}" "${wire6[a]}"
}

test_reverse() {
  check "reverse: the wire is in green" move_wire
  remember_all outside blue green
  check "control: no way from outside" not on a ping -c 1 -W 1 "${wire4[b]}"
  write_file "SocketNamespace = green" "DNS = 9.9.9.9"
  check "reverse: up" ends 0 furnished a minivpn up "$work/a.conf"
  check "reverse: it says where the sockets are" said "sockets are in the network namespace green"
  check "reverse: the device is outside" on a ip link show tun0
  check "reverse: the sockets are inside" has_port within green
  check "reverse: and not outside" not has_port on a
  check "reverse: ping" wait_for 10 pings on a
  check "reverse: the default route is in the main table" shows "dev tun0" on a ip route show table main default
  check "reverse: no rule, no firewall" plain_rules on a
  check "reverse: DNS by resolvconf" not silent on a cat /run/resolvconf/tun0
  check "reverse: down" furnished a minivpn down tun0
  check "reverse: nothing is left" wait_for 5 all_as_before outside blue green

  write_file "Namespace = blue" "SocketNamespace = green"
  check "both: up" up
  check "both: ping" wait_for 10 pings within blue
  check "both: the device is in the one" within blue ip link show tun0
  check "both: the sockets are in the other" has_port within green
  check "both: no rule, no firewall" plain_rules within blue
  check "both: down" down
  check "both: nothing is left" wait_for 5 all_as_before outside blue green
}

has_rules() {
  within green ip rule | grep -F "not from all fwmark"
}

# Where both are one, sealed packets are kept from the tunnel by the mark, and what lies beside the device is in the namespace.
test_one() {
  local where
  for where in "Namespace = green"$'\n'"SocketNamespace = green" "Namespace = green"; do
    write_file "$where"
    if [[ $where == *Socket* ]]; then
      check "one: up" up
    else
      check "one: up, from within" within green "$minivpn" up "$work/a.conf"
    fi
    check "one: ping" wait_for 10 pings within green
    check "one: by rules in it" has_rules
    check "one: none outside" plain_rules on a
    check "one: down, from outside" down
    check "one: nothing is left" wait_for 5 all_as_before outside green
    check "one: up again" within green "$minivpn" up "$work/a.conf"
    check "one: SIGKILL" killed
    check "one: its rules are still there" has_rules
    check "one: down, from outside" ends 0 down
    check "one: nothing is left after the crash" wait_for 5 all_as_before outside green
  done
  write_file "Namespace = green" "SocketNamespace = green"
  check "one: up" up
  check "one: SIGKILL" killed
  write_file "Namespace = blue" "SocketNamespace = green"
  check "one: after a crash, up in another" ends 0 up
  check "one: it undoes what was left" said "left behind"
  check "one: no rules any more" plain_rules within green
  check "one: down" down
  check "one: nothing is left" wait_for 5 all_as_before outside blue green
}

# --- What goes wrong ---

test_refused() {
  local place
  write_file "Namespace = yellow"
  fails "missing" 1 yellow "ip netns add yellow" -- up
  check "missing: it was not made" not on a test -e /run/netns/yellow
  write_file "SocketNamespace = yellow"
  fails "missing, for sockets" 1 yellow "ip netns add yellow" -- up
  for place in /etc/hostname /run /proc/self/ns/mnt /dev/null; do
    write_file "Namespace = $place"
    fails "no network namespace: $place" 1 "$place" "no network namespace" -- up
  done
  write_file "Namespace = /no/such/file"
  fails "a path of nothing" 1 /no/such/file "no network namespace" -- up
  for place in a/b . ..; do
    write_file "Namespace = $place"
    fails "no name: $place" 3 "Namespace: '$place'" "absolute path" -- up
  done
  write_file "Namespace = blue"
  fails "without CAP_SYS_ADMIN" 1 blue CAP_SYS_ADMIN -- \
    on a setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$minivpn" up "$work/a.conf"
  fails "check: it says where" 0 "network namespace blue" -- on a "$minivpn" check "$work/a.conf"
  check "refused: nothing is left" wait_for 5 all_as_before outside blue green
}

test_dns_of_others() {
  on a mkdir -p /etc/netns/blue
  on a sh -c 'echo "nameserver 10.1.1.1" >/etc/netns/blue/resolv.conf'
  write_file "Namespace = blue" "SocketNamespace = green" "DNS = 9.9.9.9"
  check "DNS of others: up" ends 0 up
  check "DNS of others: it warns" said warning /etc/netns/blue/resolv.conf already
  check "DNS of others: it stays" shows 10.1.1.1 within blue cat /etc/resolv.conf
  check "DNS of others: down" down
  check "DNS of others: it is still there" shows 10.1.1.1 on a cat /etc/netns/blue/resolv.conf
  on a rm -r /etc/netns
}

test_path() {
  local holder
  spawn "$work/holder" a unshare --net sleep 100
  holder=$(<"$work/holder.pid")
  write_file "Namespace = /proc/$holder/ns/net" "SocketNamespace = green" "DNS = 9.9.9.9"
  wait_for 5 not on a sh -c '[ "$(readlink /proc/self/ns/net)" = "$(readlink "/proc/$1/ns/net")" ]' sh "$holder"
  check "a path: up" ends 0 up
  check "a path: DNS cannot be" said warning DNS name
  check "a path: ping" wait_for 10 pings on a nsenter -t "$holder" -n
  check "a path: down" down
  check "a path: the device is gone" wait_for 5 not on a nsenter -t "$holder" -n ip link show tun0
  signal "$work/holder" KILL
  finished "$work/holder" 5 || true
}

# --- Called from elsewhere ---

# A record is found wherever it is asked for, and what it is about is where `up` was called.
test_elsewhere() {
  write_file
  check "elsewhere: up" up
  within blue ip tuntap add dev tun0 mode tun
  write_file "MTU = 1300"
  check "elsewhere: reload" ends 0 within blue "$minivpn" reload tun0
  check "elsewhere: it is done where the tunnel is" shows "mtu 1300 " on a ip link show tun0
  check "elsewhere: and not to what is called like it" shows "mtu 1500 " within blue ip link show tun0
  check "elsewhere: down" ends 0 within blue "$minivpn" down tun0
  within blue ip link del tun0
  check "elsewhere: nothing is left" wait_for 5 all_as_before outside blue
}

test_other_sockets() {
  write_file "SocketNamespace = green"
  check "other sockets: up" up
  write_file "SocketNamespace = blue"
  fails "other sockets: reload" 1 "SocketNamespace cannot be changed" -- on a "$minivpn" reload "$work/a.conf"
  check "other sockets: down" ends 0 down
}

# --- A namespace that is gone ---

# Of one that cannot be reached nothing is changed or saved, and what is called like the device is something else.
test_out_of_reach() {
  write_file "Namespace = red" "SaveConfig = true"
  make_namespace red
  check "out of reach: up" up
  cp "$work/a.conf" "$work/kept.conf"
  on a ip netns del red
  on a ip tuntap add dev tun0 mode tun
  sed -i 's/^Device.*/&\nMTU = 1300/' "$work/a.conf"
  cp "$work/a.conf" "$work/kept.conf"
  fails "out of reach: reload" 1 red -- on a "$minivpn" reload "$work/a.conf"
  check "out of reach: another device stays as it is" shows "mtu 1500 " on a ip link show tun0
  fails "out of reach: down" 1 "not known what there is to be saved" -- on a "$minivpn" down tun0
  check "out of reach: the file stays as it is" cmp "$work/kept.conf" "$work/a.conf"
  on a ip link del tun0
  check "out of reach: the program has ended" wait_for 10 not on a pidof minivpn
}

test_gone() {
  write_file "Namespace = red" "SocketNamespace = green" "DNS = 9.9.9.9" "PostDown = touch /run/gone"
  make_namespace red
  check "gone: up" up
  check "gone: SIGKILL" killed
  check "control: its file of DNS is there" on a test -e /etc/netns/red/resolv.conf
  on a ip netns del red
  check "gone: down" ends 0 down
  check "gone: it says so" said red gone
  check "gone: its commands are not run elsewhere" not on a test -e /run/gone
  check "gone: no file of DNS" not on a test -e /etc/netns
  make_namespace red
  check "made anew: up" up
  check "made anew: SIGKILL" killed
  on a ip netns del red
  make_namespace red
  check "made anew: down" ends 0 down
  check "made anew: it is not that one" said red gone
  check "made anew: up again" up
  on a ip netns del red
  check "gone under it: down" ends 0 down
  check "gone under it: the program has ended" wait_for 10 not on a pidof minivpn
  check "gone under it: nothing is left" wait_for 5 all_as_before outside blue green
  check "gone under it: no record" not on a test -e /run/minivpn/tun0
}

net_begin 250 ip wg fping nft tcpdump python3 setpriv -- "$@"
need_minivpn
own_etc
furnish a
make_namespace blue
make_namespace green
# Once, so that what stays behind, the folders, is there before.
write_file "Namespace = blue"
up >/dev/null 2>&1 && down >/dev/null 2>&1
start_peer b minivpn >/dev/null 2>&1
remember_all outside blue
make_keys c
test_inside
test_reload
test_life
test_no_way_out
test_reverse
test_one
test_refused
test_dns_of_others
test_path
test_gone
test_elsewhere
test_other_sockets
test_out_of_reach
net_end
