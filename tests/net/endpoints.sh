#!/bin/bash
# endpoints.sh minivpn|wireguard-go [--short]: endpoints that never die. Side a, minivpn, has a list of them or a name; side b, the far end, has
# several addresses that come and go. The times are those that the README promises, and what was measured is printed.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"

far=${1:-minivpn}
know_endpoint=a

# Of side b, each in a network of its own. The first one is there from the beginning.
readonly first=${wire4[b]} second=198.51.100.2 third=203.0.113.2
readonly dns=127.0.0.53

endpoint= # what the file of a has for it; and more lines of [Peer]
outer_endpoint() {
  echo "$endpoint"
}

milliseconds() {
  echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

pings() {
  on a ping -n -c 1 -W 1 "${inner4[b]}"
}

# within SECONDS COMMAND...: until it succeeds; the time goes to $work/took.
within() {
  local begin limit=$(($1 * 1000))
  shift
  begin=$(milliseconds)
  until "$@" >"$work/last" 2>&1; do
    (($(milliseconds) - begin < limit)) || {
      cat "$work/last"
      return 1
    }
    sleep 0.1
  done
  echo $(($(milliseconds) - begin)) >"$work/took"
  echo "$(<"$work/took") ms"
  (($(<"$work/took") <= limit))
}

# timed WHAT SECONDS COMMAND...: a check, and how long it took.
timed() {
  check "$1, within $2 s" within "${@:2}"
  echo "# $1: $(cat "$work/took" 2>/dev/null || echo more than "$2" 000) ms"
  rm -f "$work/took"
}

# --- Names ---

# nameserver: side a asks it, and it knows nothing yet.
nameserver() {
  on a sh -c 'cp -a /etc /run/etc && mount --bind /run/etc /etc && rm -f /etc/resolv.conf &&
    echo "nameserver $1" >/etc/resolv.conf && echo "hosts: files dns" >/etc/nsswitch.conf &&
    chmod 644 /etc/resolv.conf /etc/nsswitch.conf' sh "$dns" &&
    spawn "$work/dns" a python3 "$top/tests/net/dns_server.py" "$dns" "$work/table" &&
    wait_for 10 grep ready "$work/dns.out"
}

# names LINE...: what the server knows from now on.
names() {
  printf '%s\n' "$@" >"$work/table.new" && mv "$work/table.new" "$work/table"
}

# --- The tunnel of a ---

# start ENDPOINT [LINE...]
start() {
  endpoint=$(printf '%s\n' "$1" "${@:2}")
  peer_file a >"$work/a.ini"
  # shellcheck disable=SC2119 # it needs no options
  foreground
}

stop() {
  signal "$work/up" INT && finished "$work/up" 10
}

status() {
  on a "$minivpn" status tun0
}

# in_use ENTRY: by the status.
in_use() {
  status | grep -F "$1 (in use)"
}

tells() {
  grep -F -e "$1" "$work/up.err"
}

# pings_by ADDRESS: the tunnel is used, and goes there.
pings_by() {
  pings && shows "endpoint: $1:$port"$'\n' status
}

same_process() {
  [[ $(on a pidof minivpn) == "$(<"$work/pid")" ]]
}

# --- The scenarios ---

test_list() {
  add_address b "$second"
  check "list: up" start "$first:$port, $second:$port"
  check "list: ping" pings
  check "list: the first is in use" in_use "$first:$port"
  remove_address b "$first"
  timed "failover" 20 pings
  check "list: the second is in use" in_use "$second:$port"
  check "list: the log tells of it" tells "goes by $second:$port, since $first:$port did not answer"
  check "list: no ping is lost" reaches a "${inner4[b]}" 40
  add_address b "$first"
  spawn "$work/fping" a fping -p 50 -t 3000 -c 400 "${inner4[b]}"
  timed "failback" 20 in_use "$first:$port"
  check "list: the log tells of that" tells "goes by $first:$port again instead of $second:$port, since it answers"
  check "list: all are answered" finished "$work/fping" 30
  check "list: no ping is lost on the way back" grep -F '= 400/400/0%' "$work/fping.err"
  check "list: it ends" stop
  remove_address b "$second"
}

test_name_moves() {
  names "b.test $first"
  check "name: up" start "b.test:$port"
  check "name: ping" pings
  on a pidof minivpn >"$work/pid"
  remove_address b "$first"
  add_address b "$second"
  names "b.test $second"
  timed "a name with another address" 30 pings
  check "name: it is the same process" same_process
  check "name: it shows where it is" shows "endpoint: $second:$port"$'\n' status
  check "name: the log tells the address" tells "endpoint b.test:$port is $second:$port"
  check "name: it ends" stop
  add_address b "$first"
}

# Nothing fails, but the name is another now.
test_interval() {
  names "b.test $second"
  add_address b "$third"
  check "interval: up" start "b.test:$port" "ResolveInterval = 10"
  check "interval: ping" pings
  names "b.test $third"
  timed "a name that is asked again" 20 pings_by "$third"
  check "interval: no ping is lost" reaches a "${inner4[b]}" 20
  check "interval: it ends" stop
  remove_address b "$third"
}

# The server is there and says nothing: a question to it takes as long as it can.
test_without_dns() {
  rm "$work/table"
  check "without DNS: up" start "b.test:$port"
  check "without DNS: nothing is answered" not pings
  sleep 5
  check "without DNS: status tells why" shows "not resolved: b.test:$port: " status
  names "b.test $first"
  timed "a name after DNS has come" 10 pings
  check "without DNS: it ends" stop
}

# A server at the end of a long way.
test_slow_dns() {
  names "b.test $first" "after 3"
  check "slow DNS: up" start "b.test:$port"
  timed "a name that is answered after 3 s" 10 pings
  check "slow DNS: it ends" stop
}

# silent_peers COUNT: with names that nobody answers, and keys that come before those of others, in whose order names are asked.
silent_peers() {
  local i
  for ((i = 1; i <= $1; i++)); do
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.9.0.%d/32\nEndpoint = n%d.silent:7\n' \
      "$(printf "\\0\\0\\x$(printf %02x "$i")%029d" 7 | base64)" "$i" "$i"
  done
}

# They must not hold up the one that has an answer: neither its first question, nor those that follow.
test_many_silent() {
  names "b.test $first"
  check "many silent names: up" start "b.test:$port" "$(silent_peers 40)"
  timed "a name among 40 that nobody answers" 30 pings
  remove_address b "$first"
  add_address b "$third"
  names "b.test $third"
  timed "it with another address" 30 pings
  check "many silent names: status tells of each" test "$(status | grep -c 'not resolved: n.*silent:7: ')" = 40
  check "many silent names: it ends" stop
  remove_address b "$third"
  add_address b "$first"
}

# --- The run ---

net_begin 200 wg ip python3 fping ping -- "$@"
need_minivpn
[[ $far == minivpn ]] || command -v "$far" >/dev/null || skip "$far is missing: run packaging/install-deps.sh test"
check "the server is there" nameserver
for address in 198.51.100.1 203.0.113.1; do
  add_address a "$address"
done
check "$far is up on the far side" start_peer b "$far"
[[ ${2:-} == --short ]] || test_list
test_name_moves
test_without_dns
if [[ ${2:-} != --short ]]; then
  test_slow_dns
  if [[ $far == minivpn ]]; then
    test_interval
    test_many_silent
  fi
fi
net_end
