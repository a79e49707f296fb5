# shellcheck shell=bash
# What compare.sh and scale.sh share: the two sides with a tunnel between them, and the programs that make it. Figures are taken
# by lib_measure.sh.
#
# A program is a file programs/NAME.sh that defines these, for one tunnel between the sides a and b:
#
#   available    succeeds, or says what is missing
#   version      prints it, on one line
#   up SIDE      sets the side up as $work/SIDE.ini says, and returns when packets can be sent. What it starts, it starts by
#                `start SIDE COMMAND...`
#   down SIDE    ends it
#   pids SIDE    prints the processes that carry packets, as the side sees them
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side
# shellcheck disable=SC2034,SC2154 # variables are shared with those who source this

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/net/sides.sh
source "$top/tests/net/sides.sh"

build=$(realpath -m "${MINIVPN_BUILD:-$top/build/release}")
programs=$top/tests/bench/programs
handshakes=$build/tests/bench/handshakes
flooder=$build/tests/net/flood

readonly -A inner4=([a]=10.77.0.1 [b]=10.77.0.2)
readonly port=51820
readonly inner_mtu=1420
readonly congestion=cubic

work=                # small files of this run
first_cpu=           # of those that everything runs on
last_cpu=
pinning=()           # what `start` puts before a command
tunnel_up_us=        # by tunnel_up

# --- The frame ---

# leave STATUS SENTENCE
leave() {
  echo "${0##*/}: $2" >&2
  exit "$1"
}

# What a script's --help prints: the comment that it begins with.
usage() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

misused() {
  leave 2 "$1; --help tells more"
}

# number NAME VALUE
number() {
  [[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || misused "$1: a number from 1 to 9999 is needed"
}

# words NAME LIST KNOWN: at least one, each of them known.
words() {
  local word
  [[ $2 == *[![:space:]]* ]] || misused "$1: at least one is needed"
  for word in $2; do
    [[ " $3 " == *" $word "* ]] || misused "$1: there is no '$word', but $3"
  done
}

# bench_begin CPUS TOOL...: checks what is needed, and keeps to these processors (or, with "", to the first two that are allowed).
bench_begin() {
  local cpus=$1 tool
  shift
  for tool in ip iperf3 ping wg ss pidof taskset python3 "$@"; do
    command -v "$tool" >/dev/null || leave 77 "$tool is missing: run packaging/install-deps.sh bench"
  done
  ((EUID == 0)) || leave 77 "namespaces need root: run this with sudo"
  [[ -c /dev/net/tun ]] || leave 77 "there is no /dev/net/tun: run modprobe tun"
  grep -qw "$congestion" /proc/sys/net/ipv4/tcp_available_congestion_control ||
    leave 77 "this kernel has no TCP congestion control '$congestion': run modprobe tcp_$congestion"
  [[ -n $cpus ]] || cpus=$(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0))[:2], sep=",")')
  taskset -cp "$cpus" $$ >/dev/null || leave 2 "these processors cannot be had: $cpus"
  mapfile -t cpus < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
  first_cpu=${cpus[0]} last_cpu=${cpus[-1]}
  [[ -x $handshakes && -x $flooder ]] ||
    leave 77 "$handshakes or $flooder is missing: build the preset release, with BUILD_TESTING=ON"
  umask 077
  work=$(mktemp -d)
  clean_up_by bench_clean_up
  make_keys
}

bench_clean_up() {
  sides_down
  rm -rf "$work"
}

make_keys() {
  local side
  for side in a b; do
    wg genkey >"$work/$side.key"
    wg pubkey <"$work/$side.key" >"$work/$side.pub"
  done
}

# use_program NAME: from here on up, down, pids and version are those of this program.
use_program() {
  # shellcheck source=/dev/null
  source "$programs/$1.sh"
}

# warn_if_busy: figures from a machine that does something else are worth little.
warn_if_busy() {
  awk '$1 > 0.5 { exit 1 }' /proc/loadavg ||
    echo "${0##*/}: warning: something else runs on this machine, load $(cut -d ' ' -f 1 /proc/loadavg)" >&2
}

# about_this_run: lines of "what<tab>which".
about_this_run() {
  local model
  model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
  printf '%s\t%s\n' date "$(date -u +%Y-%m-%dT%H:%MZ)" processor "${model:-$(uname -m)}" \
    cpus "$(taskset -cp $$ | sed 's/.*: //') of $(nproc --all)" kernel "$(uname -sr)" \
    system "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" \
    iperf3 "$(iperf3 --version | head -n 1), $congestion" load "$(cut -d ' ' -f 1-3 /proc/loadavg)"
}

# --- A tunnel ---

other() {
  if [[ $1 == a ]]; then echo b; else echo a; fi
}

# start SIDE COMMAND...
start() {
  local side=$1
  shift
  on "$side" "${pinning[@]}" "$@"
}

# interface_section SIDE
interface_section() {
  printf '%s\n' "[Interface]" "PrivateKey = $(<"$work/$1.key")" "ListenPort = $port" \
    "Address = ${inner4[$1]}/24" "MTU = $inner_mtu" "Device = tun0"
}

# peer_section SIDE [ALLOWED-IP...]: the other end of this side's tunnel.
peer_section() {
  local far
  far=$(other "$1")
  shift
  printf '%s\n' "[Peer]" "PublicKey = $(<"$work/$far.pub")" "Endpoint = ${wire4[$far]}:$port" \
    "AllowedIPs = ${inner4[$far]}/32" "${@/#/AllowedIPs = }"
}

# silent_peers COUNT: sections of so many peers of which nothing is heard, unless the generator of handshakes is asked to be them.
silent_peers() {
  local number=0 key
  while read -r key; do
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.78.%d.%d/32\n' "$key" $((number / 256)) $((number % 256))
    number=$((number + 1))
  done < <("$handshakes" --keys "$1")
}

# write_inis PEERS [ALLOWED-IP...]: each side has the other among so many peers, and with these allowed IPs more.
write_inis() {
  local side peers=$1
  shift
  for side in a b; do
    {
      interface_section "$side"
      peer_section "$side" "$@"
      silent_peers $((peers - 1))
    } >"$work/$side.ini"
  done
}

# fresh_sides: new namespaces, in which nothing of the last tunnel is left. A socket that begins with BBR, where that is the
# machine's default, is paced by a timer for good, also after iperf3 has made it cubic; so they begin with reno, which every kernel
# lets a namespace have.
fresh_sides() {
  local side
  sides_down
  sides_up "$work"
  for side in a b; do
    on "$side" sysctl -qw net.ipv4.tcp_congestion_control=reno
  done
}

# answers: one ping goes through.
answers() {
  on a ping -n -c 1 -W 5 "${inner4[b]}"
}

# tunnel_up: makes both sides, b first. $tunnel_up_us is how long it took from then, when side a has nothing, to the first answer.
tunnel_up() {
  local begin_us
  up b >"$work/b.log" 2>&1 || leave 1 "$program does not start: $(<"$work/b.log")"
  begin_us=${EPOCHREALTIME/./}
  up a >"$work/a.log" 2>&1 || leave 1 "$program does not start: $(<"$work/a.log")"
  wait_for 10 answers || leave 1 "no ping goes through $program"
  tunnel_up_us=$((${EPOCHREALTIME/./} - begin_us))
}

tunnel_down() {
  down a >/dev/null
  down b >/dev/null
}
