#!/bin/bash
# behaviour.sh: minivpn as a program: how it starts, what it shows, how it ends, and that it leaves
# nothing behind. Side a is under test; side b is its peer.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

# Every "nothing is left" has seen all three before, by the same probes.
here() {
  all_there a minivpn tun0
}

nothing_left() {
  wait_for 10 nothing_there a minivpn tun0
}

write_ini() {
  peer_file a >"$work/a.ini"
}

# edit_ini SED: changes the peer file of a.
edit_ini() {
  sed -i "$1" "$work/a.ini"
}

up() {
  on a "$minivpn" up "$work/a.ini"
}

down() {
  on a "$minivpn" down tun0 && nothing_left
}

ping_b() {
  reaches a "${inner4[b]}" 5
}

# --- Starting ---

# A reader of the output sees its end as soon as `up` returns, else the daemon still holds it.
up_lets_go() {
  up | timeout 10 cat >"$work/up.text"
}

has_few_lines() {
  local lines
  lines=$(wc -l <"$1")
  cat "$1"
  ((lines >= 1 && lines <= 10))
}

test_background() {
  check "up returns with exit status 0 and lets go of its output" up_lets_go
  check "the tunnel is there" here
  check "up says a few lines" has_few_lines "$work/up.text"
  check "one of them names the device" grep -q tun0 "$work/up.text"
  check "ping" ping_b
}

pid_of_a() {
  on a pidof minivpn
}

same_pid() {
  [[ $(pid_of_a) == "$1" ]]
}

test_second_up() {
  local pid
  pid=$(pid_of_a) || true
  check "a second up of the same device fails" ends 1 up
  check "it says why" said tun0 "is up already"
  check "the first one is undisturbed" same_pid "$pid"
  check "all of it is there" here
  check "it still carries traffic" ping_b
}

# A file means the tunnel that was made of it.
test_other_file() {
  local pid
  pid=$(pid_of_a) || true
  sed "s|^PrivateKey = .*|PrivateKey = $(wg genkey)|" "$work/a.ini" >"$work/other.ini"
  sed "s|^Device|Devise|" "$work/a.ini" >"$work/mistake.ini"
  check "down by a file with another key fails" ends 1 on a "$minivpn" down "$work/other.ini"
  check "it says why" said "another key"
  check "down by a file with a mistake fails" ends 3 on a "$minivpn" down "$work/mistake.ini"
  check "it names the mistake" said Devise
  check "the tunnel is undisturbed" same_pid "$pid"
  check "status takes the right file" shows "interface: tun0" on a "$minivpn" status "$work/a.ini"
}

# sees SIDE TEXT: the status has it.
sees() {
  [[ $(on "$1" "$minivpn" status tun0) == *"$2"* ]]
}

# What status says of a tunnel that does not work. The first try and one more take 5 seconds.
test_diagnosis() {
  check "the peer goes down" stop_peer b
  check "up without a peer" up
  check "no ping is answered" not reaches a "${inner4[b]}" 1
  check "status soon says that nobody answers" wait_for 20 sees a "no answer: to"
  check "it goes down" down

  psk=yes
  check "the peer comes back with a pre-shared key" start_peer b minivpn
  psk=no
  check "up without it" up
  check "no ping is answered" not reaches a "${inner4[b]}" 1
  check "the one side soon names PresharedKey" wait_for 20 sees a "PresharedKey differs"
  check "the other one, too" wait_for 20 sees b "PresharedKey the same on both sides"
  check "it goes down" down
  check "the peer goes down once more" stop_peer b
  check "and is as before" start_peer b minivpn
}

test_device_name() {
  write_ini
  edit_ini /^Device/d
  cp "$work/a.ini" "$work/office.conf"
  check "NAME.conf without Device is device NAME" on a "$minivpn" up "$work/office.conf"
  check "it is there" all_there a minivpn office
  check "down takes the file" on a "$minivpn" down "$work/office.conf"
  check "nothing of it is left" wait_for 10 nothing_there a minivpn office
}

# --- What it shows ---

test_status() {
  local words
  for words in "interface: tun0" "public key: $(<"$work/a.pub")" "listening port: $port" \
    "peer: $(<"$work/b.pub")" "endpoint: $(outer_endpoint b)" "allowed ips: " \
    "${inner4[b]}/32" "${inner6[b]}/128" "latest handshake: " "transfer: "; do
    check "status shows '$words'" shows "$words" on a "$minivpn" status tun0
  done
  check "status without a device shows all" shows "interface: tun0" on a "$minivpn" status
  check "status of an unknown device fails" ends 1 on a "$minivpn" status tun7
  check "it names the device" said tun7
  check "wg reads the same peer" shows "$(<"$work/b.pub")" on a wg show tun0 peers
}

