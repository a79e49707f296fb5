# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with lib.sh
# minivpn, of the build that is measured. ../lib.sh says what a program file is.

binary=$build/src/minivpn

available() {
  [[ -x $binary ]] || {
    echo "$binary is missing: build the preset release"
    return 1
  }
}

version() {
  echo "$("$binary" --version), $(git -C "$top" describe --always --dirty 2>/dev/null || echo "no git")"
}

up() {
  start "$1" "$binary" up "$work/$1.ini"
}

down() {
  on "$1" "$binary" down tun0
}

pids() {
  on "$1" pidof "${binary##*/}"
}
