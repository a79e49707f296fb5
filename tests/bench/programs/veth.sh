# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with lib.sh
# No VPN at all: the link between the two sides, with the MTU of a tunnel. What the kernel and the measuring itself cost.

available() {
  true
}

version() {
  echo "Linux $(uname -r)"
}

up() {
  # shellcheck disable=SC2016 # expanded on the side
  start "$1" sh -ec 'ip address add "$1" dev wire; ip link set wire mtu "$2"' \
    sh "${inner4[$1]}/24" "$inner_mtu"
}

down() {
  # shellcheck disable=SC2016 # expanded on the side
  on "$1" sh -c 'ip address del "$1" dev wire; ip link set wire mtu 1500' sh "${inner4[$1]}/24"
}

# Nothing runs.
pids() {
  true
}
