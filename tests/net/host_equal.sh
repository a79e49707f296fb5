#!/bin/bash
# host_equal.sh: what a peer file does to its machine by `minivpn up` is what it does by `wg-quick up`: addresses, routes of all
# tables, rules, firewall and names. Side a has wg-quick with wireguard-go, side b minivpn, and both are alike otherwise. And
# however a tunnel of minivpn ends, its machine is as it was before.
#
# Where minivpn differs on purpose:
# - Its IPv6 addresses skip the detection of duplicates, which a tunnel cannot have. See as_by_wg_quick.
# - Its device has no link-local address, so the firewall need not guard one. state_of leaves these out anyway.
# - Of the MTUs of several ways out it takes the smallest; Debian's wg-quick takes the largest.
# - Search domains without a server are told to resolvconf; wg-quick says nothing of them.
# - A network that has an endpoint in it goes into the table of the mark, like a default route: in the main table it would lead
#   sealed packets into the tunnel that they come from.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/host.sh
source "$(dirname "$0")/host.sh"

readonly here4=192.0.2.1 here6=fd00:5::1 gateway4=192.0.2.254 gateway6=fd00:5::254
readonly far_endpoint=198.51.100.1:51820

# What a tunnel can leave behind, all in one file.
readonly everything=("Address = 10.77.0.1/24, fd77::1/64" "DNS = 9.9.9.9, fd77::53, corp.example" --
  "AllowedIPs = 0.0.0.0/0, ::/0, 10.8.0.0/16" "Endpoint = $far_endpoint")

# Both machines have the same addresses, each in a network of its own with the gateway.
make_alike() {
  local side
  for side in a b gateway; do
    hold "$side" "$1"
  done
  for side in a b gateway; do
    side_up "$side" "$1" || return 1
  done
  for side in a b; do
    link "$side" wire gateway "to_$side"
    add_address "$side" "$here4"
    add_address "$side" "$here6"
    on "$side" ip route add default via "$gateway4"
    on "$side" ip route add default via "$gateway6"
    # Of IPv4 a new namespace has what the machine has.
    on "$side" sysctl -q net.ipv4.conf.all.src_valid_mark=0 net.ipv4.conf.all.rp_filter=0
  done
  add_address gateway "$gateway4" to_b
  add_address gateway "$gateway6" to_b
}

# --- Files ---

# write_file NAME [INTERFACE LINE]... -- [PEER LINE]...
write_file() {
  local file=$work/$1.conf
  shift
  printf '[Interface]\nPrivateKey = %s\n' "$(<"$work/a.key")" >"$file"
  while [[ $1 != -- ]]; do
    echo "$1" >>"$file"
    shift
  done
  printf '[Peer]\nPublicKey = %s\n' "$(<"$work/b.pub")" >>"$file"
  printf '%s\n' "${@:2}" >>"$file"
}

# up_by_wg_quick [NAME]
up_by_wg_quick() {
  wg_quick a wireguard-go up "$work/${1:-wg0}.conf"
}

down_by_wg_quick() {
  wg_quick a wireguard-go down "$work/${1:-wg0}.conf" && on a sysctl -q net.ipv4.conf.all.src_valid_mark=0
}

up() {
  furnished b minivpn up "$work/${1:-wg0}.conf"
}

down() {
  furnished b minivpn down "$work/${1:-wg0}.conf"
}

# --- Equality ---

as_by_wg_quick() {
  sed -E '/^address wg0 /s/"nodad": true, //'
}

# are_alike: by what they are.
are_alike() {
  diff <(state_of a) <(state_of b | as_by_wg_quick)
}

# equal WHAT [INTERFACE LINE]... -- [PEER LINE]...: by wg-quick and by minivpn, and nothing is left by minivpn.
equal() {
  local what=$1
  write_file wg0 "${@:2}"
  remember b before
  check "$what: wg-quick takes it" up_by_wg_quick
  check "$what: minivpn takes it" up
  check "$what: the machines are alike" "${compare_by:-are_alike}"
  check "$what: minivpn takes it down" down
  check "$what: nothing is left" is_as b before
  check "$what: wg-quick takes it down" down_by_wg_quick
}

