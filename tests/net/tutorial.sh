#!/bin/bash
# The tutorial's two programs, tun_reader and udp_sender, seen by tcpdump on their device. In
# namespaces of its own; nothing is left behind, whatever happens.
#
# From the caller: MINIVPN_BUILD, the build to test (build/release).

set -euo pipefail

readonly seconds=60
readonly hello='Hello, TUN device!!!!!' tunt='tun tunt tunt!!!!!!'

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=$(realpath -m "${MINIVPN_BUILD:-$top/build/release}")/examples
tun_reader=$programs/tun_reader
udp_sender=$programs/udp_sender

skip() {
  echo "skipped: $1"
  exit 77
}

fail() {
  echo "not ok - $1" >&2
  exit 1
}

# check WHAT COMMAND...: the command must succeed; what it prints is shown if it does not.
check() {
  local what=$1
  shift
  "$@" >check.out 2>&1 || {
    cat check.out >&2
    fail "$what"
  }
  echo "ok - $what"
}

not() {
  ! "$@"
}

# same IS WANTED
same() {
  [[ $1 == "$2" ]] || {
    printf 'is:\n%s\nwanted:\n%s\n' "$1" "$2"
    return 1
  }
}

# wait_for WHAT COMMAND...: until the command succeeds, for at most ten seconds.
wait_for() {
  local what=$1
  shift
  for ((tries = 0; tries < 200; tries++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  fail "waited in vain for $what"
}

# --- Captures ---

# count CAPTURE [FILTER]: the number of packets.
count() {
  tcpdump -n -r "$1" "${2:-}" 2>/dev/null | wc -l
}

# holds CAPTURE NUMBER [FILTER]: exactly so many packets.
holds() {
  same "$(count "$1" "${3:-}")" "$2"
}

# hex CAPTURE FILTER: each packet as one line of hex digits.
hex() {
  tcpdump -n -t -x -r "$1" "$2" 2>/dev/null |
    awk '/^\t0x/ { $1 = ""; gsub(" ", ""); printf "%s", $0; next } NR > 1 { print "" } END { print "" }'
}

# checksums_right CAPTURE: tcpdump, which checks those of IP, ICMP and UDP, finds no fault.
checksums_right() {
  not grep -E 'bad cksum|wrong icmp cksum|bad udp cksum' <<<"$(tcpdump -n -vv -r "$1" 2>/dev/null)"
}

# damage CAPTURE BYTES DISTANCE: damaged.pcap, where all bits are flipped in the byte at this distance
# from the start of the first such BYTES (a Perl pattern, on one line).
damage() {
  local at byte
  at=$(LC_ALL=C grep -m1 -obUaP "$2" "$1" | head -n 1 | cut -d: -f1)
  at=$((at + $3))
  byte=$(od -An -tu1 -j "$at" -N 1 "$1")
  cp "$1" damaged.pcap
  printf '%b' "\\x$(printf '%02x' $((byte ^ 255)))" |
    dd of=damaged.pcap bs=1 seek="$at" conv=notrunc status=none
}

# text_hex TEXT
text_hex() {
  printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# rows_hex WORD FILE: the packets that tun_reader printed under this word, each as one line.
rows_hex() {
  awk -v word="$1" '
    /^[A-Z]/ { if (line != "") print line; line = ""; wanted = ($1 == word); next }
    wanted { gsub(" ", ""); line = line $0 }
    END { if (line != "") print line }' "$2"
}

# --- The programs ---

device_is_there() {
  ip link show dev tun0 2>/dev/null
}

device_is_up() {
  [[ $(device_is_there) == *[\<,]UP[,\>]* ]]
}

# record NAME DATAGRAMS [OPTION...]: runs tun_reader with these options under tcpdump until it has
# read and answered so many datagrams; leaves NAME.out and NAME.pcap.
record() {
  local name=$1 datagrams=$2 reader sniffer
  shift 2
  "$tun_reader" "$@" >"$name.out" &
  reader=$!
  wait_for "the device of tun_reader" device_is_up
  # Into a file of its own at once, packet for packet, and without a change of user.
  tcpdump -n -i tun0 -U --immediate-mode -Z root -w "$name.pcap" 2>"$name.tcpdump" &
  sniffer=$!
  wait_for "tcpdump" grep -q 'listening on' "$name.tcpdump"

  "$udp_sender" --count "$datagrams" --interval 10 >/dev/null
  wait_for "$((2 * datagrams)) packets on tun0" holds "$name.pcap" $((2 * datagrams))
  kill -INT "$sniffer"
  wait "$sniffer"
  kill -TERM "$reader"
  check "$name: tun_reader ends in order on SIGTERM" wait "$reader"
  check "$name: its device is gone" not device_is_there
}

test_answers() {
  local udp_12345='udp and src host 10.0.0.1 and dst host 10.0.0.2 and dst port 12345'
  local udp_1234='udp and src host 10.0.0.1 and dst host 192.168.6.1 and dst port 1234'
  local echo='icmp[icmptype] == icmp-echo and src host 10.0.0.1 and dst host 14.0.0.2'
  local destination='\x0e\x00\x00\x02\x08' # 16 bytes into an echo request, and its type

  record answer 4
  check "to 10.0.0.2:12345 go packets of exactly 50 bytes" \
    holds answer.pcap 2 "$udp_12345 and len == 50 and ip[2:2] == 50"
  check "to 192.168.6.1:1234 go packets of exactly 47 bytes" \
    holds answer.pcap 2 "$udp_1234 and len == 47 and ip[2:2] == 47"
  check "the first says '$hello'" \
    same "$(hex answer.pcap "$udp_12345" | head -n 1 | cut -c57-)" "$(text_hex "$hello")"
  check "the other says '$tunt'" \
    same "$(hex answer.pcap "$udp_1234" | head -n 1 | cut -c57-)" "$(text_hex "$tunt")"
  check "each is answered by an echo request of 28 bytes with the id 0x1234" \
    holds answer.pcap 4 "$echo and len == 28 and ip[2:2] == 28 and icmp[4:2] == 0x1234"
  check "their sequence counts up" \
    same "$(hex answer.pcap "$echo" | cut -c53-56 | xargs)" "0000 0001 0002 0003"
  check "there is nothing else, nor any IPv6" holds answer.pcap 8
  check "tun_reader has printed the very bytes" \
    same "$(rows_hex Read answer.out)" "$(hex answer.pcap udp)"
  check "and their lengths" same "$(grep -c '^Read 50 bytes from tun0$' answer.out)" 2
  check "in rows of 16" \
    same "$(grep -m4 '^[0-9a-f]' answer.out | awk '{ print NF }' | xargs)" "16 16 16 2"

  check "all checksums are right" checksums_right answer.pcap
  damage answer.pcap "$destination" -8
  check "control: a wrong time to live is found by the checksum of IP" \
    not checksums_right damaged.pcap
  damage answer.pcap "$destination" 11
  check "control: a wrong sequence is found by the checksum of ICMP" \
    not checksums_right damaged.pcap
}

test_seal() {
  local sealed='ip proto 253 and src host 14.0.0.2 and dst host 10.0.0.1'
  local source='\x0e\x00\x00\x02' originals # 12 bytes into a sealed packet

  head -c 32 /dev/urandom | base64 >key
  head -c 32 /dev/urandom | base64 >other-key
  record seal 2 --seal --key key
  originals=$(hex seal.pcap udp)

  check "each packet comes back sealed, 44 bytes longer" \
    same "$(hex seal.pcap "$sealed" | awk '{ print length($0) / 2 }' | xargs)" "94 91"
  check "there is nothing else" holds seal.pcap 4
  check "control: the plaintext is seen in what was sent" \
    grep -q "$(text_hex "$hello")" <<<"$(hex seal.pcap udp)"
  check "no plaintext is seen in what was sealed" \
    not grep -E "$(text_hex 'Hello')|$(text_hex 'tunt')" <<<"$(hex seal.pcap "$sealed")"
  check "the headers' checksums are right" checksums_right seal.pcap
  damage seal.pcap "$source" -4
  check "control: a wrong time to live is found" not checksums_right damaged.pcap

  hex seal.pcap "$sealed" >sealed.hex
  check "--open takes tcpdump's digits" opens key <sealed.hex
  check "and recovers the original bytes" same "$(rows_hex Opened opened.out)" "$originals"
  rows_hex Wrote seal.out | fold -w 32 >printed.hex
  check "--open takes the rows that --seal prints" opens key <printed.hex
  check "and recovers the same" same "$(rows_hex Opened opened.out)" "$originals"

  check "another key opens nothing" refuses other-key <sealed.hex
  damage seal.pcap "$source" 30
  check "one wrong byte in the ciphertext, and nothing is opened" \
    refuses key <<<"$(hex damaged.pcap "$sealed")"
}

# opens KEY: --open prints what was sealed, into opened.out.
opens() {
  rm -f opened.out
  "$tun_reader" --open --key "$1" >opened.out
}

# refuses KEY: --open says why and prints no packet.
refuses() {
  local status=0
  "$tun_reader" --open --key "$1" >refused.out 2>refused.err || status=$?
  ((status == 1)) && [[ ! -s refused.out ]] && grep 'not sealed with this key' refused.err
}

# fails_with STATUS TEXT COMMAND...
fails_with() {
  local wanted=$1 text=$2 status=0
  shift 2
  "$@" >failed.out 2>&1 || status=$?
  ((status == wanted)) && grep -F -e "$text" failed.out
}

test_command_line() {
  local reader

  check "--help of tun_reader" grep -q -e '--seal' <<<"$("$tun_reader" --help)"
  check "--help of udp_sender" grep -q -e '--interval' <<<"$("$udp_sender" --help)"
  check "--seal needs a key" fails_with 2 Usage: "$tun_reader" --seal
  check "a count is a number" fails_with 2 Usage: "$udp_sender" --count many
  check "a file without a key is refused" \
    fails_with 1 'no key in /dev/null' "$tun_reader" --open --key /dev/null
  check "without a route nothing is sent" fails_with 1 'cannot send' "$udp_sender" --count 1

  "$tun_reader" --count 1 >count.out &
  reader=$!
  wait_for "the device of tun_reader" device_is_up
  check "a name that is taken is refused" fails_with 1 'set up tun0' "$tun_reader"
  "$udp_sender" --count 1 >/dev/null
  check "tun_reader ends after --count packets" wait "$reader"
}

# --- Frame ---

if [[ -z ${TUTORIAL_INSIDE:-} ]]; then
  ((EUID == 0)) || skip "namespaces need root: run this with sudo"
  [[ -c /dev/net/tun ]] || skip "there is no /dev/net/tun: run modprobe tun"
  command -v tcpdump >/dev/null || skip "tcpdump is missing: run packaging/install-deps.sh test"
  [[ -x $tun_reader && -x $udp_sender ]] || fail "$programs holds no tutorial: build it first"
  # All processes go with the first one of their namespace, all files with their mount.
  TUTORIAL_INSIDE=1 exec timeout --foreground --verbose -k 2 "$seconds" \
    unshare --net --mount-proc --pid --fork --kill-child "$BASH" "$0"
fi

trap 'exit 130' INT TERM
mount -t tmpfs -o mode=0700 tutorial /mnt
cd /mnt
test_answers
test_seal
test_command_line
