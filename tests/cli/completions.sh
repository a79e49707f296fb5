#!/bin/bash
# completions.sh MINIVPN: what bash, zsh and fish offer behind `minivpn`: every command of its help, every option of theirs, files, and
# the names in /etc/minivpn and /etc/wireguard, where this is root and may have folders of its own there. Words that nobody knows
# are looked for as well, and have to be missed.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by another shell
set -euo pipefail

minivpn=$(realpath "$1")
if ((EUID == 0)) && [[ -z ${COMPLETIONS_HAVE_ETC:-} ]]; then
  COMPLETIONS_HAVE_ETC=yes exec unshare --mount bash -c '
    mount -t tmpfs -o mode=755 etc /etc/opt && cp /etc/{passwd,group,services,ld.so.cache,nsswitch.conf} /etc/opt && mount --move /etc/opt /etc || exit 77
    mkdir /etc/minivpn /etc/wireguard
    touch /etc/minivpn/one.conf /etc/minivpn/not.ini "/etc/minivpn/no name.conf" /etc/wireguard/{one,two}.conf
    exec bash "$2" "$1"' bash "$minivpn" "$(realpath "$0")"
fi

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/cli/shells.sh
source "$top/tests/cli/shells.sh"
for shell in "${shells[@]}"; do
  command -v "$shell" >/dev/null || {
    echo "1..0 # SKIP $shell is missing: run packaging/install-deps.sh test"
    exit 77
  }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shells_begin "$work" "$minivpn"
checks=0

fail() {
  echo "not ok - $1"
  exit 1
}

# offers SHELL LINE WORD...: in this shell, behind this line, are all these offered, and a planted word is not.
offers() {
  local shell=$1 line=$2 offered word absent=()
  offered=$(offered "$shell" "$line")
  for word in "${@:3}" planted --planted; do
    grep -qxF -e "$word" <<<"$offered" || absent+=("$word")
  done
  [[ ${absent[*]} == "planted --planted" ]] || fail "$shell does not offer behind '$line': ${absent[*]}. It offers: ${offered//$'\n'/ }"
  checks=$((checks + $# - 2))
}

# refuses SHELL LINE WORD...: none of these is offered, though something may be.
refuses() {
  local offered word
  offered=$(offered "$1" "$2")
  for word in "${@:3}"; do
    ! grep -qxF -e "$word" <<<"$offered" || fail "$1 offers behind '$2': $word"
    checks=$((checks + 1))
  done
}

# options_of COMMAND: of its usage, and of the lines that begin with one.
options_of() {
  {
    "$minivpn" "$1" --help | sed -n 1p | grep -oE '\[-[^]]*\]' || true
    "$minivpn" "$1" --help | sed -nE 's/^ +(-.*)/\1/p' | sed 's/  .*//'
    echo --help
  } | grep -oE -- '(^|[ ,|[])--?[a-z][a-z-]*' | tr -d ' ,|[' | sort -u
}

mapfile -t commands < <("$minivpn" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
((${#commands[@]} >= 10)) || fail "the commands could not be read"
[[ $(options_of up | paste -sd ' ') == "--dump --foreground --help --tun-fd --verbose -f -h -v" ]] || fail "the options could not be read"

cd "$work"
touch test.conf "test file.ini"
mkdir test.d
for shell in "${shells[@]}"; do
  offers "$shell" "" "${commands[@]}"
  refuses "$shell" "" complete --help
  offers "$shell" "-" --help --version -V
  offers "$shell" "st" status strip
  refuses "$shell" "st" up
  for command in "${commands[@]}"; do
    mapfile -t options < <(options_of "$command")
    offers "$shell" "$command -" "${options[@]}"
  done
  for command in up down status check strip showconf; do
    offers "$shell" "$command te" test.conf
    refuses "$shell" "$command test.conf te" test.conf
    refuses "$shell" "$command te" --help
  done
  offers "$shell" "up -f --dump te" test.conf
  refuses "$shell" "up -- -" --dump
  refuses "$shell" "genkey te" test.conf
  refuses "$shell" "bench --seconds te" test.conf
  refuses "$shell" "no-such-command te" test.conf
  if [[ -e /etc/minivpn/one.conf ]]; then
    offers "$shell" "up " one two
    refuses "$shell" "up " not "no name" 'no\ name'
  fi
done
[[ ! -e /etc/minivpn/one.conf || $("$minivpn" complete up | grep -c "^one") == 1 ]] || fail "one of two files of a name counts"
grep -qx $'up\tset a tunnel up' <(in_fish "") || fail "fish does not show what a command does"
echo "ok - $checks checks"
