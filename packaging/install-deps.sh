#!/bin/bash
# install-deps.sh GROUP...: installs the Debian packages that a group needs, and does nothing when
# they are there. The groups: build (the program), demo (examples/demo.sh, on top of build),
# test (everything that tests/run.sh needs) and bench (tests/bench). This is the only place that
# lists packages.
#
# bench also fetches the wireguard-go of Debian's backports, which are used for nothing else: it is
# unpacked beside the one that the tests have, and neither packages nor sources of the system change.

set -euo pipefail

readonly build=(
  gcc libc6-dev cmake ninja-build pkg-config
  scdoc libsodium-dev libuv1-dev libinih-dev libb2-dev libmnl-dev libcap-ng-dev libnftables-dev
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
  binutils netbase zsh fish clang clang-format clang-tidy libclang-rt-14-dev shellcheck gcovr
)
readonly bench=(
  "${build[@]}" "${demo[@]}"
  wireguard-tools iperf3 gnuplot-nox python3 sysvinit-utils
)

# Where the wireguard-go of the backports goes: the program, and VERSION with that of its package.
readonly wireguard_go=/usr/local/lib/minivpn-bench/wireguard-go

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
    bench) wanted+=("${bench[@]}" "${fast[@]}") ;;
    *) say_and_exit "unknown group '$group'; there are build, demo, test and bench" 2 ;;
  esac
done
((${#wanted[@]})) || say_and_exit "usage: install-deps.sh build|demo|test|bench..." 2

command -v apt-get >/dev/null ||
  say_and_exit "this is no Debian; install these by hand: ${wanted[*]}" 1
export DEBIAN_FRONTEND=noninteractive

install_packages() {
  ((EUID == 0)) || say_and_exit "run it with sudo, to install $*" 1
  echo "Installing $*"
  { apt-get -q update && apt-get -qy install --no-install-recommends "$@"; } >/dev/null ||
    say_and_exit "apt-get could not install $*" 1
}

# download_backport FOLDER PACKAGE: its .deb into the folder, by an apt-get with a source, lists and a cache of its own there; it
# verifies as the system's does.
download_backport() {
  local folder=$1 codename apt
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
    "http://deb.debian.org/debian $codename-backports main" >"$folder/sources.list"
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  apt=(apt-get -q -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
  (cd "$folder" && "${apt[@]}" update && "${apt[@]}" download "$2/$codename-backports") >/dev/null
}

fetch_wireguard_go() {
  local folder
  ((EUID == 0)) || say_and_exit "run it with sudo, to unpack wireguard-go in $wireguard_go" 1
  echo "Fetching the wireguard-go of Debian's backports into $wireguard_go"
  folder=$(mktemp -d)
  # shellcheck disable=SC2064 # the name is meant to be expanded now
  trap "rm -rf '$folder'" EXIT
  download_backport "$folder" wireguard-go &&
    dpkg-deb -x "$folder"/wireguard-go_*.deb "$folder/new" &&
    dpkg-deb -f "$folder"/wireguard-go_*.deb Version >"$folder/VERSION" &&
    install -D -m 755 "$folder/new/usr/bin/wireguard-go" "$wireguard_go/wireguard-go" &&
    install -m 644 "$folder/VERSION" "$wireguard_go/VERSION"
}

mapfile -t packages < <(missing "${wanted[@]}")
((${#packages[@]} == 0)) || install_packages "${packages[@]}"
if [[ " $* " == *" bench "* && ! -s $wireguard_go/VERSION ]]; then
  fetch_wireguard_go || say_and_exit "wireguard-go could not be fetched from the backports" 1
fi
