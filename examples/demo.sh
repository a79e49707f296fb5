#!/bin/bash
# sudo examples/demo.sh: two peers on this machine, one ping, and proof that nothing of it can be
# read on the wire. Installs what is missing, builds, and leaves nothing behind but the build and
# the keys in keys/.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
# shellcheck source=tests/net/sides.sh
source tests/net/sides.sh

readonly minivpn=$top/build/release/src/minivpn
readonly -A inner=([a]=10.77.0.1 [b]=10.77.0.2)
readonly payload='read me in clear' payload_hex=72656164206d6520696e20636c656172
work=

# --- How it looks ---

bold='' green='' red='' plain=''
if [[ -t 1 ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
steps=0

step() {
  steps=$((steps + 1))
  printf '\n%s%d. %s%s\n' "$bold" "$steps" "$1" "$plain"
}

good() {
  printf '   %s✓%s %s\n' "$green" "$plain" "$1"
}

die() {
  printf '   %s✗ %s%s\n' "$red" "$1" "$plain" >&2
  exit 1
}

# run SIDE COMMAND...: shows the command and its output.
run() {
  local side=$1
  shift
  printf '   %s%s$ %s%s\n' "$bold" "$side" "${*//"$minivpn"/minivpn}" "$plain"
  on "$side" "$@" 2>&1 | sed 's/^/     /'
}

# --- The end ---

# What root made in the tree becomes the property of the user who called sudo.
give_back() {
  if ((${SUDO_UID:-0} != 0)); then
    chown -R --from=root "$SUDO_UID:$SUDO_GID" build keys 2>/dev/null || true
  fi
}

clean_up() {
  sides_down
  give_back
  rm -rf "$work"
}

# --- Build ---

# The tests want more packages than the demo. A tree that is configured already keeps its choice.
build() {
  if [[ ! -e build/release/CMakeCache.txt ]]; then
    cmake --preset release -DBUILD_TESTING=OFF || return
  fi
  cmake --build --preset release --target minivpn
}

# --- Keys ---

# new_key FILE COMMAND...: what the command prints, with mode 0600; an existing file stays.
new_key() {
  local file=$1 text
  shift
  if [[ ! -e $file ]]; then
    text=$("$@")
    (umask 077 && printf '%s\n' "$text" >"$file")
  fi
}

# key_pair NAME
key_pair() {
  local key=keys/$1.key pub=keys/$1.pub
  if [[ ! -e $key && -e $pub ]]; then
    die "$pub is there without $key: move it away"
  fi
  new_key "$key" "$minivpn" genkey
  new_key "$pub" "$minivpn" pubkey <"$key"
}

# --- What can be read in a capture ---

# holds CAPTURE HEX: the bytes occur anywhere in it.
holds() {
  [[ $(hex <"$1.pcap") == *"$2"* ]]
}

# hex: standard input as hexadecimal digits.
hex() {
  od -An -v -tx1 | tr -d ' \n'
}

# address_hex ADDRESS: an IPv4 address as it stands in a packet.
address_hex() {
  # shellcheck disable=SC2046 # one word a number
  printf '%02x' $(tr . ' ' <<<"$1")
}

# readable CAPTURE: what of the ping a reader of the capture can see, one finding a line.
readable() {
  [[ -z $(captured "$1" 'icmp[icmptype] = icmp-echo') ]] || echo "ICMP echo requests"
  ! holds "$1" "$(address_hex "${inner[a]}")" || echo "the inner address ${inner[a]}"
  ! holds "$1" "$(address_hex "${inner[b]}")" || echo "the inner address ${inner[b]}"
  ! holds "$1" "$payload_hex" || echo "the payload '$payload'"
}

show_packets() {
  captured "$1" "$2" | sed -n '1,4s/^/     /p' | cut -c 1-110
}

# --- The demo ---

((EUID == 0)) || die "the demo makes network namespaces: run it with sudo"
clean_up_by clean_up
work=$(mktemp -d)

echo "${bold}minivpn: two peers, one ping${plain}"

step "Packages: what is missing gets installed"
packaging/install-deps.sh build demo
[[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null ||
  die "there is no /dev/net/tun: run modprobe tun"
good "everything is there"

step "Build: into build/release"
build >"$work/build.log" 2>&1 || {
  cat "$work/build.log" >&2
  die "the build failed"
}
good "$("$minivpn" --version)"

step "Keys: a pair for each peer, and one secret that both share; existing ones stay"
key_pair a
key_pair b
new_key keys/psk "$minivpn" genpsk
good "keys/a.key a.pub b.key b.pub psk"

step "Two sides: network namespaces that stand for two machines, joined by a cable called 'wire'"
sides_up "$work" || die "namespaces cannot be made here"
good "a has ${wire4[a]}, b has ${wire4[b]}"

step "The tunnel: 'minivpn up' on both sides; each now has a device tun0"
for side in a b; do
  run "$side" "$minivpn" up "examples/$side.ini"
done

step "Ping: from a to b through the tunnel, with a payload that is easy to recognise"
capture "$work/tun0" a tun0
capture "$work/wire" a wire
run a ping -n -c 4 -i 0.2 -W 3 -p "$payload_hex" "${inner[b]}"
capture_end "$work/tun0"
capture_end "$work/wire"

step "What tun0 carried: the plain ping"
show_packets "$work/tun0" icmp
mapfile -t findings < <(readable "$work/tun0")
((${#findings[@]} == 4)) || die "the capture of tun0 shows only: ${findings[*]}"
for finding in "${findings[@]}"; do
  good "readable: $finding"
done

step "What the wire carried: WireGuard over UDP, looked at in the same way"
show_packets "$work/wire" 'udp port 51820'
[[ -n $(captured "$work/wire" 'udp port 51820') ]] || die "no WireGuard packet on the wire"
mapfile -t findings < <(readable "$work/wire")
((${#findings[@]} == 0)) || die "readable on the wire: ${findings[*]}"
# ARP and the multicast reports of IPv6 belong to every link.
[[ -z $(captured "$work/wire" 'not arp and not src host :: and not udp port 51820') ]] ||
  die "the wire carried something else than WireGuard"
good "no ICMP echo, no inner address, no payload: nothing of the ping can be read"

step "Status"
run a "$minivpn" status

step "The end: both tunnels go down; nothing is left but the build and keys/"
for side in a b; do
  run "$side" "$minivpn" down "examples/$side.ini"
  on "$side" ip link show tun0 >/dev/null 2>&1 && die "tun0 is still there on $side"
done
good "tun0 is gone on both sides"
