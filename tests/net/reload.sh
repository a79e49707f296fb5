#!/bin/bash
# reload.sh [--pairs]: `minivpn reload` makes of a tunnel what a fresh `up` of the file would have made, whatever it was before; and what
# need not change goes on meanwhile: no ping is lost, and no connection is reset. Side a is reloaded. With --pairs also from
# each of many files to each other one.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/host.sh
source "$(dirname "$0")/host.sh"

# --- Files ---

# write_file NAME [INTERFACE LINE]... [-- [PEER LINE]...]...: with peers c, d, e in this order.
write_file() {
  local file=$work/$1.conf peers=(c d e) line
  shift
  printf '[Interface]\nDevice = tun0\nPrivateKey = %s\n' "$(<"$work/a.key")" >"$file"
  for line in "$@"; do
    if [[ $line == -- ]]; then
      printf '[Peer]\nPublicKey = %s\n' "$(<"$work/${peers[0]}.pub")" >>"$file"
      peers=("${peers[@]:1}")
    else
      echo "$line" >>"$file"
    fi
  done
}

up() {
  furnished a minivpn up "$work/$1.conf"
}

down() {
  furnished a minivpn down tun0
}

# reload NAME [OPTION]...
reload() {
  furnished a minivpn reload "${@:2}" "$work/$1.conf"
}

# --- What it becomes ---

# Beside the machine, the device as wg shows it. A port that nobody asked for is another one each time, and rules that take the
# place of others come before these, so it is their order that counts.
whole_state() {
  state_of a | sed -E '/^rule /s/"priority": [0-9]+, //'
  on a ip rule | sed 's/^[0-9]*://'
  on a wg showconf tun0 | sed 's/^ListenPort = [345]....$/ListenPort = any/' | as_sections
  furnished a minivpn status tun0 | grep -E '^(peer|  (name|endpoints|pre-shared key file)):' | sort || true
}

# as_sections: the peers in the order of their keys, and the lines of each in order.
as_sections() {
  python3 -c '
import sys
sections = sys.stdin.read().strip().split("\n\n")
for section in sorted("\n".join(sorted(s.split("\n"))) for s in sections):
  print(section)'
}

# What the files of the pairs are made of: each has something that the others lack.
write_files() {
  write_file plain "Address = 10.77.0.1/24, fd77::1/64" "ListenPort = 51820" "MTU = 1400" \
    -- "AllowedIPs = 10.77.0.2/32, 10.8.0.0/16, fd88::/64" "PersistentKeepalive = 25" \
    -- "AllowedIPs = 10.77.0.3/32"
  write_file other "Address = 10.77.0.1/24, 10.77.0.9/24, 10.99.0.1/32, fd77::9/64" "ListenPort = 51821" "MTU = 1380" \
    "FwMark = 0x77" "DNS = 9.9.9.9, corp.example" \
    -- "Name = carol" "AllowedIPs = 10.77.0.3/32, 10.8.0.0/17, fd99::/64" "PresharedKey = $(<"$work/psk")" \
    -- "Name = dave" "PresharedKeyFile = $work/psk" "AllowedIPs = 10.77.0.2/32" "Endpoint = 192.0.2.2:7" -- "AllowedIPs = 172.16.0.0/12"
  write_file whole "Address = 10.77.0.1/24, fd77::1/64" "DNS = 1.1.1.1" "ListenPort = 51822" \
    -- "AllowedIPs = 0.0.0.0/0, ::/0" "Endpoint = 192.0.2.2:51820"
  write_file halves "Address = 10.77.0.1/24, fd77::1/64, 10.78.0.1/24" "FwMark = 99" "ListenPort = 51822" \
    -- "AllowedIPs = 0.0.0.0/1, 128.0.0.0/1" "Endpoint = 192.0.2.2:51820" -- "AllowedIPs = ::/0"
  write_file table "Address = 10.77.0.1/32" "Table = 123" "ListenPort = 51820" -- "AllowedIPs = 0.0.0.0/0, 10.9.0.0/16"
  write_file off "Address = 10.77.0.1/24" "Table = off" "ListenPort = 51820" -- "AllowedIPs = 0.0.0.0/0"
  write_file bare "ListenPort = 51820"
}