# differs_by PATTERN...: by these lines of diff alone, in this order.
differs_by() {
  local line differing
  mapfile -t differing < <(are_alike | grep '^[<>]')
  printf '%s\n' "${differing[@]}"
  ((${#differing[@]} == $#)) || return 1
  for line in "${differing[@]}"; do
    # shellcheck disable=SC2053 # it is a pattern
    [[ $line == $1 ]] || return 1
    shift
  done
}

# planted COMMAND -- COMMAND: what the first one does to side b is seen, and what the second one undoes is not.
planted() {
  local add=()
  while [[ $1 != -- ]]; do
    add+=("$1")
    shift
  done
  furnished b "${add[@]}" && not are_alike && not is_as b before && furnished b "${@:2}" && are_alike && is_as b before
}

test_controls() {
  remember b before
  check "control: alike" are_alike
  check "control: a route more" planted ip route add 10.9.0.0/16 dev wire -- ip route delete 10.9.0.0/16
  check "control: a route in another table" \
    planted ip -6 route add fd99::/64 dev wire table 77 -- ip -6 route delete fd99::/64 table 77
  check "control: a rule more" planted ip rule add fwmark 7 table 77 -- ip rule delete fwmark 7
  check "control: a rule more, IPv6" planted ip -6 rule add fwmark 7 table 77 -- ip -6 rule delete fwmark 7
  check "control: an address more" \
    planted ip address add 10.9.0.1/24 dev wire -- ip address delete 10.9.0.1/24 dev wire
  check "control: another MTU" planted ip link set wire mtu 1400 -- ip link set wire mtu 1500
  check "control: a table of nft more" planted nft add table ip wg-quick-wg9 -- nft delete table ip wg-quick-wg9
  check "control: an entry of resolvconf more" \
    planted sh -c "echo nameserver 9.9.9.9 | resolvconf -a wg9 -m 0 -x" -- resolvconf -d wg9 -f
  check "control: src_valid_mark" planted sysctl -q net.ipv4.conf.all.src_valid_mark=1 -- \
    sysctl -q net.ipv4.conf.all.src_valid_mark=0
}

test_networks() {
  equal "a network" "Address = 10.77.0.1/24" -- "AllowedIPs = 10.77.0.0/24" "Endpoint = $far_endpoint"
  equal "one address" "Address = 10.77.0.1/32" -- "AllowedIPs = 10.77.0.2/32" "Endpoint = $far_endpoint"
  equal "networks within the own one and around it" "Address = 10.77.0.1/24, fd77::1/64" -- \
    "AllowedIPs = 10.77.0.2/32, 10.77.0.128/25, 10.77.0.0/16, 10.8.0.0/16, 10.8.1.0/24, 10.8.1.0/25" \
    "AllowedIPs = fd77::2/128, fd77::/64, fd77::/48, fd78::/64, fd78:0:0:0:8000::/65" "Endpoint = $far_endpoint"
  equal "several addresses" "Address = 10.77.0.1/24, 10.77.0.9/24" "Address = 10.78.0.1/32, fd77::1/64, fd77::9/128" -- \
    "AllowedIPs = 10.77.0.0/24, 10.78.0.0/24, fd77::/64" "Endpoint = $far_endpoint"
  equal "IPv6 alone" "Address = fd77::1/64" -- "AllowedIPs = fd77::/64, fd78::/48" "Endpoint = [2001:db8::1]:51820"
  equal "no endpoint" "Address = 10.77.0.1/24" "ListenPort = 51820" -- "AllowedIPs = 10.77.0.0/24, 10.8.0.0/16"
  equal "no address" -- "AllowedIPs = 10.77.0.0/24, fd77::/64" "Endpoint = $far_endpoint"
  equal "two addresses a link" "Address = 10.77.0.0/31, fd77::/127" -- \
    "AllowedIPs = 10.77.0.1/32, fd77::1/128" "Endpoint = $far_endpoint"
  equal "addresses without length" "Address = 10.77.0.1, fd77::1" -- \
    "AllowedIPs = 10.77.0.0/24, fd77::/64" "Endpoint = $far_endpoint"
  equal "halves of all" "Address = 10.77.0.1/24, fd77::1/64" -- "AllowedIPs = 0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1"
  equal "no network" "Address = 10.77.0.1/24" -- "Endpoint = $far_endpoint"
}

test_default_routes() {
  local own="Address = 10.77.0.1/24, fd77::1/64" end="Endpoint = $far_endpoint"
  equal "default routes" "$own" -- "AllowedIPs = 0.0.0.0/0, ::/0" "$end"
  equal "default route, IPv4 alone" "$own" -- "AllowedIPs = 0.0.0.0/0, 10.8.0.0/16" "$end"
  equal "default route, IPv6 alone" "$own" -- "AllowedIPs = ::/0, 10.8.0.0/16" "$end"
  equal "default routes of one address" "Address = 10.77.0.1/32, fd77::1/128" -- "AllowedIPs = 0.0.0.0/0, ::/0" "$end"
  equal "default routes without address" -- "AllowedIPs = 0.0.0.0/0, ::/0" "$end"
  equal "default routes beside another peer's network" "$own" -- "AllowedIPs = 10.8.0.0/16" "$end" \
    "[Peer]" "PublicKey = $(<"$work/third.pub")" "AllowedIPs = 0.0.0.0/0, ::/0, 10.8.7.0/24"
  equal "default routes with a mark" "$own" "FwMark = 0x1234" -- "AllowedIPs = 0.0.0.0/0, ::/0" "$end"
  equal "a mark without them" "$own" "FwMark = 4660" -- "AllowedIPs = 10.8.0.0/16" "$end"
  equal "Table = off" "$own" "Table = off" -- "AllowedIPs = 0.0.0.0/0, ::/0, 10.8.0.0/16" "$end"
  equal "Table = 1234" "$own" "Table = 1234" -- "AllowedIPs = 0.0.0.0/0, ::/0, 10.8.0.0/16, 10.77.0.2/32" "$end"
  equal "Table = main" "$own" "Table = main" -- "AllowedIPs = 10.8.0.0/16" "$end"
  equal "Table = auto" "$own" "Table = auto" -- "AllowedIPs = 0.0.0.0/0, ::/0, 10.8.0.0/16" "$end"
}

# on_both COMMAND...
on_both() {
  furnished a "$@" && furnished b "$@"
}

test_mtu() {
  local own="Address = 10.77.0.1/24" allowed="AllowedIPs = 10.8.0.0/16"
  equal "MTU given" "$own" "MTU = 1380" -- "$allowed" "Endpoint = $far_endpoint"
  on_both ip link set wire mtu 1400
  equal "MTU of the link" "$own" -- "$allowed" "Endpoint = $far_endpoint"
  equal "MTU of the link of the default route" "$own" -- "$allowed"
  on_both ip link set wire mtu 1500
  on_both ip route add 198.51.100.0/25 via "$gateway4" mtu 1390
  equal "MTU of the way to the endpoint" "$own" -- "$allowed" "Endpoint = $far_endpoint"
  compare_by=largest_and_smallest_mtu equal "MTU of two ways" "$own" -- "$allowed" "Endpoint = $far_endpoint" \
    "[Peer]" "PublicKey = $(<"$work/third.pub")" "Endpoint = 198.51.100.129:51820"
  on_both ip route delete 198.51.100.0/25
  on_both ip route delete default
  equal "MTU without any way" "$own" -- "$allowed" "Endpoint = [2001:db8::1]:51820"
  on_both ip route add default via "$gateway4"
}

largest_and_smallest_mtu() {
  differs_by '< link *"mtu": 1420*' '> link *"mtu": 1310*'
}

test_names() {
  equal "servers and domains" "Address = 10.77.0.1/24" "DNS = 9.9.9.9, one.example" "DNS = fd77::53,two.example" -- \
    "AllowedIPs = 10.8.0.0/16" "Endpoint = $far_endpoint"
  compare_by=has_names_alone equal "a domain without server" "Address = 10.77.0.1/24" "DNS = one.example" -- \
    "AllowedIPs = 10.8.0.0/16" "Endpoint = $far_endpoint"
}

has_names_alone() {
  differs_by '> dns wg0 *search one.example*'
}

test_many() {
  equal "500 networks" "Address = 10.77.0.1/24, fd77::1/64" -- "Endpoint = $far_endpoint" \
    "$(printf 'AllowedIPs = 10.8.%d.0/24\n' {1..250})" "$(printf 'AllowedIPs = fd78:%x::/32\n' {1..250})"
}

# another SIDE up|down: a tunnel of wg-quick's, with the first mark that both would take.
another() {
  wg_quick "$1" wireguard-go "$2" "$work/wg9.conf"
}

# minivpn must not take the rules of the other tunnel, which look like its own, but wg-quick does.
test_second_tunnel() {
  write_file wg9 "Address = 10.99.0.1/24, fd99::1/64" -- "AllowedIPs = 0.0.0.0/0, ::/0" "Endpoint = $far_endpoint"
  check "another tunnel is there, on side a" another a up
  check "another tunnel is there, on side b" another b up
  equal "default routes beside another tunnel" "${everything[@]}"
  check "it goes, on side a" another a down
  check "it goes, on side b" another b down
  on_both sysctl -q net.ipv4.conf.all.src_valid_mark=0
}

# --- SaveConfig ---

# changed SIDE: what is not in the file.
changed() {
  on "$1" ip address add 10.99.0.1/32 dev wg0 && on "$1" ip link set wg0 mtu 1380 &&
    on "$1" wg set wg0 listen-port 51899 peer "$(<"$work/gateway.pub")" allowed-ips 10.9.0.0/24 persistent-keepalive 7
}

# The order of peers is nobody's, and the link-local address of wg-quick's device is its own.
saved_alike() {
  diff <(grep -v "^Address = fe80:" "$work/a/wg0.conf" | sort -u) <(sort -u "$work/b/wg0.conf")
}

has_mode() {
  [[ $(stat -c %a "$2") == "$1" ]]
}

test_save_config() {
  local side
  wg genkey | wg pubkey >"$work/gateway.pub"
  for side in a b; do
    mkdir -p "$work/$side"
    write_file "$side/wg0" "Address = 10.77.0.1/24, fd77::1/64" "DNS = 9.9.9.9" "MTU = 1400" "Table = off" "SaveConfig = true" \
      "PostUp = echo up %i" "PreDown = true" -- "AllowedIPs = 10.8.0.0/16" "Endpoint = $far_endpoint"
  done
  check "SaveConfig: wg-quick takes it" up_by_wg_quick a/wg0
  check "SaveConfig: minivpn takes it" up b/wg0
  for side in a b; do
    check "SaveConfig: side $side is changed" changed "$side"
  done
  check "SaveConfig: wg-quick takes it down" down_by_wg_quick a/wg0
  check "SaveConfig: minivpn takes it down" down b/wg0
  check "SaveConfig: both have written the same" saved_alike
  check "SaveConfig: with what was added" grep -q "^Address = 10.99.0.1/32" "$work/b/wg0.conf"
  check "SaveConfig: nobody else may read it" has_mode 600 "$work/b/wg0.conf"
  check "SaveConfig: minivpn takes it again" up b/wg0
  check "SaveConfig: and down" down b/wg0
  check "SaveConfig: both have written the same again" saved_alike
}

# One that the file had is kept; another may be of the kernel.
test_save_link_local() {
  write_file b/wg0 "Address = 10.77.0.1/24, fe80::77/64" "SaveConfig = true" -- "AllowedIPs = 10.8.0.0/16"
  check "SaveConfig and link-local: up" up b/wg0
  check "SaveConfig and link-local: another" on b ip address add fe80::99/64 dev wg0
  check "SaveConfig and link-local: down" down b/wg0
  check "SaveConfig and link-local: that of the file is kept" grep -qx "Address = fe80::77/64" "$work/b/wg0.conf"
  check "SaveConfig and link-local: the other is not" not grep "fe80::99" "$work/b/wg0.conf"
}

# A name that nobody could resolve meanwhile is a name still.
test_save_name() {
  write_file b/wg0 "Address = 10.77.0.1/24" "SaveConfig = true" -- "Endpoint = no-such-name.invalid:51820"
  check "SaveConfig and a name: up" up b/wg0
  check "SaveConfig and a name: down" down b/wg0
  check "SaveConfig and a name: it is there" grep -q "^Endpoint = no-such-name.invalid:51820" "$work/b/wg0.conf"
  write_file b/wg0 "Address = 10.77.0.1/24" "SaveConfig = true" -- "Name = far end" "Endpoint = 192.0.2.1:7,b.invalid:51820" "ResolveInterval = 60"
  check "SaveConfig and a list: up" up b/wg0
  check "SaveConfig and a list: down" down b/wg0
  check "SaveConfig and a list: it is there" grep -q "^Endpoint = 192.0.2.1:7, b.invalid:51820" "$work/b/wg0.conf"
  check "SaveConfig and a list: with its interval" grep -q "^ResolveInterval = 60" "$work/b/wg0.conf"
  check "SaveConfig and a name of a peer: it is there" grep -q "^Name = far end" "$work/b/wg0.conf"
}

# --- However it ends ---

# leaves_nothing WHAT: the machine becomes what it was, and a check says so.
leaves_nothing() {
  check "$1: nothing is left" becomes_as b before
}

# killed: whatever runs of minivpn, without any warning.
killed() {
  on b sh -c 'kill -KILL $(pidof minivpn)' && wait_for 10 not on b ip link show wg0
}

test_killed() {
  write_file wg0 "${everything[@]}"
  check "killed: minivpn is up" up
  remember b up
  check "killed: SIGKILL" killed
  check "killed: something is left" not is_as b before
  check "killed: down" down
  leaves_nothing "killed"
  check "killed, and up again: minivpn is up" up
  check "killed, and up again: SIGKILL" killed
  check "killed, and up again: up says that it undoes" ends 0 up
  check "killed, and up again: by these words" said "left behind"
  check "killed, and up again: it is as the first time" is_as b up
  check "killed, and up again: down" down
  leaves_nothing "killed, and up again"
}

# Without any process that was killed.
test_deleted() {
  check "device deleted: minivpn is up" up
  check "device deleted: it is deleted" on b ip link delete wg0
  check "device deleted: the process ends" wait_for 10 not on b pidof minivpn
  check "device deleted: down" down
  leaves_nothing "device deleted"
}

# with_hook LINE: the file that does everything, and this.
with_hook() {
  write_file wg0 "$1" "${everything[@]}"
}

# fails_by WORD...: up does, and says this.
fails_by() {
  ends 1 up && said "$@"
}

test_failing_steps() {
  with_hook "PreUp = false"
  check "PreUp fails" fails_by PreUp "exit status 1"
  leaves_nothing "PreUp fails"
  with_hook "PostUp = false"
  check "PostUp fails" fails_by PostUp "exit status 1"
  leaves_nothing "PostUp fails"
  on b ip route add 10.8.0.0/16 dev wire
  remember b with_route
  write_file wg0 "${everything[@]}"
  check "a route is taken: up fails" fails_by 10.8.0.0/16 "another device"
  check "a route is taken: nothing is left but this" becomes_as b with_route
  on b ip route delete 10.8.0.0/16
  leaves_nothing "a route was taken"
}

# begin [OPTION]...: up, beside this script.
begin() {
  spawn "$work/up" b env PATH="$work/bin:$PATH" "$minivpn" up "$@" "$work/wg0.conf"
}

# ended STATUS...: with one of these.
ended() {
  local status=0
  finished "$work/up" 10 || status=$?
  cat "$work/up.err"
  [[ " $* " == *" $status "* ]]
}

# interrupted HOOK SIGNAL: while it sleeps.
interrupted() {
  with_hook "$1 = touch /run/hook; sleep 60"
  begin
  check "$2 during $1: it is at work" wait_for 5 on b rm /run/hook
  check "$2 during $1: the machine is another" not is_as b before
  signal "$work/up" "$2"
  check "$2 during $1: up fails" ended 1
  leaves_nothing "$2 during $1"
}

# What resolvconf has done by then is to be undone, though it never said so.
interrupted_names() {
  write_file wg0 "${everything[@]}"
  on b touch /run/resolvconf.hangs
  begin
  check "INT during resolvconf: it is at work" wait_for 5 on b grep -q fd77::53 /run/resolvconf/wg0
  signal "$work/up" INT
  check "INT during resolvconf: up fails" ended 1
  on b rm /run/resolvconf.hangs
  leaves_nothing "INT during resolvconf"
}

test_interrupted() {
  interrupted_names
  interrupted PreUp INT
  interrupted PostUp INT
  interrupted PostUp TERM
}

# in_foreground: everything is there, and up stays.
in_foreground() {
  write_file wg0 "${everything[@]}"
  begin -f && wait_for 10 is_as b up
}

# kill_carrier: the process that carries the tunnel of an up that stays.
kill_carrier() {
  on b sh -c 'kill -KILL "$(pidof -o "$1" minivpn)"' sh "$(<"$work/up.pid")"
}

# foreground WHAT STATUS COMMAND...: ends up by the command.
foreground() {
  check "up -f, $1: it is up" in_foreground
  check "up -f, $1: it is to end" "${@:3}"
  check "up -f, $1: it ends with $2" ended "$2"
  leaves_nothing "up -f, $1"
}

test_foreground() {
  local name
  for name in INT TERM; do
    foreground "SIG$name" 0 signal "$work/up" "$name"
  done
  foreground "down" 0 down
  foreground "SIGKILL of what carries the tunnel" 1 kill_carrier
  check "up -f, SIGKILL of up itself: it is up" in_foreground
  signal "$work/up" KILL
  check "up -f, SIGKILL of up itself: it is gone" ended 137
  check "up -f, SIGKILL of up itself: down" down
  leaves_nothing "up -f, SIGKILL of up itself"
}

# --- Two tunnels at once ---

# leads SIDE DEVICE ADDRESS [MARK]: what goes there takes this device.
leads() {
  shows " dev $2 " on "$1" ip route get "$3" mark "${4:-0}"
}

# has_way LABEL DEVICE: all goes by it but the own network, and src_valid_mark lets the answers in.
has_way() {
  check "$1: IPv4 takes $2" leads b "$2" 203.0.113.1
  check "$1: IPv6 takes $2" leads b "$2" 2001:db8::1
  check "$1: the own network, IPv4, does not" leads b wire "$gateway4"
  check "$1: the own network, IPv6, does not" leads b wire "$gateway6"
  check "$1: src_valid_mark is set" shows 1 on b sysctl -n net.ipv4.conf.all.src_valid_mark
}

# two_tunnels FIRST SECOND: in this order they go.
two_tunnels() {
  local label="two tunnels, $1 goes first"
  check "$label: wg0 is up" up wg0
  check "$label: wg1 is up" up wg1
  has_way "$label, both are up" wg1
  check "$label: it goes" down "$1"
  has_way "$label, $2 is left" "$2"
  check "$label: $2 goes" down "$2"
  leaves_nothing "$label"
}

test_two_tunnels() {
  write_file wg0 "${everything[@]}"
  write_file wg1 "Address = 10.79.0.1/24, fd79::1/64" "DNS = 9.9.9.10" -- \
    "AllowedIPs = 0.0.0.0/0, ::/0" "Endpoint = $far_endpoint"
  two_tunnels wg0 wg1
  two_tunnels wg1 wg0
}

# --- An endpoint in a network of the tunnel ---

# gateway_up: the other end of the tunnel of b, which also has the address of the far endpoint.
gateway_up() {
  on gateway ip address add "${far_endpoint%:*}/32" dev lo
  printf '%s\n' "[Interface]" "PrivateKey = $(<"$work/b.key")" "ListenPort = 51820" "Address = 10.77.0.2/24" \
    "[Peer]" "PublicKey = $(<"$work/a.pub")" "AllowedIPs = 10.77.0.1/32" >"$work/gate0.conf"
  furnished gateway minivpn up "$work/gate0.conf"
}

test_endpoint_within() {
  write_file wg0 "Address = 10.77.0.1/24" -- "AllowedIPs = 10.77.0.2/32, 192.0.2.0/24" "Endpoint = $gateway4:51820"
  check "an endpoint in its tunnel's network and the own one: up" up
  check "an endpoint in its tunnel's network and the own one: ping" reaches b 10.77.0.2 3
  check "an endpoint in its tunnel's network and the own one: down" down
  leaves_nothing "an endpoint in its tunnel's network and the own one"

  write_file wg0 "Address = 10.77.0.1/24" -- "AllowedIPs = 10.77.0.2/32, 198.51.100.0/24" "Endpoint = $far_endpoint"
  check "an endpoint in its tunnel's network: up" up
  check "an endpoint in its tunnel's network: wg-quick takes it" up_by_wg_quick
  check "an endpoint in its tunnel's network: the network is in the tunnel" leads b wg0 198.51.100.9
  check "an endpoint in its tunnel's network: but not what is sealed" leads b wire 198.51.100.1 51820
  check "an endpoint in its tunnel's network: as it is by wg-quick" leads a wg0 198.51.100.1 51820
  check "an endpoint in its tunnel's network: ping" reaches b 10.77.0.2 3
  check "an endpoint in its tunnel's network: ping to its address" reaches b 198.51.100.1 3
  check "an endpoint in its tunnel's network: down" down
  check "an endpoint in its tunnel's network: wg-quick, too" down_by_wg_quick
  leaves_nothing "an endpoint in its tunnel's network"
}

# --- Excluded networks ---

# entered: how many packets the kernel has routed into wg0.
entered() {
  on b ip -j -s link show wg0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["tx"]["packets"])'
}

# enters COUNT ADDRESS: of three pings, which are answered, so many go into the tunnel.
enters() {
  local before
  before=$(entered) && reaches b "$2" 3 && (($(entered) - before == $1))
}

test_excluded() {
  local address
  write_file wg0 "Address = 10.77.0.1/24, fd77::1/64" -- "AllowedIPs = 0.0.0.0/0, ::/0" \
    "ExcludedIPs = 198.18.0.0/16, 2001:db8:1::/48" "Endpoint = $gateway4:51820"
  for address in 198.18.0.1 198.19.0.1; do
    on gateway ip address add "$address/32" dev lo
  done
  check "excluded: up" up
  check "excluded: what is next to it goes into the tunnel" enters 3 198.19.0.1
  check "excluded: it goes outside" enters 0 198.18.0.1
  check "excluded: all else is in the tunnel, IPv4" leads b wg0 203.0.113.1
  check "excluded: all else is in the tunnel, IPv6" leads b wg0 2001:db8:2::1
  check "excluded: it is outside, IPv6" leads b wire 2001:db8:1::1
  check "excluded: and so is what is sealed, wherever the peer goes to, IPv4" leads b wire 203.0.113.1 51820
  check "excluded: and so is what is sealed, wherever the peer goes to, IPv6" leads b wire 2001:db8:2::1 51820
  check "excluded: down" down
  leaves_nothing "excluded"
}

test_save_excluded() {
  local file=$work/b/wg0.conf
  write_file b/wg0 "Address = 10.77.0.1/24" "SaveConfig = true" -- "AllowedIPs = 10.9.0.0/16, 0.0.0.0/0" \
    "ExcludedIPs = 198.18.0.0/16" "Endpoint = $far_endpoint" "ExcludedIPs = 192.168.0.0/16"
  check "SaveConfig and excluded: up" up b/wg0
  remember b up
  check "SaveConfig and excluded: down" down b/wg0
  check "SaveConfig and excluded: what is allowed is as it was written" grep -qx "AllowedIPs = 10.9.0.0/16, 0.0.0.0/0" "$file"
  check "SaveConfig and excluded: what is excluded, too" grep -qx "ExcludedIPs = 198.18.0.0/16, 192.168.0.0/16" "$file"
  check "SaveConfig and excluded: up again" up b/wg0
  check "SaveConfig and excluded: it is as the first time" is_as b up
  check "SaveConfig and excluded: another list is set" on b wg set wg0 peer "$(<"$work/b.pub")" allowed-ips 10.8.0.0/16
  check "SaveConfig and excluded: down" down b/wg0
  check "SaveConfig and excluded: it stands there alone" grep -qx "AllowedIPs = 10.8.0.0/16" "$file"
  check "SaveConfig and excluded: with nothing excluded" not grep -q ExcludedIPs "$file"
}

main() {
  need_minivpn
  make_sides=make_alike
  net_begin 260 ip wg wg-quick wireguard-go nft sysctl python3 fping pidof diff -- "$@"
  make_keys third
  furnish a
  furnish b
  test_controls
  test_networks
  test_default_routes
  test_mtu
  test_names
  test_many
  test_second_tunnel
  test_save_config
  test_save_link_local
  test_save_name
  test_save_excluded
  remember b before
  test_killed
  test_deleted
  test_failing_steps
  test_interrupted
  test_foreground
  test_two_tunnels
  check "the gateway has a tunnel" gateway_up
  test_endpoint_within
  test_excluded
  check "the tunnel of the gateway goes" furnished gateway minivpn down gate0
  net_end
}

main "$@"
