# shellcheck shell=bash
# What the network tests share: a work folder, checks reported as TAP, and peers of either kind on
# the two sides of sides.sh. A test sources this, calls net_begin, checks, and calls net_end.
#
# From the caller: MINIVPN_BUILD, the build to test (build/release), and MINIVPN_REPORTS, a folder
# that fails the test when a sanitizer has left a report there.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/net/sides.sh
source "$top/tests/net/sides.sh"

minivpn=$(realpath -m "${MINIVPN_BUILD:-$top/build/release}")/src/minivpn
work=

readonly -A inner4=([a]=10.77.0.1 [b]=10.77.0.2)
readonly -A inner6=([a]=fd77::1 [b]=fd77::2)
readonly port=51820

# How start_peer sets a tunnel up; a test assigns these.
psk=no             # yes: with a pre-shared key; file: with that of $work/watched/psk, of minivpn alone
outer=4            # the family of the underlay
know_endpoint="ab" # the sides that know where the other is; one alone is the initiator
declare -A kind=() # what runs on a side
make_sides=sides_up # the function that net_begin calls for it

# --- The frame of a test ---

# skip REASON: the one sentence that says what is missing and what to do.
skip() {
  echo "1..0 # SKIP $1"
  exit 77
}

# net_begin SECONDS TOOL... -- ARGUMENT...: checks what the test needs, starts it again under a
# deadline, with its arguments, and makes the sides.
net_begin() {
  local seconds=$1
  shift
  while [[ $1 != -- ]]; do
    command -v "$1" >/dev/null || skip "$1 is missing: run packaging/install-deps.sh test"
    shift
  done
  shift
  ((EUID == 0)) || skip "namespaces need root: run this with sudo"
  [[ -c /dev/net/tun ]] || skip "there is no /dev/net/tun: run modprobe tun"
  unshare --net --mount --pid --fork true 2>/dev/null ||
    skip "root may not make namespaces here: run this outside of the container"
  if [[ -z ${NET_HAS_DEADLINE:-} ]]; then
    NET_HAS_DEADLINE=1 exec timeout --foreground --verbose -k 20 "$seconds" "$BASH" "$0" "$@"
  fi
  umask 077
  work=$(mktemp -d)
  clean_up_by net_clean_up
  "$make_sides" "$work"
  make_keys a b
}

net_clean_up() {
  [[ $verdict == given ]] || echo "Bail out! The test ended before its end."
  sides_down
  rm -rf "$work"
}

# net_end: ends the peers in order, so that sanitizers can report, and says the verdict.
net_end() {
  local side
  for side in "${!kind[@]}"; do
    check "$side (${kind[$side]}) ends in order" stop_peer "$side"
  done
  if [[ -n ${MINIVPN_REPORTS:-} ]]; then
    check "no sanitizer report in $MINIVPN_REPORTS" no_reports
  fi
  echo "1..$checks"
  verdict=given
  ((failures == 0)) || exit 1
}

