# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with lib.sh
# The ceiling: minivpn's own data path, with packets that are not sealed.

# shellcheck source=tests/bench/programs/minivpn.sh
source "$programs/minivpn.sh"

binary=$build/tests/bench/minivpn-null

version() {
  echo "$("$binary" --version) with packets that are not sealed"
}