# An IPv4 packet of 84 bytes begins with 45 00 00 54, in a row of 16 bytes.
has_hex_rows() {
  grep -qxE '45 00 00 54( [0-9a-f]{2}){12}' "$work/up.out"
}

has_directions() {
  grep -qx 'out: read 84 bytes from tun0' "$work/up.out" &&
    grep -qx 'in: write 84 bytes to tun0' "$work/up.out"
}

test_dump() {
  write_ini
  check "up -f --dump runs" foreground --dump
  check "one ping" reaches a "${inner4[b]}" 1
  check "the dump shows the packet in rows of 16 hex bytes" wait_for 5 has_hex_rows
  check "the dump shows both directions and the length" wait_for 5 has_directions
  check "SIGINT ends it" signal "$work/up" INT
  check "with exit status 0" finished "$work/up" 10
}

# bad_handshakes COUNT: initiations by their type and size, and by nothing else.
bad_handshakes() {
  on b bash -c 'exec 3>"/dev/udp/$1/$2"
    for ((i = 0; i < $3; i++)); do printf "\1\0\0\0%0144d" 0 >&3; done' \
    bash "${wire4[a]}" "$port" "$1"
}

# logged FROM TO: so many of them the log has.
logged() {
  local lines
  lines=$(grep -c "handshake message from ${wire4[b]}" "$work/up.err") || true
  echo "$lines lines"
  (($1 <= lines && lines <= $2))
}

# What anybody can make the program say is limited.
test_verbose() {
  local begin
  write_ini
  check "up -f -v runs" foreground -v
  check "what it has set up is to be read at once" grep -q "^tun0: up" "$work/up.out"
  check "ping" ping_b
  check "the handshake is in the log" wait_for 5 grep -q "handshake complete with peer" "$work/up.err"
  check "three bad handshakes" bad_handshakes 3
  check "each of them is in the log" wait_for 5 logged 3 3
  sleep 1
  begin=$SECONDS
  check "2000 bad handshakes" bad_handshakes 2000
  sleep 1.1
  check "fifty a second are in the log" logged 40 $((50 * (SECONDS - begin + 1) + 3))
  check "one more" bad_handshakes 1
  check "it tells how many were left out" wait_for 5 grep -q "lines after the last were left out" "$work/up.err"
  check "SIGINT ends it" signal "$work/up" INT
  check "with exit status 0" finished "$work/up" 10
}

test_keys() {
  check "pubkey says what wg says" \
    diff <("$minivpn" pubkey <"$work/a.key") "$work/a.pub"
  check "wg takes a key of genkey" shows "=" wg pubkey < <("$minivpn" genkey)
  check "genpsk makes 44 characters" grep -qxE '[A-Za-z0-9+/]{43}=' <("$minivpn" genpsk)
}

# --- How it ends ---

# ends_by WHAT COMMAND...: a tunnel in the foreground, ended by the command.
ends_by() {
  local what=$1
  shift
  check "$what: the tunnel is there" foreground
  check "$what: it is done" "$@"
  check "$what: exit status 0" finished "$work/up" 10
  check "$what: nothing is left" nothing_left
}

test_ends() {
  write_ini
  ends_by "SIGINT" signal "$work/up" INT
  ends_by "SIGTERM" signal "$work/up" TERM
  ends_by "ip link del" on a ip link del tun0
  ends_by "socket removed" on a rm /run/wireguard/tun0.sock
  ends_by "down DEVICE" on a "$minivpn" down tun0
  ends_by "down FILE" on a "$minivpn" down "$work/a.ini"
  check "down without a tunnel fails" ends 1 on a "$minivpn" down tun0
  check "it names the device" said tun0
}

test_killed() {
  write_ini
  check "up -f to kill is there" foreground
  check "SIGKILL of the process that stays in the foreground" signal "$work/up" KILL
  finished "$work/up" 10 || true
  check "the tunnel goes with it" nothing_left
  check "a tunnel to kill is there" up
  check "SIGKILL of the process that carries it" on a sh -c 'kill -KILL $(pidof minivpn)'
  check "the tunnel is dead" wait_for 10 not on a pidof minivpn
  check "the socket is stale" on a test -S /run/wireguard/tun0.sock
  check "the next up works all the same" up
  check "it carries traffic" ping_b
  check "it goes down" down
}

# --- Failing at a step leaves nothing ---

# fails_for WHAT WORD...: up fails, a line of the message has the words, and nothing is left.
fails_for() {
  local what=$1
  shift
  check "$what: up fails" ends 1 up
  check "$what: it says so" said "$@"
  check "$what: nothing is left" nothing_left
}

# ipv6 on|off for devices to come.
ipv6() {
  local off=0
  [[ $1 == on ]] || off=1
  on a sh -c 'echo "$1" >/proc/sys/net/ipv6/conf/default/disable_ipv6' sh "$off"
}