no_reports() {
  local reports
  mapfile -t reports < <(find "$MINIVPN_REPORTS" -type f)
  [[ -d $MINIVPN_REPORTS ]] && ((${#reports[@]} == 0)) && return
  head -n 50 "${reports[@]}"
  return 1
}

# need_minivpn: for the tests that use it.
need_minivpn() {
  [[ -x $minivpn ]] || skip "$minivpn is missing: build it first"
}

# Sanitizers have a memory of their own.
is_sanitized() {
  grep -qE 'lib[a-z]+san\.so' "$minivpn"
}

# --- Checks ---

checks=0
failures=0
verdict=none

# check WHAT COMMAND...: ok if the command succeeds, else not ok with what it printed.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@" >"$work/check" 2>&1; then
    echo "ok $checks - $what"
  else
    echo "not ok $checks - $what"
    echo "# failed: $*"
    sed 's/^/# /' "$work/check"
    failures=$((failures + 1))
  fi
}

# ends STATUS COMMAND...: exactly this exit status; the output is kept in $work/ends.
ends() {
  local expected=$1 status=0
  shift
  "$@" >"$work/ends" 2>&1 || status=$?
  ((status == expected)) || {
    echo "exit status $status, expected $expected"
    cat "$work/ends"
    return 1
  }
}

# said WORD...: one line of what `ends` kept has all of these.
said() {
  local lines=$work/said
  cp "$work/ends" "$lines"
  while (($#)); do
    grep -F -e "$1" "$lines" >"$lines.less" || {
      echo "no line has: $1"
      cat "$work/ends"
      return 1
    }
    mv "$lines.less" "$lines"
    shift
  done
}

# fails WHAT STATUS WORD... -- COMMAND...: it ends so, and one line of its message has all the words.
fails() {
  local what=$1 status=$2 words=()
  shift 2
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  check "$what: exit status $status" ends "$status" "$@"
  check "$what: the message" said "${words[@]}"
}

# shows TEXT COMMAND...: the command succeeds and its output contains the text.
shows() {
  local text=$1 output status=0
  shift
  output=$("$@" 2>&1) || status=$?
  ((status == 0)) && [[ $output == *"$text"* ]] && return
  echo "exit status $status, expected 0 and the text: $text"
  echo "$output"
  return 1
}

# --- An ordinary user ---

nobodys= # a folder of nobody's, with the program in it

# let_nobody_in: makes it. The build may lie where nobody cannot go.
let_nobody_in() {
  nobodys=$work/nobody
  chmod 711 "$work"
  install -d -o 65534 "$nobodys"
  install -m 755 "$minivpn" "$nobodys/minivpn"
}

# as_nobody COMMAND...: on side a.
as_nobody() {
  on a setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# --- Peers ---

other() {
  if [[ $1 == a ]]; then echo b; else echo a; fi
}

# make_keys NAME...: a pair for each, and the pre-shared key.
make_keys() {
  local name
  for name in "$@"; do
    wg genkey >"$work/$name.key"
    wg pubkey <"$work/$name.key" >"$work/$name.pub"
  done
  wg genpsk >"$work/psk"
}

# outer_endpoint SIDE
outer_endpoint() {
  if ((outer == 4)); then echo "${wire4[$1]}:$port"; else echo "[${wire6[$1]}]:$port"; fi
}

# More lines for [Interface], of minivpn alone. MINIVPN_SETTINGS has some for a whole run, with semicolons between them.
IFS=';' read -r -a settings <<<"${MINIVPN_SETTINGS:-}"

# peer_file SIDE: what the side's INI file holds, in the format of wg-quick, for both kinds of peer.
peer_file() {
  local far
  far=$(other "$1")
  echo "[Interface]"
  echo "PrivateKey = $(<"$work/$1.key")"
  echo "ListenPort = $port"
  echo "Address = ${inner4[$1]}/24, ${inner6[$1]}/64"
  echo "MTU = 1420"
  echo "Device = tun0"
  printf '%s\n' "${settings[@]}"
  echo "[Peer]"
  echo "PublicKey = $(<"$work/$far.pub")"
  echo "AllowedIPs = ${inner4[$far]}/32, ${inner6[$far]}/128"
  [[ $know_endpoint != *"$1"* ]] || echo "Endpoint = $(outer_endpoint "$far")"
  case $psk in
    yes) echo "PresharedKey = $(<"$work/psk")" ;;
    file) echo "PresharedKeyFile = $work/watched/psk" ;;
  esac
}

# start_peer SIDE KIND: returns when the tunnel is set up.
start_peer() {
  local side=$1
  kind[$side]=$2
  peer_file "$side" >"$work/$side.ini"
  "start_${2//-/_}" "$side" >"$work/$side.log" 2>&1 || {
    cat "$work/$side.log"
    return 1
  }
}

start_minivpn() {
  on "$1" "$minivpn" up "$work/$1.ini"
}

# foreground [OPTION]...: `minivpn up -f` on side a as the job $work/up, with its output in $work/up.out. Returns when the tunnel
# is up; the device and the socket are there before that, the summary is not.
foreground() {
  spawn "$work/up" a "$minivpn" up -f "$@" "$work/a.ini" && wait_for 10 foreground_is_up
}

foreground_is_up() {
  all_there a minivpn tun0 && grep '^tun0: ' "$work/up.out"
}

start_wireguard_go() {
  on "$1" env LOG_LEVEL=error wireguard-go tun0 && configure_by_wg "$1"
}

# configure_by_wg SIDE: a tun0 that some program serves becomes what the side's peer file says.
configure_by_wg() {
  local side=$1
  grep -vE '^(Address|MTU|Device|Lanes|Offload) ' "$work/$side.ini" >"$work/$side.wg" &&
    on "$side" wg setconf tun0 "$work/$side.wg" &&
    on "$side" ip address add "${inner4[$side]}/24" dev tun0 &&
    on "$side" ip address add "${inner6[$side]}/64" dev tun0 nodad &&
    on "$side" ip link set tun0 addrgenmode none mtu 1420 up
}

# stop_peer SIDE: in order; returns when nothing of it is left.
stop_peer() {
  local side=$1
  case ${kind[$side]} in
    minivpn) on "$side" "$minivpn" down tun0 || return 1 ;;
    wireguard-go) on "$side" rm /run/wireguard/tun0.sock || return 1 ;;
  esac
  wait_for 10 nothing_there "$side" "${kind[$side]}" tun0 && unset "kind[$side]"
}

# kill_peer SIDE: without any warning; the socket file stays.
kill_peer() {
  on "$1" sh -c 'kill -KILL $(pidof "$1")' sh "${kind[$1]}" &&
    wait_for 10 not on "$1" ip link show tun0
}

# all_there SIDE PROGRAM DEVICE: process, device and control socket.
all_there() {
  on "$1" pidof "$2" && on "$1" ip link show "$3" && on "$1" test -S "/run/wireguard/$3.sock"
}

# nothing_there SIDE PROGRAM DEVICE: none of the three.
nothing_there() {
  not on "$1" pidof "$2" && not on "$1" ip link show "$3" &&
    not on "$1" test -e "/run/wireguard/$3.sock"
}

# with_port ADDRESS [PORT]
with_port() {
  local number=${2:-$port}
  if [[ $1 == *:* ]]; then echo "[$1]:$number"; else echo "$1:$number"; fi
}

# add_address SIDE ADDRESS [DEVICE], and the opposite.
add_address() {
  if [[ $2 == *:* ]]; then
    on "$1" ip address add "$2/64" dev "${3:-wire}" nodad
  else
    on "$1" ip address add "$2/24" dev "${3:-wire}"
  fi
}

remove_address() {
  if [[ $2 == *:* ]]; then
    on "$1" ip address delete "$2/64" dev "${3:-wire}"
  else
    on "$1" ip address delete "$2/24" dev "${3:-wire}"
  fi
}

# --- Traffic ---

# listening SIDE PORT: for TCP.
listening() {
  [[ -n $(on "$1" ss -Hltn "sport = :$2") ]]
}

# reaches SIDE ADDRESS COUNT [FPING OPTION...]: every single ping is answered, and once. It is fping that waits for each of
# them: the usual ping gives the last one no longer than the others took, and a busy machine is not a lossy one.
reaches() {
  local side=$1 address=$2 count=$3 output
  shift 3
  output=$(on "$side" fping -p 50 -t 3000 -c "$count" "$@" "$address" 2>&1) || true
  [[ $output == *"xmt/rcv/%loss = $count/$count/0%"* && $output != *duplicate* ]] || {
    echo "$output"
    return 1
  }
}

# refused_at_once SIDE TEXT ADDRESS: ping says so long before its time is over.
refused_at_once() {
  local begin=$SECONDS output
  output=$(on "$1" ping -n -c 1 -W 10 "$3" 2>&1) && echo "it was answered" && return 1
  echo "$output"
  [[ $output == *"$2"* ]] && ((SECONDS - begin < 5))
}

# iperf3_flow SERVER CLIENT ADDRESS [IPERF3 OPTION...]: a transfer to SERVER, at more than 1 Mbit/s.
iperf3_flow() {
  spawn "$work/iperf3" "$1" iperf3 --server --one-off && wait_for 5 listening "$1" 5201 || return 1
  on "$2" iperf3 --client "$3" --format m "${@:4}" >"$work/iperf3.client" &&
    finished "$work/iperf3" 10 &&
    awk '/receiver/ { rate = $7 } END { exit !(rate > 1) }' "$work/iperf3.client"
}

# receive PORT: what one connection brings, to standard output.
receive='
import shutil, socket, sys
with socket.create_server(("", int(sys.argv[1]))) as server:
  connection, _ = server.accept()
  shutil.copyfileobj(connection.makefile("rb"), sys.stdout.buffer)'

# file_arrives BYTES: by TCP from a to b, within a minute.
file_arrives() {
  local sent
  head -c "$1" /dev/urandom >"$work/file" || return 1
  sent=$(sha256sum <"$work/file") || return 1
  spawn "$work/receive" b sh -c 'python3 -c "$1" 7000 | sha256sum' sh "$receive" || return 1
  wait_for 10 listening b 7000 || return 1
  on a bash -c 'cat "$1" >"/dev/tcp/$2/7000"' bash "$work/file" "${inner4[b]}" &&
    finished "$work/receive" 60 &&
    diff <(echo "$sent") "$work/receive.out"
}