readonly files=(plain other whole halves table off bare)

# pair FROM TO
pair() {
  local what="$1 to $2"
  check "$what: up" up "$1"
  whole_state >"$work/before"
  check "$what: --dry-run" ends 0 reload "$2" --dry-run
  cp "$work/ends" "$work/dry"
  check "$what: it changes nothing" diff "$work/before" <(whole_state)
  check "$what: reload" ends 0 reload "$2"
  check "$what: it prints the same" diff "$work/dry" "$work/ends"
  check "$what: all is as after a fresh up" diff "$work/$2.whole" <(whole_state)
  check "$what: once more, and there is nothing to do" ends 0 reload "$2"
  check "$what: it says so" said "tun0: is as" "$2.conf"
  check "$what: down" down
  check "$what: nothing is left" becomes_as a nothing
}

# is_new NAME: its state is seen to be another.
is_new() {
  local other
  for other in "${files[@]}"; do
    [[ $other != "$1" ]] || return 0
    ! diff -q "$work/$other.whole" "$work/$1.whole" || return 1
  done
}

test_pairs() {
  local from to
  write_files
  remember a nothing
  for to in "${files[@]}"; do
    check "$to: up" up "$to"
    whole_state >"$work/$to.whole"
    check "control: $to is like no other before" is_new "$to"
    check "$to: down" down
  done
  for from in "${files[@]}"; do
    for to in "${files[@]}"; do
      [[ $from == "$to" ]] || pair "$from" "$to"
    done
  done
}

# --- What goes on meanwhile ---

# b does not change. It has a network of a's for itself, and never hears of peer c.
write_b() {
  printf '%s\n' "[Interface]" "PrivateKey = $(<"$work/b.key")" "ListenPort = 51820" "Address = 10.77.0.2/24, fd77::2/64" \
    "Device = tun0" "[Peer]" "PublicKey = $(<"$work/a.pub")" "AllowedIPs = 10.77.0.0/24, fd77::1/128, 10.99.0.0/16" \
    "Endpoint = 192.0.2.1:51820" >"$work/b.conf"
}

# The file of a is put together from these lists, each with its lines.
ours=() peer=() third=()