test_failing_steps() {
  write_ini
  ipv6 off
  fails_for "address cannot be set" "${inner6[a]}"
  ipv6 on

  write_ini
  edit_ini 's|^AllowedIPs = .*|AllowedIPs = 10.88.0.0/24|'
  on a ip route add 10.88.0.0/24 dev wire
  fails_for "route is taken" 10.88.0.0/24
  check "route is taken: by the one that had it" \
    shows "dev wire" on a ip route show 10.88.0.0/24
  on a ip route del 10.88.0.0/24 dev wire

  write_ini
  on a sh -c 'rm -rf /run/wireguard && touch /run/wireguard'
  fails_for "no folder for the control socket" /run/wireguard
  on a rm /run/wireguard

  check "without all that, up works" up
  check "the tunnel is there" here
  check "it goes down" down
}

# --- Endpoints with names ---

# hosts LINE...: what side a finds in /etc/hosts.
hosts() {
  printf '%s\n' "127.0.0.1 localhost" "$@" >"$work/hosts"
}

# A name is in nobody's way: within three seconds, up is back.
up_at_once() {
  timeout 3 nsenter -t "${side_pid[a]}" -n -m -p -- "$minivpn" up "$work/a.ini"
}

# The name appears while the ping waits for its answer.
late_name() {
  spawn "$work/ping" a ping -c 1 -W 30 "${inner4[b]}" && sleep 1 || return 1
  running "$work/ping" || return 1
  hosts "${wire4[b]} b.test"
  finished "$work/ping" 30
}

test_names() {
  hosts
  chmod 644 "$work/hosts"
  on a mount --bind "$work/hosts" /etc/hosts
  write_ini
  edit_ini "s/^Endpoint = .*/Endpoint = b.test:$port/"
  check "unknown name: up returns at once, with 0" up_at_once
  check "unknown name: the tunnel is there" here
  check "unknown name: a ping waits, and is answered when the name is known" late_name
  check "it goes down" down
  hosts "${wire4[b]} b.test"
  check "known name: up" up
  check "known name: no ping is lost" ping_b
  check "known name: status shows the address" \
    shows "endpoint: $(outer_endpoint b)" on a "$minivpn" status tun0
  check "it goes down" down
  on a umount /etc/hosts
}

# --- What it sets, and what it leaves alone ---

# The prefixes that are routed to tun0, but those that the kernel adds for addresses.
routes() {
  {
    on a ip -4 route show dev tun0
    on a ip -6 route show dev tun0
  } | sed '/proto kernel/d' | cut -d ' ' -f 1 | sort
}

only_configured_address() {
  local addresses
  addresses=$(on a ip -6 -o address show dev tun0)
  echo "$addresses"
  [[ $addresses == *"${inner6[a]}/128"* && $(wc -l <<<"$addresses") == 1 ]]
}

test_host_state() {
  write_ini
  edit_ini "s|^Address = .*|Address = ${inner4[a]}/32, ${inner6[a]}/128|"
  edit_ini 's|^AllowedIPs = .*|AllowedIPs = 10.77.0.0/24, 10.88.3.0/25, fd77::/64, fd88::/48|'
  edit_ini 's|^MTU = .*|MTU = 1380|'
  check "up with addresses of one host" up
  check "tun0 has the IPv6 address of the file, and no link-local one" only_configured_address
  check "tun0 has the MTU of the file" shows "mtu 1380" on a ip link show tun0
  check "the routes are the allowed IPs" \
    diff <(printf '%s\n' 10.77.0.0/24 10.88.3.0/25 fd77::/64 fd88::/48) <(routes)
  check "it goes down" down
}

# silent FOLDER/NAME: nothing of WireGuard in the capture; spoken is its opposite.
spoken() {
  [[ -n $(captured "$1" "udp port $port") ]]
}

silent() {
  not spoken "$1"
}

# Within ten seconds of the last data, no keepalive is due either.
test_idle() {
  write_ini
  capture "$work/fresh" a wire
  check "up without traffic" up
  sleep 3
  capture_end "$work/fresh"
  check "a fresh tunnel sends nothing" silent "$work/fresh"

  capture "$work/busy" a wire
  check "ping" ping_b
  capture_end "$work/busy"
  check "the ping was on the wire" spoken "$work/busy"

  capture "$work/idle" a wire
  sleep 5
  capture_end "$work/idle"
  check "an idle tunnel sends nothing" silent "$work/idle"
  check "it goes down" down
}

main() {
  need_minivpn
  net_begin 300 ip ping fping wg tcpdump --
  check "the peer on side b starts" start_peer b minivpn
  write_ini
  test_background
  test_second_up
  test_other_file
  test_status
  check "down DEVICE ends a tunnel in the background" down
  test_device_name
  test_dump
  test_verbose
  test_keys
  test_ends
  test_killed
  test_failing_steps
  test_names
  test_host_state
  test_idle
  test_diagnosis
  net_end
}

main
