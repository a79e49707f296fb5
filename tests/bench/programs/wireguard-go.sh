# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with lib.sh
# wireguard-go: that of Debian's backports where install-deps.sh has put it, else the one that is installed.

backport=/usr/local/lib/minivpn-bench/wireguard-go
binary=$backport/wireguard-go
[[ -x $binary ]] || binary=$(command -v wireguard-go || true)

available() {
  [[ -n $binary ]] || {
    echo "wireguard-go is missing: run packaging/install-deps.sh bench"
    return 1
  }
}

# The version that the program itself tells lags behind that of its package.
version() {
  if [[ $binary == "$backport"/* ]]; then
    echo "wireguard-go $(<"$backport/VERSION")"
  else
    echo "wireguard-go $(dpkg-query -W -f '${Version}' wireguard-go 2>/dev/null || echo "of unknown version"), not that of the backports"
  fi
}

# In one call on the side, since making a tunnel is timed.
up() {
  grep -vE '^(Address|MTU|Device) ' "$work/$1.ini" >"$work/$1.wg"
  # shellcheck disable=SC2016 # expanded on the side
  start "$1" env LOG_LEVEL=error sh -ec '
    "$1" tun0
    wg setconf tun0 "$2"
    ip address add "$3" dev tun0
    ip link set tun0 mtu "$4" up' sh "$binary" "$work/$1.wg" "${inner4[$1]}/24" "$inner_mtu"
}

down() {
  on "$1" rm -f /run/wireguard/tun0.sock
}

pids() {
  on "$1" pidof wireguard-go
}
