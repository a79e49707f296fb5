#!/bin/bash
# install-deps.sh GROUP...: installs the Debian packages that a group needs, and does nothing when
# they are there. The groups: build (the program), demo (examples/demo.sh, on top of build) and
# test (everything). This is the only place that lists packages.

set -euo pipefail

readonly build=(
  gcc libc6-dev cmake ninja-build pkg-config
  scdoc libsodium-dev libuv1-dev libinih-dev libb2-dev libmnl-dev libcap-ng-dev
)
# Only for these processors is it made.
if [[ $(dpkg --print-architecture 2>/dev/null) == amd64 ]]; then
  readonly fast=(libipsec-mb-dev)
else
  readonly fast=()
fi
readonly demo=(iproute2 iputils-ping tcpdump util-linux)
readonly test=(
  "${build[@]}" "${demo[@]}"
  libcriterion-dev wireguard-go wireguard-tools iperf3 fping nftables faketime git python3 sysvinit-utils
  binutils clang clang-format clang-tidy libclang-rt-14-dev shellcheck gcovr
)

say_and_exit() {
  echo "install-deps.sh: $1" >&2
  exit "$2"
}

# missing PACKAGE...: those that are not installed, one a line.
missing() {
  comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
      sed -n 's/^installed //p' | sort -u)
}

wanted=()
for group; do
  case $group in
    build) wanted+=("${build[@]}" "${fast[@]}") ;;
    demo) wanted+=("${demo[@]}") ;;
    test) wanted+=("${test[@]}" "${fast[@]}") ;;
    *) say_and_exit "unknown group '$group'; there are build, demo and test" 2 ;;
  esac
done
((${#wanted[@]})) || say_and_exit "usage: install-deps.sh build|demo|test..." 2

command -v apt-get >/dev/null ||
  say_and_exit "this is no Debian; install these by hand: ${wanted[*]}" 1
mapfile -t packages < <(missing "${wanted[@]}")
((${#packages[@]})) || exit 0
((EUID == 0)) || say_and_exit "run it with sudo, to install ${packages[*]}" 1

echo "Installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
{ apt-get -q update && apt-get -qy install --no-install-recommends "${packages[@]}"; } >/dev/null ||
  say_and_exit "apt-get could not install ${packages[*]}" 1