write_a() {
  {
    printf '%s\n' "[Interface]" "Device = tun0" "PrivateKey = $(<"$work/a.key")" "Address = 10.77.0.1/24, fd77::1/64" "${ours[@]}"
    printf '%s\n' "[Peer]" "PublicKey = $(<"$work/b.pub")" "AllowedIPs = 10.77.0.2/32, fd77::2/128" "${peer[@]}"
    ((${#third[@]} == 0)) || printf '%s\n' "[Peer]" "PublicKey = $(<"$work/c.pub")" "${third[@]}"
  } >"$work/a.conf"
}

steps=0

# step TEXT...: the file as it is now is reloaded, and each of the texts is told.
step() {
  local text
  write_a
  steps=$((steps + 1))
  sleep 0.2
  check "under traffic: reload $steps" ends 0 reload a
  for text in "$@"; do
    check "under traffic: reload $steps: $text" said "tun0: " "$text"
  done
}

begin_traffic() {
  ours=("ListenPort = 51820") peer=() third=()
  write_a
  write_b
  check "under traffic: a is up" up a
  check "under traffic: b is up" on b "$minivpn" up "$work/b.conf"
  check "under traffic: ping" reaches b 10.77.0.1 3
  spawn "$work/iperf3" b iperf3 --server --one-off
  wait_for 5 listening b 5201
  spawn "$work/client" a iperf3 --client 10.77.0.2 --time 600 --bitrate 20M
  spawn "$work/ping_a" a fping -l -p 10 -t 3000 10.77.0.2
  spawn "$work/ping_b" b fping -l -p 10 -t 3000 fd77::1
}

# all_answered NAME COUNT: all pings up to the last one that was answered, and these are at least so many.
all_answered() {
  signal "$work/$1" INT
  finished "$work/$1" 10 || true
  grep -v ' ms (' "$work/$1.out" || true
  sed -nE 's/.* : \[([0-9]+)\], .* ms \(.*/\1/p' "$work/$1.out" >"$work/$1.answers"
  echo "$(wc -l <"$work/$1.answers") answers"
  (($(wc -l <"$work/$1.answers") >= $2)) && diff -q <(seq 0 "$(tail -n 1 "$work/$1.answers")") "$work/$1.answers"
}

end_traffic() {
  check "under traffic: the connection goes on" running "$work/client"
  check "under traffic: it was not reset, nor did it stall" cat "$work/client.out"
  signal "$work/client" INT
  finished "$work/client" 10 || true
  finished "$work/iperf3" 10 || true
  check "under traffic: $steps times, and no ping of a was lost" all_answered ping_a 300
  check "under traffic: $steps times, and no ping of b was lost" all_answered ping_b 300
  check "under traffic: both go down" eval 'down && on b "$minivpn" down tun0'
}

test_traffic() {
  begin_traffic
  peer=("PersistentKeepalive = 25")
  step "send a keepalive every 25 s"
  ours+=("MTU = 1380")
  step "set the MTU to 1380"
  ours+=("Address = 10.99.0.1/32, 10.77.0.5/24, fd77::5/64")
  step "add the address 10.99.0.1/32" "add the address 10.77.0.5/24" "add the address fd77::5/64"
  peer+=("AllowedIPs = 10.8.0.0/16, fd88::/64")
  step "allow 10.8.0.0/16" "add the route to 10.8.0.0/16" "add the route to fd88::/64"
  peer+=("PresharedKey = $(<"$work/psk")")
  step "set the pre-shared key"
  third=("AllowedIPs = 10.77.0.3/32")
  step "add the peer $(<"$work/c.pub")"
  third=("AllowedIPs = 10.77.0.3/32, 10.8.1.0/24")
  step "allow 10.8.1.0/24"
  ours+=("ListenPort = 51833")
  step "set the UDP port to 51833"
  ours+=("FwMark = 0x55")
  step "set the mark to 0x55"
  ours+=("DNS = 9.9.9.9")
  step "set the DNS servers 9.9.9.9"
  ours+=("DNS = 1.1.1.1, corp.example")
  step "set the DNS servers 9.9.9.9 1.1.1.1 corp.example"
  third=("AllowedIPs = 0.0.0.0/0, ::/0" "Endpoint = 192.0.2.2:9")
  step "add the rule of the mark for IPv4" "add the route to 0.0.0.0/0 in table 85" "allow no more 10.77.0.3/32"
  ours+=("FwMark = 0x56")
  step "set the mark to 0x56" "remove the rule of the mark for IPv4: not fwmark 0x55"
  third=("AllowedIPs = 0.0.0.0/1, 128.0.0.0/1")
  step "add the route to 0.0.0.0/1" "remove the route to 0.0.0.0/0"
  ours+=("Table = 77")
  step "in table 77"
  third=()
  step "remove the peer $(<"$work/c.pub")"
  peer=()
  step "send no persistent keepalives" "remove the pre-shared key" "remove the route to 10.8.0.0/16"
  ours=("ListenPort = 51820" "MTU = 1380" "Address = 10.77.0.5/24")
  step "remove the mark" "set the UDP port to 51820" "remove the address fd77::5/64" "remove the DNS servers"
  ours=("ListenPort = 51820")
  step "remove the address 10.77.0.5/24"
  ours=("ListenPort = 51834" "Address = 10.99.0.2/32" "DNS = 9.9.9.9")
  peer=("AllowedIPs = 10.9.0.0/16")
  third=("AllowedIPs = 10.10.0.0/16" "PersistentKeepalive = 1")
  step "set the UDP port to 51834" "add the address 10.99.0.2/32" "add the route to 10.9.0.0/16" "add the peer"
  end_traffic
}

# --- What must stay inside ---

readonly abroad=203.0.113.9

# seen_outside: packets to there that are not sealed.
seen_outside() {
  captured "$work/wire" "dst host $abroad" | wc -l
}

capture_of_a_ping() {
  capture "$work/wire" b wire
  on a fping -q -c 1 -t 100 "$abroad" || true
  capture_end "$work/wire"
  echo "seen: $(seen_outside)"
}

seen_unprotected() {
  capture_of_a_ping
  (($(seen_outside) > 0))
}

# sent_into_tunnel COUNT: so many packets were, or more.
sent_into_tunnel() {
  local sent
  sent=$(on a ip -j -s link show tun0 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["tx"]["packets"])')
  echo "$sent sent"
  ((sent >= $1))
}

# From one default route through the tunnel to another, with one beside it that is always there.
test_leak() {
  local step
  check "leak: a way beside the tunnel" on a ip route add default via 192.0.2.2
  check "control: without the tunnel packets are seen outside" seen_unprotected
  ours=("ListenPort = 51820") peer=() third=("AllowedIPs = 0.0.0.0/0, ::/0" "Endpoint = 192.0.2.2:9")
  write_a
  check "leak: up" up a
  capture "$work/wire" b wire
  spawn "$work/abroad" a fping -q -l -p 1 "$abroad"
  for step in 'ours+=("FwMark = 77")' 'third[0]="AllowedIPs = 0.0.0.0/1, 128.0.0.0/1"' 'ours+=("FwMark = 78")' \
    'third[0]="AllowedIPs = 0.0.0.0/0"' 'ours+=("Address = 10.99.0.1/24")' 'ours[3]="Address = 10.99.0.2/24"' \
    'ours=("ListenPort = 51821")' 'ours=()'; do
    eval "$step"
    write_a
    check "leak: $step" reload a
    sleep 0.1
  done
  check "leak: many were on their way" sent_into_tunnel 50
  signal "$work/abroad" INT
  finished "$work/abroad" 10 || true
  capture_end "$work/wire"
  check "leak: nothing was seen outside" test "$(seen_outside)" = 0
  check "leak: down" down
  check "control: and now it is" seen_unprotected
  on a ip route del default
}

# --- By a signal ---

# has_address ADDRESS
has_address() {
  [[ -n $(on a ip -o address show dev tun0 to "$1") ]]
}

# by_hangup WHAT COMMAND...: the command sends SIGHUP, and the file of before is what the tunnel becomes.
by_hangup() {
  local what=$1
  shift
  check "$what: not yet" not has_address 10.99.0.7
  ours=("ListenPort = 51820" "Address = 10.99.0.7/32" "DNS = 9.9.9.9")
  third=("AllowedIPs = 0.0.0.0/0" "Endpoint = 192.0.2.2:9")
  write_a
  check "$what: SIGHUP" "$@"
  check "$what: the address is there" wait_for 10 has_address 10.99.0.7
  check "$what: and all else" wait_for 10 is_as a reloaded
  sed -i 's/10.99.0.7/10.99.0.777/' "$work/a.conf"
  check "$what: SIGHUP for a file with a mistake" "$@"
  sed -i 's/10.99.0.777/10.99.0.8/' "$work/a.conf"
  check "$what: SIGHUP for one that is mended" "$@"
  check "$what: it is taken" wait_for 10 has_address 10.99.0.8
  check "$what: down" down
  check "$what: nothing is left" becomes_as a nothing
}

first_file() {
  ours=("ListenPort = 51820") peer=() third=()
  write_a
}

hang_up() {
  on a sh -c 'kill -HUP $(pidof minivpn)'
}

test_hangup() {
  remember a nothing
  first_file
  check "hangup: up" up a
  ours+=("Address = 10.99.0.7/32" "DNS = 9.9.9.9")
  third=("AllowedIPs = 0.0.0.0/0" "Endpoint = 192.0.2.2:9")
  write_a
  check "hangup: by hand" reload a
  remember a reloaded
  check "hangup: down" down
  first_file
  check "in the background: up" up a
  by_hangup "in the background" hang_up
  first_file
  spawn "$work/up" a env PATH="$work/bin:$PATH" setsid --wait minivpn up -f "$work/a.conf"
  check "in the foreground: up" wait_for 10 foreground_is_up
  by_hangup "in the foreground" hang_up
  check "in the foreground: it ends" finished "$work/up" 10
  first_file
  check "on a terminal: SIGHUP ends it" on a env PATH="$work/bin:$PATH" timeout 20 python3 -c "$terminal" minivpn up -f "$work/a.conf"
  check "on a terminal: nothing is left" becomes_as a nothing
}

# Runs a command on a terminal of its own until it says that it is up, and hangs up.
terminal='
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
  os.execvp(sys.argv[1], sys.argv[2:] and sys.argv[1:])
said = b""
while b"of memory" not in said:
  said += os.read(fd, 4096)
os.close(fd)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'

# --- Link-local addresses ---

# One of the file is like any other address; one that somebody else gave the device is left alone.
test_link_local() {
  first_file
  ours+=("Address = fe80::77/64")
  write_a
  check "link-local: up" up a
  check "link-local: one of somebody else" on a ip address add fe80::99/64 dev tun0
  check "link-local: unchanged" ends 0 reload a
  check "link-local: there is nothing to do" said "tun0: is as" "a.conf"
  first_file
  check "link-local: not in the file any more" ends 0 reload a
  check "link-local: it says so" said "tun0: " "remove the address fe80::77/64"
  check "link-local: it has gone" not has_address fe80::77
  check "link-local: the other has not" has_address fe80::99
  check "link-local: down" down
}

# --- What is refused ---

# unchanged WHAT STATUS WORD... -- COMMAND...
unchanged() {
  fails "$@"
  check "$1: nothing has changed" diff "$work/whole" <(whole_state)
}

test_refusals() {
  write_files
  fails "not up" 1 tun0 "is not up" -- reload plain
  fails "a device that is not up" 1 tun9 "is not up" -- furnished a minivpn reload tun9
  check "refusals: up" up plain
  whole_state >"$work/whole"
  sed 's/AllowedIPs = 10.77.0.3.*/AllowedIPs = 10.77.0.3\/33/' "$work/plain.conf" >"$work/wrong.conf"
  unchanged "a file with a mistake" 3 "wrong.conf:" "0 to 32" -- reload wrong
  spawn "$work/taker" a python3 -c "$taker" 51821
  wait_for 10 test -s "$work/taker.out"
  unchanged "a port in use" 1 51821 "in use" "nothing was changed" -- reload other
  signal "$work/taker" KILL
  finished "$work/taker" 10 || true
  on a ip link add dummy type veth peer name dummy-end
  on a ip link set dummy up
  on a ip route add 172.16.0.0/12 dev dummy
  fails "a route that is taken" 1 "172.16.0.0/12" "another device has that route" -- reload other
  check "a route that is taken: all else is done" has_address 10.99.0.1
  check "a route that is taken: and the other keeps it" shows "172.16.0.0/12 dev dummy" on a ip route
  on a ip link del dummy
  check "a route that is free again: reload" ends 0 reload other
  check "a route that is free again: it is all that was left" shows "tun0: add the route to 172.16.0.0/12" cat "$work/ends"
  check "a route that is free again: and no more" test "$(wc -l <"$work/ends")" = 1
  fails "no argument" 2 "exactly one" -- furnished a minivpn reload
  fails "an unknown option" 2 "--help" -- furnished a minivpn reload --dry-fun tun0
  check "refusals: down" down

  check "a device of another program" furnished a minivpn tun0
  fails "a device of another program, by its file" 1 "not set up by 'minivpn up'" "wg syncconf" -- reload plain
  fails "a device of another program, by its name" 1 "not set up by 'minivpn up'" -- furnished a minivpn reload tun0
  on a rm /run/wireguard/tun0.sock
  check "refusals: it has ended" wait_for 10 nothing_there a minivpn tun0
}

taker='
import socket, sys, time
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("", int(sys.argv[1])))
print("taken", flush=True)
time.sleep(60)'

main() {
  need_minivpn
  net_begin 300 ip ping wg nft python3 fping iperf3 -- "$@"
  furnish a
  make_keys c d e
  test_refusals
  test_hangup
  test_link_local
  test_leak
  test_traffic
  if [[ ${1-} == --pairs ]]; then
    test_pairs
  fi
  net_end
}

main "$@"
