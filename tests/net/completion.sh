#!/bin/bash
# completion.sh: what bash, zsh and fish offer where a device or one of its peers may stand, of a device that is up: its name, the
# keys of its peers, and the name of the one that has one, quoted where the shell takes it as it is written. Of a device that
# does not answer, and for somebody who may not ask, nothing.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/shells.sh
source "$top/tests/cli/shells.sh"

readonly laptop='my laptop; $(touch planted)'

# in_shell COMMAND...: on side a, for shells.sh.
in_shell() {
  on a env HOME="$shells_folder/home" XDG_CONFIG_HOME="$shells_folder/home" XDG_DATA_HOME="$shells_folder/home" TERM=xterm \
    PATH="$shells_folder/bin:$PATH" timeout -k 5 60 "$@"
}

two_peers() {
  printf '%s\n' "[Interface]" "PrivateKey = $(<"$work/a.key")" "Address = 10.77.0.1/24" "Device = tun0" \
    "[Peer]" "PublicKey = $(<"$work/b.pub")" "Name = $laptop" "[Peer]" "PublicKey = $(<"$work/c.pub")" >"$work/a.ini"
  on a "$minivpn" up "$work/a.ini"
}

# has WORD... -- TEXT: lines of it, all of these, and none of a planted one.
has() {
  local words=()
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  local word absent=()
  for word in "${words[@]}" planted; do
    grep -qxF -e "$word" <<<"$2" || absent+=("$word")
  done
  [[ ${absent[*]} == planted ]] || {
    printf 'absent: %s\nof:\n%s\n' "${absent[*]}" "$2"
    return 1
  }
}

# offers SHELL LINE WORD...
offers() {
  has "${@:3}" -- "$(offered "$1" "$2")"
}

# offers_nothing SHELL LINE
offers_nothing() {
  local words
  words=$(offered "$1" "$2")
  [[ -z $words ]] || {
    echo "$words"
    return 1
  }
}

# of_shell SHELL: bash alone takes a word as it is, and the others quote it themselves.
of_shell() {
  local shell=$1 written=$laptop
  [[ $shell != bash ]] || printf -v written %q "$laptop"
  check "$shell: a device" offers "$shell" "down tu" tun0
  check "$shell: both keys and the name" offers "$shell" "status tun0 " "$(<"$work/b.pub")" "$(<"$work/c.pub")" "$written"
  check "$shell: the name by its beginning" offers "$shell" "status tun0 my" "$written"
  check "$shell: of the peer file, too" offers "$shell" "status $work/a.ini my" "$written"
  check "$shell: the peers of no device" offers_nothing "$shell" "status tun9 m"
  check "$shell: nothing of a name is run" not test -e planted
}

# nobody_asks: an ordinary user gets an empty answer, and not an error.
nobody_asks() {
  local said
  said=$(as_nobody "$nobodys/minivpn" complete status tun0 2>&1) && ! grep -vE $'^-' <<<"$said"
}

# does_not_answer: a socket that nobody serves.
does_not_answer() {
  on a python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/wireguard/tun8.sock")' &&
    on a "$minivpn" complete status tun8 >"$work/said" 2>&1 && ! grep -v '^-' "$work/said"
}

main() {
  local shell
  need_minivpn
  net_begin 120 wg python3 "${shells[@]}" -- "$@"
  make_keys c
  shells_begin "$work" "$minivpn"
  cd "$work"
  kind[a]=minivpn
  check "a device with two peers is up" two_peers
  for shell in "${shells[@]}"; do
    of_shell "$shell"
  done
  check "what is said of a peer is its name" grep -qxF "$(<"$work/b.pub")"$'\t'"$laptop" <(on a "$minivpn" complete status tun0)
  let_nobody_in
  check "who may not ask is told nothing" nobody_asks
  check "nor is there a word of a device that does not answer" does_not_answer
  net_end
}

main "$@"
